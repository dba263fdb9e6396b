/* SPDX-License-Identifier: Apache-2.0 */
/* See strmap.h. Open addressing with FNV-1a. */
#include "strmap.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_MIN 16

static size_t hash(const char *key)
{
	uint64_t h = 0xcbf29ce484222325;

	for (; *key; key++)
		h = (h ^ (unsigned char)*key) * 0x100000001b3;
	return (size_t)(h ^ h >> 32);
}

/* The key's slot, or the free one where it would go. @map has slots. */
static struct strmap_slot *find(const struct strmap *map, const char *key)
{
	size_t i = hash(key) & (map->size - 1);

	while (map->slots[i].key && strcmp(map->slots[i].key, key) != 0)
		i = (i + 1) & (map->size - 1);
	return &map->slots[i];
}

void *strmap_get(const struct strmap *map, const char *key)
{
	return map->size ? find(map, key)->value : NULL;
}

static int grow(struct strmap *map)
{
	struct strmap bigger = { .size = map->size ? map->size * 2 : SIZE_MIN, .n = map->n };

	bigger.slots = calloc(bigger.size, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < map->size; i++)
		if (map->slots[i].key)
			*find(&bigger, map->slots[i].key) = map->slots[i];
	free(map->slots);
	*map = bigger;
	return 0;
}

int strmap_put(struct strmap *map, const char *key, void *value)
{
	char *copy;

	if ((map->n + 1) * 2 > map->size && grow(map) < 0)
		return -ENOMEM;
	copy = strdup(key);
	if (!copy)
		return -ENOMEM;
	*find(map, key) = (struct strmap_slot){ .key = copy, .value = value };
	map->n++;
	return 0;
}

void strmap_done(struct strmap *map, void (*done)(void *value))
{
	for (size_t i = 0; i < map->size; i++) {
		if (!map->slots[i].key)
			continue;
		free(map->slots[i].key);
		done(map->slots[i].value);
	}
	free(map->slots);
	*map = (struct strmap){ 0 };
}
