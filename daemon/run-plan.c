/* SPDX-License-Identifier: Apache-2.0 */
/* See run.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "run.h"

/* Adds a backend that is ready to those of the plan; else complains, but where there is one. */
static int add_backend(struct run *run, const struct karmor_backend *backend)
{
	struct karmor_caps *caps;
	int r = karmor_caps_probe(backend, &caps, run->diag);

	if (r < 0)
		return r;
	/* The workload ends with us, and its policies stay as they are. */
	if (karmor_caps_state(caps) == KARMOR_READY && run->n_caps < KARMOR_PLAN_BACKENDS_MAX) {
		run->caps[run->n_caps++] = caps;
		return karmor_caps_once(caps);
	}
	if (!run->n_caps || run->backend) {
		cli_wrong("%s is not usable here: %s", karmor_backend_title(backend),
			  karmor_caps_reason(caps));
		if (karmor_caps_fix(caps))
			cli_fix("%s", karmor_caps_fix(caps));
	}
	karmor_caps_free(caps);
	return run->backend ? -EOPNOTSUPP : 0;
}

/* Whether no rule is got past: another backend can add nothing. */
static bool is_kept(const struct karmor_plan *plan)
{
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);
	const struct karmor_backend *keeper;

	for (size_t i = 0; karmor_plan_at(plan, i, &line, &keeper) == 0; i++)
		if (line.fidelity == KARMOR_UNSUPPORTED || line.narrower)
			return false;
	return true;
}

static int make_plan(struct run *run)
{
	const struct karmor_ruleset *sets[] = { run->set };

	karmor_plan_free(run->plan);
	run->plan = NULL;
	return karmor_plan_new(sets, 1, (const struct karmor_caps *const *)run->caps, run->n_caps,
			       &run->plan, run->diag);
}

/* Those that are ready, in order of preference, until no rule is got past. */
static int choose_any(struct run *run)
{
	const struct karmor_backend *backend;
	int r = 0;

	for (size_t i = 0; r == 0 && (backend = karmor_backend_at(i)); i++) {
		size_t before = run->n_caps;

		if (run->plan && is_kept(run->plan))
			break;
		if (karmor_backend_enforces(backend))
			r = add_backend(run, backend);
		if (r == 0 && run->n_caps > before)
			r = make_plan(run);
	}
	return r;
}

/* The backends that are named, each of which must be ready. */
static int choose_named(struct run *run)
{
	char *names = strdup(run->backend), *left = names, *name;
	int r = names ? 0 : -ENOMEM;

	while (r == 0 && (name = strsep(&left, ","))) {
		const struct karmor_backend *backend = karmor_backend_find(name);

		if (!backend) {
			cli_no_backend(name, "auto, ");
			r = -EINVAL;
		} else {
			r = add_backend(run, backend);
		}
	}
	free(names);
	return r ? r : make_plan(run);
}

int run_choose(struct run *run)
{
	int r;

	if (run->backend && strcmp(run->backend, "auto") == 0)
		run->backend = NULL;
	r = run->backend ? choose_named(run) : choose_any(run);
	if (r == -EOPNOTSUPP || (r == 0 && !run->plan))
		cli_wrong("no enforcer is usable, so the command was not started");
	return r == 0 && !run->plan ? -EOPNOTSUPP : r;
}

/* Of one backend: how many rules it keeps, and how many of those nearly. */
static void report_tell(const struct run *run, const struct karmor_backend *backend, bool alone)
{
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);
	const struct karmor_backend *keeper;
	size_t kept = 0, approximated = 0;

	for (size_t i = 0; karmor_plan_at(run->plan, i, &line, &keeper) == 0; i++) {
		kept += keeper == backend;
		approximated += keeper == backend && line.fidelity == KARMOR_APPROXIMATED;
	}
	if (!alone)
		cli_tell(KARMOR_NOTE, "%s keeps %zu rule%s", karmor_backend_title(backend), kept,
			 kept == 1 ? "" : "s");
	if (approximated)
		cli_tell(KARMOR_NOTE,
			 "%zu rule%s kept approximately; karmor check --backend %s%s%s says how",
			 approximated, approximated == 1 ? " is" : "s are",
			 karmor_backend_name(backend), run->posture ? " --posture " : "",
			 run->posture ? run->posture : "");
}

/* A rule that cannot be kept stops the run; one that is kept nearly is told in one line. */
int run_check(const struct run *run)
{
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);
	const struct karmor_backend *keeper;
	size_t unsupported = 0;

	for (size_t i = 0; (keeper = karmor_plan_backend(run->plan, i)); i++)
		report_tell(run, keeper, !karmor_plan_backend(run->plan, 1));
	for (size_t i = 0; karmor_plan_at(run->plan, i, &line, &keeper) == 0; i++)
		unsupported += cli_unsupported_rule(&line, keeper, false);
	return unsupported ? -EOPNOTSUPP : 0;
}
