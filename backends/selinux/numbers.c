/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers that roles of tasks are called by, and whether those that are loaded will do. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "diag.h"
#include "engine.h"

static bool is_workloads(const struct selinux_engine *engine, uint32_t number)
{
	for (size_t i = 0; i < engine->n_workloads; i++)
		if (engine->workloads[i].number == number)
			return true;
	return false;
}

/* Whether a workload has it, or a ruleset. */
bool selinux_number_taken(const struct selinux_engine *engine,
			  const struct selinux_artifact *artifact, uint32_t number)
{
	for (size_t i = 0; i < artifact->base.n_rulesets; i++)
		if (artifact->numbers[i] == number)
			return true;
	return is_workloads(engine, number);
}

/* The group that a ruleset's number is of, if that is good for it. */
static uint32_t group_of(const struct selinux_loaded *loaded,
			 const struct selinux_artifact *artifact, size_t set)
{
	const struct selinux_family *family = selinux_loaded_find(loaded, artifact->numbers[set]);

	return family && strcmp(family->slot, artifact->rulesets[set].slot) == 0 ? family->group
										 : SELINUX_NO_GROUP;
}

/* Who is in each group, and what is taken, while rulesets choose. */
struct numbering {
	const struct selinux_engine *engine;
	const struct selinux_artifact *artifact;
	uint32_t *groups;     /* by ruleset */
	size_t *firsts;	      /* by group: its first ruleset, counted from 1; 0: none */
	const char **digests; /* of all rulesets, sorted */
	bool *taken;	      /* by number */
	uint32_t fresh;	      /* all before it are taken or loaded */
	uint32_t free;	      /* all before it are taken */
};

static void first_add(size_t *firsts, uint32_t group, size_t set)
{
	if (group != SELINUX_NO_GROUP && (!firsts[group] || set + 1 < firsts[group]))
		firsts[group] = set + 1;
}

/* Whether rulesets that are as @set are in a group, or nobody is. */
enum guests { OTHERS, NOBODY, SAME };

static enum guests guests_of(const struct selinux_artifact *artifact, size_t set,
			     const size_t *firsts, uint32_t group)
{
	if (!firsts[group])
		return NOBODY;
	return strcmp(artifact->rulesets[firsts[group] - 1].digest,
		      artifact->rulesets[set].digest) == 0
		       ? SAME
		       : OTHERS;
}

static int digest_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool has_digest(const struct numbering *n, const char *digest)
{
	return bsearch(&digest, n->digests, n->artifact->base.n_rulesets, sizeof(*n->digests),
		       digest_order);
}

/* How well a group suits ruleset @set: where others are not at all, where files have roles for its
 * rules already best, and where they have them for the rules of others that are there least. */
static unsigned suits(const struct numbering *n, size_t set, const struct selinux_family *family)
{
	switch (guests_of(n->artifact, set, n->firsts, family->group)) {
	case OTHERS:
		return 0;
	case SAME:
		return 4;
	case NOBODY:
	default:
		return strcmp(family->last, n->artifact->rulesets[set].digest) == 0 ? 3
		       : !has_digest(n, family->last)				    ? 2
										    : 1;
	}
}

/* One that is loaded and good for ruleset @set, and nobody has. */
static uint32_t loaded_find(const struct numbering *n, size_t set)
{
	const struct selinux_loaded *loaded = &n->engine->loaded;
	uint32_t ret = SELINUX_NO_NUMBER;
	unsigned best = 0;

	for (size_t i = 0; i < loaded->n_families; i++) {
		const struct selinux_family *family = &loaded->families[i];
		unsigned suited;

		if (n->taken[family->number] ||
		    strcmp(family->slot, n->artifact->rulesets[set].slot) != 0)
			continue;
		suited = suits(n, set, family);
		if (suited > best) {
			best = suited;
			ret = family->number;
		}
	}
	return ret;
}

/* One that nobody has; if possible one that is not loaded, for what is loaded is not good. */
static int number_new(struct numbering *n, uint32_t *ret, struct karmor_diag *diag)
{
	while (n->fresh < SELINUX_NUMBERS_MAX &&
	       (n->taken[n->fresh] || selinux_loaded_find(&n->engine->loaded, n->fresh)))
		n->fresh++;
	while (n->free < SELINUX_NUMBERS_MAX && n->taken[n->free])
		n->free++;
	*ret = n->fresh < SELINUX_NUMBERS_MAX  ? n->fresh
	       : n->free < SELINUX_NUMBERS_MAX ? n->free
					       : SELINUX_NO_NUMBER;
	if (*ret != SELINUX_NO_NUMBER)
		return 0;
	diag_error(diag, NULL, "end some of them",
		   "selinux: workloads have all of the %d numbers that their roles can be called "
		   "by",
		   SELINUX_NUMBERS_MAX);
	return -EBUSY;
}

/* Whether a ruleset that is the same has roles that are loaded: a workload's, or one before it. */
static bool is_known(const struct selinux_engine *engine, const struct selinux_artifact *artifact,
		     size_t set)
{
	const struct selinux_ruleset *ruleset = &artifact->rulesets[set];

	for (size_t i = ruleset->first; i < artifact->base.n_rulesets; i++)
		if (i != set && artifact->rulesets[i].first == ruleset->first &&
		    (i < set || !artifact->rulesets[i].ahead) &&
		    selinux_loaded_has(&engine->loaded, artifact->numbers[i], ruleset->slot))
			return true;
	return false;
}

/* What nobody is under yet is to be there, by whatever number. */
bool selinux_is_asked(const struct selinux_engine *engine, const struct selinux_artifact *artifact,
		      size_t set)
{
	const struct selinux_ruleset *ruleset = &artifact->rulesets[set];

	if (selinux_workload_of(engine, set))
		return true;
	return ruleset->ahead ? !is_known(engine, artifact, set) : ruleset->n_rules > 0;
}

/* Who is there chooses first of what is loaded, then what somebody asked for; the rest needs none
 * of it, and leaves it to who comes. */
enum turn { WORKLOADS, ASKED, REST };

static enum turn turn_of(const struct selinux_engine *engine,
			 const struct selinux_artifact *artifact, size_t set)
{
	if (selinux_workload_of(engine, set))
		return WORKLOADS;
	return selinux_is_asked(engine, artifact, set) ? ASKED : REST;
}

static void numbering_done(struct numbering *n)
{
	free(n->groups);
	free(n->firsts);
	free(n->digests);
	free(n->taken);
}

static void number_take(struct numbering *n, uint32_t number)
{
	if (number != SELINUX_NO_NUMBER)
		n->taken[number] = true;
}

/* Workloads' rulesets have theirs, the others have none yet. */
static int numbering_make(struct numbering *n)
{
	const struct selinux_artifact *a = n->artifact;
	size_t n_sets = a->base.n_rulesets;

	n->groups = calloc(n_sets + 1, sizeof(*n->groups));
	n->firsts = calloc(SELINUX_NUMBERS_MAX, sizeof(*n->firsts));
	n->digests = calloc(n_sets + 1, sizeof(*n->digests));
	n->taken = calloc(SELINUX_NUMBERS_MAX, sizeof(*n->taken));
	if (!n->groups || !n->firsts || !n->digests || !n->taken)
		return -ENOMEM;
	for (size_t i = 0; i < n->engine->n_workloads; i++)
		number_take(n, n->engine->workloads[i].number);
	for (size_t i = 0; i < n_sets; i++) {
		const struct selinux_workload *workload = selinux_workload_of(n->engine, i);

		a->numbers[i] = workload ? workload->number : SELINUX_NO_NUMBER;
		n->groups[i] = group_of(&n->engine->loaded, a, i);
		first_add(n->firsts, n->groups[i], i);
		n->digests[i] = a->rulesets[i].digest;
	}
	qsort(n->digests, n_sets, sizeof(*n->digests), digest_order);
	return 0;
}

static int number_give(struct numbering *n, size_t set, enum turn turn, struct karmor_diag *diag)
{
	struct selinux_workload *workload = selinux_workload_of(n->engine, set);
	uint32_t *number = &n->artifact->numbers[set];
	int r = 0;

	if (turn != REST)
		*number = loaded_find(n, set);
	n->groups[set] = group_of(&n->engine->loaded, n->artifact, set);
	first_add(n->firsts, n->groups[set], set);
	if (*number == SELINUX_NO_NUMBER)
		r = number_new(n, number, diag);
	number_take(n, *number);
	if (r == 0 && workload)
		workload->number = *number;
	return r;
}

int selinux_numbers(struct selinux_engine *engine, const struct selinux_artifact *artifact,
		    struct karmor_diag *diag)
{
	_cleanup_(numbering_done) struct numbering n = { .engine = engine, .artifact = artifact };
	int r = numbering_make(&n);

	for (enum turn turn = WORKLOADS; turn <= REST; turn++)
		for (size_t i = 0; r == 0 && i < artifact->base.n_rulesets; i++)
			if (artifact->numbers[i] == SELINUX_NO_NUMBER &&
			    turn_of(engine, artifact, i) == turn)
				r = number_give(&n, i, turn, diag);
	return r;
}

/* The group of each ruleset that somebody asked for. 0: one has none, or groups are not of one
 * kind any more. */
static int groups_find(const struct selinux_engine *engine, const struct selinux_artifact *artifact,
		       uint32_t *groups)
{
	_cleanup_free_ size_t *firsts = calloc(SELINUX_NUMBERS_MAX, sizeof(*firsts));

	if (!firsts)
		return -ENOMEM;
	for (size_t i = 0; i < artifact->base.n_rulesets; i++) {
		bool is_asked = selinux_is_asked(engine, artifact, i);

		groups[i] = is_asked ? group_of(&engine->loaded, artifact, i) : SELINUX_NO_GROUP;
		first_add(firsts, groups[i], i);
		if (is_asked && (groups[i] == SELINUX_NO_GROUP ||
				 guests_of(artifact, i, firsts, groups[i]) == OTHERS))
			return 0;
	}
	return 1;
}

bool selinux_is_grouped(const struct selinux_engine *engine,
			const struct selinux_artifact *artifact)
{
	_cleanup_free_ uint32_t *groups = calloc(artifact->base.n_rulesets + 1, sizeof(*groups));

	return groups && groups_find(engine, artifact, groups) > 0;
}

int selinux_covers(const struct selinux_engine *engine, const struct selinux_artifact *artifact)
{
	_cleanup_free_ uint32_t *groups = calloc(artifact->base.n_rulesets + 1, sizeof(*groups));
	int r = groups ? selinux_loaded_frames(&engine->loaded, artifact) : -ENOMEM;

	r = r == 1 ? groups_find(engine, artifact, groups) : r;
	return r != 1 ? r : selinux_slots_take(engine, artifact, groups);
}
