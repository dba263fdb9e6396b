/* SPDX-License-Identifier: Apache-2.0 */
/* What a module has for who comes, and for rules that change: roles of tasks and of files. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "engine.h"

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

/* Whether it is the first of those with its rules, and workloads may come for one of them. */
static bool is_first(const struct selinux_engine *engine, const struct selinux_artifact *a,
		     size_t set)
{
	bool ret = false;

	for (size_t i = set; i < a->base.n_rulesets; i++)
		ret |= a->rulesets[i].first == set &&
		       (a->rulesets[i].ahead || a->rulesets[i].n_rules ||
			selinux_workload_of(engine, i));
	return ret;
}

static int spares_add(struct selinux_engine *engine, size_t set, size_t n, uint32_t *next)
{
	const struct selinux_artifact *a = engine->staged;

	for (; n && engine->n_spares < SELINUX_SPARES_MAX; n--) {
		while (*next < SELINUX_NUMBERS_MAX && selinux_number_taken(engine, a, *next))
			++*next;
		if (*next == SELINUX_NUMBERS_MAX)
			return -EBUSY;
		engine->spares[engine->n_spares++] =
			(struct selinux_spare){ .set = set, .number = (*next)++ };
	}
	return 0;
}

/* What rules mostly say of files. Of those that come to the same one is made. */
#define OP(op) (1U << SELINUX_##op)
static const struct selinux_pattern patterns[] = {
	/* A path under a Block, which may be a file or a directory; and what is below one. */
	{ OP(READ) | OP(WRITE), .own = true, .child = true },
	{ OP(READ) | OP(WRITE), .own = true },
	{ OP(READ) | OP(WRITE), .child = true },
	/* A program, by its path, and by a directory or a pattern. */
	{ OP(EXEC), .exact = true, .own = true, .child = true },
	{ 0, .own = true, .child = true }, /* a directory by the name, or what is logged */
	{ OP(EXEC), .own = true, .child = true },
	{ OP(EXEC), .opened = true, .own = true, .child = true },
	/* What is read only. */
	{ OP(WRITE), .own = true, .child = true },
	{ OP(WRITE), .own = true },
	{ OP(WRITE), .child = true },
	/* A program that is a file of rules, too. */
	{ OP(EXEC) | OP(READ) | OP(WRITE), .exact = true, .own = true, .child = true },
	{ OP(EXEC) | OP(READ) | OP(WRITE), .own = true, .child = true },
	{ OP(EXEC) | OP(WRITE), .exact = true, .own = true, .child = true },
	{ OP(EXEC) | OP(WRITE), .own = true, .child = true },
	/* What may be written to and not be read. */
	{ OP(READ), .own = true, .child = true },
	{ OP(READ), .own = true },
};

static bool is_labels(const struct selinux_artifact *a, const char *name)
{
	for (size_t i = 0; i < a->n_labels; i++)
		if (strcmp(a->labels[i].name, name) == 0)
			return true;
	return false;
}

/* A role that is on no file, and was on none that may still have it. */
static void name_new(const struct selinux_engine *engine, uint32_t *next, char ret[SELINUX_ID_SIZE])
{
	char name[SELINUX_ID_SIZE];

	do
		selinux_spare_id((*next)++, name);
	while (is_labels(engine->staged, name) || selinux_before_has(engine, name));
	strcpy(ret, name);
}

/* The role that the label has; "": none that it could keep. */
static const char *name_of(const struct selinux_engine *engine, const char *id)
{
	for (size_t i = 0; i < engine->loaded.n_slots; i++)
		if (strcmp(engine->loaded.slots[i].of, id) == 0)
			return engine->loaded.slots[i].name;
	return "";
}

void selinux_slots_name(const struct selinux_engine *engine)
{
	const struct selinux_artifact *a = engine->staged;
	uint32_t next = 0;

	for (size_t i = 0; i < a->n_labels; i++)
		snprintf(a->labels[i].name, SELINUX_ID_SIZE, "%s",
			 name_of(engine, a->labels[i].id));
	for (size_t i = 0; i < a->n_labels; i++) {
		struct selinux_label *label = &a->labels[i];

		if (*label->name)
			continue;
		if (is_labels(a, label->id) ||
		    (selinux_before_has(engine, label->id) && !selinux_before_is(engine, a, i)))
			name_new(engine, &next, label->name);
		else
			strcpy(label->name, label->id);
	}
}

/* One of each pattern for a ruleset's classes together, and for each alone. False: no room. */
static bool files_add(struct selinux_engine *engine, size_t set, size_t max, uint32_t *next)
{
	const struct selinux_ruleset *ruleset = &engine->staged->rulesets[set];
	size_t n_classes = ruleset->n_classes > 1 ? ruleset->n_classes : 0;

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++)
		for (size_t j = 0; j <= n_classes; j++) {
			struct selinux_spare_file *file = &engine->files[engine->n_files];

			if (engine->n_files >= max)
				return false;
			*file = (struct selinux_spare_file){
				.set = set,
				.class = j ? j - 1 : SELINUX_ALL_CLASSES,
				.pattern = patterns[i],
			};
			name_new(engine, next, file->name);
			engine->n_files++;
		}
	return true;
}

/* As many for all; where there is room, several of each. */
static void files_share(struct selinux_engine *engine, size_t n_sets)
{
	const struct selinux_artifact *a = engine->staged;
	uint32_t next = 0;
	size_t done = 0;

	for (size_t i = 0; i < a->base.n_rulesets; i++)
		if (is_first(engine, a, i)) {
			size_t max = SELINUX_SPARE_FILES_MAX * ++done / n_sets;

			while (files_add(engine, i, max, &next))
				;
		}
}

/* A few are for whom no policy is; the rest are divided among the others, of many classes fewer,
 * for each has its roles. */
static size_t share_of(const struct selinux_ruleset *ruleset, size_t n_sets, size_t n_bare)
{
	size_t bare = SELINUX_SPARES_MAX / 8 / (n_bare ? n_bare : 1);
	size_t rest = SELINUX_SPARES_MAX - bare * n_bare;
	size_t share = (ruleset->n_rules ? rest / (n_sets - n_bare) : bare) / ruleset->n_classes;

	return share ? share : 1;
}

void selinux_spares(struct selinux_engine *engine)
{
	const struct selinux_artifact *a = engine->staged;
	size_t n_sets = 0, n_bare = 0, r = 0;
	uint32_t next = 0;

	engine->n_spares = engine->n_files = 0;
	if (!is_lasting(engine, a))
		return;
	for (size_t i = 0; i < a->base.n_rulesets; i++) {
		bool is_its = is_first(engine, a, i);

		n_sets += is_its;
		n_bare += is_its && !a->rulesets[i].n_rules;
	}
	for (size_t i = 0; !r && i < a->base.n_rulesets; i++)
		if (is_first(engine, a, i))
			r = spares_add(engine, i, share_of(&a->rulesets[i], n_sets, n_bare), &next);
	files_share(engine, n_sets);
}
