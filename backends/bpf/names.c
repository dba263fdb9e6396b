/* SPDX-License-Identifier: Apache-2.0 */
/* See names.h. The artifact is its owner's, who may free it once another is in force. */
#include "names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define NAMES_MAX 16 /* changes of rules that nobody has read the events before */

struct bpf_names {
	struct bpf_names *next; /* an older one */
	size_t n;
	struct names_set {
		uint32_t generation; /* 0: its rules were not replaced then */
		struct told *rules;
		size_t n;
	} * rulesets;
	struct arena arena;
};

static void names_free(struct bpf_names *names)
{
	while (names) {
		struct bpf_names *next = names->next;

		arena_done(&names->arena);
		free(names);
		names = next;
	}
}

static int rules_keep(struct arena *arena, const struct bpf_ruleset *from, struct names_set *ret)
{
	bool failed = false;

	ret->n = from->n_rules;
	ret->rules = arena_array(arena, from->n_rules, sizeof(*ret->rules));
	if (!ret->rules)
		return -ENOMEM;
	for (size_t i = 0; i < from->n_rules; i++)
		ret->rules[i] = told_keep(arena, &from->rules[i].told, &failed);
	return failed ? -ENOMEM : 0;
}

/* Of the rulesets that get other rules. */
static int rulesets_keep(const struct bpf_engine *engine, struct bpf_names *ret)
{
	int r;

	ret->n = engine->live->n_rulesets;
	ret->rulesets = arena_array(&ret->arena, ret->n, sizeof(*ret->rulesets));
	r = ret->rulesets ? 0 : -ENOMEM;
	for (size_t i = 0; r == 0 && i < ret->n; i++) {
		if (!bpf_is_changing(engine, i))
			continue;
		ret->rulesets[i].generation = engine->live_tables[i].generation;
		r = rules_keep(&ret->arena, bpf_ruleset_at(engine->live, i), &ret->rulesets[i]);
	}
	return r;
}

static bool is_changing(const struct bpf_engine *engine)
{
	for (size_t i = 0; engine->live && i < engine->live->n_rulesets; i++)
		if (bpf_is_changing(engine, i))
			return true;
	return false;
}

/* All but the newest of them. */
static void names_limit(struct bpf_names *names)
{
	for (size_t i = 1; names && i < NAMES_MAX; i++)
		names = names->next;
	if (!names)
		return;
	names_free(names->next);
	names->next = NULL;
}

int names_keep(struct bpf_engine *engine)
{
	struct bpf_names *names;
	int r;

	if (!engine->n_workloads || !is_changing(engine))
		return 0;
	names = calloc(1, sizeof(*names));
	if (!names)
		return -ENOMEM;
	r = rulesets_keep(engine, names);
	if (r < 0) {
		names_free(names);
		return r;
	}
	names->next = engine->names;
	engine->names = names;
	names_limit(names);
	return 0;
}

const struct told *names_find(const struct bpf_engine *engine, uint32_t generation, size_t ruleset,
			      uint32_t number)
{
	const struct names_set *set;

	for (const struct bpf_names *names = engine->names; names; names = names->next) {
		set = ruleset < names->n ? &names->rulesets[ruleset] : NULL;
		if (set && generation && set->generation == generation)
			return number <= set->n ? &set->rules[number - 1] : NULL;
	}
	return NULL;
}

bool names_kept(const struct bpf_engine *engine)
{
	return engine->names != NULL;
}

void names_release(struct bpf_engine *engine)
{
	names_free(engine->names);
	engine->names = NULL;
}
