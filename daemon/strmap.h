/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text to pointer, for caches: grows, never forgets. Keys are copied; values are the caller's.
 */
#pragma once

#include <stddef.h>

struct strmap_slot {
	char *key;
	void *value;
};

struct strmap {
	struct strmap_slot *slots; /* size, a power of two; more than half are free */
	size_t size, n;
};

/* NULL where there is none. */
void *strmap_get(const struct strmap *map, const char *key);
/* @key is not in it yet. 0 or -ENOMEM. */
int strmap_put(struct strmap *map, const char *key, void *value);
/* Calls @done for each value. */
void strmap_done(struct strmap *map, void (*done)(void *value));
