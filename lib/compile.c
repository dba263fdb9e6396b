/* SPDX-License-Identifier: Apache-2.0 */
/* Rulesets to an artifact and a report, by the backend that the caps belong to. */
#include <errno.h>

#include "backend.h"
#include "cleanup.h"

DEFINE_CLEANUP(report, struct karmor_report, karmor_report_free)

#define NO_HOST "host policies are kept by BPF-LSM alone"
#define NO_HOST_FIX "use BPF-LSM"

/* A backend that knows of workloads alone keeps nothing of what the node itself is under. */
static void refuse_host(const struct karmor_ruleset *const *sets, size_t n,
			struct karmor_report *report)
{
	for (size_t i = 0, at = 0; i < n; at += sets[i++]->n_rules)
		if (sets[i]->host)
			report_refuse(report, at, sets[i]->n_rules, NO_HOST, NO_HOST_FIX);
}

int karmor_compile(const struct karmor_ruleset *const *sets, size_t n,
		   const struct karmor_caps *caps, struct karmor_artifact **ret,
		   struct karmor_report **report, struct karmor_diag *diag)
{
	_cleanup_(cleanup_report) struct karmor_report *lines = NULL;
	int r = report_new(&lines);

	if (r < 0)
		return r;
	r = caps->backend->compile(sets, n, caps, ret, lines, diag);
	if (r < 0)
		return r;
	if (!caps->backend->keeps_host)
		refuse_host(sets, n, lines);
	if (report)
		*report = TAKE_PTR(lines);
	return 0;
}

void artifact_hold(struct karmor_artifact *artifact)
{
	__atomic_add_fetch(&artifact->holds, 1, __ATOMIC_RELAXED);
}

void karmor_artifact_free(struct karmor_artifact *artifact)
{
	if (artifact && __atomic_fetch_sub(&artifact->holds, 1, __ATOMIC_ACQ_REL) == 0)
		artifact->backend->artifact_free(artifact);
}

int karmor_artifact_print(const struct karmor_artifact *artifact, FILE *out)
{
	return artifact->backend->print(artifact, out);
}
