/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See glob.h. The states of the automaton are the glob's positions, each with what may follow
 * there. Moves without input only lead to the right, so that one pass over the positions takes
 * them and a byte of the path together.
 */
#include "glob.h"

#include <string.h>

#include "match.h"

/* What was taken before a position, and with it what may follow there. */
enum {
	AT_MIDDLE = 1,	 /* anything */
	AT_START = 2,	 /* anything: a component begins, a "**" may be a whole one */
	AT_ROOT = 4,	 /* a slash: the start of a glob whose first choice may have one */
	AFTER_NONE = 8,	 /* a slash, without input: "**" stood for no component */
	AFTER_SOME = 16, /* a slash or the end: "**" stood for components */
	AFTER_PART = 32, /* neither slash nor end: "**" was no whole component */
	IN_STAR = 64,	 /* taking bytes that are no slashes */
	IN_DEEP = 128,	 /* taking any bytes, then as AT_MIDDLE */
	IN_SOME = 256,	 /* taking any bytes, at least one, then as AFTER_SOME */
	IN_PART = 512,	 /* taking any bytes, then as AFTER_PART */
	IN_ANY = IN_STAR | IN_DEEP | IN_SOME | IN_PART,
};

struct states {
	uint16_t at[MATCH_PATH_MAX + 1];
	size_t first, last; /* none outside; first > last: none at all */
};

struct glob {
	const char *pattern;
	size_t len;
	/* Of "{" and of a separating ",": the next separator or the closing "}". Of "}": itself. 0:
	 * the byte stands for itself. */
	uint16_t link[MATCH_PATH_MAX + 1];
};

static void states_add(struct states *set, size_t at, unsigned bits)
{
	if (!bits)
		return;
	set->at[at] |= (uint16_t)bits;
	if (at < set->first)
		set->first = at;
	if (at > set->last)
		set->last = at;
}

static void states_init(struct states *set, size_t len)
{
	memset(set->at, 0, (len + 1) * sizeof(*set->at));
	set->first = SIZE_MAX;
	set->last = 0;
}

static void states_clear(struct states *set)
{
	if (set->first <= set->last)
		memset(set->at + set->first, 0, (set->last - set->first + 1) * sizeof(*set->at));
	set->first = SIZE_MAX;
	set->last = 0;
}

static void glob_link(struct glob *glob)
{
	size_t depth = 0, last[MATCH_NESTING_MAX];
	struct glob_element element;

	memset(glob->link, 0, (glob->len + 1) * sizeof(*glob->link));
	for (size_t at = 0; at < glob->len; at += element.size) {
		element = glob_element(glob->pattern, glob->len, at);
		if (element.kind == GLOB_OPEN && depth < MATCH_NESTING_MAX) {
			last[depth++] = at;
		} else if (element.kind == GLOB_NEXT && depth) {
			glob->link[last[depth - 1]] = (uint16_t)at;
			last[depth - 1] = at;
		} else if (element.kind == GLOB_CLOSE && depth) {
			glob->link[last[--depth]] = (uint16_t)at;
			glob->link[at] = (uint16_t)at;
		}
	}
}

static void take_slash(struct states *now, struct states *next, size_t to, unsigned bits, int c)
{
	if (bits & AFTER_NONE)
		states_add(now, to, AT_START);
	if (c == '/' && bits & (AT_MIDDLE | AT_START | AT_ROOT | AFTER_SOME))
		states_add(next, to, AT_START);
}

static void take_stars(struct states *now, size_t to, unsigned bits, bool deep)
{
	if (!deep) {
		states_add(now, to, bits & (AT_MIDDLE | AT_START | AFTER_PART) ? IN_STAR : 0);
		return;
	}
	states_add(now, to, bits & (AT_MIDDLE | AFTER_PART) ? IN_DEEP : 0);
	states_add(now, to, bits & AT_START ? AFTER_NONE | IN_SOME | IN_PART : 0);
}

static void take_choices(const struct glob *glob, struct states *now, size_t at, unsigned bits)
{
	size_t mark = glob->link[at];

	states_add(now, at + 1, bits);
	while (glob->pattern[mark] == ',' && glob->link[mark]) {
		states_add(now, mark + 1, bits);
		mark = glob->link[mark];
	}
}

static bool takes_byte(const struct glob *glob, size_t at, const struct glob_element *element,
		       int c)
{
	switch ((int)element->kind) {
	case GLOB_ANY:
		return c != '/';
	case GLOB_CLASS:
		return glob_class_has(glob->pattern + at, (char)c);
	default:
		return (char)c == element->byte;
	}
}

/* What may be taken at @at once it is reached with @bits; c < 0: without input only. */
static void take(const struct glob *glob, struct states *now, struct states *next, size_t at,
		 unsigned bits, int c)
{
	struct glob_element element = glob_element(glob->pattern, glob->len, at);
	size_t to = at + element.size;

	if (element.kind == GLOB_STAR || element.kind == GLOB_DEEP)
		take_stars(now, to, bits, element.kind == GLOB_DEEP);
	else if (element.kind == GLOB_OPEN && glob->link[at])
		take_choices(glob, now, at, bits);
	else if (element.kind == GLOB_NEXT && glob->link[at])
		states_add(now, glob->link[at], bits);
	else if (element.kind == GLOB_CLOSE && glob->link[at])
		states_add(now, to, bits);
	else if (element.kind == GLOB_BYTE && element.byte == '/')
		take_slash(now, next, to, bits, c);
	else if (c >= 0 && bits & (AT_MIDDLE | AT_START | AFTER_PART) &&
		 takes_byte(glob, at, &element, c))
		states_add(next, to, AT_MIDDLE);
}

/* Where the loops at a position lead with one more byte. */
static unsigned loop(unsigned bits, int c)
{
	unsigned ret = bits & (IN_DEEP | IN_SOME | IN_PART);

	if (bits & IN_SOME)
		ret |= AFTER_SOME;
	if (c != '/')
		ret |= bits & IN_STAR;
	return ret;
}

/* One byte of the path, or (c < 0) only what needs none. Returns what the end was reached with. */
static unsigned step(const struct glob *glob, struct states *now, struct states *next, int c)
{
	unsigned bits = 0;

	for (size_t at = now->first; at <= now->last; at++) {
		bits = now->at[at];
		if (c >= 0)
			states_add(next, at, loop(bits, c));
		if (bits & (IN_STAR | IN_DEEP))
			bits |= AT_MIDDLE;
		if (bits & IN_PART)
			bits |= AFTER_PART;
		bits &= ~(unsigned)IN_ANY;
		if (bits && at < glob->len)
			take(glob, now, next, at, bits, c);
	}
	return now->first <= now->last && now->last == glob->len ? bits : 0;
}

/* @begin: the state at the glob's first byte. @anywhere: it may also begin at any component. */
static bool run(const struct glob *glob, const char *path, unsigned begin, bool anywhere)
{
	struct states sets[2], *now = &sets[0], *next = &sets[1], *swap;

	states_init(now, glob->len);
	states_init(next, glob->len);
	states_add(now, 0, begin);
	for (const char *p = path; *p; p++) {
		step(glob, now, next, (unsigned char)*p);
		states_clear(now);
		swap = now;
		now = next;
		next = swap;
		if (anywhere && *p == '/' && p[1])
			states_add(now, 0, AT_START);
		else if (!anywhere && now->first > now->last)
			return false;
	}
	return step(glob, now, next, -1) & (AT_MIDDLE | AT_START | AFTER_SOME);
}

bool glob_matches(const char *pattern, size_t len, const char *path)
{
	size_t same = 0;
	struct glob glob;

	if (len > MATCH_PATH_MAX)
		return false;
	/* Most globs are refused by their literal beginning. */
	while (same < len && !strchr("\\?*[{", pattern[same]) && pattern[same] == path[same])
		same++;
	if (same == len)
		return path[same] == '\0';
	if (!strchr("\\?*[{", pattern[same]))
		return false;
	glob.pattern = pattern + same;
	glob.len = len - same;
	glob_link(&glob);
	return run(&glob, path + same, !same || pattern[same - 1] == '/' ? AT_START : AT_MIDDLE,
		   false);
}

bool glob_matches_anywhere(const char *pattern, size_t len, const char *path)
{
	struct glob glob;

	if (len > MATCH_PATH_MAX)
		return false;
	glob.pattern = pattern;
	glob.len = len;
	glob_link(&glob);
	return run(&glob, path, AT_ROOT, true);
}
