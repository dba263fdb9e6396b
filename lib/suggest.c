/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See suggest.h. The distance is that of optimal string alignment, over three rows of fixed length:
 * a longer name than these has no suggestion, so that hostile input costs nothing.
 */
#include "suggest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "cleanup.h"

#define NAME_MAX_LENGTH 63
/* More edits than this make another word, however long it is. */
#define EDITS_MAX 3
/* Shorter names are contained in too many others by chance. */
#define CONTAINED_MIN 5

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static int fold(char c)
{
	return tolower((unsigned char)c);
}

static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][NAME_MAX_LENGTH + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_len; j++)
		last[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *spare = before;

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			bool same = fold(a[i - 1]) == fold(b[j - 1]);

			row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + !same);
			if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
			    fold(a[i - 2]) == fold(b[j - 1]))
				row[j] = least(row[j], before[j - 2] + 1);
		}
		before = last;
		last = row;
		row = spare;
	}
	return last[b_len];
}

static bool is_contained(const char *a, size_t a_len, const char *b, size_t b_len)
{
	if (a_len < CONTAINED_MIN || b_len < CONTAINED_MIN)
		return false;
	return strcasestr(a, b) || strcasestr(b, a);
}

const char *suggest(const char *typed, const char *const *names, size_t n)
{
	size_t len = strlen(typed);
	size_t bound = len < 7 ? 1 : least((len + 1) / 4, EDITS_MAX);
	const char *best = NULL, *contained = NULL;

	if (len == 0 || len > NAME_MAX_LENGTH)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t name_len = strlen(names[i]);
		size_t d;

		if (name_len > NAME_MAX_LENGTH)
			continue;
		d = distance(typed, len, names[i], name_len);
		/* A name of which nothing is left is no likeness. */
		if (d < name_len && d <= bound && d < len) {
			best = names[i];
			bound = d ? d - 1 : 0;
			if (d == 0)
				return best;
		}
		if (!contained && is_contained(typed, len, names[i], name_len))
			contained = names[i];
	}
	return best ? best : contained;
}
