/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See space.h: the rules, the sources and the walk. Of an object's rules only some name sources, so
 * that the walk takes the sources that these can tell apart and no other.
 */
#include "space.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "diag.h"
#include "witness.h"

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The directories among @matchers, sorted. */
static int list_directories(const struct automaton_matcher *matchers, size_t n, struct arena *arena,
			    struct witness_bounds *ret)
{
	const char **names = arena_array(arena, n + 1, sizeof(*names));

	if (!names)
		return -ENOMEM;
	ret->directories = names;
	ret->n_directories = 0;
	for (size_t i = 0; i < n; i++)
		if (matchers[i].match == IR_DIR)
			names[ret->n_directories++] = matchers[i].path;
	qsort(names, ret->n_directories, sizeof(*names), compare_names);
	return 0;
}

static int copy_classes(struct space *space, const struct automaton *automaton,
			const char *const *texts, struct space_class *classes)
{
	for (size_t i = 0; i < automaton->n_accepts; i++) {
		const struct automaton_accept *accept = &automaton->accepts[i];
		uint32_t *ids = arena_array(&space->arena, accept->n, sizeof(*ids));

		if (!ids)
			return -ENOMEM;
		if (accept->n)
			memcpy(ids, accept->ids, accept->n * sizeof(*ids));
		classes[i] = (struct space_class){ texts[i], ids, accept->n };
	}
	return 0;
}

int space_paths(struct space *space, const struct automaton_matcher *matchers, size_t n,
		struct space_class **ret, size_t *n_ret, struct karmor_diag *diag)
{
	struct witness_bounds bounds;
	struct automaton *automaton;
	const char *const *texts;
	int r = list_directories(matchers, n, &space->arena, &bounds);

	if (r == 0)
		r = automaton_compile(matchers, n, &automaton, diag);
	if (r < 0)
		return r;
	r = witness_find(automaton, &bounds, &space->arena, &texts);
	*n_ret = automaton->n_accepts;
	*ret = arena_array(&space->arena, *n_ret, sizeof(**ret));
	if (r == 0)
		r = *ret ? copy_classes(space, automaton, texts, *ret) : -ENOMEM;
	automaton_free(automaton);
	return r;
}

static size_t count_sources(const struct space *space)
{
	size_t n = 0;

	for (uint32_t id = 0; id < space->n_rules; id++)
		n += space->rules[id]->ir->n_sources;
	return n;
}

static void fill_sources(const struct space *space, struct automaton_matcher *matchers)
{
	for (uint32_t id = 0; id < space->n_rules; id++) {
		const struct ruleset_rule *rule = space->rules[id];

		for (size_t i = 0; i < rule->ir->n_sources; i++)
			*matchers++ = (struct automaton_matcher){
				.match = rule->sources[i].match,
				.recursive = rule->sources[i].recursive,
				.path = rule->sources[i].path,
				.id = id,
				.place = rule->sources[i].place,
			};
	}
}

/* For each rule the sources that it matches, all lists in one array. */
static int list_sources(struct space *space)
{
	size_t *starts = arena_array(&space->arena, space->n_rules + 2, sizeof(*starts)), n = 0;

	for (size_t s = 0; s < space->n_sources; s++)
		n += space->sources[s].n;
	space->source_lists = arena_array(&space->arena, n, sizeof(*space->source_lists));
	if (!starts || !space->source_lists)
		return -ENOMEM;
	for (size_t s = 0; s < space->n_sources; s++)
		for (size_t i = 0; i < space->sources[s].n; i++)
			starts[space->sources[s].ids[i] + 2]++;
	for (uint32_t id = 0; id < space->n_rules; id++)
		starts[id + 2] += starts[id + 1];
	/* Filling moves the start of each to that of the next. */
	for (size_t s = 0; s < space->n_sources; s++)
		for (size_t i = 0; i < space->sources[s].n; i++)
			space->source_lists[starts[space->sources[s].ids[i] + 1]++] = (uint32_t)s;
	space->source_starts = starts;
	return 0;
}

static int make_sources(struct space *space, struct karmor_diag *diag)
{
	size_t n = count_sources(space), kept = 1;
	_cleanup_free_ struct automaton_matcher *matchers = calloc(n + 1, sizeof(*matchers));
	struct space_class *classes;
	int r;

	if (!matchers)
		return -ENOMEM;
	fill_sources(space, matchers);
	r = space_paths(space, matchers, n, &classes, &space->n_sources, diag);
	if (r < 0)
		return r;
	/* Accept 0 is the empty set: a source that is not known, too. */
	classes[0].text = NULL;
	for (size_t s = 1; s < space->n_sources; s++)
		if (classes[s].text)
			classes[kept++] = classes[s];
	space->sources = classes;
	space->n_sources = kept;
	return list_sources(space);
}

static int list_rules(struct space *space)
{
	uint32_t n = 0;

	for (size_t i = 0; i < space->n_sets; i++)
		space->n_rules += (uint32_t)space->sets[i]->sections[space->section].n;
	space->rules = arena_array(&space->arena, space->n_rules, sizeof(*space->rules));
	if (!space->rules)
		return -ENOMEM;
	for (size_t i = 0; i < space->n_sets; i++) {
		size_t n_set, first = eval_section(space->sets[i], space->section, &n_set);

		for (size_t j = 0; j < n_set; j++)
			space->rules[n++] = &space->sets[i]->rules[first + j];
		if (i == 0)
			space->n_first = n;
	}
	return 0;
}

int space_new(const struct karmor_ruleset *const *sets, size_t n_sets, enum karmor_section section,
	      struct space **ret, struct karmor_diag *diag)
{
	struct space *space = calloc(1, sizeof(*space));
	int r;

	if (!space)
		return -ENOMEM;
	space->section = section;
	space->n_sets = n_sets;
	memcpy(space->sets, sets, n_sets * sizeof(*sets));
	r = list_rules(space);
	r = r ? r : make_sources(space, diag);
	r = r ? r : space_objects(space, diag);
	if (r < 0)
		space_free(space);
	else
		*ret = space;
	return r;
}

void space_free(struct space *space)
{
	if (!space)
		return;
	arena_done(&space->arena);
	free(space);
}

struct walk {
	const struct space *space;
	space_fn *fn;
	void *data;
	struct karmor_diag *diag;
	uint32_t *matched; /* n_rules: those of set 0, then those of set 1 */
	uint32_t *stamps;  /* by source: the object it was last taken for, counted from 1 */
	size_t n_points;
};

static bool source_has(const struct space_class *source, uint32_t id)
{
	size_t low = 0, high = source->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (source->ids[middle] == id)
			return true;
		if (source->ids[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static void match(struct walk *walk, const struct space_class *object,
		  const struct space_class *source, struct space_point *point)
{
	const struct space *space = walk->space;
	size_t n = 0;

	point->matched[0] = walk->matched;
	for (size_t i = 0; i < object->n; i++) {
		uint32_t id = object->ids[i];
		size_t set = id >= space->n_first;

		if (space->rules[id]->ir->n_sources && !source_has(source, id))
			continue;
		walk->matched[n++] = (uint32_t)(space->rules[id] - space->sets[set]->rules);
		point->n_matched[set]++;
	}
	point->matched[1] = walk->matched + point->n_matched[0];
}

static int visit(struct walk *walk, struct space_point *point)
{
	const struct space *space = walk->space;

	if (walk->n_points++ >= SPACE_POINTS_MAX) {
		diag_error(walk->diag, NULL, "look at fewer policies at a time",
			   "the rules tell more than %u kinds of accesses apart", SPACE_POINTS_MAX);
		return -EINVAL;
	}
	for (size_t i = 0; i < space->n_sets; i++)
		point->verdicts[i] = eval_choose(space->sets[i], &point->about, point->matched[i],
						 point->n_matched[i]);
	return walk->fn(point, walk->data);
}

static bool minds_owner(const struct walk *walk, const struct space_point *point)
{
	for (size_t i = 0; i < walk->space->n_sets; i++)
		for (size_t j = 0; j < point->n_matched[i]; j++)
			if (walk->space->sets[i]->rules[point->matched[i][j]].ir->owner_only)
				return true;
	return false;
}

static int visit_source(struct walk *walk, const struct space_class *object,
			const struct space_class *source)
{
	static const enum karmor_op ops[][2] = {
		[KARMOR_PROCESS] = { KARMOR_EXEC, KARMOR_EXEC },
		[KARMOR_FILE] = { KARMOR_READ, KARMOR_WRITE },
		[KARMOR_NETWORK] = { KARMOR_NET, KARMOR_NET },
		[KARMOR_CAPABILITIES] = { KARMOR_CAPABILITY, KARMOR_CAPABILITY },
		[KARMOR_SYSCALLS] = { KARMOR_SYSCALL, KARMOR_SYSCALL },
	};
	enum karmor_section section = walk->space->section;
	struct space_point point = { .object = object->text, .source = source->text };
	int r = 0;

	match(walk, object, source, &point);
	for (int owner = 1; owner >= 0; owner--) {
		for (int i = 0; r == 0 && i < 2; i++) {
			point.about =
				(struct eval_access){ section, ops[section][i], owner, false };
			if (i == 0 || ops[section][1] != ops[section][0])
				r = visit(walk, &point);
		}
		if (!minds_owner(walk, &point))
			break;
	}
	return r;
}

static int visit_object(struct walk *walk, uint32_t number)
{
	const struct space *space = walk->space;
	const struct space_class *object = &space->objects[number];
	int r = visit_source(walk, object, &space->sources[0]);

	for (size_t i = 0; i < object->n; i++) {
		uint32_t id = object->ids[i];

		for (size_t j = space->source_starts[id];
		     r == 0 && j < space->source_starts[id + 1]; j++) {
			uint32_t source = space->source_lists[j];

			if (walk->stamps[source] == number + 1)
				continue;
			walk->stamps[source] = number + 1;
			r = visit_source(walk, object, &space->sources[source]);
		}
	}
	return r;
}

int space_walk(const struct space *space, space_fn *fn, void *data, struct karmor_diag *diag)
{
	_cleanup_free_ uint32_t *matched = calloc(space->n_rules + 1, sizeof(*matched));
	_cleanup_free_ uint32_t *stamps = calloc(space->n_sources, sizeof(*stamps));
	struct walk walk = { space, fn, data, diag, matched, stamps, 0 };
	int r = matched && stamps ? 0 : -ENOMEM;

	for (uint32_t i = 0; r == 0 && i < space->n_objects; i++)
		r = visit_object(&walk, i);
	return r;
}
