/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers that roles of tasks are called by. */
#include <errno.h>
#include <string.h>

#include "diag.h"
#include "engine.h"

static bool is_workloads(const struct selinux_engine *engine, uint32_t number)
{
	for (size_t i = 0; i < engine->n_workloads; i++)
		if (engine->workloads[i].number == number)
			return true;
	return false;
}

/* Whether a workload has it, or one of the first @n rulesets. */
static bool is_taken(const struct selinux_engine *engine, const struct selinux_artifact *artifact,
		     size_t n, uint32_t number)
{
	for (size_t i = 0; i < n; i++)
		if (artifact->numbers[i] == number)
			return true;
	return is_workloads(engine, number);
}

/* One that is loaded for the rules of ruleset @set, and nobody has. */
static uint32_t loaded_find(const struct selinux_engine *engine,
			    const struct selinux_artifact *artifact, size_t set)
{
	const struct selinux_loaded *loaded = &engine->loaded;

	for (size_t i = 0; i < loaded->n_families; i++)
		if (strcmp(loaded->families[i].digest, artifact->rulesets[set].digest) == 0 &&
		    !is_taken(engine, artifact, set, loaded->families[i].number))
			return loaded->families[i].number;
	return SELINUX_NO_NUMBER;
}

int selinux_numbers(struct selinux_engine *engine, const struct selinux_artifact *artifact,
		    struct karmor_diag *diag)
{
	uint32_t next = 0, *number = artifact->numbers;

	for (size_t i = 0; i < artifact->base.n_rulesets; i++, number++) {
		struct selinux_workload *workload = selinux_workload_of(engine, i);

		*number = workload ? workload->number : SELINUX_NO_NUMBER;
		if (*number != SELINUX_NO_NUMBER)
			continue;
		*number = loaded_find(engine, artifact, i);
		if (*number == SELINUX_NO_NUMBER) {
			while (next < SELINUX_NUMBERS_MAX && is_taken(engine, artifact, i, next))
				next++;
			if (next == SELINUX_NUMBERS_MAX) {
				diag_error(diag, NULL, "end some of them",
					   "selinux: workloads have all of the %d numbers that "
					   "their roles can be called by",
					   SELINUX_NUMBERS_MAX);
				return -EBUSY;
			}
			*number = next++;
		}
		if (workload)
			workload->number = *number;
	}
	return 0;
}

/* What nobody is under yet is to be there, by whatever number. */
bool selinux_is_asked(const struct selinux_engine *engine, const struct selinux_artifact *artifact,
		      size_t set)
{
	const struct selinux_ruleset *ruleset = &artifact->rulesets[set];

	if (ruleset->ahead)
		return !selinux_loaded_knows(&engine->loaded, ruleset->digest);
	return ruleset->n_rules || selinux_workload_of(engine, set);
}

/* Whether there is, or may be, a workload that lasts: others come alone, and end with the engine.
 */
static bool is_lasting(const struct selinux_engine *engine, const struct selinux_artifact *artifact)
{
	for (size_t i = 0; i < engine->n_workloads; i++)
		if (engine->workloads[i].lasting)
			return true;
	return selinux_has_ahead(artifact);
}

bool selinux_has_ahead(const struct selinux_artifact *artifact)
{
	for (size_t i = 0; i < artifact->base.n_rulesets; i++)
		if (artifact->rulesets[i].ahead)
			return true;
	return false;
}

/* Whether workloads may come for ruleset @set, and it is the first of those with its rules. */
static bool is_first(const struct selinux_engine *engine, const struct selinux_artifact *a,
		     size_t set)
{
	const struct selinux_ruleset *ruleset = &a->rulesets[set];

	for (size_t i = 0; i < set; i++)
		if (strcmp(a->rulesets[i].digest, ruleset->digest) == 0)
			return false;
	return ruleset->ahead || ruleset->n_rules || selinux_workload_of(engine, set);
}

static int spares_add(struct selinux_engine *engine, size_t set, size_t n, uint32_t *next)
{
	const struct selinux_artifact *a = engine->staged;

	for (; n && engine->n_spares < SELINUX_SPARES_MAX; n--) {
		while (*next < SELINUX_NUMBERS_MAX &&
		       is_taken(engine, a, a->base.n_rulesets, *next))
			++*next;
		if (*next == SELINUX_NUMBERS_MAX)
			return -EBUSY;
		engine->spares[engine->n_spares++] =
			(struct selinux_spare){ .set = set, .number = (*next)++ };
	}
	return 0;
}

/* As many for all that have rules of their own; of many classes fewer, for each has its roles. */
void selinux_spares(struct selinux_engine *engine)
{
	const struct selinux_artifact *a = engine->staged;
	size_t n_sets = 0, share, r = 0;
	uint32_t next = 0;

	engine->n_spares = 0;
	if (!is_lasting(engine, a))
		return;
	for (size_t i = 0; i < a->base.n_rulesets; i++)
		n_sets += is_first(engine, a, i);
	for (size_t i = 0; !r && i < a->base.n_rulesets; i++) {
		if (!is_first(engine, a, i))
			continue;
		share = SELINUX_SPARES_MAX / n_sets / a->rulesets[i].n_classes;
		r = spares_add(engine, i, share ? share : 1, &next);
	}
}
