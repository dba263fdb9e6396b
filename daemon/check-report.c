/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See check.h. All policies are taken to apply at once: one ruleset of those for workloads, one of
 * those for the host, compiled for a machine on which everything works.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "cli.h"

struct rulesets {
	struct karmor_ruleset *sets[2];
	size_t n;
};

static void rulesets_free(struct rulesets *rulesets)
{
	for (size_t i = 0; i < rulesets->n; i++)
		karmor_ruleset_free(rulesets->sets[i]);
}

int check_posture(const struct check *check, const char *posture)
{
	struct karmor_subject subject = KARMOR_STRUCT(karmor_subject, .posture = posture);
	struct karmor_ruleset *set = NULL;
	int r = karmor_ruleset_new(check->policies, &subject, &set, check->diag);

	karmor_ruleset_free(set);
	if (r == -EINVAL)
		cli_print_diag(check->diag);
	return r;
}

static int ruleset_add(struct check *check, bool host, struct rulesets *rulesets)
{
	struct karmor_subject subject =
		KARMOR_STRUCT(karmor_subject, .everything = true, .host = host, .root = check->root,
			      .posture = check->posture);
	struct karmor_ruleset *set;
	int r = karmor_ruleset_new(check->policies, &subject, &set, check->diag);

	if (r < 0)
		return r;
	if (karmor_ruleset_policies(set))
		rulesets->sets[rulesets->n++] = set;
	else
		karmor_ruleset_free(set);
	return 0;
}

static int by_place(const void *a, const void *b)
{
	const struct karmor_report_line *x = *(const struct karmor_report_line *const *)a;
	const struct karmor_report_line *y = *(const struct karmor_report_line *const *)b;
	int order = strcmp(x->file, y->file);

	if (order == 0)
		order = (x->line > y->line) - (x->line < y->line);
	if (order == 0)
		order = strcmp(x->rule, y->rule);
	return order ? order : (x > y) - (x < y);
}

/* A backend reports in the order of precedence, a reader looks for the place. */
static int sort(struct check_report *report)
{
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);
	size_t n = 0;

	while (karmor_report_at(report->report, n, &line) == 0)
		n++;
	report->lines = calloc(n + 1, sizeof(*report->lines));
	report->sorted = calloc(n + 1, sizeof(*report->sorted));
	if (!report->lines || !report->sorted)
		return -ENOMEM;
	for (; report->n < n; report->n++) {
		report->lines[report->n].size = sizeof(line);
		if (karmor_report_at(report->report, report->n, &report->lines[report->n]) < 0)
			break;
		report->sorted[report->n] = &report->lines[report->n];
	}
	qsort(report->sorted, report->n, sizeof(*report->sorted), by_place);
	return 0;
}

static int compile(struct check *check, const struct rulesets *rulesets,
		   const struct karmor_backend *backend)
{
	const struct karmor_ruleset *sets[2] = { rulesets->sets[0], rulesets->sets[1] };
	struct check_report *report = &check->reports[check->n_reports];
	struct karmor_artifact *artifact = NULL;
	struct karmor_caps *caps;
	int r = karmor_caps_full(backend, &caps);

	if (r < 0)
		return r;
	report->backend = backend;
	r = karmor_compile(sets, rulesets->n, caps, &artifact, &report->report, check->diag);
	if (r == 0) {
		check->n_reports++;
		r = sort(report);
	}
	karmor_artifact_free(artifact);
	karmor_caps_free(caps);
	return r;
}

static bool is_wanted(const struct check *check, const struct karmor_backend *backend)
{
	if (strcmp(check->backend, "all") == 0)
		return karmor_backend_enforces(backend);
	return strcmp(check->backend, karmor_backend_name(backend)) == 0;
}

static int compile_all(struct check *check, const struct rulesets *rulesets)
{
	const struct karmor_backend *backend;
	int ret = 0;

	for (size_t i = 0; (backend = karmor_backend_at(i)); i++) {
		int r = is_wanted(check, backend) ? compile(check, rulesets, backend) : 0;

		if (r == -ENOMEM)
			return r;
		if (r < 0)
			ret = r;
	}
	return ret;
}

static void count_unsupported(struct check *check)
{
	for (size_t i = 0; i < check->n_reports; i++)
		for (size_t j = 0; j < check->reports[i].n; j++)
			if (check->reports[i].lines[j].enforcing &&
			    check->reports[i].lines[j].fidelity == KARMOR_UNSUPPORTED)
				check->unsupported++;
}

bool check_backend_exists(const char *name)
{
	if (strcmp(name, "all") == 0 || karmor_backend_find(name))
		return true;
	cli_no_backend(name, "all, ");
	return false;
}

int check_compile(struct check *check)
{
	struct rulesets rulesets = { 0 };
	size_t n = 0;
	int r;

	while (karmor_backend_at(n))
		n++;
	check->reports = calloc(n + 1, sizeof(*check->reports));
	if (!check->reports)
		return -ENOMEM;
	r = ruleset_add(check, false, &rulesets);
	if (r == 0)
		r = ruleset_add(check, true, &rulesets);
	if (r == 0)
		r = compile_all(check, &rulesets);
	rulesets_free(&rulesets);
	if (!check->best_effort)
		count_unsupported(check);
	return r;
}

void check_reports_free(struct check *check)
{
	for (size_t i = 0; i < check->n_reports; i++) {
		free(check->reports[i].lines);
		free(check->reports[i].sorted);
		karmor_report_free(check->reports[i].report);
	}
	free(check->reports);
}
