/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lint and diff while memory runs out: the n-th allocation fails, for every n. Messages may be lost
 * then, findings may not: the call fails or says as many as ever.
 */
#include <errno.h>

#include <karmor/diff.h>
#include <karmor/lint.h>

#include "../memory.h"
#include "../support.h"

/* Whether the allocation that was to fail was met; none fails any more. */
static bool was_met(void)
{
	bool ret = memory_countdown < 0;

	memory_countdown = -1;
	return ret;
}

static struct karmor_policies *load(const char *path)
{
	struct karmor_policies *ret;

	ck_assert_int_eq(karmor_policies_new(&ret), 0);
	ck_assert_int_eq(karmor_policies_add_path(ret, path, NULL), 0);
	return ret;
}

/* How many findings there are, or -ENOMEM, where the n-th allocation fails; *met: it was met. */
static long lint(const struct karmor_policies *policies, long n, bool *met)
{
	struct karmor_diag *diag = karmor_diag_new();
	long ret;

	memory_countdown = n;
	ret = karmor_policies_lint(policies, "network=block", diag);
	*met = was_met();
	if (ret == 0)
		ret = (long)karmor_diag_count(diag, KARMOR_WARNING);
	karmor_diag_free(diag);
	return ret;
}

static const char *const linted[] = {
	"tests/policies/lint/contradiction.yaml", "tests/policies/lint/no-dns.yaml",
	"tests/policies/lint/no-libraries.yaml",  "tests/policies/lint/nothing.yaml",
	"tests/policies/lint/shadowed.yaml",	  "tests/policies/lint/cluster.yaml",
};

START_TEST(lint_fails_or_finds_everything)
{
	struct karmor_policies *policies = load(linted[_i]);
	bool met = true;
	long wanted = lint(policies, -1, &met), found = wanted;

	ck_assert_int_gt(wanted, 0);
	for (long n = 0; met; n++) {
		ck_assert_int_lt(n, 100000);
		found = lint(policies, n, &met);
		ck_assert_msg(found == wanted || found == -ENOMEM, "%ld: %ld", n, found);
	}
	ck_assert_int_eq(found, wanted);
	karmor_policies_free(policies);
}
END_TEST

static int count(const struct karmor_change *change, void *data)
{
	++*(long *)data;
	return 0;
}

static long diff(struct karmor_ruleset *sets[2], long n, bool *met)
{
	long changes = 0, r;

	memory_countdown = n;
	r = karmor_ruleset_diff(sets[0], sets[1], count, &changes, NULL);
	*met = was_met();
	return r < 0 ? r : changes;
}

static const char *const compared[][2] = {
	{ "tests/policies/diff/paths.old.yaml", "tests/policies/diff/paths.new.yaml" },
	{ "tests/policies/diff/sources.old.yaml", "tests/policies/diff/sources.new.yaml" },
	{ "tests/policies/diff/others.old.yaml", "tests/policies/diff/others.new.yaml" },
};

START_TEST(diff_fails_or_finds_everything)
{
	struct karmor_subject subject = KARMOR_STRUCT(karmor_subject, .everything = true);
	struct karmor_policies *policies[2];
	struct karmor_ruleset *sets[2];
	long wanted, found;
	bool met;

	for (int i = 0; i < 2; i++) {
		policies[i] = load(compared[_i][i]);
		ck_assert_int_eq(karmor_ruleset_new(policies[i], &subject, &sets[i], NULL), 0);
	}
	found = wanted = diff(sets, -1, &met);
	ck_assert_int_gt(wanted, 0);
	for (long n = 0; met; n++) {
		ck_assert_int_lt(n, 100000);
		found = diff(sets, n, &met);
		ck_assert_msg(found == wanted || found == -ENOMEM, "%ld: %ld", n, found);
	}
	ck_assert_int_eq(found, wanted);
	for (int i = 0; i < 2; i++) {
		karmor_ruleset_free(sets[i]);
		karmor_policies_free(policies[i]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lint_memory");
	TCase *cases = tcase_create("lint_memory");

	tcase_set_timeout(cases, 240);
	tcase_add_loop_test(cases, lint_fails_or_finds_everything, 0,
			    sizeof(linted) / sizeof(linted[0]));
	tcase_add_loop_test(cases, diff_fails_or_finds_everything, 0,
			    sizeof(compared) / sizeof(compared[0]));
	suite_add_tcase(suite, cases);
	return support_run(suite);
}
