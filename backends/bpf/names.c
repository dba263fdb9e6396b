/* SPDX-License-Identifier: Apache-2.0 */
/* See names.h. The artifact is its owner's, who may free it once another is in force. */
#include "names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define NAMES_MAX 16 /* generations that nobody reads the events of */

struct bpf_names {
	struct bpf_names *next; /* an older one */
	uint32_t generation;
	size_t n;
	struct names_set {
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
	const struct bpf_artifact *live = engine->live;
	struct bpf_names *names;
	int r = 0;

	if (!live || !engine->n_workloads)
		return 0;
	names = calloc(1, sizeof(*names));
	if (!names)
		return -ENOMEM;
	names->generation = engine->generation;
	names->n = live->base.n_rulesets;
	names->rulesets = arena_array(&names->arena, names->n, sizeof(*names->rulesets));
	if (!names->rulesets)
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < names->n; i++)
		r = rules_keep(&names->arena, &live->rulesets[i], &names->rulesets[i]);
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
	const struct bpf_names *names = engine->names;

	while (names && names->generation != generation)
		names = names->next;
	if (!names || ruleset >= names->n || number > names->rulesets[ruleset].n)
		return NULL;
	return &names->rulesets[ruleset].rules[number - 1];
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
