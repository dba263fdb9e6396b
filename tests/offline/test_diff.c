/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random pairs of rulesets: karmor_ruleset_diff against the evaluator asked at random. Where a
 * question finds a change the diff must have one, and each change that the diff tells must be one.
 * A rewriting of a policy must be none. KARMOR_SEED and KARMOR_CASES change what is asked.
 */
#include <stdlib.h>
#include <string.h>

#include <karmor/diff.h>

#include "../support.h"

#include "bpf-random.h"
#include "cleanup.h"

#define QUESTIONS 300

struct side {
	struct karmor_policies *policies;
	struct karmor_ruleset *set;
};

static unsigned long number(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoul(text, NULL, 10) : otherwise;
}

static void side_init(struct side *side, const char *text, const char *posture)
{
	struct karmor_subject subject =
		KARMOR_STRUCT(karmor_subject, .everything = true, .posture = posture);

	ck_assert_int_eq(karmor_policies_new(&side->policies), 0);
	ck_assert_msg(karmor_policies_add_text(side->policies, "test", text, strlen(text), NULL) ==
			      0,
		      "%s", text);
	ck_assert_int_eq(karmor_ruleset_new(side->policies, &subject, &side->set, NULL), 0);
}

static void side_done(struct side *side)
{
	karmor_ruleset_free(side->set);
	karmor_policies_free(side->policies);
}

struct told {
	size_t n;
	unsigned ops; /* bit by operation */
};

static int count(const struct karmor_change *change, void *data)
{
	struct told *told = data;

	ck_assert_int_ne(change->before.action, change->after.action);
	told->n++;
	told->ops |= 1u << change->access.op;
	return 0;
}

static struct told diff(const struct side sides[2])
{
	struct told told = { 0 };

	ck_assert_int_eq(karmor_ruleset_diff(sides[0].set, sides[1].set, count, &told, NULL), 0);
	return told;
}

static void ask(const struct side sides[2], const struct told *told, const char *texts[2])
{
	struct buf object = { 0 }, source = { 0 };
	struct karmor_access access = random_access(&object, &source);
	struct karmor_verdict before = KARMOR_STRUCT(karmor_verdict), after = before;

	ck_assert_int_eq(karmor_ruleset_eval(sides[0].set, &access, &before, NULL), 0);
	ck_assert_int_eq(karmor_ruleset_eval(sides[1].set, &access, &after, NULL), 0);
	ck_assert_msg(before.action == after.action || told->ops >> access.op & 1,
		      "op %d on %s by %s changes from %d to %d, untold:\n%s\nand\n%s", access.op,
		      access.object, access.source ? access.source : "-", before.action,
		      after.action, texts[0], texts[1]);
	buf_done(&object);
	buf_done(&source);
}

START_TEST(a_change_is_told_if_and_only_if_there_is_one)
{
	unsigned long cases = number("KARMOR_CASES", 200), changed = 0;

	random_seed(number("KARMOR_SEED", 11));
	for (unsigned long i = 0; i < cases; i++) {
		struct buf texts[2] = { { 0 }, { 0 } };
		const char *posture = random_posture(), *shown[2];
		struct side sides[2];
		struct told told;

		random_policy(&texts[0], 0);
		buf_puts(&texts[1], texts[0].data);
		random_policy(&texts[random_below(2)], 1);
		if (random_below(2))
			posture = "";
		for (size_t j = 0; j < 2; j++) {
			shown[j] = texts[j].data;
			side_init(&sides[j], texts[j].data, j ? posture : random_posture());
		}
		told = diff(sides);
		changed += told.n > 0;
		for (int j = 0; j < QUESTIONS; j++)
			ask(sides, &told, shown);
		for (size_t j = 0; j < 2; j++) {
			side_done(&sides[j]);
			buf_done(&texts[j]);
		}
	}
	ck_assert_uint_gt(changed, cases / 4);
	ck_assert_uint_lt(changed, cases);
}
END_TEST

START_TEST(a_policy_under_another_name_and_in_another_order_is_no_change)
{
	unsigned long cases = number("KARMOR_CASES", 200);

	random_seed(number("KARMOR_SEED", 12));
	for (unsigned long i = 0; i < cases; i++) {
		struct buf policies[2] = { { 0 }, { 0 } }, again = { 0 };
		struct side sides[2];
		char *name;

		random_policy(&policies[0], 0);
		random_policy(&policies[1], 1);
		buf_puts(&again, policies[1].data);
		name = strstr(again.data, "name: p1");
		name[6] = 'q';
		buf_puts(&again, policies[0].data);
		buf_puts(&policies[0], policies[1].data);
		side_init(&sides[0], policies[0].data, "file=block");
		side_init(&sides[1], again.data, "file=block");
		ck_assert_msg(diff(sides).n == 0, "%s", policies[0].data);
		for (size_t j = 0; j < 2; j++) {
			side_done(&sides[j]);
			buf_done(&policies[j]);
		}
		buf_done(&again);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("diff");
	TCase *cases = tcase_create("diff");

	tcase_set_timeout(cases, 280);
	tcase_add_test(cases, a_change_is_told_if_and_only_if_there_is_one);
	tcase_add_test(cases, a_policy_under_another_name_and_in_another_order_is_no_change);
	suite_add_tcase(suite, cases);
	return support_run(suite);
}
