/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory with one lifetime: everything that belongs to a load or a ruleset is freed at once.
 *
 * Allocations are zeroed and aligned for any type. There is no freeing of parts.
 */
#pragma once

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *head;
};

/* All return NULL when memory is out. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_array(struct arena *arena, size_t n, size_t size); /* checks the multiplication */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_memdup(struct arena *arena, const void *bytes, size_t len); /* adds a NUL */
__attribute__((format(printf, 2, 3))) char *arena_printf(struct arena *arena, const char *format,
							 ...);

void arena_done(struct arena *arena);
