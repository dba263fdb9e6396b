/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Section 4 of the policy language, and the specificities of section 6: lib/match.c and lib/glob.c.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../support.h"

#include "cleanup.h"
#include "glob.h"
#include "match.h"

struct glob_case {
	const char *pattern, *path;
	bool matches;
};

static void check_cases(const struct glob_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(match_path(IR_PATTERN, cases[i].pattern, false, cases[i].path) ==
				      cases[i].matches,
			      "%s on %s", cases[i].pattern, cases[i].path);
}

#define CHECK_CASES(cases) check_cases(cases, ARRAY_SIZE(cases))

START_TEST(star_and_question_mark_stay_in_one_component)
{
	static const struct glob_case cases[] = {
		{ "/etc/*hado?", "/etc/shadow", true },
		{ "/etc/*hado?", "/etc/hado", false },
		{ "/etc/*hado?", "/etc/x/shadow", false },
		{ "/srv/*/cfg", "/srv/a/cfg", true },
		{ "/srv/*/cfg", "/srv/a/b/cfg", false },
		{ "/srv/*/cfg", "/srv/cfg", false },
		{ "/log/app?.log", "/log/app/.log", false },
		{ "/srv/*x", "/srv/.hiddenx", true },
		{ "/a*b*c", "/aXbXbXc", true },
		{ "/a*b*c", "/aXbXbX", false },
		{ "/opt/??", "/opt/\xc3\xa9", true },
		{ "/srv/?", "/srv/\xc3\xa9", false },
	};
	CHECK_CASES(cases);
}
END_TEST

START_TEST(two_stars_as_a_component_stand_for_any_number_of_components)
{
	static const struct glob_case cases[] = {
		{ "/srv/**/cfg", "/srv/cfg", true },
		{ "/srv/**/cfg", "/srv/a/cfg", true },
		{ "/srv/**/cfg", "/srv/a/b/cfg", true },
		{ "/srv/**/cfg", "/srv/xcfg", false },
		{ "/srv/**/**/cfg", "/srv/cfg", true },
		{ "/a/**/b/**/c", "/a/b/b/c/c", true },
		{ "/a/**/b/**/c", "/a/c", false },
		{ "/s*/**", "/srv/a/b", true },
		{ "/s*/**", "/srv", false },
		{ "/{x,**/y}", "/a/b/y", true },
		{ "/{x,**/y}", "/y", true },
		{ "/{x,a/**}", "/a", false },
		{ "/{x,a/**}", "/a/b/c", true },
		{ "/a{/,x}**{/,y}b", "/a/b", true },
		{ "/a{/,x}**{/,y}b", "/ax/c/b", true },
	};
	CHECK_CASES(cases);
}
END_TEST

START_TEST(two_stars_inside_a_component_stand_for_any_bytes)
{
	static const struct glob_case cases[] = {
		{ "/opt/a**z", "/opt/abz", true },   { "/opt/a**z", "/opt/az", true },
		{ "/opt/a**z", "/opt/a/b/z", true }, { "/opt/a**z", "/opt/a/b/y", false },
		{ "/opt/**z", "/opt/z", true },	     { "/opt/**z", "/opt/b/yz", true },
		{ "/opt/a**", "/opt/a", true },	     { "/opt/a**", "/opt/b", false },
		{ "/{,x}**", "/", false },
	};
	CHECK_CASES(cases);
}
END_TEST

START_TEST(a_pattern_without_a_leading_slash_starts_at_any_component)
{
	static const struct glob_case cases[] = {
		{ "python*", "/usr/bin/python3", true },
		{ "python*", "/usr/bin/cpython", false },
		{ "python*", "/usr/lib/python3/run", false },
		{ "**/python*", "/usr/bin/python3", true },
		{ "**/python*", "/python3", true },
		{ ".git/config", "/srv/repo/.git/config", true },
		{ ".git/config", "/srv/repo/x.git/config", false },
		{ "{/usr,opt}/bin/x", "/usr/bin/x", true },
		{ "{/usr,opt}/bin/x", "/a/usr/bin/x", false },
		{ "{/usr,opt}/bin/x", "/a/opt/bin/x", true },
		{ "\\/a/b*", "/a/bc", true },
		{ "\\/a/b*", "/x/a/bc", false },
		{ "*", "/", false },
		{ "**", "/", false },
		{ "**", "/a/b", true },
	};
	CHECK_CASES(cases);
}
END_TEST

START_TEST(a_class_takes_one_byte)
{
	static const struct glob_case cases[] = {
		{ "/sd[a-c]", "/sdb", true },	{ "/sd[a-c]", "/sdd", false },
		{ "/sd[a-c]", "/sdab", false }, { "/t[!0-9]*", "/tS0", true },
		{ "/t[!0-9]*", "/t1", false },	{ "/t[!0-9]*", "/t", false },
		{ "/a[!x]b", "/a/b", false },	{ "/a[^x]b", "/ayb", true },
		{ "/[]a]", "/]", true },	{ "/[!]a]", "/]", false },
		{ "/[a-]", "/-", true },	{ "/[\\]-a]", "/^", true },
		{ "/[!a]", "/\xe9", true },	{ "/[{,]", "/,", true },
	};
	CHECK_CASES(cases);
}
END_TEST

START_TEST(choices_nest_and_may_be_empty_or_single)
{
	static const struct glob_case cases[] = {
		{ "/{bin,sbin}/{mkfs,fsck}.*", "/sbin/fsck.xfs", true },
		{ "/{bin,sbin}/{mkfs,fsck}.*", "/lib/fsck.xfs", false },
		{ "/usr/{local/,}bin/curl", "/usr/bin/curl", true },
		{ "/usr/{local/,}bin/curl", "/usr/local/bin/curl", true },
		{ "/usr/{local/,}bin/curl", "/usr/share/bin/curl", false },
		{ "/{a,b{c,d}}x", "/bcx", true },
		{ "/{a,b{c,d}}x", "/ax", true },
		{ "/{a,b{c,d}}x", "/bx", false },
		{ "/{a}b", "/ab", true },
		{ "/a{}b", "/ab", true },
		{ "/a,b", "/a,b", true },
		{ "/{a\\,b,c}", "/a,b", true },
		{ "/{a[,]b,c}?", "/a,bx", true },
	};
	CHECK_CASES(cases);
}
END_TEST

START_TEST(a_backslash_takes_the_meaning_away)
{
	static const struct glob_case cases[] = {
		{ "/a\\*b", "/a*b", true },	  { "/a\\*b", "/aXb", false },
		{ "/\\[x\\]?", "/[x]1", true },	  { "/\\[x\\]?", "/x1", false },
		{ "/q\\?*", "/q?z", true },	  { "/q\\?*", "/qqz", false },
		{ "/\\{a,b\\}", "/{a,b}", true },
	};
	CHECK_CASES(cases);
}
END_TEST

START_TEST(a_pattern_may_read_as_a_directory_or_as_a_path)
{
	static const struct glob_case cases[] = {
		{ "/srv/**", "/srv", true },	 { "/srv/**", "/srv/a/b", true },
		{ "/srv/*", "/srv", true },	 { "/srv/*", "/srv/a", true },
		{ "/srv/*", "/srv/a/b", false }, { "/**", "/", true },
		{ "/**", "/a/b", true },	 { "/*", "/", true },
		{ "/*", "/a/b", false },	 { "/a\\*/**", "/a*", true },
	};
	bool recursive;
	size_t len;

	CHECK_CASES(cases);
	ck_assert_int_eq(match_form("/a/b", &recursive, &len), IR_PATH);
	ck_assert_int_eq(match_form("/a/**", &recursive, &len), IR_DIR);
	ck_assert(recursive && len == 2);
	ck_assert_int_eq(match_form("/*", &recursive, &len), IR_DIR);
	ck_assert(!recursive && len == 1);
	ck_assert_int_eq(match_form("/a*/**", &recursive, &len), IR_PATTERN);
	ck_assert_int_eq(match_form("/a/**/b", &recursive, &len), IR_PATTERN);
	ck_assert_int_eq(match_form("/a**", &recursive, &len), IR_PATTERN);
	ck_assert_int_eq(match_form("a/**", &recursive, &len), IR_PATTERN);
}
END_TEST

START_TEST(reading_a_pattern_takes_its_escapes_away)
{
	struct arena arena = { 0 };
	enum ir_match match = IR_PATTERN;
	bool recursive = false;
	const char *matcher = "/a\\*/**";

	ck_assert_int_eq(match_read(&arena, &match, &recursive, &matcher), 0);
	ck_assert_int_eq(match, IR_DIR);
	ck_assert(recursive);
	ck_assert_str_eq(matcher, "/a*");
	match = IR_PATH;
	matcher = "/a\\b/*";
	ck_assert_int_eq(match_read(&arena, &match, &recursive, &matcher), 0);
	ck_assert_str_eq(matcher, "/a\\b/*");
	arena_done(&arena);
}
END_TEST

START_TEST(a_directory_is_itself_and_what_is_in_it)
{
	ck_assert(match_path(IR_DIR, "/a", false, "/a"));
	ck_assert(match_path(IR_DIR, "/a", false, "/a/b"));
	ck_assert(!match_path(IR_DIR, "/a", false, "/a/b/c"));
	ck_assert(match_path(IR_DIR, "/a", true, "/a/b/c"));
	ck_assert(!match_path(IR_DIR, "/a", true, "/ab"));
	ck_assert(!match_path(IR_DIR, "/a", true, "/"));
	ck_assert(match_path(IR_DIR, "/", false, "/"));
	ck_assert(match_path(IR_DIR, "/", false, "/a"));
	ck_assert(!match_path(IR_DIR, "/", false, "/a/b"));
	ck_assert(match_path(IR_DIR, "/", true, "/a/b"));
}
END_TEST

START_TEST(an_execname_is_the_last_component)
{
	ck_assert(match_path(IR_EXECNAME, "nc", false, "/bin/nc"));
	ck_assert(!match_path(IR_EXECNAME, "nc", false, "/bin/vnc"));
	ck_assert(!match_path(IR_EXECNAME, "nc", false, "/nc/x"));
}
END_TEST

START_TEST(a_syntax_error_has_its_offset)
{
	static const struct {
		const char *pattern;
		size_t offset;
	} cases[] = {
		{ "/a[b", 2 },	 { "/a{b,{c}", 2 },	 { "/a\\", 2 },		{ "/a}", 2 },
		{ "/[z-a]", 2 }, { "/a[x\xc3\xa9]", 4 }, { "/[[:alpha:]]", 2 }, { "/[]", 1 },
	};
	const char *what = NULL;
	size_t offset = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ck_assert_int_eq(match_pattern_check(cases[i].pattern, &what, &offset), -EINVAL);
		ck_assert_msg(offset == cases[i].offset, "%s: %zu %s", cases[i].pattern, offset,
			      what);
	}
	ck_assert_int_eq(match_pattern_check("/{a,b{c,}}[]x-z]\\[?**", &what, &offset), 0);
}
END_TEST

START_TEST(a_path_with_a_wildcard_is_a_pattern)
{
	ck_assert(match_is_pattern("/a*"));
	ck_assert(match_is_pattern("/a{b}"));
	ck_assert(!match_is_pattern("/a}b]\\,"));
}
END_TEST

START_TEST(the_more_specific_matcher_counts_more)
{
	uint64_t path = match_specificity(IR_PATH, "/");

	ck_assert_uint_gt(path, match_specificity(IR_PATTERN, "/aaaaaaaaaaaaaaaaaaaaaaaaa*"));
	ck_assert_uint_gt(match_specificity(IR_PATTERN, "*"),
			  match_specificity(IR_DIR, "/a/b/c/d/e/f/g"));
	ck_assert_uint_eq(match_specificity(IR_PATTERN, "/srv/{aaaaaaaa,b}*"),
			  match_specificity(IR_PATTERN, "/srv/b?*"));
	ck_assert_uint_eq(match_specificity(IR_PATTERN, "/opt/[b]c*"),
			  match_specificity(IR_PATTERN, "/opt/c?"));
	ck_assert_uint_eq(match_specificity(IR_EXECNAME, "python3"),
			  match_specificity(IR_PATTERN, "?ython3\\*"));
	ck_assert_uint_eq(match_specificity(IR_PATTERN, "{a{bb,c},ddd}?"),
			  match_specificity(IR_EXECNAME, "ab"));
	ck_assert_uint_eq(match_specificity(IR_PATTERN, "/a/**"), match_specificity(IR_DIR, "/a"));
	ck_assert_uint_eq(match_specificity(IR_PATTERN, "/a\\?"), path);
	ck_assert_uint_gt(match_specificity(IR_DIR, "/ab"), match_specificity(IR_DIR, "/a"));
}
END_TEST

START_TEST(protocols_are_named_by_family_type_and_number)
{
	ck_assert(match_protocol(IR_TCP, AF_INET6, SOCK_STREAM, 0));
	ck_assert(match_protocol(IR_TCP, AF_INET, SOCK_STREAM, 262));
	ck_assert(!match_protocol(IR_TCP, AF_VSOCK, SOCK_STREAM, 0));
	ck_assert(!match_protocol(IR_TCP, AF_INET, SOCK_STREAM, IPPROTO_SCTP));
	ck_assert(!match_protocol(IR_TCP, AF_UNSPEC, SOCK_STREAM, -1));
	ck_assert(!match_protocol(IR_UDP, AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
	ck_assert(match_protocol(IR_ICMP, AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
	ck_assert(match_protocol(IR_ICMP, AF_INET, SOCK_RAW, IPPROTO_ICMP));
	ck_assert(match_protocol(IR_RAW, AF_PACKET, SOCK_DGRAM, 0));
	ck_assert(match_protocol(IR_RAW, AF_INET, SOCK_RAW, 255));
	ck_assert(match_protocol(IR_SCTP, AF_INET, SOCK_SEQPACKET, IPPROTO_SCTP));
	ck_assert(match_protocol(IR_ALL, AF_BLUETOOTH, SOCK_STREAM, 0));
	for (int p = 0; p < IR_PROTOCOL_COUNT; p++) {
		ck_assert(!match_protocol((enum ir_protocol)p, AF_UNIX, SOCK_STREAM, 0));
		ck_assert(!match_protocol((enum ir_protocol)p, AF_NETLINK, SOCK_RAW, 0));
	}
	ck_assert_uint_gt(match_protocol_specificity(IR_ICMP), match_protocol_specificity(IR_RAW));
	ck_assert_uint_gt(match_protocol_specificity(IR_RAW), match_protocol_specificity(IR_ALL));
}
END_TEST

/* The meaning by words: expands choices, then recurses. Exponential, so short inputs only. */
#define SEAM "\1" /* where a choice began or ended: stars on both sides are not one run */
static bool naive(const char *p, const char *s, bool start);

static bool naive_class(const char *p, const char *s)
{
	size_t size = glob_element(p, strlen(p), 0).size;

	return *s && glob_class_has(p, *s) && naive(p + size, s + 1, false);
}

static bool naive_deep(const char *p, const char *s, bool start)
{
	p += strspn(p, SEAM);
	if (start && (*p == '/' || !*p)) {
		if (*p == '/' && naive(p + 1, s, true))
			return true;
		for (size_t i = 1; i <= strlen(s); i++)
			if (naive(p, s + i, false))
				return true;
		return false;
	}
	for (size_t i = 0; i <= strlen(s); i++)
		if (naive(p, s + i, false))
			return true;
	return false;
}

static bool naive(const char *p, const char *s, bool start)
{
	p += strspn(p, SEAM);
	if (p[0] == '*' && p[1] == '*')
		return naive_deep(p + strspn(p, "*"), s, start);
	if (*p == '*')
		return naive(p + 1, s, false) || (*s && *s != '/' && naive(p, s + 1, false));
	if (*p == '?')
		return *s && *s != '/' && naive(p + 1, s + 1, false);
	if (*p == '[')
		return naive_class(p, s);
	if (!*p)
		return !*s;
	return *p == *s && naive(p + 1, s + 1, *p == '/');
}

/* Takes each choice of the first innermost "{...}" in turn. */
static bool naive_expand(const char *pattern, const char *path)
{
	const char *close = strchr(pattern, '}'), *open = close, *end;
	char one[256];

	if (!close)
		return naive(pattern, path, true);
	while (*open != '{')
		open--;
	for (const char *choice = open + 1; choice <= close; choice = end + 1) {
		end = choice + strcspn(choice, ",}");
		snprintf(one, sizeof(one), "%.*s\1%.*s\1%s", (int)(open - pattern), pattern,
			 (int)(end - choice), choice, close + 1);
		if (naive_expand(one, path))
			return true;
	}
	return false;
}

static void random_path(char *path, size_t size)
{
	size_t n = 0;

	for (int i = rand() % 4 + 1; i && n + 4 < size; i--) {
		path[n++] = '/';
		for (int j = rand() % 3 + 1; j; j--)
			path[n++] = "ab."[rand() % 3];
	}
	path[n] = '\0';
}

static void random_pattern(char *pattern, size_t size)
{
	static const char *const parts[] = { "a",  "b",	   ".",	   "/",	   "/", "*", "?",
					     "**", "/**/", "[ab]", "[!a]", "{", ",", "}" };
	int depth = 0;

	strcpy(pattern, "/");
	for (int i = rand() % 9 + 1; i; i--) {
		const char *part = parts[rand() % ARRAY_SIZE(parts)];

		if (*part == '}' ? !depth : *part == ',' && !depth)
			continue;
		depth += *part == '{' ? 1 : *part == '}' ? -1 : 0;
		strncat(pattern, part, size - strlen(pattern) - 1);
	}
	while (depth--)
		strncat(pattern, "}", size - strlen(pattern) - 1);
}

START_TEST(random_globs_match_what_their_expansions_match)
{
	char pattern[64], path[64];
	size_t matched = 0;

	srand(1);
	for (int i = 0; i < 200000; i++) {
		random_pattern(pattern, sizeof(pattern));
		random_path(path, sizeof(path));
		ck_assert_msg(match_pattern(pattern, path) == naive_expand(pattern, path),
			      "%s on %s: %d", pattern, path, match_pattern(pattern, path));
		matched += match_pattern(pattern, path);
	}
	ck_assert_uint_gt(matched, 1000);
}
END_TEST

START_TEST(a_hostile_glob_costs_no_more_than_its_length)
{
	char pattern[MATCH_PATH_MAX + 1] = "/", path[MATCH_PATH_MAX + 1] = "/";

	for (size_t i = 1; i + 4 < sizeof(pattern); i += 4)
		memcpy(pattern + i, "a**{", 4);
	for (size_t i = 0; i < 20; i++)
		memcpy(pattern + 1 + i * 4, "a**b", 4);
	memcpy(pattern + 81, "[!/]*{a,{b,{c,}}}**x", 21);
	memset(path + 1, 'a', sizeof(path) - 2);
	ck_assert(!match_pattern(pattern, path));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("match");
	TCase *cases = tcase_create("match");

	suite_add_tcase(suite, cases);
	tcase_set_timeout(cases, 60);
	tcase_add_test(cases, star_and_question_mark_stay_in_one_component);
	tcase_add_test(cases, two_stars_as_a_component_stand_for_any_number_of_components);
	tcase_add_test(cases, two_stars_inside_a_component_stand_for_any_bytes);
	tcase_add_test(cases, a_pattern_without_a_leading_slash_starts_at_any_component);
	tcase_add_test(cases, a_class_takes_one_byte);
	tcase_add_test(cases, choices_nest_and_may_be_empty_or_single);
	tcase_add_test(cases, a_backslash_takes_the_meaning_away);
	tcase_add_test(cases, a_pattern_may_read_as_a_directory_or_as_a_path);
	tcase_add_test(cases, reading_a_pattern_takes_its_escapes_away);
	tcase_add_test(cases, a_directory_is_itself_and_what_is_in_it);
	tcase_add_test(cases, an_execname_is_the_last_component);
	tcase_add_test(cases, a_syntax_error_has_its_offset);
	tcase_add_test(cases, a_path_with_a_wildcard_is_a_pattern);
	tcase_add_test(cases, the_more_specific_matcher_counts_more);
	tcase_add_test(cases, protocols_are_named_by_family_type_and_number);
	tcase_add_test(cases, random_globs_match_what_their_expansions_match);
	tcase_add_test(cases, a_hostile_glob_costs_no_more_than_its_length);
	return support_run(suite);
}
