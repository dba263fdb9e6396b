/* SPDX-License-Identifier: Apache-2.0 */
/* What is behind base.h: the policy's tables, which are libsepol's, and the lines of file contexts.
 */
#pragma once

/* First, for a member of theirs is called bool. */
#include <sepol/policydb/policydb.h>

#include "base.h"

/* A line of file_contexts(5). */
struct context_line {
	char *path;
	char *type;
	size_t stem; /* bytes that a path has to begin with, of one that is no expression all */
	bool literal;
};

struct base {
	struct arena arena;
	sepol_handle_t *handle;
	sepol_policydb_t *sepol;
	const policydb_t *db;
	struct context_line *lines;
	size_t n_lines, size;
};

/* Of a text as of file_contexts(5). 0 or -ENOMEM. */
int base_contexts_read(struct base *base, const char *text, size_t len);
/* The number of a name, from 1; 0: there is none. */
uint32_t base_value(const struct base *base, int symbols, const char *name);
bool base_is_attribute(const struct base *base, uint32_t type);
/* The bits of a permission, or with NULL of all that the class has. */
uint32_t base_class_bits(const struct base *base, uint32_t class, const char *perm);
