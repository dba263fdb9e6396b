/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See excerpt.h. Works in cells, the units of a terminal's line: a tab is as many as reach the next
 * multiple of eight, an escape as many as its characters, an East Asian character two, a combining
 * one none. Reads no more of a line than it shows and what lies before it.
 */
#include "excerpt.h"

#include <string.h>

#include "buf.h"
#include "cleanup.h"

#define TAB 8
#define ELLIPSIS "..."
#define ELLIPSIS_WIDTH 3
/* How much of a line that is cut stays visible before the caret. */
#define LEAD (EXCERPT_WIDTH / 2)

static const struct {
	uint32_t from, to;
	unsigned cells;
} odd_widths[] = {
	{ 0x0300, 0x036f, 0 },	 { 0x1100, 0x115f, 2 },	  { 0x200b, 0x200d, 0 },
	{ 0x2e80, 0x303e, 2 },	 { 0x3041, 0xa4cf, 2 },	  { 0xac00, 0xd7a3, 2 },
	{ 0xf900, 0xfaff, 2 },	 { 0xfe00, 0xfe0f, 0 },	  { 0xfe30, 0xfe6f, 2 },
	{ 0xff00, 0xff60, 2 },	 { 0xffe0, 0xffe6, 2 },	  { 0x1f300, 0x1f64f, 2 },
	{ 0x1f900, 0x1f9ff, 2 }, { 0x20000, 0x3fffd, 2 },
};

static uint32_t decode(const char *text, size_t len)
{
	static const unsigned char lead[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t code = (unsigned char)text[0] & lead[len];

	for (size_t i = 1; i < len; i++)
		code = code << 6 | ((unsigned char)text[i] & 0x3f);
	return code;
}

/* One character of the line: how many bytes it has and how many cells it takes at @column. */
static unsigned cells(const char *text, size_t len, unsigned column, size_t *bytes)
{
	size_t n = utf8_length(text, len);
	uint32_t code;

	*bytes = n ? n : 1;
	if (*text == '\t')
		return TAB - column % TAB;
	if (n == 0 || buf_is_control(text, n))
		return 4 * (unsigned)*bytes; /* \xNN */
	code = decode(text, n);
	for (size_t i = 0; i < ARRAY_SIZE(odd_widths); i++)
		if (code >= odd_widths[i].from && code <= odd_widths[i].to)
			return odd_widths[i].cells;
	return 1;
}

/* Where the range of @place begins and ends on the line, in cells. */
static void measure(const char *line, size_t len, const struct place *place, unsigned *from,
		    unsigned *to)
{
	uint64_t begin = place->column ? place->column : 1;
	uint64_t end = begin + (place->width ? place->width : 1);
	unsigned column = 0;
	size_t at = 0, n;

	*from = *to = 0;
	for (uint64_t i = 1; i < end; i++) {
		if (i == begin)
			*from = column;
		if (at < len) {
			column += cells(line + at, len - at, column, &n);
			at += n;
		} else {
			column++;
		}
	}
	*to = column > *from ? column : *from + 1;
}

/* Adds the part of the line that lies in the cells from @from to @to. */
static void show(struct buf *buf, const char *line, size_t len, unsigned from, unsigned to)
{
	unsigned column = 0;
	size_t n;

	for (size_t at = 0; at < len; at += n) {
		unsigned width = cells(line + at, len - at, column, &n);

		if (column + width > to)
			break;
		if (column >= from && line[at] == '\t')
			buf_printf(buf, "%*s", (int)width, "");
		else if (column >= from)
			buf_escape(buf, line + at, n);
		else if (column + width > from) /* cut in two: keep the columns true */
			buf_printf(buf, "%*s", (int)(column + width - from), "");
		column += width;
	}
}

static bool is_wider(const char *line, size_t len, unsigned limit)
{
	unsigned column = 0;
	size_t n;

	for (size_t at = 0; at < len && column <= limit; at += n)
		column += cells(line + at, len - at, column, &n);
	return column > limit;
}

static unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

bool excerpt_make(struct arena *arena, const struct place *place, struct excerpt *ret)
{
	_cleanup_buf_ struct buf buf = { 0 };
	unsigned from, to, start = 0, stop = EXCERPT_WIDTH;
	const char *line;
	bool is_cut;
	size_t len;

	line = source_line(place->source, place->line, &len);
	if (!line)
		return false;
	measure(line, len, place, &from, &to);
	if (from > LEAD && to > EXCERPT_WIDTH - ELLIPSIS_WIDTH &&
	    is_wider(line, len, EXCERPT_WIDTH)) {
		start = from - LEAD;
		stop = start + EXCERPT_WIDTH - ELLIPSIS_WIDTH;
	}
	is_cut = is_wider(line, len, stop);
	if (start)
		buf_puts(&buf, ELLIPSIS);
	show(&buf, line, len, start, is_cut ? stop - ELLIPSIS_WIDTH : stop);
	if (is_cut)
		buf_puts(&buf, ELLIPSIS);
	ret->caret = from - start + (start ? ELLIPSIS_WIDTH : 0);
	ret->width = smaller(to, stop > from ? stop : from + 1) - from;
	ret->text =
		buf_failed(&buf) ? NULL : arena_memdup(arena, buf.data ? buf.data : "", buf.len);
	return ret->text;
}
