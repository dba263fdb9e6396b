/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What keeps the names of Block rules and of sources from being changed: the directories on the way
 * to what they name may not be renamed, nor may a program that a Block rule names; no program may
 * be run through the dynamic loader, which AppArmor would not see as an exec of that program, nor
 * be mapped by a copy of one. (Mounts are left out of the profile altogether.)
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apparmor.h"
#include "array.h"
#include "cleanup.h"
#include "glob.h"

/* Where loaders are, whatever the architecture; a program needs no leave to be loaded by one. */
static const char *const loaders[] = {
	"/{,usr/}lib{,32,64,x32}/{,**/}ld-{linux,musl}*.so*",
	"/{,usr/}lib{,32,64,x32}/{,**/}ld-[0-9]*.so",
};

struct guard {
	struct apparmor_section *s;
	struct apparmor_line *lines;
	size_t n, size;
};

static int guard_add(struct guard *guard, struct apparmor_line line, const char *path, size_t len)
{
	if (array_grow(&guard->lines, guard->n, &guard->size, sizeof(*guard->lines)) < 0)
		return -ENOMEM;
	line.path = arena_memdup(guard->s->arena, path, len);
	guard->lines[guard->n++] = line;
	return line.path ? 0 : -ENOMEM;
}

/* Of @perms, what the profile below does not deny by a rule for the directory. */
static uint8_t guard_left(const struct guard *guard, const char *path, size_t len, uint8_t perms)
{
	_cleanup_free_ uint32_t *scratch = NULL;
	_cleanup_free_ char *name = NULL;
	struct apparmor_section below;

	if (!guard->s->base)
		return perms;
	below = apparmor_below(guard->s);
	scratch = calloc(below.n + 1, sizeof(*scratch));
	name = strndup(path, len);
	if (!scratch || !name) /* it is told twice, then */
		return perms;
	return perms & apparmor_expect(&below, automaton_run(below.automaton, name), scratch).allow;
}

/* Each directory above @path, but the root. */
static int guard_above(struct guard *guard, struct apparmor_line line, const char *path)
{
	_cleanup_buf_ struct buf buf = { 0 };
	size_t len = strlen(path);
	uint8_t perms = line.perms;
	int r = 0;

	buf_putc(&buf, '/');
	for (size_t i = 1; r == 0 && i < len; i++) {
		aare_byte(&buf, (unsigned char)path[i]);
		if (buf_failed(&buf))
			return -ENOMEM;
		if (path[i] != '/')
			continue;
		line.perms = guard_left(guard, path, i, perms);
		r = guard_add(guard, line, buf.data, buf.len);
	}
	return r;
}

/* The directories of a pattern before its first wildcard. Below, another one takes the place of
 * what was renamed. */
static char *pattern_directories(const char *pattern)
{
	size_t len = strlen(pattern);
	_cleanup_buf_ struct buf buf = { 0 };
	struct glob_element element;

	for (size_t at = 0; *pattern == '/' && at < len; at += element.size) {
		element = glob_element(pattern, len, at);
		if (element.kind != GLOB_BYTE && element.kind != GLOB_NEXT)
			break;
		buf_putc(&buf, element.kind == GLOB_NEXT ? ',' : element.byte);
	}
	return buf_take(&buf);
}

/* @inside: what is above the directory that the rule names is what counts, and that itself. */
static int guard_name(struct guard *guard, struct apparmor_line line, enum ir_match match,
		      const char *path, bool inside)
{
	_cleanup_free_ char *prefix = NULL;
	int r;

	switch ((int)match) {
	case IR_PATTERN:
		prefix = pattern_directories(path);
		return prefix ? guard_above(guard, line, prefix) : -ENOMEM;
	case IR_EXECNAME:
		return 0;
	case IR_DIR:
		if (strcmp(path, "/") == 0)
			return 0;
		r = asprintf(&prefix, "%s/", path);
		if (r < 0) {
			prefix = NULL;
			return -ENOMEM;
		}
		return guard_above(guard, line, inside ? prefix : path);
	default:
		return guard_above(guard, line, path);
	}
}

/* A program that may be run by nobody is not given another name, nor mapped as one. */
static int guard_program(struct guard *guard, struct apparmor_line line,
			 const struct ruleset_rule *rule)
{
	_cleanup_buf_ struct buf buf = { 0 };

	if (rule->ir->section != KARMOR_PROCESS || rule->match != IR_PATH || rule->ir->owner_only)
		return 0;
	aare_text(&buf, rule->path);
	line.perms = guard_left(guard, rule->path, strlen(rule->path), line.perms) | APPARMOR_MAP;
	return buf_failed(&buf) ? -ENOMEM : guard_add(guard, line, buf.data, buf.len);
}

static int guard_rule(struct guard *guard, const struct ruleset_rule *rule, uint32_t index,
		      bool active)
{
	struct apparmor_line line = {
		.rule = index,
		.about = APPARMOR_ABOUT_GUARD,
		.perms = APPARMOR_WRITE | APPARMOR_WRITE << APPARMOR_OTHER_SHIFT,
		.deny = true,
	};
	int r = 0;

	/* Whoever is no source is who would become one. */
	for (size_t i = 0; r == 0 && i < rule->ir->n_sources; i++)
		r = guard_name(guard, line, rule->sources[i].match, rule->sources[i].path, true);
	if (r || !active || rule->ir->section > KARMOR_FILE || rule->action != KARMOR_BLOCK)
		return r;
	/* A file rule's directory is what it names, and writing it is denied as such. */
	r = guard_name(guard, line, rule->match, rule->path, rule->ir->section == KARMOR_PROCESS);
	return r ? r : guard_program(guard, line, rule);
}

static int line_order(const void *a, const void *b)
{
	const struct apparmor_line *x = a, *y = b;
	int r = strcmp(x->path, y->path);

	return r ? r : (x->rule > y->rule) - (x->rule < y->rule);
}

static bool guard_has(const struct guard *guard, const char *path)
{
	size_t low = 0, high = guard->n;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int r = strcmp(guard->lines[middle].path, path);

		if (r == 0)
			return true;
		low = r < 0 ? middle + 1 : low;
		high = r < 0 ? high : middle;
	}
	return false;
}

/* The first rule's line for each name that @below has not. */
static int guard_give(struct guard *guard, const struct guard *below)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < guard->n; i++)
		if ((!i || strcmp(guard->lines[i].path, guard->lines[i - 1].path) != 0) &&
		    !guard_has(below, guard->lines[i].path))
			r = apparmor_line_add(guard->s, &guard->lines[i]);
	return r;
}

/* What the rules of @active want, sorted. */
static int guard_collect(struct guard *guard, const bool *active)
{
	const struct karmor_ruleset *set = guard->s->set;
	int r = 0;

	for (size_t i = 0; r == 0 && active && i < set->n_rules; i++)
		if (set->rules[i].ir->section < KARMOR_SYSCALLS)
			r = guard_rule(guard, &set->rules[i], (uint32_t)i, active[i]);
	if (r == 0 && guard->n)
		qsort(guard->lines, guard->n, sizeof(*guard->lines), line_order);
	return r;
}

static int guard_names(struct apparmor_section *s)
{
	struct guard guard = { .s = s }, below = { .s = s };
	int r = guard_collect(&guard, s->active);

	r = r ? r : guard_collect(&below, s->base);
	r = r ? r : guard_give(&guard, &below);
	free(guard.lines);
	free(below.lines);
	return r;
}

/* The first rule that makes loaders no programs. */
static uint32_t guard_loaders_rule(const struct apparmor_section *s, const bool *active)
{
	uint32_t ret = APPARMOR_NO_RULE;

	for (size_t i = s->n; i-- > 0;)
		if (active[s->first + i] && s->set->rules[s->first + i].action == KARMOR_BLOCK)
			ret = (uint32_t)(s->first + i);
	return ret;
}

static int guard_loaders(struct apparmor_section *s)
{
	bool closed = s->set->allow_list[KARMOR_PROCESS] &&
		      s->set->posture[KARMOR_PROCESS] == KARMOR_POSTURE_BLOCK;
	struct apparmor_line line = {
		.rule = guard_loaders_rule(s, s->active),
		.about = APPARMOR_ABOUT_GUARD,
		.perms = APPARMOR_EXEC | APPARMOR_EXEC << APPARMOR_OTHER_SHIFT,
		.deny = true,
	};
	int r = 0;

	if (line.rule == APPARMOR_NO_RULE && !closed)
		return 0;
	if (s->base && (closed || guard_loaders_rule(s, s->base) != APPARMOR_NO_RULE))
		return 0;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(loaders); i++) {
		line.path = loaders[i];
		r = apparmor_line_add(s, &line);
	}
	line.path = "/"; /* what a memfd is called */
	return r || !closed ? r : apparmor_line_add(s, &line);
}

int apparmor_guard(struct apparmor_section *s)
{
	size_t n = s->n_lines;
	int priority = 0, r;

	for (size_t i = 0; i < n; i++)
		priority = s->lines[i].priority ? APPARMOR_PRIORITY_MAX : priority;
	r = s->section == KARMOR_FILE ? guard_names(s) : guard_loaders(s);
	for (size_t i = n; i < s->n_lines; i++)
		s->lines[i].priority = priority;
	return r;
}
