/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many paths, directories and globs in one deterministic byte automaton, read from the root to the
 * leaf.
 *
 * Input is an absolute normal path ("/", "/a/b"): what a kernel's dentry walk yields. An accept set
 * is the set of all matchers that match the path; a backend makes verdicts of it. Bounded: a set of
 * matchers whose automaton would exceed the limits is an error that names the matcher that
 * multiplies it most.
 */
#pragma once

#include "ir.h"

/* One matcher to compile. */
struct automaton_matcher {
	enum ir_match match; /* IR_PATH, IR_PATTERN, IR_EXECNAME, IR_DIR */
	bool recursive;
	const char *path;
	uint32_t id;	    /* the caller's; several matchers may share one */
	bool ancestors;	    /* match the directories on the way to what it names, not what it names
			       itself; of a directory's matcher, the directory is on the way */
	struct place place; /* for messages */
};

/* A transition: bytes that are not listed lead to the state's `other`. */
struct automaton_edge {
	uint8_t byte;
	uint32_t to;
};

struct automaton_state {
	uint32_t accept; /* index into accepts: what matches if the path ends here */
	uint32_t other;	 /* where bytes without an edge lead */
	uint32_t edges;	 /* first index into automaton.edges */
	uint16_t n_edges;
	bool sink; /* every continuation stays here: the rest of the path need not be read */
};

/* A set of ids, ascending. */
struct automaton_accept {
	const uint32_t *ids;
	size_t n;
};

struct automaton {
	struct arena arena;
	const struct automaton_state
		*states; /* state 0: dead (a sink that accepts nothing); state 1: the start */
	size_t n_states;
	const struct automaton_edge *edges; /* sorted by byte within a state */
	size_t n_edges;
	const struct automaton_accept *accepts; /* accept 0: the empty set; all different */
	size_t n_accepts;
};

#define AUTOMATON_STATES_MAX (1u << 20)

/* 0, -EINVAL (too many states: message), -ENOMEM. *ret is then to be freed with automaton_free. */
int automaton_compile(const struct automaton_matcher *matchers, size_t n, struct automaton **ret,
		      struct karmor_diag *diag);
void automaton_free(struct automaton *automaton);

/* The state that @byte leads to from state @from. */
uint32_t automaton_next(const struct automaton *automaton, uint32_t from, uint8_t byte);

/* The accept set of @path: an index into accepts. */
uint32_t automaton_run(const struct automaton *automaton, const char *path);
