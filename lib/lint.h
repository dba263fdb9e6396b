/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lint in parts: who is selected together (lint-select.c), rules that say opposite things
 * (lint-contradict.c), rules that never decide (lint-shadow.c), allow-lists (lint-list.c), and what
 * one rule or policy shows by itself (lint-rule.c).
 *
 * A finding is true of every workload that its policy selects, or says of which it is.
 */
#pragma once

#include <karmor/lint.h>

#include "space.h"

struct lint_finding {
	struct place place;
	const char *text, *fix; /* in the arena, or static; fix may be NULL */
	size_t number;		/* in which order it was found */
};

struct lint {
	const struct karmor_policies *policies;
	const char *posture; /* "" where none is known */
	struct karmor_diag *diag;
	struct arena arena;
	struct lint_finding *findings;
	size_t n_findings, size;
	size_t *groups;	     /* by policy: the first one that selects just the same */
	size_t *first_rules; /* by policy: the number of its first rule, in the whole load */
	bool *told;	     /* by rule: it was found to never decide */
	bool *in_scope;	     /* by policy: it applies wherever the group at work does */
};

/* The policies that apply wherever those of one group do, and what they say together. */
struct lint_scope {
	size_t group;
	struct karmor_policies load; /* borrows its policies */
	struct karmor_ruleset *set;  /* every posture is block: what no rule decides shows */
};

/* One section of a scope. */
struct lint_section {
	const struct lint_scope *scope;
	const struct space *space;
	size_t first;  /* index of the section's first rule in the set */
	bool *decides; /* by rule of the section: some access is decided or logged by it */
	const struct ruleset_rule **by; /* by rule: which one is before it */
	bool is_open;			/* some access is left to the posture */
};

/* @text and @fix are kept as they are; @text NULL: memory was out. 0 or -ENOMEM. */
int lint_add(struct lint *lint, const struct place *place, const char *text, const char *fix);
/* Where a rule is, for a message: "process.matchPaths[0]" of policy "a" (a.yaml:3). NULL: memory.
 */
const char *lint_name(struct lint *lint, const struct ir_rule *rule);
size_t lint_rule_number(const struct lint *lint, const struct ir_rule *rule);

/* Whether every workload that @a selects is selected by @b too. */
bool lint_implies(const struct ir_policy *a, const struct ir_policy *b);
/* Whether some workload may be selected by both. */
bool lint_meets(const struct ir_policy *a, const struct ir_policy *b);

/* The checks. 0, -EINVAL (a bound: message), -ENOMEM. */
int lint_contradictions(struct lint *lint);
int lint_rules(struct lint *lint);
int lint_shadows(struct lint *lint, const struct lint_section *section);
int lint_list(struct lint *lint, const struct lint_section *section);
