/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See nfa.h. A glob's nodes are its positions, each with what was taken before it: whether "**" is
 * a whole component is known from both sides of it, choices resolved, so the position alone is not
 * enough. Nodes are made when they are first reached.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "glob.h"
#include "match.h"
#include "nfa.h"

/* What was taken before a position. */
enum before {
	BEFORE_BYTE,  /* part of a component */
	BEFORE_SLASH, /* a component starts */
	BEFORE_ROOT,  /* nothing at all: a choice of an unanchored glob may begin with "/" */
	BEFORE_SKIP,  /* "**" that stood for no component: the slash after it goes with it */
	BEFORE_TREE,  /* "**" that stood for components: a slash or the end must follow */
	BEFORE_INNER, /* "**" that is part of a component: neither may follow */
	BEFORE_COUNT
};

/* @fresh: no byte of the path was read yet, and the glob may start at any component: it must not
 * end, for "/" has no component. */
struct todo {
	uint32_t node, at;
	enum before before;
	bool fresh;
};

/* The glob at work. */
struct glob {
	struct nfa_builder *b;
	const char *pattern;
	size_t len;
	uint32_t *nodes; /* by position and what was before; NFA_NONE: not reached yet */
	struct todo *todo;
	size_t n_todo, todo_size;
	uint16_t link[MATCH_PATH_MAX + 1]; /* of "{" and ",": the next "," or "}"; of "}": itself */
};

/* The class of the bytes that the class at @text, "[" and so on, takes. */
static int class_read(struct nfa_builder *b, const char *text, uint32_t *ret)
{
	struct nfa_class class = { 0 };

	for (unsigned byte = 0; byte < 256; byte++)
		if (glob_class_has(text, (char)byte))
			class.bits[byte / 64] |= 1ULL << byte % 64;
	return nfa_class_add(b, &class, ret);
}

/* The node of a position of the glob; queued when it is new. */
static int position(struct glob *g, size_t at, enum before before, bool fresh, uint32_t *ret)
{
	uint32_t *node = &g->nodes[(at * BEFORE_COUNT + before) * 2 + fresh];
	int err;

	if (*node == NFA_NONE) {
		err = nfa_node_new(g->b, g->b->index, node);
		if (!err)
			err = array_grow(&g->todo, g->n_todo, &g->todo_size, sizeof(*g->todo));
		if (err)
			return err;
		g->todo[g->n_todo++] = (struct todo){ *node, (uint32_t)at, before, fresh };
	}
	*ret = *node;
	return 0;
}

/* The way from @from to a position by reading a byte. */
static int read_to(struct glob *g, uint32_t from, enum nfa_kind kind, uint32_t value, size_t at,
		   enum before before)
{
	uint32_t to;
	int err = position(g, at, before, false, &to);

	return err ? err : nfa_link_add(g->b, from, kind, value, to);
}

/* The way to a position without reading. */
static int skip_to(struct glob *g, const struct todo *from, size_t at, enum before before)
{
	uint32_t to;
	int err = position(g, at, before, from->fresh, &to);

	return err ? err : nfa_link_add(g->b, from->node, NFA_EPSILON, 0, to);
}

static int take_slash(struct glob *g, const struct todo *from, size_t to)
{
	int err = 0;

	if (from->before == BEFORE_INNER)
		return 0;
	if (from->before == BEFORE_SKIP)
		return skip_to(g, from, to, BEFORE_SLASH);
	if (g->b->matcher->ancestors && from->before == BEFORE_BYTE && !from->fresh)
		err = nfa_accept_add(g->b, from->node);
	return err ? err : read_to(g, from->node, NFA_BYTE, '/', to, BEFORE_SLASH);
}

/* Whether a glob may end at @at with @before taken last. */
static bool ends(const struct glob *g, size_t at, enum before before)
{
	return at == g->len && !g->b->matcher->ancestors &&
	       (before == BEFORE_BYTE || before == BEFORE_SLASH || before == BEFORE_TREE);
}

/* At least one byte of a class, then on at @to. */
static int take_some(struct glob *g, const struct todo *from, uint32_t class, size_t to,
		     enum before before)
{
	struct todo loop = { 0 };
	int err = nfa_loop_new(g->b, class, &loop.node);

	if (!err)
		err = nfa_link_add(g->b, from->node, NFA_CLASS, class, loop.node);
	if (!err)
		err = skip_to(g, &loop, to, before);
	if (err || class != NFA_ANY || !ends(g, to, before))
		return err;
	g->b->nfa->nodes[loop.node].universal = true;
	return nfa_accept_add(g->b, loop.node);
}

static bool may_take(enum before before)
{
	return before == BEFORE_BYTE || before == BEFORE_SLASH || before == BEFORE_INNER;
}

static int take_star(struct glob *g, const struct todo *from, size_t to)
{
	int err = take_some(g, from, NFA_NAME, to, BEFORE_BYTE);

	return err ? err : skip_to(g, from, to, BEFORE_BYTE);
}

static int take_deep(struct glob *g, const struct todo *from, size_t to)
{
	enum before after = from->before == BEFORE_SLASH ? BEFORE_INNER : BEFORE_BYTE;
	int err = 0;

	if (g->b->matcher->ancestors)
		return 0; /* only what lies before it is surely on the way */
	if (from->before == BEFORE_SLASH) {
		err = take_some(g, from, NFA_ANY, to, BEFORE_TREE);
		err = err ? err : skip_to(g, from, to, BEFORE_SKIP);
	}
	err = err ? err : take_some(g, from, NFA_ANY, to, after);
	return err ? err : skip_to(g, from, to, after);
}

static int take_choices(struct glob *g, const struct todo *from)
{
	size_t at = from->at;
	int err;

	do {
		err = skip_to(g, from, at + 1, from->before);
		at = g->link[at];
	} while (!err && g->pattern[at] == ',');
	return err;
}

static int take_byte(struct glob *g, const struct todo *from, struct glob_element element)
{
	bool one = element.kind != GLOB_ANY && element.kind != GLOB_CLASS;
	uint32_t value = one ? (unsigned char)element.byte : NFA_NAME;
	int err = 0;

	if (element.kind == GLOB_CLASS)
		err = class_read(g->b, g->pattern + from->at, &value);
	return err ? err
		   : read_to(g, from->node, one ? NFA_BYTE : NFA_CLASS, value,
			     from->at + element.size, BEFORE_BYTE);
}

static int take(struct glob *g, const struct todo *from)
{
	struct glob_element element;
	size_t to;

	if (from->at == g->len)
		return ends(g, from->at, from->before) && !from->fresh
			       ? nfa_accept_add(g->b, from->node)
			       : 0;
	element = glob_element(g->pattern, g->len, from->at);
	to = from->at + element.size;
	if (element.kind == GLOB_OPEN && g->link[from->at])
		return take_choices(g, from);
	if (element.kind == GLOB_NEXT && g->link[from->at])
		return skip_to(g, from, g->link[from->at], from->before);
	if (element.kind == GLOB_CLOSE && g->link[from->at])
		return skip_to(g, from, to, from->before);
	if (element.kind == GLOB_BYTE && element.byte == '/')
		return take_slash(g, from, to);
	if (!may_take(from->before))
		return 0;
	if (element.kind == GLOB_STAR)
		return take_star(g, from, to);
	if (element.kind == GLOB_DEEP)
		return take_deep(g, from, to);
	return take_byte(g, from, element);
}

static void link_choices(struct glob *g)
{
	size_t depth = 0, last[MATCH_NESTING_MAX];
	struct glob_element element;

	memset(g->link, 0, sizeof(g->link));
	for (size_t at = 0; at < g->len; at += element.size) {
		element = glob_element(g->pattern, g->len, at);
		if (element.kind == GLOB_OPEN && depth < MATCH_NESTING_MAX) {
			last[depth++] = at;
		} else if (element.kind == GLOB_NEXT && depth) {
			g->link[last[depth - 1]] = (uint16_t)at;
			last[depth - 1] = at;
		} else if (element.kind == GLOB_CLOSE && depth) {
			g->link[last[--depth]] = (uint16_t)at;
			g->link[at] = (uint16_t)at;
		}
	}
}

static int glob_init(struct glob *g)
{
	size_t n = (g->len + 1) * BEFORE_COUNT * 2;

	g->nodes = reallocarray(NULL, n, sizeof(*g->nodes));
	if (!g->nodes)
		return -ENOMEM;
	memset(g->nodes, 0xff, n * sizeof(*g->nodes));
	link_choices(g);
	return 0;
}

static int glob_finish(struct glob *g)
{
	int err = 0;

	while (!err && g->n_todo) {
		struct todo todo = g->todo[--g->n_todo];

		err = take(g, &todo);
	}
	return err;
}

static int glob_start(struct glob *g, uint32_t node, size_t at, bool anywhere)
{
	struct todo from = { .node = node, .fresh = at == 0 };
	bool inside = at && g->pattern[at - 1] != '/';
	int err = glob_init(g);

	err = err ? err : skip_to(g, &from, at, inside ? BEFORE_BYTE : BEFORE_SLASH);
	from = (struct todo){ 0 };
	if (!err && anywhere && g->pattern[0] == '{')
		err = skip_to(g, &from, 0, BEFORE_ROOT);
	return err;
}

int nfa_glob_add(struct nfa_builder *b, uint32_t node, size_t at, bool anywhere)
{
	struct glob g = { .b = b, .pattern = b->pattern, .len = b->len };
	int err = glob_start(&g, node, at, anywhere);

	err = err ? err : glob_finish(&g);
	free(g.nodes);
	free(g.todo);
	return err;
}
