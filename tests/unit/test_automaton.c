/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The automaton against match_path(), matcher by matcher, on random sets and paths of a small
 * alphabet, so that most of them meet. Ancestors are held against the globs' own expansions.
 * KARMOR_SEED=n repeats a run, KARMOR_CASES=n lengthens it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support.h"
#include "automaton.h"
#include "buf.h"
#include "cleanup.h"
#include "match.h"

#define PATHS 40
#define MATCHERS 8

static uint64_t seed;

static uint32_t roll(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 33) % n;
}

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static const char *pick(const char *const *texts, size_t n)
{
	return texts[roll((uint32_t)n)];
}

static void add_glob(struct buf *buf, int depth)
{
	static const char *const pieces[] = {
		"a",	"b",	"c",	 "a",	 "b",	"ab",	"*",  "?", "[ab]",
		"[!a]", "[^b]", "[a-b]", "\\*",	 "\\a", "**",	"*a", "/", "/",
		"/",	"/",	"**/",	 "/**/", "/**", "[]a]", ",",  "-",
	};
	uint32_t n = roll(5) + 1;

	for (uint32_t i = 0; i < n; i++) {
		if (depth < 3 && roll(7) == 0) {
			uint32_t choices = roll(3) + 1;

			buf_putc(buf, '{');
			for (uint32_t c = 0; c < choices; c++) {
				if (c)
					buf_putc(buf, ',');
				if (roll(4))
					add_glob(buf, depth + 1);
			}
			buf_putc(buf, '}');
		} else {
			buf_puts(buf, pick(pieces, ARRAY_SIZE(pieces)));
		}
	}
}

static void add_path(struct buf *buf, bool root)
{
	static const char *const names[] = { "a", "b",	 "c",  "ab",   "ba", "aa",
					     "*", "abc", "cb", "\xff", "-",  "a,b" };
	uint32_t n = roll(5);

	if (root && n == 0)
		buf_putc(buf, '/');
	for (uint32_t i = 0; i < n || (!root && i == 0); i++) {
		buf_putc(buf, '/');
		buf_puts(buf, pick(names, ARRAY_SIZE(names)));
	}
}

/* Double slashes and one at the end are errors of the language. */
static bool is_normal(const char *text)
{
	size_t len = strlen(text);

	return len > 1 && !strstr(text, "//") && text[len - 1] != '/';
}

static struct automaton_matcher random_matcher(uint32_t id)
{
	static const char *const execnames[] = { "a", "ab", "abc", "*", "-" };
	struct automaton_matcher ret = { .id = id, .recursive = roll(2) };
	uint32_t kind = roll(10);
	const char *what;
	size_t offset;

	while (!ret.path) {
		_cleanup_buf_ struct buf buf = { 0 };

		if (kind < 5) {
			ret.match = IR_PATTERN;
			if (roll(3))
				buf_putc(&buf, '/');
			add_glob(&buf, 0);
			if (!is_normal(buf.data) || match_pattern_check(buf.data, &what, &offset))
				continue;
		} else if (kind < 9) {
			ret.match = kind < 7 ? IR_PATH : IR_DIR;
			add_path(&buf, true);
		} else {
			ret.match = IR_EXECNAME;
			buf_puts(&buf, pick(execnames, ARRAY_SIZE(execnames)));
		}
		ret.path = buf_take(&buf);
	}
	return ret;
}

static bool accepts(const struct automaton *automaton, uint32_t accept, uint32_t id)
{
	const struct automaton_accept *set = &automaton->accepts[accept];

	for (size_t i = 0; i < set->n; i++)
		if (set->ids[i] == id)
			return true;
	return false;
}

static void check_shape(const struct automaton *automaton)
{
	for (size_t i = 0; i < automaton->n_states; i++) {
		const struct automaton_state *state = &automaton->states[i];

		ck_assert_uint_lt(state->accept, automaton->n_accepts);
		ck_assert_uint_lt(state->other, automaton->n_states);
		ck_assert_uint_le(state->edges + state->n_edges, automaton->n_edges);
		ck_assert(!state->sink || (state->other == i && state->n_edges == 0));
		for (size_t e = 0; e < state->n_edges; e++) {
			const struct automaton_edge *edge = &automaton->edges[state->edges + e];

			ck_assert_uint_lt(edge->to, automaton->n_states);
			ck_assert(e == 0 || edge[-1].byte < edge->byte);
		}
	}
	ck_assert(automaton->states[0].sink && automaton->states[0].accept == 0);
	ck_assert_uint_eq(automaton->accepts[0].n, 0);
}

/* Whether the set is within the automaton's bound; few of them are not. */
static bool check_random_set(uint64_t at)
{
	struct automaton_matcher matchers[MATCHERS];
	size_t n = roll(MATCHERS) + 1;
	struct automaton *automaton = NULL;
	int err;

	for (size_t i = 0; i < n; i++)
		matchers[i] = random_matcher((uint32_t)i);
	err = automaton_compile(matchers, n, &automaton, NULL);
	ck_assert(err == 0 || err == -EINVAL);
	if (!err)
		check_shape(automaton);
	for (int i = 0; !err && i < PATHS; i++) {
		_cleanup_buf_ struct buf buf = { 0 };
		uint32_t accept;

		add_path(&buf, true);
		accept = automaton_run(automaton, buf.data);
		for (size_t m = 0; m < n; m++)
			ck_assert_msg(
				accepts(automaton, accept, matchers[m].id) ==
					match_path(matchers[m].match, matchers[m].path,
						   matchers[m].recursive, buf.data),
				"set %llu, seed %llu: \"%s\" (kind %d, recursive %d) on \"%s\"",
				(unsigned long long)at, (unsigned long long)seed, matchers[m].path,
				matchers[m].match, matchers[m].recursive, buf.data);
	}
	automaton_free(automaton);
	for (size_t i = 0; i < n; i++)
		free((char *)(uintptr_t)matchers[i].path);
	return !err;
}

START_TEST(automaton_agrees_with_match_path)
{
	uint64_t cases = number_of("KARMOR_CASES", 1500), beyond = 0;

	seed = number_of("KARMOR_SEED", 20260501);
	printf("# seed %llu, %llu sets of up to %d matchers, %d paths each\n",
	       (unsigned long long)seed, (unsigned long long)cases, MATCHERS, PATHS);
	fflush(stdout);
	for (uint64_t i = 0; i < cases; i++)
		beyond += !check_random_set(i);
	ck_assert_uint_le(beyond, 1 + cases / 1000);
}
END_TEST

/* Whether @path is matched by one of the directories on the way to one expansion of a glob. */
static bool on_the_way(const char *pattern, const char *path)
{
	bool deep = false;

	for (size_t i = 1; pattern[i] && !deep; i++) {
		_cleanup_free_ char *prefix = strndup(pattern, i);

		ck_assert_ptr_nonnull(prefix);
		deep = strstr(prefix, "**");
		if (!deep && pattern[i] == '/' && match_pattern(prefix, path))
			return true;
	}
	return false;
}

/* Takes the first innermost choice apart, one after the other. */
static bool on_any_way(const char *pattern, const char *path)
{
	const char *close = strchr(pattern, '}'), *open = close, *from, *to;
	bool ret = false;

	if (!close)
		return on_the_way(pattern, path);
	while (*open != '{')
		open--;
	for (from = open + 1; !ret && from <= close; from = to + 1) {
		_cleanup_buf_ struct buf buf = { 0 };

		to = from + strcspn(from, ",}");
		buf_add(&buf, pattern, (size_t)(open - pattern));
		buf_add(&buf, from, (size_t)(to - from));
		buf_puts(&buf, close + 1);
		ret = on_any_way(buf.data ? buf.data : "", path);
	}
	return ret;
}

static bool is_ancestor(const struct automaton_matcher *matcher, const char *path)
{
	bool recursive;
	size_t len;

	if (matcher->match == IR_EXECNAME || matcher->path[0] != '/')
		return false;
	/* What is in a directory is what it names: it is on the way itself. */
	if (matcher->match == IR_DIR && strcmp(matcher->path, path) == 0)
		return true;
	if (matcher->match != IR_PATTERN)
		return strlen(path) < strlen(matcher->path) && matcher->path[strlen(path)] == '/' &&
		       strncmp(matcher->path, path, strlen(path)) == 0;
	if (match_form(matcher->path, &recursive, &len) == IR_DIR) {
		_cleanup_buf_ struct buf inside = { 0 };

		buf_printf(&inside, "%.*s/x", (int)len, matcher->path);
		ck_assert(!buf_failed(&inside));
		return on_any_way(inside.data, path);
	}
	return on_any_way(matcher->path, path);
}

/* Escapes, commas outside choices and stars that choices bring together are beyond the expansion
 * above. */
static bool is_plain(const struct automaton_matcher *matcher)
{
	static const char *const hard[] = { "\\", ",", "*{", "}*", "}{", "{}", "{{", "}}" };
	bool choices = strchr(matcher->path, '{');

	if (matcher->match != IR_PATTERN)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(hard); i++)
		if (strstr(matcher->path, hard[i]) && (*hard[i] != ',' || !choices))
			return false;
	return true;
}

static void check_ancestors(uint64_t at)
{
	struct automaton_matcher matcher = random_matcher(7);
	struct automaton *automaton = NULL;

	matcher.ancestors = true;
	ck_assert_int_eq(automaton_compile(&matcher, 1, &automaton, NULL), 0);
	check_shape(automaton);
	for (int i = 0; i < PATHS && is_plain(&matcher); i++) {
		_cleanup_buf_ struct buf buf = { 0 };

		add_path(&buf, false);
		ck_assert_msg(accepts(automaton, automaton_run(automaton, buf.data), 7) ==
				      is_ancestor(&matcher, buf.data),
			      "set %llu: \"%s\" (kind %d) on \"%s\"", (unsigned long long)at,
			      matcher.path, matcher.match, buf.data);
	}
	automaton_free(automaton);
	free((char *)(uintptr_t)matcher.path);
}

START_TEST(ancestors_are_the_directories_on_the_way)
{
	uint64_t cases = number_of("KARMOR_CASES", 1500);

	seed = number_of("KARMOR_SEED", 20260502);
	for (uint64_t i = 0; i < cases; i++)
		check_ancestors(i);
}
END_TEST

static const struct {
	enum ir_match match;
	bool recursive, ancestors;
	const char *matcher, *yes, *no; /* paths, separated by blanks */
} tables[] = {
	{ IR_PATH, 0, 0, "/", "/", "/a" },
	{ IR_PATH, 0, 0, "/a/*", "/a/*", "/a/b /a" },
	{ IR_DIR, 0, 0, "/", "/ /a", "/a/b" },
	{ IR_DIR, 1, 0, "/", "/ /a /a/b", "" },
	{ IR_DIR, 0, 0, "/a", "/a /a/b", "/a/b/c /ab /" },
	{ IR_DIR, 1, 0, "/a", "/a /a/b /a/b/c", "/ab /" },
	{ IR_EXECNAME, 0, 0, "sh", "/sh /usr/bin/sh", "/bin/bash /sh/x /" },
	{ IR_PATTERN, 0, 0, "*", "/a /a/b", "/" },
	{ IR_PATTERN, 0, 0, "**", "/a /a/b", "/" },
	{ IR_PATTERN, 0, 0, "/**/x", "/x /a/x /a/b/x", "/ax /x/a /" },
	{ IR_PATTERN, 0, 0, "**/python*", "/python3 /usr/bin/python", "/pytho /python/x" },
	{ IR_PATTERN, 0, 0, "/a/**", "/a /a/b /a/b/c", "/ab" },
	{ IR_PATTERN, 0, 0, "/a*/**", "/a/b /ab/b/c", "/a /ab" },
	{ IR_PATTERN, 0, 0, "/a{,b}/{c,d{e,f}}", "/a/c /ab/de /a/df", "/a/d /b/c" },
	{ IR_PATTERN, 0, 0, "/a**b", "/ab /acb /ax/yb", "/a/bc" },
	{ IR_PATTERN, 0, 0, "\\/a/b*", "/a/b /a/bc", "/x/a/b /a /" },
	{ IR_PATTERN, 0, 0, "\\/*", "/ /a", "/a/b" },
	{ IR_PATTERN, 0, 1, "\\/a/b*", "/a", "/a/b /x/a /" },
	{ IR_PATH, 0, 1, "/etc/secrets/x", "/etc /etc/secrets", "/etc/secrets/x /etc/secret /e" },
	{ IR_DIR, 1, 1, "/etc/secrets", "/etc /etc/secrets", "/etc/secrets/x" },
	{ IR_PATTERN, 0, 1, "/h/*/.ssh/id*", "/h /h/me /h/me/.ssh", "/h/me/.ssh/id /h/me/x" },
	{ IR_PATTERN, 0, 1, "/a/b*/**/c/d", "/a /a/b /a/bx", "/a/b/c /a/b/x/c" },
	{ IR_PATTERN, 0, 1, "x/y", "", "/x /a/x" },
	{ IR_EXECNAME, 0, 1, "sh", "", "/bin /sh" },
};

static void check_words(const struct automaton *automaton, const char *words, bool expected)
{
	_cleanup_free_ char *copy = strdup(words);
	char *rest = NULL;

	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		ck_assert_msg(accepts(automaton, automaton_run(automaton, word), 0) == expected,
			      "%s", word);
}

START_TEST(matchers_match_by_the_table)
{
	struct automaton_matcher matcher = { .match = tables[_i].match,
					     .recursive = tables[_i].recursive,
					     .ancestors = tables[_i].ancestors,
					     .path = tables[_i].matcher };
	struct automaton *automaton = NULL;

	ck_assert_int_eq(automaton_compile(&matcher, 1, &automaton, NULL), 0);
	check_words(automaton, tables[_i].yes, true);
	check_words(automaton, tables[_i].no, false);
	automaton_free(automaton);
}
END_TEST

START_TEST(no_matchers_accept_nothing)
{
	struct automaton *automaton = NULL;

	ck_assert_int_eq(automaton_compile(NULL, 0, &automaton, NULL), 0);
	check_shape(automaton);
	ck_assert_uint_ge(automaton->n_states, 2);
	ck_assert_uint_eq(automaton_run(automaton, "/a"), 0);
	automaton_free(automaton);
}
END_TEST

START_TEST(matchers_may_share_an_id)
{
	struct automaton_matcher matchers[] = {
		{ .match = IR_PATH, .path = "/a", .id = 3 },
		{ .match = IR_PATTERN, .path = "/?", .id = 3 },
		{ .match = IR_DIR, .path = "/", .recursive = true, .id = 1 },
	};
	struct automaton *automaton = NULL;
	const struct automaton_accept *accept;

	ck_assert_int_eq(automaton_compile(matchers, 3, &automaton, NULL), 0);
	accept = &automaton->accepts[automaton_run(automaton, "/a")];
	ck_assert_uint_eq(accept->n, 2);
	ck_assert(accept->ids[0] == 1 && accept->ids[1] == 3);
	automaton_free(automaton);
}
END_TEST

START_TEST(directories_end_in_a_sink)
{
	struct automaton_matcher matcher = { .match = IR_DIR, .path = "/a", .recursive = true };
	struct automaton *automaton = NULL;
	size_t sinks = 0;

	ck_assert_int_eq(automaton_compile(&matcher, 1, &automaton, NULL), 0);
	for (size_t i = 0; i < automaton->n_states; i++)
		sinks += automaton->states[i].sink;
	ck_assert_uint_eq(sinks, 2);
	automaton_free(automaton);
}
END_TEST

START_TEST(too_many_states_name_the_pattern)
{
	static char names[40][16];
	struct automaton_matcher matchers[40];
	struct karmor_diag *diag = karmor_diag_new();
	struct automaton *automaton = NULL;

	for (uint32_t i = 0; i < 40; i++) {
		snprintf(names[i], sizeof(names[i]), "*%c*%c*", 'a' + i % 26, 'b' + i / 2 % 25);
		matchers[i] = (struct automaton_matcher){ .match = IR_PATTERN, .path = names[i] };
	}
	ck_assert_int_eq(automaton_compile(matchers, 40, &automaton, diag), -EINVAL);
	ck_assert_ptr_null(automaton);
	ck_assert_uint_eq(karmor_diag_count(diag, KARMOR_ERROR), 1);
	ck_assert_ptr_nonnull(strstr(karmor_diag_at(diag, 0)->text, "\"*"));
	karmor_diag_free(diag);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("automaton");
	TCase *tables_case = tcase_create("tables"), *random = tcase_create("random");

	tcase_add_loop_test(tables_case, matchers_match_by_the_table, 0, ARRAY_SIZE(tables));
	tcase_add_test(tables_case, no_matchers_accept_nothing);
	tcase_add_test(tables_case, matchers_may_share_an_id);
	tcase_add_test(tables_case, directories_end_in_a_sink);
	tcase_add_test(tables_case, too_many_states_name_the_pattern);
	tcase_add_test(random, automaton_agrees_with_match_path);
	tcase_add_test(random, ancestors_are_the_directories_on_the_way);
	tcase_set_timeout(tables_case, 60);
	tcase_set_timeout(random, 600);
	suite_add_tcase(suite, tables_case);
	suite_add_tcase(suite, random);
	return support_run(suite);
}
