/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rules say, which of them wins, and what the posture does with the rest: lib/eval.c,
 * lib/ruleset.c and lib/access.c, on policies built by hand.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../support.h"

#include "cleanup.h"
#include "eval.h"
#include "match.h"

#define RULES_MAX 16

/* A load of policies, one for each rule, named as the rule's policy. */
static struct ir_rule rules[RULES_MAX];
static struct ir_policy policies[RULES_MAX];
static const struct ir_policy *list[RULES_MAX];
static struct karmor_policies load;
static struct karmor_ruleset *set;

static void setup(void)
{
	memset(rules, 0, sizeof(rules));
	memset(policies, 0, sizeof(policies));
	load = (struct karmor_policies){ .policies = list };
	set = NULL;
}

static void teardown(void)
{
	karmor_ruleset_free(set);
}

/* Adds a policy @name with one rule, which the caller goes on to fill in. */
static struct ir_rule *add(const char *name, enum karmor_section section, enum karmor_action action,
			   enum ir_match match, const char *path)
{
	size_t i = load.n++;

	ck_assert_uint_lt(i, RULES_MAX);
	rules[i] = (struct ir_rule){ .policy = &policies[i],
				     .section = section,
				     .action = action,
				     .match = match,
				     .path = path,
				     .locator = name };
	policies[i] = (struct ir_policy){ .kind = KARMOR_POLICY,
					  .name = name,
					  .namespace_name = "default",
					  .rules = &rules[i],
					  .n_rules = 1 };
	list[i] = &policies[i];
	return &rules[i];
}

static void compile(const char *posture, bool audit_only)
{
	struct karmor_subject subject =
		KARMOR_STRUCT(karmor_subject, .posture = posture, .audit_only = audit_only);

	karmor_ruleset_free(set);
	set = NULL;
	ck_assert_int_eq(karmor_ruleset_new(&load, &subject, &set, NULL), 0);
}

/* "block x": the verdict and the policy. */
static const char *ask_as(enum karmor_op op, const char *object, const char *source, bool owner)
{
	static char text[64];
	static const char *const actions[] = { "allow", "audit", "block" };
	struct karmor_access access = KARMOR_STRUCT(karmor_access, .op = op, .object = object,
						    .source = source, .not_owner = !owner);
	struct karmor_verdict verdict = KARMOR_STRUCT(karmor_verdict);

	ck_assert_int_eq(karmor_ruleset_eval(set, &access, &verdict, NULL), 0);
	snprintf(text, sizeof(text), "%s %s", actions[verdict.action], verdict.policy);
	return text;
}

static const char *ask(enum karmor_op op, const char *object)
{
	return ask_as(op, object, NULL, true);
}

START_TEST(a_grant_lets_through_what_its_flags_say)
{
	static const struct {
		enum karmor_action action;
		bool read_only, owner_only,
			speaks[4]; /* own read, own write, other's read, write */
	} cases[] = {
		{ KARMOR_ALLOW, false, false, { true, true, true, true } },
		{ KARMOR_ALLOW, true, false, { true, false, true, false } },
		{ KARMOR_ALLOW, false, true, { true, true, false, false } },
		{ KARMOR_ALLOW, true, true, { true, false, false, false } },
		{ KARMOR_BLOCK, false, false, { true, true, true, true } },
		{ KARMOR_BLOCK, true, false, { false, true, false, true } },
		{ KARMOR_BLOCK, false, true, { false, false, true, true } },
		{ KARMOR_BLOCK, true, true, { false, true, true, true } },
		{ KARMOR_AUDIT, false, false, { true, true, true, true } },
		{ KARMOR_AUDIT, true, true, { false, true, true, true } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (int j = 0; j < 4; j++) {
			struct eval_access access = { KARMOR_FILE,
						      j % 2 ? KARMOR_WRITE : KARMOR_READ, j < 2,
						      false };

			ck_assert_msg(eval_speaks(cases[i].action, cases[i].read_only,
						  cases[i].owner_only,
						  &access) == cases[i].speaks[j],
				      "case %zu, access %d", i, j);
		}
}
END_TEST

START_TEST(the_more_specific_rule_wins)
{
	add("dir", KARMOR_FILE, KARMOR_BLOCK, IR_DIR, "/a")->recursive = true;
	add("deeper", KARMOR_FILE, KARMOR_ALLOW, IR_DIR, "/a/b");
	add("pattern", KARMOR_FILE, KARMOR_BLOCK, IR_PATTERN, "/a/b/x*");
	add("path", KARMOR_FILE, KARMOR_ALLOW, IR_PATH, "/a/b/xy");
	compile(NULL, false);
	ck_assert_str_eq(ask(KARMOR_READ, "/a/c"), "block dir");
	ck_assert_str_eq(ask(KARMOR_READ, "/a/b/c"), "allow deeper");
	ck_assert_str_eq(ask(KARMOR_READ, "/a/b/xx"), "block pattern");
	ck_assert_str_eq(ask(KARMOR_READ, "/a/b/xy"), "allow path");
	ck_assert_str_eq(ask(KARMOR_READ, "/q"), "audit DefaultPosture");
}
END_TEST

START_TEST(a_source_goes_before_everything_else)
{
	static const struct ir_source curl = { .match = IR_PATH, .path = "/bin/curl" };
	struct ir_rule *rule = add("source", KARMOR_FILE, KARMOR_ALLOW, IR_DIR, "/");

	rule->recursive = true;
	rule->sources = &curl;
	rule->n_sources = 1;
	add("path", KARMOR_FILE, KARMOR_BLOCK, IR_PATH, "/a");
	compile(NULL, false);
	ck_assert_str_eq(ask_as(KARMOR_READ, "/a", "/bin/curl", true), "allow source");
	ck_assert_str_eq(ask_as(KARMOR_READ, "/a", "/bin/cat", true), "block path");
	ck_assert_str_eq(ask(KARMOR_READ, "/a"), "block path");
}
END_TEST

START_TEST(block_goes_before_allow_and_names_break_ties)
{
	add("z", KARMOR_FILE, KARMOR_BLOCK, IR_PATH, "/a");
	add("b", KARMOR_FILE, KARMOR_ALLOW, IR_PATH, "/a");
	add("y", KARMOR_FILE, KARMOR_BLOCK, IR_PATH, "/a");
	compile(NULL, false);
	ck_assert_str_eq(ask(KARMOR_READ, "/a"), "block y");
}
END_TEST

START_TEST(a_pattern_that_reads_as_a_directory_is_one)
{
	add("tree", KARMOR_FILE, KARMOR_BLOCK, IR_PATTERN, "/a/**");
	add("exact", KARMOR_FILE, KARMOR_ALLOW, IR_PATTERN, "/a/\\*");
	compile(NULL, false);
	ck_assert_int_eq(set->rules[0].match, IR_PATH);
	ck_assert_str_eq(set->rules[0].path, "/a/*");
	ck_assert_int_eq(set->rules[1].match, IR_DIR);
	ck_assert(set->rules[1].recursive);
	ck_assert_str_eq(ask(KARMOR_READ, "/a"), "block tree");
	ck_assert_str_eq(ask(KARMOR_READ, "/a/*"), "allow exact");
}
END_TEST

START_TEST(an_audit_rule_changes_no_verdict)
{
	add("audit", KARMOR_FILE, KARMOR_AUDIT, IR_DIR, "/")->recursive = true;
	add("block", KARMOR_FILE, KARMOR_BLOCK, IR_PATH, "/b");
	compile("file=block", false);
	ck_assert_str_eq(ask(KARMOR_READ, "/a"), "audit audit");
	ck_assert_str_eq(ask(KARMOR_READ, "/b"), "block block");
	add("allow", KARMOR_FILE, KARMOR_ALLOW, IR_PATH, "/c");
	compile("file=block", false);
	ck_assert_str_eq(ask(KARMOR_READ, "/a"), "block DefaultPosture");
	ck_assert_str_eq(ask(KARMOR_READ, "/c"), "audit audit");
	compile("file=audit", false);
	ck_assert_str_eq(ask(KARMOR_READ, "/a"), "audit audit");
}
END_TEST

START_TEST(process_and_file_are_two_lists_with_one_posture)
{
	add("allow", KARMOR_PROCESS, KARMOR_ALLOW, IR_PATH, "/bin/a");
	compile("file=block", false);
	ck_assert_str_eq(ask(KARMOR_EXEC, "/bin/b"), "block DefaultPosture");
	ck_assert_str_eq(ask(KARMOR_READ, "/bin/b"), "allow -");
	ck_assert_str_eq(ask(KARMOR_EXEC, "/bin/a"), "allow allow");
}
END_TEST

START_TEST(an_audit_only_ruleset_blocks_nothing)
{
	add("allow", KARMOR_FILE, KARMOR_ALLOW, IR_PATH, "/a");
	add("block", KARMOR_FILE, KARMOR_BLOCK, IR_PATH, "/b");
	compile("file=block", true);
	ck_assert_str_eq(ask(KARMOR_READ, "/b"), "audit block");
	ck_assert_str_eq(ask(KARMOR_READ, "/c"), "audit DefaultPosture");
}
END_TEST

START_TEST(no_network_rule_and_no_posture_touches_unix_and_netlink)
{
	add("all", KARMOR_NETWORK, KARMOR_BLOCK, IR_PROTOCOL, NULL)->protocol = IR_ALL;
	add("tcp", KARMOR_NETWORK, KARMOR_ALLOW, IR_PROTOCOL, NULL)->protocol = IR_TCP;
	compile("network=block", false);
	ck_assert_str_eq(ask(KARMOR_NET, "unix:stream:0"), "allow -");
	ck_assert_str_eq(ask(KARMOR_NET, "netlink:raw:0"), "allow -");
	ck_assert_str_eq(ask(KARMOR_NET, "inet:stream:mptcp"), "allow tcp");
	ck_assert_str_eq(ask(KARMOR_NET, "TCP"), "allow tcp");
	ck_assert_str_eq(ask(KARMOR_NET, "stream"), "block all");
	ck_assert(eval_matches_socket(&set->rules[0], AF_INET, SOCK_STREAM, 0));
	ck_assert(!eval_matches_capability(&set->rules[0], 0));
}
END_TEST

START_TEST(a_syscall_rule_with_a_path_needs_one)
{
	static const char *const names[] = { "unlink", "rmdir" };
	struct ir_rule *rule = add("path", KARMOR_SYSCALLS, KARMOR_AUDIT, IR_SYSCALL, "/home");

	rule->syscalls = names;
	rule->n_syscalls = 2;
	rule->path_match = IR_DIR;
	rule->recursive = true;
	compile(NULL, false);
	ck_assert_str_eq(ask(KARMOR_SYSCALL, "unlink:/home/a/b"), "audit path");
	ck_assert_str_eq(ask(KARMOR_SYSCALL, "unlink:/a"), "allow -");
	ck_assert_str_eq(ask(KARMOR_SYSCALL, "unlink"), "allow -");
	ck_assert_str_eq(ask(KARMOR_SYSCALL, "mount:/home"), "allow -");
}
END_TEST

START_TEST(choosing_needs_no_order)
{
	static const uint32_t orders[][3] = { { 0, 1, 2 }, { 2, 1, 0 }, { 1, 2, 0 } };
	struct eval_access access = { KARMOR_FILE, KARMOR_WRITE, true, false };
	struct eval_verdict verdict;

	add("path", KARMOR_FILE, KARMOR_ALLOW, IR_PATH, "/a")->read_only = true;
	add("pattern", KARMOR_FILE, KARMOR_ALLOW, IR_PATTERN, "/[a]");
	add("dir", KARMOR_FILE, KARMOR_BLOCK, IR_DIR, "/");
	compile(NULL, false);
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		verdict = eval_choose(set, &access, orders[i], 3);
		ck_assert_int_eq(verdict.action, KARMOR_ALLOW);
		ck_assert_str_eq(verdict.rule->ir->policy->name, "pattern");
	}
}
END_TEST

START_TEST(a_question_that_cannot_be_asked_is_an_error)
{
	static const struct {
		enum karmor_op op;
		const char *object;
	} cases[] = {
		{ KARMOR_READ, "a" },	       { KARMOR_READ, "/a/" },
		{ KARMOR_READ, "/a//b" },      { KARMOR_READ, "/a/../b" },
		{ KARMOR_READ, "/." },	       { KARMOR_READ, "" },
		{ KARMOR_NET, "tpc" },	       { KARMOR_NET, "inet:stream" },
		{ KARMOR_NET, "inet:strm:0" }, { KARMOR_NET, "inet:stream:tcp:0" },
		{ KARMOR_NET, "::" },	       { KARMOR_CAPABILITY, "cap_cap" },
		{ KARMOR_SYSCALL, ":/a" },     { KARMOR_SYSCALL, "mount:a" },
		{ (enum karmor_op)77, "/a" },
	};
	struct karmor_diag *diag = karmor_diag_new();
	struct karmor_verdict verdict;

	compile(NULL, false);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct karmor_access access =
			KARMOR_STRUCT(karmor_access, .op = cases[i].op, .object = cases[i].object);

		ck_assert_msg(karmor_ruleset_eval(set, &access, &verdict, diag) == -EINVAL, "%s",
			      cases[i].object);
		ck_assert_uint_eq(karmor_diag_count(diag, KARMOR_ERROR), i + 1);
	}
	karmor_diag_free(diag);
}
END_TEST

START_TEST(a_name_within_its_bounds_can_be_asked)
{
	static const char *const good[] = { "/", "/a", "/a/.b", "/...", "/a b/c" };
	const char *why;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		ck_assert_msg(access_is_path(good[i], &why), "%s", good[i]);
}
END_TEST

START_TEST(a_malformed_posture_is_an_error)
{
	static const char *const bad[] = { "file",	   "file=allow",    "files=block",
					   "file=block,,", "process=block", "=block" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct karmor_subject subject = KARMOR_STRUCT(karmor_subject, .posture = bad[i]);

		ck_assert_msg(karmor_ruleset_new(&load, &subject, &set, NULL) == -EINVAL, "%s",
			      bad[i]);
		ck_assert_ptr_null(set);
	}
}
END_TEST

START_TEST(too_many_rules_are_an_error)
{
	static struct ir_rule many[RULESET_RULES_MAX + 1];
	struct karmor_subject subject = KARMOR_STRUCT(karmor_subject);

	add("x", KARMOR_FILE, KARMOR_BLOCK, IR_PATH, "/a");
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = rules[0];
	policies[0].rules = many;
	policies[0].n_rules = RULESET_RULES_MAX + 1;
	ck_assert_int_eq(karmor_ruleset_new(&load, &subject, &set, NULL), -EINVAL);
	policies[0].n_rules = RULESET_RULES_MAX;
	ck_assert_int_eq(karmor_ruleset_new(&load, &subject, &set, NULL), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("eval");
	TCase *cases = tcase_create("eval");

	suite_add_tcase(suite, cases);
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, a_grant_lets_through_what_its_flags_say);
	tcase_add_test(cases, the_more_specific_rule_wins);
	tcase_add_test(cases, a_source_goes_before_everything_else);
	tcase_add_test(cases, block_goes_before_allow_and_names_break_ties);
	tcase_add_test(cases, a_pattern_that_reads_as_a_directory_is_one);
	tcase_add_test(cases, an_audit_rule_changes_no_verdict);
	tcase_add_test(cases, process_and_file_are_two_lists_with_one_posture);
	tcase_add_test(cases, an_audit_only_ruleset_blocks_nothing);
	tcase_add_test(cases, no_network_rule_and_no_posture_touches_unix_and_netlink);
	tcase_add_test(cases, a_syscall_rule_with_a_path_needs_one);
	tcase_add_test(cases, choosing_needs_no_order);
	tcase_add_test(cases, a_question_that_cannot_be_asked_is_an_error);
	tcase_add_test(cases, a_name_within_its_bounds_can_be_asked);
	tcase_add_test(cases, a_malformed_posture_is_an_error);
	tcase_add_test(cases, too_many_rules_are_an_error);
	return support_run(suite);
}
