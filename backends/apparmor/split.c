/* SPDX-License-Identifier: Apache-2.0 */
/* See split.h. */
#include "split.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

/* The names that a line matches begin with @from, and are... */
enum reach {
	REACH_EXACT,  /* that one */
	REACH_SLASH,  /* that one, and with a slash behind it */
	REACH_BELOW,  /* that one, and all that is below it */
	REACH_PREFIX, /* anything that begins so */
};

struct item {
	char *from;
	enum reach reach;
	size_t line;
};

/* The place of a byte in the order: a slash comes first. */
static unsigned rank(char byte)
{
	unsigned char b = (unsigned char)byte;

	return b == '/' ? 1 : b && b < '/' ? b + 1u : b;
}

static int path_order(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (int)rank(*a) - (int)rank(*b);
}

static int item_order(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int r = path_order(x->from, y->from);

	return r ? r : (x->line > y->line) - (x->line < y->line);
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* What an expression's names begin with, its escapes read; @rest: what follows. */
static char *prefix_of(const char *path, const char **rest)
{
	char *ret = malloc(strlen(path) + 1), *to = ret;

	while (ret && *path && !strchr("*?[{", *path)) {
		if (path[0] == '\\' && path[1] >= '0' && path[1] <= '7') {
			*to++ = (char)strtoul((char[]){ path[1], path[2], path[3], '\0' }, NULL, 8);
			path += 4;
			continue;
		}
		path += *path == '\\';
		*to++ = *path++;
	}
	if (ret)
		*to = '\0';
	*rest = path;
	return ret;
}

static int item_make(struct item *item, const struct apparmor_line *line, size_t index)
{
	const char *rest;

	item->from = prefix_of(line->path, &rest);
	item->line = index;
	item->reach = !*rest			       ? REACH_EXACT
		      : strcmp(rest, "{,/}") == 0      ? REACH_SLASH
		      : strncmp(rest, "{,/,/", 5) == 0 ? REACH_BELOW
						       : REACH_PREFIX;
	return item->from ? 0 : -ENOMEM;
}

/* Whether a cut at @path would go through what the item matches. */
static bool is_cut(const struct item *item, const char *path)
{
	size_t len = strlen(item->from);

	if (path_order(path, item->from) <= 0 || !begins(path, item->from))
		return false;
	return item->reach == REACH_PREFIX || (item->reach == REACH_BELOW && path[len] == '/') ||
	       (item->reach == REACH_SLASH && strcmp(path + len, "/") == 0);
}

static bool is_within(const struct item *item, const struct item *other)
{
	return is_cut(item, other->from) || strcmp(item->from, other->from) == 0;
}

/* Lines that more than @max others lie within are in no part. Returns how many items are left. */
static size_t wide_take(struct apparmor_split *split, struct item *items, size_t n, size_t max)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		size_t within = 0;

		for (size_t j = i; j < n && within <= max && is_within(&items[i], &items[j]); j++)
			within++;
		if (items[i].reach >= REACH_BELOW && within > max)
			split->parts[items[i].line] = SPLIT_WIDE;
	}
	for (size_t i = 0; i < n; i++) {
		if (split->parts[items[i].line] == SPLIT_WIDE)
			free(items[i].from);
		else
			items[left++] = items[i];
	}
	return left;
}

/* The shortest path that is behind @last and not behind @next, and cuts neither. */
static char *cut_make(const char *last, const char *next)
{
	size_t len = 0;

	while (next[len] && next[len] == last[len])
		len++;
	len++;
	if (len < strlen(next) && next[len - 1] == '/')
		len++;
	return strndup(next, len);
}

/* Parts of @size items or a few more, for no item is cut. */
static int cuts_make(struct apparmor_split *split, const struct item *items, size_t n, size_t size)
{
	_cleanup_free_ size_t *open = calloc(n + 1, sizeof(*open));
	size_t depth = 0, in_part = 0;

	if (!open)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		while (depth && !is_within(&items[open[depth - 1]], &items[i]))
			depth--;
		if (depth == 0 && in_part >= size) {
			split->cuts[split->n - 1] = cut_make(items[i - 1].from, items[i].from);
			if (!split->cuts[split->n - 1])
				return -ENOMEM;
			split->n++;
			in_part = 0;
		}
		open[depth++] = i;
		in_part++;
		split->parts[items[i].line] = (int)split->n - 1;
	}
	return 0;
}

static int parts_make(struct apparmor_split *split, struct item *items, size_t *n, size_t parts)
{
	size_t size = (*n + parts - 1) / parts;

	if (*n)
		qsort(items, *n, sizeof(*items), item_order);
	*n = wide_take(split, items, *n, size / 2 ? size / 2 : 1);
	size = (*n + parts - 1) / parts;
	return cuts_make(split, items, *n, size ? size : 1);
}

int split_make(struct apparmor_split *split, const struct apparmor_profile *profile, uint8_t bits,
	       size_t n)
{
	_cleanup_free_ struct item *items = calloc(profile->n_lines + 1, sizeof(*items));
	size_t n_items = 0;
	int r = 0;

	*split = (struct apparmor_split){
		.n = 1,
		.cuts = calloc(n, sizeof(*split->cuts)),
		.parts = calloc(profile->n_lines + 1, sizeof(*split->parts)),
	};
	if (!items || !split->cuts || !split->parts)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < profile->n_lines; i++) {
		split->parts[i] = SPLIT_OTHER;
		if (profile->lines[i].perms & bits)
			r = item_make(&items[n_items++], &profile->lines[i], i);
	}
	r = r ? r : parts_make(split, items, &n_items, n);
	for (size_t i = 0; i < n_items; i++)
		free(items[i].from);
	return r;
}

void split_done(struct apparmor_split *split)
{
	for (size_t i = 0; split->cuts && i + 1 < split->n; i++)
		free(split->cuts[i]);
	free(split->cuts);
	free(split->parts);
}

struct side {
	aare_fn *fn;
	void *data;
	const char *cut;
	bool before;
};

static int side_give(const struct side *side, struct buf *buf, const char *end)
{
	buf_puts(buf, end);
	return buf_failed(buf) ? -ENOMEM : side->fn(buf->data, !*end, side->data);
}

/* Names that are as the cut up to @at, and there have another byte on that side of it. */
static int side_at(const struct side *side, size_t at)
{
	_cleanup_buf_ struct buf slash = { 0 }, class = { 0 };
	bool has[256] = { false }, any = false;
	int r = 0;

	for (size_t i = 0; i < at; i++) {
		aare_byte(&slash, (unsigned char)side->cut[i]);
		aare_byte(&class, (unsigned char)side->cut[i]);
	}
	for (unsigned byte = 1; byte < 256; byte++) {
		unsigned here = rank((char)byte), there = rank(side->cut[at]);

		has[byte] = byte != '/' && (side->before ? here < there : here > there);
		any |= has[byte];
	}
	if (side->before) /* the name that ends here */
		r = side_give(side, &slash, "");
	/* No name has two slashes, and the parser makes one of them. */
	if (r == 0 && side->before && side->cut[at] != '/' && side->cut[at - 1] != '/')
		r = side_give(side, &slash, "/{,**}");
	if (r || !any)
		return r;
	aare_class(&class, has);
	return side_give(side, &class, "{,**}");
}

/* All names before a cut, or from it on. */
static int side_all(const struct side *side)
{
	_cleanup_buf_ struct buf buf = { 0 };
	int r = 0;

	for (size_t at = 1; r == 0 && side->cut[at]; at++)
		r = side_at(side, at);
	if (r || side->before)
		return r;
	aare_text(&buf, side->cut);
	return side_give(side, &buf, "{,**}");
}

int split_outside(const struct apparmor_split *split, size_t part, aare_fn *fn, void *data)
{
	struct side side = { .fn = fn, .data = data, .before = true };
	int r = 0;

	if (part >= split->n)
		return fn("/{,**}", false, data);
	if (part > 0) {
		side.cut = split->cuts[part - 1];
		r = side_all(&side);
	}
	side.before = false;
	if (r == 0 && part + 1 < split->n) {
		side.cut = split->cuts[part];
		r = side_all(&side);
	}
	return r;
}
