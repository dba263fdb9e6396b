/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rulesets as one backend, or several between them, enforce them: what is applied, and what is told
 * of each rule.
 */
#pragma once

#include <karmor/plan.h>

struct node;

struct compiled {
	struct karmor_plan *plan; /* of several backends; NULL: of one */
	struct karmor_artifact *artifact;
	struct karmor_report *report;
};

/* What follows upon what is in force, and is applied at once; lines are of rulesets that are not in
 * force already. The library's errors, told in diag. */
int compiled_next(const struct node *node, const struct karmor_ruleset *const *sets, size_t n,
		  struct compiled *ret);
/* What is looked at, and never applied. */
int compiled_look(const struct node *node, const struct karmor_ruleset *const *sets, size_t n,
		  struct compiled *ret);
const struct karmor_artifact *compiled_artifact(const struct compiled *compiled);
/* The line of a rule, and who keeps it. 0 or -ENOENT past the end. */
int compiled_at(const struct node *node, const struct compiled *compiled, size_t i,
		struct karmor_report_line *line, const struct karmor_backend **keeper);
/* Frees what is there to be told alone. */
void compiled_told(struct compiled *compiled);
void compiled_done(struct compiled *compiled);
