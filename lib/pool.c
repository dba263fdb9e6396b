/* SPDX-License-Identifier: Apache-2.0 */
/* See pool.h. Open addressing; the table is at most half full. */
#include "pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"

static uint32_t hash_numbers(const uint32_t *numbers, size_t n)
{
	uint64_t hash = 0x9e3779b97f4a7c15ULL + n;

	for (size_t i = 0; i < n; i++) {
		hash = (hash ^ numbers[i]) * 0xff51afd7ed558ccdULL;
		hash ^= hash >> 32;
	}
	return (uint32_t)hash;
}

static int pool_rehash(struct pool *pool)
{
	size_t size = pool->table_size ? pool->table_size * 2 : 256;
	uint32_t *table;

	if (pool->n_slices * 2 < pool->table_size)
		return 0;
	table = calloc(size, sizeof(*table));
	if (!table)
		return -ENOMEM;
	for (size_t i = 0; i < pool->n_slices; i++) {
		size_t at = pool->slices[i].hash & (size - 1);

		while (table[at])
			at = (at + 1) & (size - 1);
		table[at] = (uint32_t)i + 1;
	}
	free(pool->table);
	pool->table = table;
	pool->table_size = size;
	return 0;
}

int pool_append(struct pool *pool, const uint32_t *numbers, size_t n, uint32_t hash)
{
	if (pool->n_slices >= pool->slices_max || pool->n + n > pool->numbers_max)
		return -EINVAL;
	while (pool->n + n > pool->size)
		if (array_grow(&pool->numbers, pool->size, &pool->size, sizeof(*numbers)) < 0)
			return -ENOMEM;
	if (array_grow(&pool->slices, pool->n_slices, &pool->slices_size, sizeof(*pool->slices)) <
	    0)
		return -ENOMEM;
	if (n)
		memcpy(pool->numbers + pool->n, numbers, n * sizeof(*numbers));
	pool->slices[pool->n_slices++] = (struct pool_slice){ pool->n, (uint32_t)n, hash };
	pool->n += n;
	return 0;
}

int pool_find(struct pool *pool, const uint32_t *numbers, size_t n, uint32_t *ret)
{
	uint32_t hash = hash_numbers(numbers, n);
	size_t at;
	int err = pool_rehash(pool);

	if (err)
		return err;
	for (at = hash & (pool->table_size - 1); pool->table[at];
	     at = (at + 1) & (pool->table_size - 1)) {
		const struct pool_slice *slice = &pool->slices[pool->table[at] - 1];

		*ret = pool->table[at] - 1;
		if (slice->hash == hash && slice->len == n &&
		    (n == 0 ||
		     memcmp(pool->numbers + slice->at, numbers, n * sizeof(*numbers)) == 0))
			return 0;
	}
	err = pool_append(pool, numbers, n, hash);
	if (!err) {
		*ret = (uint32_t)pool->n_slices - 1;
		pool->table[at] = *ret + 1;
	}
	return err;
}

void pool_done(struct pool *pool)
{
	free(pool->numbers);
	free(pool->slices);
	free(pool->table);
}
