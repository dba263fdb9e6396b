/* SPDX-License-Identifier: Apache-2.0 */
/* Rulesets to an artifact and a report, by the backend that the caps belong to. */
#include <errno.h>
#include <stdlib.h>

#include "backend.h"
#include "cleanup.h"

DEFINE_CLEANUP(report, struct karmor_report, karmor_report_free)

#define NO_HOST "host policies are kept by BPF-LSM alone"
#define NO_HOST_FIX "use BPF-LSM"

bool artifact_has(const struct karmor_artifact *artifact, size_t i,
		  const struct karmor_ruleset *set)
{
	return artifact && i < artifact->n_rulesets && artifact->marks[i] == set->mark;
}

/* A backend that knows of workloads alone keeps nothing of what the node itself is under. */
static void refuse_host(const struct karmor_ruleset *const *sets, size_t n,
			const struct karmor_artifact *previous, struct karmor_report *report)
{
	for (size_t i = 0, at = 0; i < n; i++) {
		if (artifact_has(previous, i, sets[i]))
			continue;
		if (sets[i]->host)
			report_refuse(report, at, sets[i]->n_rules, NO_HOST, NO_HOST_FIX);
		at += sets[i]->n_rules;
	}
}

struct ruleset_mark **artifact_marks(const struct karmor_ruleset *const *sets, size_t n)
{
	struct ruleset_mark **ret = calloc(n + 1, sizeof(struct ruleset_mark *));

	for (size_t i = 0; ret && i < n; i++)
		ret[i] = mark_hold(sets[i]->mark);
	return ret;
}

void artifact_marks_free(struct ruleset_mark **marks, size_t n)
{
	for (size_t i = 0; marks && i < n; i++)
		mark_drop(marks[i]);
	free(marks);
}

int karmor_compile(const struct karmor_ruleset *const *sets, size_t n,
		   const struct karmor_caps *caps, struct karmor_artifact **ret,
		   struct karmor_report **report, struct karmor_diag *diag)
{
	return karmor_compile_next(NULL, sets, n, caps, ret, report, diag);
}

int karmor_compile_next(const struct karmor_artifact *previous,
			const struct karmor_ruleset *const *sets, size_t n,
			const struct karmor_caps *caps, struct karmor_artifact **ret,
			struct karmor_report **report, struct karmor_diag *diag)
{
	_cleanup_(cleanup_report) struct karmor_report *lines = NULL;
	struct ruleset_mark **marks = artifact_marks(sets, n);
	int r = marks ? report_new(&lines) : -ENOMEM;

	if (r == 0 && previous && previous->backend != caps->backend)
		r = -EINVAL;
	r = r < 0 ? r : caps->backend->compile(sets, n, previous, caps, ret, lines, diag);
	if (r < 0) {
		artifact_marks_free(marks, n);
		return r;
	}
	(*ret)->marks = marks;
	if (!caps->backend->keeps_host)
		refuse_host(sets, n, previous, lines);
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
	if (!artifact || __atomic_fetch_sub(&artifact->holds, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	artifact_marks_free(artifact->marks, artifact->n_rulesets);
	artifact->backend->artifact_free(artifact);
}

int karmor_artifact_print(const struct karmor_artifact *artifact, FILE *out)
{
	return artifact->backend->print(artifact, out);
}
