/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making and asking a ruleset while memory runs out: the n-th allocation fails, for every n.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../memory.h"
#include "../support.h"

#include "cleanup.h"
#include "ruleset.h"

#define RULES 64

static struct ir_source sources[] = { { .match = IR_PATTERN, .path = "/usr/bin/*" },
				      { .match = IR_PATH, .path = "/proc/self/fd/0" } };
static struct ir_rule rules[RULES];
static struct ir_policy policy = { .kind = KARMOR_POLICY,
				   .name = "memory",
				   .namespace_name = "default",
				   .rules = rules,
				   .n_rules = RULES };
static const struct ir_policy *list[] = { &policy };
static struct karmor_policies load = { .policies = list, .n = 1 };

static void make_rules(void)
{
	static const char *const patterns[] = { "/var/run/**", "/{var/run,x}/a{b,c}*", "/a\\*",
						"x?" };

	for (size_t i = 0; i < RULES; i++)
		rules[i] = (struct ir_rule){ .policy = &policy,
					     .section = i % 2 ? KARMOR_FILE : KARMOR_PROCESS,
					     .action = i % 3 ? KARMOR_BLOCK : KARMOR_ALLOW,
					     .match = IR_PATTERN,
					     .path = patterns[i % 4],
					     .sources = i % 5 ? NULL : sources,
					     .n_sources = i % 5 ? 0 : 2,
					     .locator = "file.matchPatterns[0]" };
}

/* Everything once, with the n-th allocation failing. */
static int run(long n)
{
	struct karmor_subject subject = KARMOR_STRUCT(karmor_subject, .labels = "a=b,c=d",
						      .posture = "file=block", .root = "/");
	struct karmor_access access = KARMOR_STRUCT(karmor_access, .op = KARMOR_READ,
						    .object = "/var/run/x", .source = "/bin/sh");
	struct karmor_verdict verdict = KARMOR_STRUCT(karmor_verdict);
	struct karmor_diag *diag = karmor_diag_new();
	struct karmor_ruleset *set = NULL;
	int r;

	memory_countdown = n;
	r = karmor_ruleset_new(&load, &subject, &set, diag);
	if (r == 0)
		r = karmor_ruleset_eval(set, &access, &verdict, diag);
	n = memory_countdown;
	memory_countdown = -1;
	karmor_ruleset_free(set);
	karmor_diag_free(diag);
	ck_assert_msg(r == 0 || r == -ENOMEM, "%d", r);
	ck_assert_msg((r == 0) == (n >= 0), "a failure was lost, or one was made up");
	return r;
}

START_TEST(every_failed_allocation_is_an_error_and_leaks_nothing)
{
	long n = 0;

	make_rules();
	while (run(n) < 0)
		n++;
	ck_assert_int_gt(n, 5);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ruleset_memory");
	TCase *cases = tcase_create("ruleset_memory");

	suite_add_tcase(suite, cases);
	tcase_add_test(cases, every_failed_allocation_is_an_error_and_leaks_nothing);
	return support_run(suite);
}
