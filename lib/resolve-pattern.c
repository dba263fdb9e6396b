/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See resolve.h: the directories that a pattern names before its first wildcard. One with choices
 * is taken apart into the patterns that it stands for, each is resolved by itself, and where that
 * changes any, all become the choices of one pattern again.
 */
#include "resolve.h"

#include <errno.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "glob.h"
#include "match.h"

#define PATH_SIZE (MATCH_PATH_MAX + 1)

/* The bytes of a pattern before the last slash that no wildcard precedes. */
static size_t literal_directory(const char *pattern)
{
	size_t len = strlen(pattern), slash = 0;
	struct glob_element element;

	for (size_t at = 0; at < len; at += element.size) {
		element = glob_element(pattern, len, at);
		if (element.kind != GLOB_BYTE && element.kind != GLOB_NEXT)
			break;
		if (element.byte == '/')
			slash = at;
	}
	return slash;
}

static void unescape(const char *pattern, size_t len, char *ret)
{
	struct glob_element element;

	for (size_t at = 0; at < len; at += element.size) {
		element = glob_element(pattern, len, at);
		*ret++ = element.byte;
	}
	*ret = '\0';
}

static const char *join_escaped(struct arena *arena, const char *directory, const char *rest)
{
	_cleanup_buf_ struct buf buf = { 0 };

	if (strcmp(directory, "/") == 0)
		directory = "";
	for (; *directory; directory++) {
		if (strchr("*?[]{}\\", *directory))
			buf_putc(&buf, '\\');
		buf_putc(&buf, *directory);
	}
	buf_puts(&buf, rest);
	return buf_failed(&buf) ? NULL : arena_strdup(arena, buf.data);
}

static bool is_from_root(const char *pattern)
{
	return *pattern == '/' || strncmp(pattern, "\\/", 2) == 0;
}

/* Of a pattern whose directories are before its choices. */
static int resolve_one(const struct resolve *resolve, const char *pattern, const char **ret)
{
	size_t len = is_from_root(pattern) ? literal_directory(pattern) : 0;
	char directory[PATH_SIZE];
	struct resolve_name name;
	const char *joined;
	int r;

	*ret = pattern;
	if (!len || len > MATCH_PATH_MAX)
		return 0;
	unescape(pattern, len, directory);
	r = resolve_path(resolve, directory, false, &name);
	if (r < 0 || name.path == directory)
		return r;
	joined = join_escaped(resolve->arena, name.path, pattern + len);
	if (!joined)
		return -ENOMEM;
	if (strlen(joined) <= MATCH_PATH_MAX)
		*ret = joined;
	return 0;
}

/* What a pattern with choices stands for, resolved. */
struct choices {
	const struct resolve *resolve;
	const char *patterns[RESOLVE_CHOICES_MAX];
	size_t n, n_from_root;
	bool is_changed;  /* some are not what they were */
	bool is_hopeless; /* too many, or not to be told apart: it stays as it is */
};

/* A "," that separates nothing in a pattern would do so among choices. */
static const char *escape_commas(struct arena *arena, const char *pattern)
{
	size_t len = strlen(pattern);
	_cleanup_buf_ struct buf buf = { 0 };
	struct glob_element element;

	for (size_t at = 0; at < len; at += element.size) {
		element = glob_element(pattern, len, at);
		if (element.kind == GLOB_NEXT)
			buf_putc(&buf, '\\');
		buf_add(&buf, pattern + at, element.size);
	}
	return buf_failed(&buf) ? NULL : arena_strdup(arena, buf.data ? buf.data : "");
}

static int choices_add(struct choices *choices, const char *pattern)
{
	const char *resolved;
	int r = resolve_one(choices->resolve, pattern, &resolved);

	if (r < 0)
		return r;
	if (choices->n == RESOLVE_CHOICES_MAX) {
		choices->is_hopeless = true;
		return 0;
	}
	choices->is_changed |= resolved != pattern;
	choices->n_from_root += *resolved == '/';
	resolved = escape_commas(choices->resolve->arena, resolved);
	choices->patterns[choices->n++] = resolved;
	return resolved ? 0 : -ENOMEM;
}

/* As one pattern; what all begin with goes before the braces, for one that does is anchored. */
static const char *choices_join(const struct choices *choices)
{
	bool from_root = choices->n_from_root == choices->n;
	_cleanup_buf_ struct buf buf = { 0 };

	for (size_t i = 0; i < choices->n; i++) {
		buf_puts(&buf, i ? "," : from_root ? "/{" : "{");
		buf_puts(&buf, choices->patterns[i] + from_root);
	}
	buf_putc(&buf, '}');
	return buf_failed(&buf) ? NULL : arena_strdup(choices->resolve->arena, buf.data);
}

/* The next element of this kind at the level of @at: its offset, or @len. */
static size_t find_on_level(const char *pattern, size_t len, size_t at, enum glob_kind kind)
{
	struct glob_element element;
	size_t depth = 0;

	for (; at < len; at += element.size) {
		element = glob_element(pattern, len, at);
		if (depth == 0 && (element.kind == kind || element.kind == GLOB_CLOSE))
			return at;
		depth += element.kind == GLOB_OPEN;
		depth -= element.kind == GLOB_CLOSE;
	}
	return len;
}

/* Stars that a choice brings together would become another wildcard. */
static bool joins_stars(const struct buf *buf, const char *next)
{
	return buf->len && buf->data[buf->len - 1] == '*' && *next == '*';
}

static int choices_expand(struct choices *choices, const char *pattern);

/* The pattern with the choice from @from to @to in place of its first braces and all in them. */
static int choices_take(struct choices *choices, const char *pattern, const size_t braces[2],
			size_t from, size_t to)
{
	_cleanup_buf_ struct buf buf = { 0 };
	const char *rest = pattern + braces[1] + 1;

	buf_add(&buf, pattern, braces[0]);
	choices->is_hopeless |= from < to && joins_stars(&buf, pattern + from);
	buf_add(&buf, pattern + from, to - from);
	choices->is_hopeless |= joins_stars(&buf, rest);
	buf_puts(&buf, rest);
	if (buf_failed(&buf))
		return -ENOMEM;
	return choices->is_hopeless ? 0 : choices_expand(choices, buf.data ? buf.data : "");
}

static int choices_expand(struct choices *choices, const char *pattern)
{
	size_t len = strlen(pattern), braces[2], from, to;
	int r = 0;

	braces[0] = find_on_level(pattern, len, 0, GLOB_OPEN);
	if (braces[0] == len)
		return choices_add(choices, pattern);
	braces[1] = find_on_level(pattern, len, braces[0] + 1, GLOB_CLOSE);
	for (from = braces[0] + 1; r == 0 && from <= braces[1]; from = to + 1) {
		to = find_on_level(pattern, len, from, GLOB_NEXT);
		r = choices_take(choices, pattern, braces, from, to);
	}
	return r;
}

int resolve_pattern(const struct resolve *resolve, const char *pattern, const char **ret)
{
	struct choices choices = { .resolve = resolve };
	const char *joined;
	int r = resolve_one(resolve, pattern, ret);

	if (r < 0 || find_on_level(*ret, strlen(*ret), 0, GLOB_OPEN) == strlen(*ret))
		return r;
	r = choices_expand(&choices, *ret);
	if (r < 0 || !choices.is_changed || choices.is_hopeless)
		return r;
	joined = choices_join(&choices);
	if (!joined)
		return -ENOMEM;
	if (strlen(joined) <= MATCH_PATH_MAX)
		*ret = joined;
	return 0;
}
