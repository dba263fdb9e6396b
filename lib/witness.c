/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See witness.h: a search in breadth over pairs of an automaton's state and what the path's last
 * component is so far, so that what is not normal is never walked.
 *
 * A state's bytes that no edge singles out are walked once, by the most readable of them.
 */
#include "witness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "match.h"

/* What stands after the last slash. */
enum { NOTHING, DOT, DOTS, NAME, PART_COUNT };

#define NONE UINT32_MAX

struct search {
	const struct automaton *automaton;
	const struct witness_bounds *bounds;
	struct arena *arena;
	const char **paths;   /* by accept */
	bool *poor;	      /* by accept: its path is one that nobody would want to see */
	uint32_t *from;	      /* by node: where it was first reached from; NONE: not reached */
	unsigned char *bytes; /* by node: with which byte */
	uint32_t *queue;
	size_t n_queue;
	char text[MATCH_PATH_MAX + 1];
};

static uint32_t node_of(uint32_t state, int part)
{
	return state * PART_COUNT + (uint32_t)part;
}

/* -1 where the byte would make the path other than normal. */
static int part_next(int part, unsigned char byte)
{
	if (byte == '/')
		return part == NAME ? NOTHING : -1;
	if (byte != '.' || part == NAME || part == DOTS)
		return NAME;
	return part == NOTHING ? DOT : DOTS;
}

static void reach(struct search *s, uint32_t from, uint32_t state, int part, unsigned char byte)
{
	uint32_t node = node_of(state, part);

	if (s->from[node] != NONE)
		return;
	s->from[node] = from;
	s->bytes[node] = byte;
	s->queue[s->n_queue++] = node;
}

/* The path that led to @node, at the end of s->text; NULL where it is too long. */
static const char *path_of(struct search *s, uint32_t node)
{
	char *at = s->text + MATCH_PATH_MAX;

	*at = '\0';
	for (; s->from[node] != node; node = s->from[node]) {
		if (at == s->text + 1)
			return NULL;
		*--at = (char)s->bytes[node];
	}
	*--at = '/';
	return at;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, *(const char *const *)b);
}

static bool is_directory(const struct search *s, const char *path)
{
	const struct witness_bounds *bounds = s->bounds;

	return path[1] == '\0' ||
	       (bounds->n_directories && bsearch(path, bounds->directories, bounds->n_directories,
						 sizeof(*bounds->directories), compare_names));
}

static int take(struct search *s, uint32_t node)
{
	uint32_t accept = s->automaton->states[node / PART_COUNT].accept;
	const char *path;
	bool poor;

	if (s->paths[accept] && !s->poor[accept])
		return 0;
	path = path_of(s, node);
	if (!path)
		return 0;
	poor = is_directory(s, path);
	if (s->paths[accept] && poor)
		return 0;
	s->paths[accept] = arena_strdup(s->arena, path);
	s->poor[accept] = poor;
	return s->paths[accept] ? 0 : -ENOMEM;
}

/* A byte that the state has no edge for and that is no slash and no dot; 0: it has all. */
static unsigned char other_byte(const struct automaton *automaton,
				const struct automaton_state *state)
{
	static const char nice[] = "xyzabcdefghijklmnopqrstuvw0123456789XYZ_-";
	bool taken[256] = { [0] = true, ['/'] = true, ['.'] = true };

	for (unsigned i = 0; i < state->n_edges; i++)
		taken[automaton->edges[state->edges + i].byte] = true;
	for (const char *c = nice; *c; c++)
		if (!taken[(unsigned char)*c])
			return (unsigned char)*c;
	for (unsigned byte = 1; byte < 256; byte++)
		if (!taken[(byte + ' ') % 256])
			return (unsigned char)((byte + ' ') % 256);
	return 0;
}

static void expand(struct search *s, uint32_t node)
{
	const struct automaton_state *state = &s->automaton->states[node / PART_COUNT];
	int part = (int)(node % PART_COUNT);
	const unsigned char others[] = { '.', '/' }, nice = other_byte(s->automaton, state);
	bool has_edge[256] = { false };

	if (nice)
		reach(s, node, state->other, NAME, nice);
	for (unsigned i = 0; i < state->n_edges; i++) {
		const struct automaton_edge *edge = &s->automaton->edges[state->edges + i];

		has_edge[edge->byte] = true;
		if (edge->byte && part_next(part, edge->byte) >= 0)
			reach(s, node, edge->to, part_next(part, edge->byte), edge->byte);
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (!has_edge[others[i]] && part_next(part, others[i]) >= 0)
			reach(s, node, state->other, part_next(part, others[i]), others[i]);
}

static int search(struct search *s)
{
	uint32_t start = node_of(automaton_next(s->automaton, 1, '/'), NOTHING);
	int r;

	s->from[start] = start;
	s->queue[s->n_queue++] = start;
	r = take(s, start);
	for (size_t i = 0; r == 0 && i < s->n_queue; i++) {
		uint32_t node = s->queue[i];

		if (node % PART_COUNT == NAME)
			r = take(s, node);
		expand(s, node);
	}
	return r;
}

int witness_find(const struct automaton *automaton, const struct witness_bounds *bounds,
		 struct arena *arena, const char *const **ret)
{
	size_t n = automaton->n_states * PART_COUNT;
	_cleanup_free_ uint32_t *from = malloc(n * sizeof(*from));
	_cleanup_free_ uint32_t *queue = malloc(n * sizeof(*queue));
	_cleanup_free_ unsigned char *bytes = malloc(n);
	_cleanup_free_ bool *poor = calloc(automaton->n_accepts, sizeof(*poor));
	_cleanup_free_ struct search *s = calloc(1, sizeof(*s));

	if (!from || !queue || !bytes || !poor || !s)
		return -ENOMEM;
	memset(from, 0xff, n * sizeof(*from));
	*s = (struct search){
		.automaton = automaton,
		.bounds = bounds,
		.arena = arena,
		.paths = arena_array(arena, automaton->n_accepts, sizeof(*s->paths)),
		.poor = poor,
		.from = from,
		.bytes = bytes,
		.queue = queue,
	};
	if (!s->paths || search(s) < 0)
		return -ENOMEM;
	*ret = s->paths;
	return 0;
}
