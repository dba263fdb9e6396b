/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Globs of section 4, as text: their elements, their syntax, and whether one matches a path.
 *
 * A glob with choices stands for every pattern that results from taking one of each; `**` is a
 * whole component when it is one in what results. Stars with choices between them stay single, even
 * where an empty choice brings them together. Matching walks the glob's positions as a
 * nondeterministic automaton, so that its cost is bounded by the product of both lengths.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum glob_kind {
	GLOB_BYTE,  /* itself, or escaped */
	GLOB_ANY,   /* ?: one byte, not a slash */
	GLOB_CLASS, /* [...]: one byte */
	GLOB_STAR,  /* *: bytes, not slashes */
	GLOB_DEEP,  /* **, or more stars */
	GLOB_OPEN,  /* { */
	GLOB_NEXT,  /* , where it separates choices */
	GLOB_CLOSE, /* } where it ends them */
};

/* One element: @size bytes of the glob. Whether "," and "}" are special is the reader's to know:
 * they come as GLOB_NEXT and GLOB_CLOSE. */
struct glob_element {
	enum glob_kind kind;
	size_t size;
	char byte; /* GLOB_BYTE: what it stands for */
};

/* The element at @pattern[@at], which is before @len. An unclosed class or a last backslash is a
 * byte. */
struct glob_element glob_element(const char *pattern, size_t len, size_t at);

/* Whether the class at @pattern (the "[", closed) takes @byte. */
bool glob_class_has(const char *pattern, char byte);

/* @pattern, @len bytes long, on the whole of @path. */
bool glob_matches(const char *pattern, size_t len, const char *path);
/* The same; it may start at any component. */
bool glob_matches_anywhere(const char *pattern, size_t len, const char *path);

/* The bytes that stand for themselves; of choices those of the shortest. */
size_t glob_literals(const char *pattern, size_t len);

/* 0, or -EINVAL with what is wrong and the byte offset where. */
int glob_check(const char *pattern, const char **what, size_t *offset);
