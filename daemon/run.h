/* SPDX-License-Identifier: Apache-2.0 */
/* karmor run in two parts: who keeps the rules (run-plan.c), and the command (verb_run.c). */
#pragma once

#include <signal.h>

#include <karmor/karmor.h>

struct run {
	const char **paths; /* of -p; n_paths */
	size_t n_paths;
	const char *backend, *posture, *labels, *namespace_name, *events;
	bool audit, json, has_labels;
	char **command;

	struct karmor_diag *diag;
	struct karmor_policies *policies;
	struct karmor_ruleset *set;
	struct karmor_caps *caps[KARMOR_PLAN_BACKENDS_MAX]; /* n_caps, of what is ready */
	size_t n_caps;
	struct karmor_plan *plan;
	struct karmor_engine *engine;
	FILE *out; /* where events go */
	bool out_json;
	int signals;   /* descriptor, -1 until something is started */
	sigset_t mask; /* what was blocked before */
};

/* Makes run->plan of the backends that are asked for. 0 or a negative errno; what was wrong is
 * told, but for what is in run->diag. */
KARMOR_CHECK int run_choose(struct run *run);
/* Tells who keeps which of the rules. 0, or -EOPNOTSUPP where one is not kept. */
KARMOR_CHECK int run_check(const struct run *run);
