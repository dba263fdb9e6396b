/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matchers of the language as expressions of AppArmor's.
 *
 * Every byte that means something there is escaped, so that no name can say anything but itself.
 * Choices are taken apart, for what `*` and `**` mean depends on what stands beside them. A path
 * matches a directory's name too, which AppArmor writes with a slash behind it.
 */
#include <errno.h>
#include <string.h>

#include "apparmor.h"
#include "cleanup.h"
#include "glob.h"
#include "match.h"

#define DIRECTORY_TOO "{,/}"

void aare_byte(struct buf *buf, unsigned char byte)
{
	if (byte < ' ' || byte >= 0x7f)
		buf_printf(buf, "\\%03o", byte);
	else if (strchr("\\\"*?[]{}^", byte))
		buf_printf(buf, "\\%c", byte);
	else
		buf_putc(buf, (char)byte);
}

void aare_text(struct buf *buf, const char *text)
{
	for (; *text; text++)
		aare_byte(buf, (unsigned char)*text);
}

/* The bytes of a class, or those that it lacks, runs of them as ranges; a hyphen comes first. */
static void class_members(struct buf *buf, const bool *has, bool wanted)
{
	if (has['-'] == wanted)
		buf_putc(buf, '-');
	for (unsigned byte = 1; byte < 256; byte++) {
		unsigned last = byte;

		if (has[byte] != wanted || byte == '-')
			continue;
		while (last < 255 && has[last + 1] == wanted && last + 1 != '-')
			last++;
		aare_byte(buf, (unsigned char)byte);
		if (last > byte + 1)
			buf_putc(buf, '-');
		if (last > byte)
			aare_byte(buf, (unsigned char)last);
		byte = last;
	}
}

void aare_class(struct buf *buf, const bool *has)
{
	unsigned n = 0;

	for (unsigned byte = 1; byte < 256; byte++)
		n += has[byte];
	if (n == 254 && !has['/']) {
		buf_putc(buf, '?');
		return;
	}
	buf_puts(buf, n > 127 ? "[^" : "[");
	class_members(buf, has, n <= 127);
	buf_putc(buf, ']');
}

/* A glob without choices, being written. */
struct glob_text {
	const char *pattern;
	size_t len;
	bool literal;
};

static bool at_component(const char *pattern, size_t at)
{
	return at == 0 || pattern[at - 1] == '/';
}

/* How many bytes of the glob at @at are a slash, which may be escaped; 0: none. */
static size_t slash_size(const struct glob_text *glob, size_t at)
{
	struct glob_element element;

	if (at == glob->len)
		return 0;
	element = glob_element(glob->pattern, glob->len, at);
	return element.kind == GLOB_BYTE && element.byte == '/' ? element.size : 0;
}

static void class_write(struct buf *buf, const char *class)
{
	bool has[256] = { false };

	for (unsigned byte = 1; byte < 256; byte++)
		has[byte] = glob_class_has(class, (char)byte);
	aare_class(buf, has);
}

/* A "*" that is a whole component has at least one byte, and so has a last "**". */
static void stars_write(struct buf *buf, const struct glob_text *glob, size_t *at,
			const struct glob_element *element)
{
	size_t end = *at + element->size, slash = slash_size(glob, end);
	bool whole = at_component(glob->pattern, *at) && (end == glob->len || slash);

	*at = end;
	if (element->kind == GLOB_STAR) {
		buf_puts(buf, whole ? "?*" : "*");
	} else if (whole && slash) {
		buf_puts(buf, "{,**/}");
		*at = end + slash;
	} else {
		buf_puts(buf, whole ? "?**" : "**");
	}
}

static void glob_write(struct buf *buf, struct glob_text *glob)
{
	struct glob_element element;
	size_t at = 0;

	glob->literal = slash_size(glob, 0);
	if (!glob->literal) {
		buf_puts(buf, "/{,**/}");
		at = strncmp(glob->pattern, "**/", 3) == 0 ? 3 : 0;
	}
	while (at < glob->len) {
		element = glob_element(glob->pattern, glob->len, at);
		if (element.kind == GLOB_STAR || element.kind == GLOB_DEEP) {
			stars_write(buf, glob, &at, &element);
			glob->literal = false;
			continue;
		}
		if (element.kind == GLOB_ANY)
			buf_putc(buf, '?');
		else if (element.kind == GLOB_CLASS)
			class_write(buf, glob->pattern + at);
		else
			aare_byte(buf, (unsigned char)element.byte);
		glob->literal &= element.kind != GLOB_ANY && element.kind != GLOB_CLASS;
		at += element.size;
	}
}

/* The first "{" from @at on, or @len. */
static size_t choice_open(const char *pattern, size_t len)
{
	struct glob_element element;
	size_t at = 0;

	for (; at < len; at += element.size) {
		element = glob_element(pattern, len, at);
		if (element.kind == GLOB_OPEN)
			break;
	}
	return at;
}

/* Where the choice that begins at @at ends: at its "," or "}", or @len. */
static size_t choice_end(const char *pattern, size_t len, size_t at)
{
	struct glob_element element;
	size_t depth = 0;

	for (; at < len; at += element.size) {
		element = glob_element(pattern, len, at);
		if (!depth && (element.kind == GLOB_NEXT || element.kind == GLOB_CLOSE))
			break;
		depth += element.kind == GLOB_OPEN;
		depth -= element.kind == GLOB_CLOSE;
	}
	return at;
}

struct expansion {
	aare_fn *fn;
	void *data;
	bool directories;
	unsigned n;
};

static int glob_give(struct expansion *expansion, const char *pattern, size_t len)
{
	struct glob_text glob = { .pattern = pattern, .len = len };
	_cleanup_buf_ struct buf buf = { 0 };

	if (++expansion->n > AARE_CHOICES_MAX)
		return -EINVAL;
	glob_write(&buf, &glob);
	buf_puts(&buf, expansion->directories ? DIRECTORY_TOO : "");
	if (buf_failed(&buf))
		return -ENOMEM;
	return expansion->fn(buf.data, glob.literal, expansion->data);
}

static int glob_expand(struct expansion *expansion, const char *pattern, size_t len)
{
	size_t open = choice_open(pattern, len), end = open, close;
	int r = 0;

	if (open == len)
		return glob_give(expansion, pattern, len);
	for (close = open; close < len && pattern[close] != '}';)
		close = choice_end(pattern, len, close + 1);
	while (r == 0 && end < close) {
		size_t from = end + 1;
		_cleanup_buf_ struct buf buf = { 0 };

		end = choice_end(pattern, len, from);
		buf_add(&buf, pattern, open);
		buf_add(&buf, pattern + from, end - from);
		buf_add(&buf, pattern + close + 1, len - close - 1);
		if (buf_failed(&buf))
			return -ENOMEM;
		r = glob_expand(expansion, buf.data ? buf.data : "", buf.len);
	}
	return r;
}

static void dir_write(struct buf *buf, bool recursive, const char *path, bool directories)
{
	bool root = strcmp(path, "/") == 0;

	aare_text(buf, path);
	if (!directories)
		buf_printf(buf, "{,%s%s}", root ? "" : "/", recursive ? "**" : "*");
	else if (root)
		buf_puts(buf, recursive ? "{,**}" : "{,*,*/}");
	else
		buf_puts(buf, recursive ? "{,/,/**}" : "{,/,/*,/*/}");
}

int aare_matcher(enum ir_match match, bool recursive, const char *matcher, bool directories,
		 aare_fn *fn, void *data)
{
	struct expansion expansion = { .fn = fn, .data = data, .directories = directories };
	_cleanup_buf_ struct buf buf = { 0 };

	switch ((int)match) {
	case IR_PATTERN:
		return glob_expand(&expansion, matcher, strlen(matcher));
	case IR_DIR:
		dir_write(&buf, recursive, matcher, directories);
		break;
	case IR_EXECNAME:
		buf_puts(&buf, "/{,**/}");
		aare_text(&buf, matcher);
		break;
	default:
		aare_text(&buf, matcher);
		if (directories && strcmp(matcher, "/") != 0)
			buf_puts(&buf, DIRECTORY_TOO);
	}
	return buf_failed(&buf) ? -ENOMEM : fn(buf.data, match == IR_PATH, data);
}
