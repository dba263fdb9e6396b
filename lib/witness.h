/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An example for each accept set of an automaton: the shortest path that has it.
 *
 * Only paths that a kernel could name are examples: absolute, normal and no longer than the
 * language has them. An accept set without one can never be had.
 */
#pragma once

#include "automaton.h"

struct witness_bounds {
	/* Directories, sorted by strcmp: they are examples only where nothing else is, for what a
	 * person wants to see is a file. "/" need not be among them. */
	const char *const *directories;
	size_t n_directories;
};

/*
 * *ret is an array of @automaton->n_accepts paths in @arena, NULL where there is none.
 * 0 or -ENOMEM.
 */
int witness_find(const struct automaton *automaton, const struct witness_bounds *bounds,
		 struct arena *arena, const char *const **ret);
