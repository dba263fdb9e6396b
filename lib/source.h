/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a policy file, kept so that messages can show the line they speak of, and places in
 * it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "arena.h"

/* One file's text; lives as long as the arena it was made in. */
struct source {
	const char *name; /* as the user named it */
	const char *text; /* NUL-terminated, may hold NUL bytes within */
	size_t len;
};

/* A range on one line; a NULL source means no place is known. Columns count characters. */
struct place {
	const struct source *source;
	uint32_t line, column, width;
};

/* Copies name and text. NULL when memory is out. */
const struct source *source_new(struct arena *arena, const char *name, const char *text,
				size_t len);

/* The line's start; *len without its newline. NULL past the end. */
const char *source_line(const struct source *source, uint32_t line, size_t *len);
