/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An automaton as disjoint expressions: every path is matched by exactly one of them, each with the
 * accept set of what it matches. AppArmor knows no exceptions; this is how one is written.
 *
 * The automaton is walked from the root as a tree. A state that all bytes of a component lead back
 * to is a "*", a sink is a "**". Any other circle has no such expression, for there is no
 * repetition of a class of bytes: patterns that begin with a wildcard make circles.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apparmor.h"
#include "cleanup.h"

/* Longer paths are not of use, and their walk would need a deep stack. */
#define DEPTH_MAX 4096

struct walk {
	struct apparmor_section *s;
	const struct automaton *automaton;
	apparmor_cover_fn *fn;
	void *data;
	struct buf path;
	bool *entered; /* states on the way here */
	bool literal;  /* the path so far is no expression */
	unsigned depth;
};

static int walk_inside(struct walk *walk, uint32_t state);
static int walk_loop(struct walk *walk, uint32_t state, const char *star);

static int give(struct walk *walk, uint32_t state, const char *suffix, bool literal)
{
	size_t len = walk->path.len;
	int r;

	buf_puts(&walk->path, suffix);
	if (buf_failed(&walk->path))
		return -ENOMEM;
	r = walk->fn(walk->s, walk->path.data, walk->automaton->states[state].accept, literal,
		     walk->data);
	walk->path.len = len;
	walk->path.data[len] = '\0';
	return r;
}

/* An executable is no directory, whose name has a slash behind it. */
static int give_end(struct walk *walk, uint32_t state)
{
	return give(walk, state, walk->s->section == KARMOR_PROCESS ? "" : "{,/}", walk->literal);
}

/* Appends the bytes but "/" that lead from @from to @to; how many there are. */
static unsigned class_append(struct walk *walk, uint32_t from, uint32_t to)
{
	bool has[256] = { false };
	unsigned n = 0, last = 0;

	for (unsigned byte = 1; byte < 256; byte++) {
		has[byte] =
			byte != '/' && automaton_next(walk->automaton, from, (uint8_t)byte) == to;
		n += has[byte];
		last = has[byte] ? byte : last;
	}
	if (n == 1)
		aare_byte(&walk->path, (unsigned char)last);
	else if (n)
		aare_class(&walk->path, has);
	return n;
}

static int walk_to(struct walk *walk, uint32_t from, uint32_t to)
{
	bool literal = walk->literal;
	size_t len = walk->path.len;
	unsigned n = class_append(walk, from, to);
	int r = 0;

	walk->literal = literal && n == 1;
	if (n)
		r = walk_inside(walk, to);
	walk->literal = literal;
	walk->path.len = len;
	if (walk->path.data)
		walk->path.data[len] = '\0';
	return r;
}

/* Every state that a byte of a name leads to, once. */
static int walk_bytes(struct walk *walk, uint32_t from)
{
	const struct automaton_state *state = &walk->automaton->states[from];
	const struct automaton_edge *edges = &walk->automaton->edges[state->edges];
	int r = walk_to(walk, from, state->other);

	for (uint16_t i = 0; r == 0 && i < state->n_edges; i++) {
		bool seen = edges[i].byte == '/' || edges[i].to == state->other;

		for (uint16_t j = 0; j < i && !seen; j++)
			seen = edges[j].byte != '/' && edges[j].to == edges[i].to;
		if (!seen)
			r = walk_to(walk, from, edges[i].to);
	}
	return r;
}

/* Whether every byte of a name leads back: -EINVAL where only some do. */
static int is_loop(const struct automaton *automaton, uint32_t state)
{
	unsigned back = 0;

	for (unsigned byte = 1; byte < 256; byte++)
		back += byte != '/' && automaton_next(automaton, state, (uint8_t)byte) == state;
	return back == 0 ? 0 : back == 254 ? 1 : -EINVAL;
}

/* After a slash: what the directory's name does not say already. */
static int walk_component(struct walk *walk, uint32_t state)
{
	int loop, r;

	if (walk->automaton->states[state].sink)
		return give(walk, state, "**", false);
	loop = is_loop(walk->automaton, state);
	if (loop < 0 || walk->entered[state] || walk->depth++ == DEPTH_MAX)
		return -EINVAL;
	walk->entered[state] = true;
	r = loop ? walk_loop(walk, state, "?*") : walk_bytes(walk, state);
	walk->entered[state] = false;
	walk->depth--;
	return r;
}

static int walk_slash(struct walk *walk, uint32_t from)
{
	size_t len = walk->path.len;
	int r;

	buf_putc(&walk->path, '/');
	if (buf_failed(&walk->path))
		return -ENOMEM;
	r = walk_component(walk, automaton_next(walk->automaton, from, '/'));
	walk->path.len = len;
	walk->path.data[len] = '\0';
	return r;
}

/* A state that every byte of a name leads back to. */
static int walk_loop(struct walk *walk, uint32_t state, const char *star)
{
	bool literal = walk->literal;
	int r;

	walk->literal = false;
	buf_puts(&walk->path, star);
	if (buf_failed(&walk->path))
		return -ENOMEM;
	r = give_end(walk, state);
	r = r ? r : walk_slash(walk, state);
	walk->literal = literal;
	return r;
}

/* Within a component. */
static int walk_inside(struct walk *walk, uint32_t state)
{
	int loop, r;

	if (walk->automaton->states[state].sink)
		return give(walk, state, "{,**}", false);
	loop = is_loop(walk->automaton, state);
	if (loop < 0 || walk->entered[state] || walk->depth++ == DEPTH_MAX)
		return -EINVAL;
	walk->entered[state] = true;
	if (loop) {
		r = walk_loop(walk, state, "*");
	} else {
		r = give_end(walk, state);
		r = r ? r : walk_slash(walk, state);
		r = r ? r : walk_bytes(walk, state);
	}
	walk->entered[state] = false;
	walk->depth--;
	return r;
}

int apparmor_cover(struct apparmor_section *s, apparmor_cover_fn *fn, void *data)
{
	_cleanup_free_ bool *entered = calloc(s->automaton->n_states, sizeof(*entered));
	struct walk walk = { .s = s,
			     .automaton = s->automaton,
			     .fn = fn,
			     .data = data,
			     .entered = entered,
			     .literal = true };
	uint32_t root = automaton_next(s->automaton, 1, '/');
	int r = entered ? 0 : -ENOMEM;

	buf_putc(&walk.path, '/');
	if (r == 0)
		r = give(&walk, root, "", true);
	if (r == 0)
		r = walk_component(&walk, root);
	buf_done(&walk.path);
	return r;
}
