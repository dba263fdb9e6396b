/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where what an artifact labels may be: the paths and directories that its rules and their sources
 * name, of a pattern the directory before its first wildcard. What is below one is looked at only
 * as far as the automaton may still come to something that rules tell from the rest. All of it is
 * in the workloads' roots, which trees.c finds.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "glob.h"
#include "labels.h"
#include "selinux.h"

/* The directory that all paths of a pattern are below. */
static char *pattern_root(struct arena *arena, const char *pattern)
{
	size_t len = strlen(pattern), n = 0, slash = 0;
	char *root = arena_alloc(arena, len + 2);
	struct glob_element element;

	for (size_t at = 0; root && *pattern == '/' && at < len; at += element.size) {
		element = glob_element(pattern, len, at);
		if (element.kind != GLOB_BYTE && element.kind != GLOB_NEXT)
			break;
		if (element.byte == '/')
			slash = n;
		root[n++] = element.byte;
	}
	if (root) {
		root[0] = '/';
		root[slash ? slash : 1] = '\0';
	}
	return root;
}

static const char *matcher_root(struct arena *arena, const struct automaton_matcher *matcher)
{
	switch ((int)matcher->match) {
	case IR_PATH:
	case IR_DIR:
		return arena_strdup(arena, matcher->path);
	case IR_PATTERN:
		return pattern_root(arena, matcher->path);
	default: /* a name, wherever it is */
		return arena_strdup(arena, "/");
	}
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, each once. */
static void roots_sort(struct selinux_artifact *artifact, const char **roots, size_t n)
{
	size_t kept = 0;

	qsort(roots, n, sizeof(*roots), compare);
	for (size_t i = 0; i < n; i++)
		if (!kept || strcmp(roots[kept - 1], roots[i]) != 0)
			roots[kept++] = roots[i];
	artifact->roots = roots;
	artifact->n_roots = kept;
}

static uint32_t root_number(const struct selinux_artifact *artifact, const char *root)
{
	const char *const *found = bsearch(&root, artifact->roots, artifact->n_roots,
					   sizeof(*artifact->roots), compare);

	return (uint32_t)(found - artifact->roots);
}

static size_t source_number(const struct selinux_compiler *c, const struct ir_source *source)
{
	size_t i = 0;

	while (!selinux_is_same_source(c->sources[i], source))
		i++;
	return i;
}

/* Of ruleset @set, whose matchers have the roots @own; all sources have the roots @sources. */
static int reach_make(const struct selinux_compiler *c, size_t set, const char *const *own,
		      size_t n_own, const char *const *sources, struct selinux_reach *ret)
{
	const struct karmor_ruleset *rules = c->sets[set];
	size_t room = n_own;
	uint32_t *roots;

	for (size_t i = 0; i < rules->n_rules; i++)
		room += rules->rules[i].ir->n_sources;
	roots = arena_array(&c->ret->arena, room + 1, sizeof(*roots));
	if (!roots)
		return -ENOMEM;
	for (size_t i = 0; i < n_own; i++)
		roots[ret->n++] = root_number(c->ret, own[i]);
	for (size_t i = 0; i < rules->n_rules; i++)
		for (size_t j = 0;
		     !c->left_out[c->offsets[set] + i] && j < rules->rules[i].ir->n_sources; j++) {
			size_t source = source_number(c, &rules->rules[i].sources[j]);

			roots[ret->n++] = root_number(c->ret, sources[source]);
		}
	ret->roots = roots;
	return 0;
}

static int reaches_make(const struct selinux_compiler *c, const char *const *all,
			const size_t *ends)
{
	struct selinux_reach *ret = arena_array(&c->ret->arena, c->n + 1, sizeof(*ret));
	const char *const *sources = all + (c->n ? ends[c->n - 1] : 0);
	int r = ret ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < c->n; i++) {
		size_t start = i ? ends[i - 1] : 0;

		r = reach_make(c, i, all + start, ends[i] - start, sources, &ret[i]);
	}
	c->ret->reaches = ret;
	return r;
}

int selinux_roots(struct selinux_compiler *c, const struct automaton_matcher *matchers,
		  const size_t *ends)
{
	size_t n = (c->n ? ends[c->n - 1] : 0) + c->n_sources;
	const char **roots = arena_array(&c->ret->arena, n + 1, sizeof(*roots));
	_cleanup_free_ const char **all = calloc(n + 1, sizeof(*all));

	if (!roots || !all)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		roots[i] = all[i] = matcher_root(&c->ret->arena, &matchers[i]);
		if (!roots[i])
			return -ENOMEM;
	}
	roots_sort(c->ret, roots, n);
	return reaches_make(c, all, ends);
}

int selinux_given(struct selinux_compiler *c)
{
	const char **given = arena_array(&c->ret->arena, c->n + 1, sizeof(*given));

	if (!given)
		return -ENOMEM;
	for (size_t i = 0; i < c->n; i++) {
		if (c->sets[i]->ahead || !c->sets[i]->n_rules)
			continue;
		given[i] = arena_strdup(&c->ret->arena, c->sets[i]->root ? c->sets[i]->root : "/");
		if (!given[i])
			return -ENOMEM;
	}
	c->ret->given = given;
	c->ret->n_given = c->n;
	return 0;
}

static void seed(const struct selinux_artifact *artifact, bool *leads, uint32_t state)
{
	leads[state] = state && artifact->automaton->states[state].accept != artifact->rest;
}

/* The states in which a path can end that rules tell from the rest. */
static void leads_seed(const struct selinux_artifact *artifact, bool *leads)
{
	const struct automaton *automaton = artifact->automaton;

	for (uint32_t i = 1; i < automaton->n_states; i++) {
		const struct automaton_state *s = &automaton->states[i];

		seed(artifact, leads, s->other);
		for (uint32_t j = 0; j < s->n_edges; j++) {
			const struct automaton_edge *edge = &automaton->edges[s->edges + j];

			if (edge->byte && edge->byte != '/')
				seed(artifact, leads, edge->to);
		}
	}
}

/* Whether one of the states that @state leads to is known to lead on. */
static bool leads_on(const struct automaton *automaton, const bool *leads, uint32_t state)
{
	const struct automaton_state *s = &automaton->states[state];

	if (leads[s->other])
		return true;
	for (uint32_t i = 0; i < s->n_edges; i++)
		if (leads[automaton->edges[s->edges + i].to])
			return true;
	return false;
}

int selinux_leads(struct selinux_artifact *artifact)
{
	const struct automaton *automaton = artifact->automaton;
	bool *leads = arena_alloc(&artifact->arena, automaton->n_states);
	bool more = leads;

	if (!leads)
		return -ENOMEM;
	leads_seed(artifact, leads);
	/* From the last, for states mostly lead to later ones. */
	while (more) {
		more = false;
		for (uint32_t i = (uint32_t)automaton->n_states; i-- > 1;)
			if (!leads[i] && leads_on(automaton, leads, i))
				leads[i] = more = true;
	}
	artifact->leads = leads;
	return 0;
}
