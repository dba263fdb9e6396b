/* SPDX-License-Identifier: Apache-2.0 */
/* See base.h: what type file contexts give to which name. */
#include "base-tables.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "cleanup.h"

/* The third part of a context, where that is a type of the policy; NULL otherwise. */
static const char *context_type(const struct base *base, char *context)
{
	char *part = strsep(&context, ":");

	part = part ? strsep(&context, ":") : NULL;
	part = part ? strsep(&context, ":") : NULL;
	return part && base_has_type(base, part) ? part : NULL;
}

static bool is_literal(const char *path)
{
	return !strpbrk(path, ".^$?*+|[({\\");
}

/*
 * How many bytes of an expression every path that it matches begins with: what is dear to compile
 * is not, for most paths.
 */
static size_t stem_of(const char *path)
{
	size_t len = strcspn(path, ".^$?*+|[({\\");
	int depth = 0;

	/* A bracket may hold any of these, and be no more than itself. */
	if (strchr(path, '[') && strchr(path, '|'))
		return 0;
	/* The last one may be there, or not. */
	if (len && path[len] && strchr("?*{", path[len]))
		len--;
	for (const char *p = path; *p; p++) {
		if (*p == '\\' && p[1])
			p++;
		else if (*p == '|' && !depth)
			return 0;
		else if (*p == '(' || *p == ')')
			depth += *p == '(' ? 1 : -1;
	}
	return len;
}

/*
 * "path [-mode] context"; a mode that is no file's is left out, as is a path without a context, or
 * with one that this policy has no type for.
 */
static int line_add(struct base *base, char *text)
{
	char *path, *context, *rest = NULL;
	const char *type;

	path = strtok_r(text, " \t", &rest);
	context = path ? strtok_r(NULL, " \t", &rest) : NULL;
	if (!context || *path == '#')
		return 0;
	if (*context == '-') {
		if (strcmp(context, "--") != 0)
			return 0;
		context = strtok_r(NULL, " \t", &rest);
	}
	type = context ? context_type(base, context) : NULL;
	if (!type)
		return 0;
	if (array_grow(&base->lines, base->n_lines, &base->size, sizeof(*base->lines)) < 0)
		return -ENOMEM;
	base->lines[base->n_lines] = (struct context_line){
		.path = arena_strdup(&base->arena, path),
		.type = arena_strdup(&base->arena, type),
		.stem = stem_of(path),
		.literal = is_literal(path),
	};
	if (!base->lines[base->n_lines].path || !base->lines[base->n_lines].type)
		return -ENOMEM;
	base->n_lines++;
	return 0;
}

int base_contexts_read(struct base *base, const char *text, size_t len)
{
	_cleanup_free_ char *copy = strndup(text ? text : "", len);
	char *rest = copy, *line;
	int r = copy ? 0 : -ENOMEM;

	while (r == 0 && (line = strsep(&rest, "\n")))
		r = line_add(base, line);
	return r;
}

static bool line_matches(const struct context_line *line, const char *path)
{
	_cleanup_buf_ struct buf whole = { 0 };
	regex_t regex;
	bool matches;

	if (line->literal)
		return strcmp(line->path, path) == 0;
	if (strncmp(line->path, path, line->stem) != 0)
		return false;
	buf_printf(&whole, "^(%s)$", line->path);
	if (buf_failed(&whole) || regcomp(&regex, whole.data, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	matches = regexec(&regex, path, 0, NULL, 0) == 0;
	regfree(&regex);
	return matches;
}

/* A path without wildcards goes first, then the line that stands last. */
const char *base_type_of(const struct base *base, const char *path)
{
	for (int literal = 1; literal >= 0; literal--)
		for (size_t i = base->n_lines; i > 0; i--)
			if (base->lines[i - 1].literal == (bool)literal &&
			    line_matches(&base->lines[i - 1], path))
				return base->lines[i - 1].type;
	return NULL;
}

bool base_named(const struct base *base, size_t i, const char **path, const char **type)
{
	if (i >= base->n_lines)
		return false;
	*path = base->lines[i].literal ? base->lines[i].path : NULL;
	*type = base->lines[i].type;
	return true;
}
