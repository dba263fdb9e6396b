/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing the table of bpf/abi.h: rows first, then states, the edges last, for these are read by
 * base + byte and must not reach into anything else.
 *
 * The bytes depend on the input and its order alone.
 */
#pragma once

#include "abi.h"
#include "automaton.h"
#include "pool.h"

struct bpf_table {
	struct abi_record *records;
	size_t n, size;
	struct pool blocks;    /* row blocks by their words: each is written once */
	size_t blocks_first;   /* record of the first; all have the same length */
	struct pool sinks;     /* accepts that have a sink */
	uint32_t *sink_states; /* by slice of sinks: the record */
	size_t n_sinks, sinks_size;
	uint32_t *branches; /* records that are branches, whose edges have yet to be based */
	size_t n_branches, branches_size;
	uint64_t *edges;			  /* by edge number from 0 on; 0: free */
	uint64_t *edges_used;			  /* one bit for each */
	size_t n_edges, edges_size, edges_low[2]; /* where to look for one place, for more */
};

int bpf_table_init(struct bpf_table *table);
void bpf_table_done(struct bpf_table *table);

/* @n records, zeroed; *ret: the first one's number. 0, -EINVAL (ABI_RECORDS_MAX), -ENOMEM. */
int bpf_table_add(struct bpf_table *table, size_t n, uint32_t *ret);

/* Writes an automaton's states; @accepts: by its accept, what a path that ends there finds.
 * *ret: the start. */
int bpf_table_automaton(struct bpf_table *table, const struct automaton *automaton,
			const uint32_t *accepts, uint32_t *ret);

/* Writes the edges of all automata: the last step. */
int bpf_table_finish(struct bpf_table *table);
