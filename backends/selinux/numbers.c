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

/* Whether rulesets that are as @set are in a group, or nobody is. */
enum guests { OTHERS, NOBODY, SAME };

static enum guests guests_of(const struct selinux_artifact *artifact, size_t set,
			     const uint32_t *groups, uint32_t group)
{
	for (size_t i = 0; i < artifact->base.n_rulesets; i++)
		if (i != set && groups[i] == group)
			return strcmp(artifact->rulesets[i].digest,
				      artifact->rulesets[set].digest) == 0
				       ? SAME
				       : OTHERS;
	return NOBODY;
}

static bool has_digest(const struct selinux_artifact *artifact, const char *digest)
{
	for (size_t i = 0; i < artifact->base.n_rulesets; i++)
		if (strcmp(artifact->rulesets[i].digest, digest) == 0)
			return true;
	return false;
}

/* How well a group suits ruleset @set: where others are not at all, where files have roles for its
 * rules already best, and where they have them for the rules of others that are there least. */
static unsigned suits(const struct selinux_artifact *artifact, size_t set, const uint32_t *groups,
		      const struct selinux_family *family)
{
	const char *digest = artifact->rulesets[set].digest;

	switch (guests_of(artifact, set, groups, family->group)) {
	case OTHERS:
		return 0;
	case SAME:
		return 4;
	case NOBODY:
	default:
		return strcmp(family->last, digest) == 0     ? 3
		       : !has_digest(artifact, family->last) ? 2
							     : 1;
	}
}

/* One that is loaded and good for ruleset @set, and nobody has. */
static uint32_t loaded_find(const struct selinux_engine *engine,
			    const struct selinux_artifact *artifact, size_t set,
			    const uint32_t *groups)
{
	const struct selinux_loaded *loaded = &engine->loaded;
	uint32_t ret = SELINUX_NO_NUMBER;
	unsigned best = 0;

	for (size_t i = 0; i < loaded->n_families; i++) {
		const struct selinux_family *family = &loaded->families[i];
		unsigned suited;

		if (strcmp(family->slot, artifact->rulesets[set].slot) != 0 ||
		    selinux_number_taken(engine, artifact, family->number))
			continue;
		suited = suits(artifact, set, groups, family);
		if (suited > best) {
			best = suited;
			ret = family->number;
		}
	}
	return ret;
}

/* One that nobody has; if possible one that is not loaded, for what is loaded is not good. */
static int number_new(const struct selinux_engine *engine, const struct selinux_artifact *artifact,
		      uint32_t *ret, struct karmor_diag *diag)
{
	uint32_t other = SELINUX_NO_NUMBER;

	for (uint32_t i = *ret; i < SELINUX_NUMBERS_MAX; i++) {
		if (selinux_number_taken(engine, artifact, i))
			continue;
		if (!selinux_loaded_find(&engine->loaded, i)) {
			*ret = i;
			return 0;
		}
		if (other == SELINUX_NO_NUMBER)
			other = i;
	}
	*ret = other;
	if (other != SELINUX_NO_NUMBER)
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

struct numbering {
	const struct selinux_engine *engine;
	const struct selinux_artifact *artifact;
	uint32_t *groups; /* by ruleset */
	uint32_t next;	  /* all before it are taken */
};

static int number_give(struct numbering *n, size_t set, enum turn turn, struct karmor_diag *diag)
{
	struct selinux_workload *workload = selinux_workload_of(n->engine, set);
	uint32_t *number = &n->artifact->numbers[set];
	int r = 0;

	if (turn != REST)
		*number = loaded_find(n->engine, n->artifact, set, n->groups);
	n->groups[set] = group_of(&n->engine->loaded, n->artifact, set);
	if (*number == SELINUX_NO_NUMBER) {
		r = number_new(n->engine, n->artifact, &n->next, diag);
		*number = n->next;
	}
	if (r == 0 && workload)
		workload->number = *number;
	return r;
}

int selinux_numbers(struct selinux_engine *engine, const struct selinux_artifact *artifact,
		    struct karmor_diag *diag)
{
	size_t n_sets = artifact->base.n_rulesets;
	_cleanup_free_ uint32_t *groups = calloc(n_sets + 1, sizeof(*groups));
	struct numbering n = { .engine = engine, .artifact = artifact, .groups = groups };
	int r = groups ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < n_sets; i++) {
		const struct selinux_workload *workload = selinux_workload_of(engine, i);

		artifact->numbers[i] = workload ? workload->number : SELINUX_NO_NUMBER;
		groups[i] = group_of(&engine->loaded, artifact, i);
	}
	for (enum turn turn = WORKLOADS; turn <= REST; turn++)
		for (size_t i = 0; r == 0 && i < n_sets; i++)
			if (artifact->numbers[i] == SELINUX_NO_NUMBER &&
			    turn_of(engine, artifact, i) == turn)
				r = number_give(&n, i, turn, diag);
	return r;
}

/* The group of each ruleset that somebody asked for. False: one has none, or groups are not of one
 * kind any more. */
static bool groups_find(const struct selinux_engine *engine,
			const struct selinux_artifact *artifact, uint32_t *groups)
{
	size_t n = artifact->base.n_rulesets;

	for (size_t i = 0; i < n; i++)
		groups[i] = selinux_is_asked(engine, artifact, i)
				    ? group_of(&engine->loaded, artifact, i)
				    : SELINUX_NO_GROUP;
	for (size_t i = 0; i < n; i++)
		if (selinux_is_asked(engine, artifact, i) &&
		    (groups[i] == SELINUX_NO_GROUP ||
		     guests_of(artifact, i, groups, groups[i]) == OTHERS))
			return false;
	return true;
}

bool selinux_is_grouped(const struct selinux_engine *engine,
			const struct selinux_artifact *artifact)
{
	_cleanup_free_ uint32_t *groups = calloc(artifact->base.n_rulesets + 1, sizeof(*groups));

	return groups && groups_find(engine, artifact, groups);
}

int selinux_covers(const struct selinux_engine *engine, const struct selinux_artifact *artifact)
{
	_cleanup_free_ uint32_t *groups = calloc(artifact->base.n_rulesets + 1, sizeof(*groups));
	int r = groups ? selinux_loaded_frames(&engine->loaded, artifact) : -ENOMEM;

	if (r != 1 || !groups_find(engine, artifact, groups))
		return r < 0 ? r : 0;
	return selinux_slots_take(engine, artifact, groups);
}
