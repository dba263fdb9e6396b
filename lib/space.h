/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The accesses that a section's rules can tell apart, with one example for each kind.
 *
 * Objects fall into classes by the rules whose matcher matches, sources by the rules whose
 * fromSource does; paths are classified by automaton, the rest by going through it. Every access
 * that can be asked about is in a class of each, so that what holds for all examples holds for all
 * accesses. AF_UNIX and AF_NETLINK are left out: no rule and no posture speaks about them.
 */
#pragma once

#include "automaton.h"
#include "eval.h"

/* No more rulesets than this are looked at together. */
#define SPACE_SETS_MAX 2
/* Kinds of accesses gone through in one walk. */
#define SPACE_POINTS_MAX (1u << 24)

struct space_class {
	const char *text;    /* as a question has it; NULL: a source that no rule names */
	const uint32_t *ids; /* ascending: rules of set 0's section from 0 on, then set 1's */
	size_t n;
};

struct space {
	struct arena arena;
	enum karmor_section section;
	const struct karmor_ruleset *sets[SPACE_SETS_MAX];
	size_t n_sets;
	const struct ruleset_rule **rules; /* by id */
	uint32_t n_rules, n_first;	   /* of both sets; of set 0 */
	const struct space_class *objects; /* the shortest text first */
	size_t n_objects;
	const struct space_class *sources; /* the first: none that a rule names */
	size_t n_sources;
	uint32_t *source_lists; /* by id: the sources it matches, from source_starts[id] on */
	size_t *source_starts;	/* n_rules + 1 */
};

/* One kind of access, and what each ruleset says. */
struct space_point {
	struct eval_access about;
	const char *object, *source;
	const uint32_t *matched[SPACE_SETS_MAX]; /* indices into the set's rules */
	size_t n_matched[SPACE_SETS_MAX];
	struct eval_verdict verdicts[SPACE_SETS_MAX];
};

/* Anything but 0 ends the walk. */
typedef int space_fn(const struct space_point *point, void *data);

/* The rulesets must have no root and outlive the space. 0; -EINVAL (a bound: message); -ENOMEM. */
int space_new(const struct karmor_ruleset *const *sets, size_t n_sets, enum karmor_section section,
	      struct space **ret, struct karmor_diag *diag);
void space_free(struct space *space);

/* Calls @fn for every kind. 0; what @fn returned; -EINVAL (a bound: message); -ENOMEM. */
int space_walk(const struct space *space, space_fn *fn, void *data, struct karmor_diag *diag);

/* Between space.c and space-object.c. */
int space_objects(struct space *space, struct karmor_diag *diag);
/* The classes of paths by matchers whose ids are rules. Their text is NULL where nothing has it. */
int space_paths(struct space *space, const struct automaton_matcher *matchers, size_t n,
		struct space_class **ret, size_t *n_ret, struct karmor_diag *diag);
