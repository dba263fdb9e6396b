/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers that roles of tasks are called by. */
#include <errno.h>
#include <string.h>

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

int selinux_numbers(struct selinux_engine *engine, const struct selinux_artifact *artifact)
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
			if (next == SELINUX_NUMBERS_MAX)
				return -EBUSY;
			*number = next++;
		}
		if (workload)
			workload->number = *number;
	}
	return 0;
}

bool selinux_is_asked(const struct selinux_engine *engine, const struct selinux_artifact *artifact,
		      size_t set)
{
	return artifact->rulesets[set].n_rules || selinux_workload_of(engine, set);
}

/* Whether there is a workload that lasts: others come alone, and end with the engine. */
static bool is_lasting(const struct selinux_engine *engine)
{
	for (size_t i = 0; i < engine->n_workloads; i++)
		if (engine->workloads[i].lasting)
			return true;
	return false;
}

/* One for each ruleset, so that there are as many more as there are of the same rules. */
void selinux_spares(struct selinux_engine *engine)
{
	const struct selinux_artifact *a = engine->staged;
	uint32_t next = 0;

	engine->n_spares = 0;
	for (size_t i = 0; is_lasting(engine) && i < a->base.n_rulesets; i++) {
		if (!selinux_is_asked(engine, a, i))
			continue;
		while (next < SELINUX_NUMBERS_MAX && is_taken(engine, a, a->base.n_rulesets, next))
			next++;
		if (next == SELINUX_NUMBERS_MAX || engine->n_spares == SELINUX_SPARES_MAX)
			return;
		engine->spares[engine->n_spares++] =
			(struct selinux_spare){ .set = i, .number = next++ };
	}
}
