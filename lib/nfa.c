/* SPDX-License-Identifier: Apache-2.0 */
/* See nfa.h. Tries and whole matchers; nfa-glob.c adds what follows a glob's literal beginning. */
#include "nfa.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "glob.h"
#include "match.h"

/* Every reachable node of a trie is a state of its own, so that more nodes than states are no use.
 */
#define NODES_MAX (2 * (size_t)AUTOMATON_STATES_MAX)

int nfa_node_new(struct nfa_builder *b, uint32_t owner, uint32_t *ret)
{
	struct nfa *nfa = b->nfa;

	if (nfa->n_nodes >= NODES_MAX)
		return -EINVAL;
	if (array_grow(&nfa->nodes, nfa->n_nodes, &nfa->nodes_size, sizeof(*nfa->nodes)) < 0)
		return -ENOMEM;
	nfa->nodes[nfa->n_nodes] = (struct nfa_node){ .links = NFA_NONE, .owner = owner };
	*ret = (uint32_t)nfa->n_nodes++;
	return 0;
}

int nfa_link_add(struct nfa_builder *b, uint32_t node, enum nfa_kind kind, uint32_t value,
		 uint32_t to)
{
	struct nfa *nfa = b->nfa;

	if (array_grow(&nfa->links, nfa->n_links, &nfa->links_size, sizeof(*nfa->links)) < 0)
		return -ENOMEM;
	nfa->links[nfa->n_links] = (struct nfa_link){
		.next = nfa->nodes[node].links,
		.to = to,
		.kind = (unsigned)kind & 3,
		.value = value & 0x3fffffff,
	};
	nfa->nodes[node].links = (uint32_t)nfa->n_links++;
	return 0;
}

int nfa_accept_add(struct nfa_builder *b, uint32_t node)
{
	return nfa_link_add(b, node, NFA_ACCEPT, 0, b->matcher->id);
}

int nfa_class_add(struct nfa_builder *b, const struct nfa_class *class, uint32_t *ret)
{
	struct nfa *nfa = b->nfa;
	int bits = 0;

	if (array_grow(&nfa->classes, nfa->n_classes, &nfa->classes_size, sizeof(*nfa->classes)) <
	    0)
		return -ENOMEM;
	for (int i = 0; i < 4; i++)
		bits += __builtin_popcountll(class->bits[i]);
	nfa->classes[nfa->n_classes] = *class;
	nfa->classes[nfa->n_classes].most = bits > 128;
	*ret = (uint32_t)nfa->n_classes++;
	return 0;
}

static int trie_step(struct nfa_builder *b, uint32_t *node, unsigned char byte)
{
	struct nfa *nfa = b->nfa;
	uint32_t to;
	int err;

	for (uint32_t i = nfa->nodes[*node].links; i != NFA_NONE; i = nfa->links[i].next) {
		if (nfa->links[i].kind == NFA_BYTE && nfa->links[i].value == byte) {
			*node = nfa->links[i].to;
			return 0;
		}
	}
	err = nfa_node_new(b, NFA_NONE, &to);
	if (err)
		return err;
	err = nfa_link_add(b, *node, NFA_BYTE, byte, to);
	*node = to;
	return err;
}

/* A new node that loops over the bytes of a class. */
int nfa_loop_new(struct nfa_builder *b, uint32_t class, uint32_t *ret)
{
	int err = nfa_node_new(b, b->index, ret);

	return err ? err : nfa_link_add(b, *ret, NFA_CLASS, class, *ret);
}

/* What may start at any component hangs below a node that every "/" leads to. */
static int anywhere_root(struct nfa_builder *b, uint32_t *ret)
{
	uint32_t loop;
	int err = 0;

	if (b->anywhere == NFA_NONE) {
		err = nfa_node_new(b, NFA_NONE, &loop);
		err = err ? err : nfa_link_add(b, loop, NFA_CLASS, NFA_ANY, loop);
		err = err ? err : nfa_link_add(b, 0, NFA_EPSILON, 0, loop);
		err = err ? err : nfa_node_new(b, NFA_NONE, &b->anywhere);
		err = err ? err : nfa_link_add(b, loop, NFA_BYTE, '/', b->anywhere);
	}
	*ret = b->anywhere;
	return err;
}

/* Goes down a trie by the literal beginning of b->pattern; *at: where it ends. */
static int prefix_add(struct nfa_builder *b, uint32_t *node, size_t *at)
{
	struct glob_element element = { .size = 1 };
	int err = 0;

	for (*at = 0; !err && *at < b->len; *at += element.size) {
		element.byte = b->pattern[*at];
		if (!b->raw)
			element = glob_element(b->pattern, b->len, *at);
		/* "," and "}" are bytes where no choice was opened before them. */
		if (element.kind != GLOB_BYTE && element.kind != GLOB_NEXT &&
		    element.kind != GLOB_CLOSE)
			break;
		if (b->matcher->ancestors && element.byte == '/' && *at)
			err = nfa_accept_add(b, *node);
		err = err ? err : trie_step(b, node, (unsigned char)element.byte);
	}
	return err;
}

/*
 * "**" and a slash at the beginning say no more than that the rest may start at any component. Not
 * where the rest may be empty, which makes a difference for "/".
 */
static void skip_tree(struct nfa_builder *b, bool *anywhere)
{
	size_t skip = b->pattern[0] == '/', stars = strspn(b->pattern + skip, "*");

	while (stars >= 2 && b->pattern[skip + stars] == '/') {
		skip += stars + 1;
		stars = strspn(b->pattern + skip, "*");
		if (skip >= b->len || strchr("*{", b->pattern[skip]))
			continue;
		b->pattern += skip;
		b->len -= skip;
		*anywhere = true;
		return;
	}
}

static int glob_add(struct nfa_builder *b)
{
	uint32_t node = 0;
	bool anywhere;
	size_t at;
	int err = 0;

	if (b->len == 0 || b->len > MATCH_PATH_MAX)
		return 0;
	/* An escaped slash at the beginning is one as well. */
	anywhere = glob_element(b->pattern, b->len, 0).byte != '/';
	skip_tree(b, &anywhere);
	if (anywhere && b->matcher->ancestors)
		return 0;
	if (anywhere)
		err = anywhere_root(b, &node);
	err = err ? err : prefix_add(b, &node, &at);
	if (err)
		return err;
	if (at < b->len)
		return nfa_glob_add(b, node, at, anywhere);
	return b->matcher->ancestors ? 0 : nfa_accept_add(b, node);
}

static int dir_add(struct nfa_builder *b, bool recursive)
{
	uint32_t node = 0, loop;
	size_t at;
	int err = prefix_add(b, &node, &at);

	err = err ? err : nfa_accept_add(b, node);
	if (err || b->matcher->ancestors)
		return err;
	if (b->len > 1)
		err = trie_step(b, &node, '/');
	err = err ? err : nfa_loop_new(b, recursive ? NFA_ANY : NFA_NAME, &loop);
	err = err ? err : nfa_accept_add(b, loop);
	if (!err)
		b->nfa->nodes[loop].universal = recursive;
	return err ? err : nfa_link_add(b, node, NFA_EPSILON, 0, loop);
}

static int literal_add(struct nfa_builder *b, bool anywhere)
{
	uint32_t node = 0;
	size_t at;
	int err = 0;

	if (anywhere && b->matcher->ancestors)
		return 0;
	if (anywhere)
		err = anywhere_root(b, &node);
	err = err ? err : prefix_add(b, &node, &at);
	return err || b->matcher->ancestors ? err : nfa_accept_add(b, node);
}

static int matcher_add(struct nfa_builder *b, const struct automaton_matcher *matcher,
		       uint32_t index)
{
	bool recursive = matcher->recursive;

	b->matcher = matcher;
	b->index = index;
	b->pattern = matcher->path;
	b->len = strlen(matcher->path);
	b->raw = matcher->match != IR_PATTERN;
	switch ((int)matcher->match) {
	case IR_DIR:
		return dir_add(b, recursive);
	case IR_PATTERN:
		if (match_form(matcher->path, &recursive, &b->len) == IR_DIR)
			return dir_add(b, recursive);
		b->len = strlen(matcher->path);
		return glob_add(b);
	default:
		return literal_add(b, matcher->match == IR_EXECNAME);
	}
}

/* Marks what leads on at all; nodes mostly lead to later ones, so that few passes are needed. */
static void nfa_mark(struct nfa *nfa)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (size_t i = nfa->n_nodes; i-- > 0;) {
			struct nfa_node *node = &nfa->nodes[i];
			bool live = false;

			for (uint32_t l = node->links; l != NFA_NONE; l = nfa->links[l].next) {
				node->solid |= nfa->links[l].kind != NFA_EPSILON;
				live |= nfa->links[l].kind == NFA_ACCEPT ||
					nfa->nodes[nfa->links[l].to].live;
			}
			changed |= live && !node->live;
			node->live = live;
		}
	}
}

static int builder_init(struct nfa_builder *b)
{
	struct nfa_class any = { { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX }, true };
	uint32_t ignored;
	int err = nfa_class_add(b, &any, &ignored);

	any.bits['/' / 64] &= ~(1ULL << '/' % 64);
	err = err ? err : nfa_class_add(b, &any, &ignored);
	return err ? err : nfa_node_new(b, NFA_NONE, &ignored);
}

int nfa_build(struct nfa *nfa, const struct automaton_matcher *matchers, size_t n, size_t *at)
{
	struct nfa_builder builder = { .nfa = nfa, .anywhere = NFA_NONE }, *b = &builder;
	int err = builder_init(b);
	for (size_t i = 0; !err && i < n; i++) {
		*at = i;
		err = matcher_add(b, &matchers[i], (uint32_t)i);
	}
	if (!err)
		nfa_mark(nfa);
	return err;
}

void nfa_done(struct nfa *nfa)
{
	free(nfa->nodes);
	free(nfa->links);
	free(nfa->classes);
}
