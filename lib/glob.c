/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See glob.h. Elements and what can be told from them without a path; glob-match.c matches.
 */
#include "glob.h"

#include <errno.h>
#include <string.h>

#include "match.h"

/* The length of the class at @pattern, brackets included; 0 where it is not closed. */
static size_t class_size(const char *pattern, size_t len)
{
	size_t i = 1;

	if (i < len && (pattern[i] == '!' || pattern[i] == '^'))
		i++;
	for (size_t first = i; i < len; i++) {
		if (pattern[i] == ']' && i != first)
			return i + 1;
		if (pattern[i] == '\\')
			i++;
	}
	return 0;
}

/* One byte of a class, escaped or not; moves *@at past it. */
static unsigned char class_byte(const char *pattern, size_t *at)
{
	if (pattern[*at] == '\\')
		(*at)++;
	return (unsigned char)pattern[(*at)++];
}

/* Reads "a" or "a-z"; the end of the class ends a range that has no second byte. */
static void class_range(const char *pattern, size_t *at, unsigned char *low, unsigned char *high)
{
	*low = *high = class_byte(pattern, at);
	if (pattern[*at] != '-' || pattern[*at + 1] == ']')
		return;
	(*at)++;
	*high = class_byte(pattern, at);
}

static size_t class_start(const char *pattern)
{
	return pattern[1] == '!' || pattern[1] == '^' ? 2 : 1;
}

bool glob_class_has(const char *pattern, char byte)
{
	size_t first = class_start(pattern), at = first;
	bool negated = first == 2, listed = false;
	unsigned char c = (unsigned char)byte, low, high;

	while (at == first || pattern[at] != ']') {
		class_range(pattern, &at, &low, &high);
		listed |= low <= c && c <= high;
	}
	return negated ? !listed && c != '/' : listed;
}

static size_t run_length(const char *pattern, size_t len, char c)
{
	size_t i = 0;

	while (i < len && pattern[i] == c)
		i++;
	return i;
}

static struct glob_element one(enum glob_kind kind, size_t size, char byte)
{
	return (struct glob_element){ .kind = kind, .size = size, .byte = byte };
}

struct glob_element glob_element(const char *pattern, size_t len, size_t at)
{
	const char *p = pattern + at;
	size_t left = len - at, size;

	switch (*p) {
	case '\\':
		return left > 1 ? one(GLOB_BYTE, 2, p[1]) : one(GLOB_BYTE, 1, *p);
	case '?':
		return one(GLOB_ANY, 1, 0);
	case '*':
		size = run_length(p, left, '*');
		return one(size == 1 ? GLOB_STAR : GLOB_DEEP, size, 0);
	case '[':
		size = class_size(p, left);
		return size ? one(GLOB_CLASS, size, 0) : one(GLOB_BYTE, 1, *p);
	case '{':
		return one(GLOB_OPEN, 1, *p);
	case ',':
		return one(GLOB_NEXT, 1, *p);
	case '}':
		return one(GLOB_CLOSE, 1, *p);
	default:
		return one(GLOB_BYTE, 1, *p);
	}
}

/* One level of choices: the bytes of the choice that is being read, and the least of those read. */
struct choice {
	size_t count, least;
};

static size_t least(const struct choice *choice)
{
	return choice->count < choice->least ? choice->count : choice->least;
}

size_t glob_literals(const char *pattern, size_t len)
{
	struct choice levels[MATCH_NESTING_MAX + 1] = { { 0, SIZE_MAX } };
	struct glob_element element;
	size_t depth = 0;

	for (size_t at = 0; at < len; at += element.size) {
		struct choice *level = &levels[depth];

		element = glob_element(pattern, len, at);
		if (element.kind == GLOB_OPEN && depth < MATCH_NESTING_MAX) {
			levels[++depth] = (struct choice){ 0, SIZE_MAX };
		} else if (element.kind == GLOB_NEXT && depth) {
			*level = (struct choice){ 0, least(level) };
		} else if (element.kind == GLOB_CLOSE && depth) {
			levels[--depth].count += least(level);
		} else if (element.kind == GLOB_BYTE || element.kind >= GLOB_OPEN) {
			level->count++;
		}
	}
	return levels[0].count;
}

static int fault(const char *message, size_t at, const char **what, size_t *offset)
{
	*what = message;
	*offset = at;
	return -EINVAL;
}

/* @at: of a closed class. */
static int check_class(const char *pattern, size_t at, const char **what, size_t *offset)
{
	const char *class = pattern + at;
	size_t first = class_start(class), i = first, begin;
	unsigned char low, high;

	while (i == first || class[i] != ']') {
		begin = i;
		if (class[i] == '[' && class[i + 1] == ':' && strstr(class + i, ":]"))
			return fault("a class lists bytes; named classes are not supported", at + i,
				     what, offset);
		class_range(class, &i, &low, &high);
		if (low >= 0x80 || high >= 0x80)
			return fault("a class lists ASCII bytes only", at + begin, what, offset);
		if (low > high)
			return fault("the range runs backwards", at + begin, what, offset);
	}
	return 0;
}

/* Escaped or not. */
static bool is_slash(const struct glob_element *element)
{
	return element->kind == GLOB_BYTE && element->byte == '/';
}

int glob_check(const char *pattern, const char **what, size_t *offset)
{
	size_t len = strlen(pattern), depth = 0, open[MATCH_NESTING_MAX];
	struct glob_element element;
	bool after_slash = false;

	if (len > MATCH_PATH_MAX)
		return fault("the pattern is longer than 4095 bytes", 0, what, offset);
	for (size_t at = 0; at < len; at += element.size) {
		element = glob_element(pattern, len, at);
		if (element.kind == GLOB_CLASS && check_class(pattern, at, what, offset) < 0)
			return -EINVAL;
		if (element.kind == GLOB_BYTE && element.size == 1 && pattern[at] == '[')
			return fault("\"[\" is not closed", at, what, offset);
		if (element.kind == GLOB_BYTE && element.size == 1 && pattern[at] == '\\')
			return fault("\"\\\" escapes nothing", at, what, offset);
		if (is_slash(&element) && after_slash)
			return fault("no path contains \"//\"", at, what, offset);
		after_slash = is_slash(&element);
		if (element.kind == GLOB_OPEN && depth == MATCH_NESTING_MAX)
			return fault("choices nest too deep", at, what, offset);
		if (element.kind == GLOB_CLOSE && !depth)
			return fault("\"}\" closes nothing", at, what, offset);
		if (element.kind == GLOB_OPEN)
			open[depth++] = at;
		else if (element.kind == GLOB_CLOSE)
			depth--;
	}
	return depth ? fault("\"{\" is not closed", open[depth - 1], what, offset) : 0;
}
