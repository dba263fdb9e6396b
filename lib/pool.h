/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sequences of numbers, each kept once and known by the order in which it came.
 *
 * Bounded by slices_max and numbers_max, which the owner sets. Nothing is ever removed.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct pool_slice {
	size_t at; /* in pool.numbers */
	uint32_t len, hash;
};

struct pool {
	uint32_t *numbers;
	size_t n, size;
	struct pool_slice *slices;
	size_t n_slices, slices_size;
	uint32_t *table; /* slice + 1; 0: free */
	size_t table_size;
	size_t slices_max, numbers_max;
};

/* The number of the slice that equals @numbers, added where there is none. 0, -EINVAL (a bound), or
 * -ENOMEM. */
int pool_find(struct pool *pool, const uint32_t *numbers, size_t n, uint32_t *ret);
/* Adds a slice that pool_find need not find. */
int pool_append(struct pool *pool, const uint32_t *numbers, size_t n, uint32_t hash);
void pool_done(struct pool *pool);
