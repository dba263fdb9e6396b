/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths, directories, patterns and names of executables as policies write them, checked and brought
 * into the IR's form.
 */
#pragma once

#include "parse-value.h"

#define PATH_BYTES_MAX 4095

/* What a `path` may be where it stands. */
enum path_use {
	PATH_OF_RULE,	 /* a path or a pattern */
	PATH_OF_SOURCE,	 /* the same, in fromSource */
	PATH_OF_SYSCALL, /* a path, or with a trailing slash a directory; no pattern */
};

struct path {
	enum ir_match match;
	const char *text; /* in the load */
};

/* Each: false where the field is absent, or wrong and told. */
bool path_read(struct parser *parser, const struct entry *entry, enum path_use use,
	       struct path *ret);
bool path_read_dir(struct parser *parser, const struct entry *entry, bool recursive,
		   enum path_use use, struct path *ret);
bool path_read_pattern(struct parser *parser, const struct entry *entry, struct path *ret);
bool path_read_execname(struct parser *parser, const struct entry *entry, struct path *ret);
