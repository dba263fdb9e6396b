/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdict rows: what eval_choose() says for each source class, written as the words of bpf/abi.h.
 */
#pragma once

#include "automaton.h"
#include "eval.h"
#include "table.h"

/* A ruleset with its source classes. */
/* The id of a rule's matcher in the guard automaton that stands for its sources. */
#define BPF_GUARDS_SOURCE(id) ((id) | 1u << 31)

struct bpf_rows {
	const struct karmor_ruleset *set;
	uint32_t classes;
	uint64_t *sourced; /* one bit for each class and rule: the rule applies to the class */
	uint32_t *matched; /* room for every rule */
	uint32_t *called;  /* room for every rule twice */
	uint32_t *words;   /* room for a block */
	struct bpf_table *table;
};

/* @sources: accepts sets of rules; each is a class. 0 or -ENOMEM. */
int bpf_rows_init(struct bpf_rows *rows, const struct karmor_ruleset *set,
		  const struct automaton *sources, struct bpf_table *table);
void bpf_rows_done(struct bpf_rows *rows);

/* The blocks of an automaton's accepts, by accept; as slices of table->blocks. */
int bpf_rows_paths(struct bpf_rows *rows, enum karmor_section section,
		   const struct automaton *automaton, uint32_t *ret);
/* The same for the guard: accepts are sets of Block rules, the first of which denies. */
int bpf_rows_guard(struct bpf_rows *rows, const struct automaton *automaton, uint32_t *ret);

/* The word of @access for @class, where the rules @ids match it. */
uint32_t bpf_rows_choose(struct bpf_rows *rows, const struct eval_access *access, uint32_t class,
			 const uint32_t *ids, size_t n);

/* Writes all blocks. */
int bpf_rows_write(struct bpf_rows *rows);
/* Writes the network or capability rows; *ret: their first record. */
int bpf_rows_network(struct bpf_rows *rows, uint32_t *ret);
int bpf_rows_capabilities(struct bpf_rows *rows, uint32_t *ret);
