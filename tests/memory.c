/* SPDX-License-Identifier: Apache-2.0 */
/* See memory.h. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include "memory.h"

struct arena;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_reallocarray(void *p, size_t n, size_t size);
char *__real_strdup(const char *text);
int __real_vasprintf(char **ret, const char *format, va_list args);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
char *__wrap_strdup(const char *text);
int __wrap_vasprintf(char **ret, const char *format, va_list args);

void *__real_arena_alloc(struct arena *arena, size_t size);
void *__real_arena_array(struct arena *arena, size_t n, size_t size);
char *__real_arena_memdup(struct arena *arena, const void *bytes, size_t len);
char *__real_arena_strdup(struct arena *arena, const char *text);
void *__wrap_arena_alloc(struct arena *arena, size_t size);
void *__wrap_arena_array(struct arena *arena, size_t n, size_t size);
char *__wrap_arena_memdup(struct arena *arena, const void *bytes, size_t len);
char *__wrap_arena_strdup(struct arena *arena, const char *text);

long memory_countdown = -1;

static bool fails(void)
{
	return memory_countdown >= 0 && memory_countdown-- == 0;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *memory_malloc(size_t size)
{
	return __wrap_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return fails() ? NULL : __real_reallocarray(p, n, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

int __wrap_vasprintf(char **ret, const char *format, va_list args)
{
	return fails() ? -1 : __real_vasprintf(ret, format, args);
}

void *__wrap_arena_alloc(struct arena *arena, size_t size)
{
	return fails() ? NULL : __real_arena_alloc(arena, size);
}

void *__wrap_arena_array(struct arena *arena, size_t n, size_t size)
{
	return fails() ? NULL : __real_arena_array(arena, n, size);
}

char *__wrap_arena_memdup(struct arena *arena, const void *bytes, size_t len)
{
	return fails() ? NULL : __real_arena_memdup(arena, bytes, len);
}

char *__wrap_arena_strdup(struct arena *arena, const char *text)
{
	return fails() ? NULL : __real_arena_strdup(arena, text);
}
