/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matchers as one nondeterministic byte automaton: what automaton.c makes deterministic.
 *
 * Literal beginnings share one trie from the root and one that may start at any component, so that
 * literals stay deterministic however many there are. Every node can reach an accept, for those
 * that cannot are marked and never entered.
 */
#pragma once

#include "automaton.h"

#define NFA_NONE UINT32_MAX

enum nfa_kind {
	NFA_EPSILON,
	NFA_BYTE,   /* value: the byte */
	NFA_CLASS,  /* value: the class */
	NFA_ACCEPT, /* to: the id */
};

struct nfa_link {
	uint32_t next; /* of the same node, or NFA_NONE */
	uint32_t to;
	uint32_t kind : 2, value : 30;
};

struct nfa_node {
	uint32_t links; /* the first, or NFA_NONE */
	uint32_t owner; /* the only matcher that it serves, or NFA_NONE */
	bool universal; /* accepts whatever follows */
	bool solid;	/* more than a way to other nodes */
	bool live;	/* can reach an accept */
};

/* @most: whether more bytes are in than out; then the rest are the exceptions. */
struct nfa_class {
	uint64_t bits[4];
	bool most;
};

struct nfa {
	struct nfa_node *nodes; /* 0: the start */
	struct nfa_link *links;
	struct nfa_class *classes;
	size_t n_nodes, n_links, n_classes;
	size_t nodes_size, links_size, classes_size;
};

static inline bool nfa_class_has(const struct nfa_class *class, unsigned byte)
{
	return class->bits[byte / 64] >> byte % 64 & 1;
}

/* 0, -ENOMEM, or -EINVAL with *at the matcher that was one too many. nfa_done frees in any case. */
int nfa_build(struct nfa *nfa, const struct automaton_matcher *matchers, size_t n, size_t *at);
void nfa_done(struct nfa *nfa);

/* Between nfa.c and nfa-glob.c: a matcher at work. */
struct nfa_builder {
	struct nfa *nfa;
	uint32_t anywhere; /* the trie's root for what may start at any component, or NFA_NONE */
	const struct automaton_matcher *matcher;
	uint32_t index; /* of the matcher */
	const char *pattern;
	size_t len;
	bool raw; /* no glob: every byte stands for itself */
};

/* Classes that every NFA has. */
enum {
	NFA_ANY,
	NFA_NAME, /* all but "/" */
};

int nfa_node_new(struct nfa_builder *b, uint32_t owner, uint32_t *ret);
int nfa_link_add(struct nfa_builder *b, uint32_t node, enum nfa_kind kind, uint32_t value,
		 uint32_t to);
int nfa_accept_add(struct nfa_builder *b, uint32_t node);
int nfa_class_add(struct nfa_builder *b, const struct nfa_class *class, uint32_t *ret);
/* A new node that loops over the bytes of a class. */
int nfa_loop_new(struct nfa_builder *b, uint32_t class, uint32_t *ret);
/* The glob b->pattern from byte @at on, which @node was reached with; @anywhere: not from the root.
 */
int nfa_glob_add(struct nfa_builder *b, uint32_t node, size_t at, bool anywhere);
