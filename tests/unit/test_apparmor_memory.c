/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiling for AppArmor while memory runs out: the n-th allocation fails, for every n.
 */
#include <errno.h>
#include <stdlib.h>

#include "../memory.h"
#include "../support.h"
#include "apparmor/apparmor.h"

static struct karmor_ruleset *load(struct karmor_policies **policies)
{
	struct karmor_subject subject = KARMOR_STRUCT(karmor_subject, .everything = true);
	struct karmor_ruleset *ret = NULL;

	ck_assert_int_eq(karmor_policies_new(policies), 0);
	ck_assert_int_eq(
		karmor_policies_add_path(*policies, "tests/policies/good/everything.yaml", NULL),
		0);
	ck_assert_int_eq(karmor_ruleset_new(*policies, &subject, &ret, NULL), 0);
	return ret;
}

/* Everything once, with the n-th allocation failing. */
static int run(const struct karmor_ruleset *set, const struct karmor_caps *caps, long n)
{
	struct karmor_artifact *artifact = NULL;
	struct karmor_report *report = NULL;
	int r;

	memory_countdown = n;
	r = report_new(&report);
	if (r == 0)
		r = apparmor_compile(&set, 1, caps, &artifact, report, NULL);
	n = memory_countdown;
	memory_countdown = -1;
	ck_assert_msg((r == 0) == !!artifact, "%d", r);
	karmor_artifact_free(artifact);
	karmor_report_free(report);
	ck_assert_msg(r == 0 || r == -ENOMEM, "%d", r);
	ck_assert_msg((r == 0) == (n >= 0), "a failure was lost, or one was made up");
	return r;
}

START_TEST(every_failed_allocation_is_an_error_and_leaks_nothing)
{
	struct karmor_policies *policies = NULL;
	struct karmor_ruleset *set = load(&policies);
	struct karmor_caps *caps = NULL;
	long n = 0;

	ck_assert_int_eq(caps_new(karmor_backend_find("apparmor"), &caps), 0);
	ck_assert_int_eq(apparmor_full(caps), 0);
	while (run(set, caps, n) < 0)
		n++;
	ck_assert_int_gt(n, 50);
	karmor_caps_free(caps);
	karmor_ruleset_free(set);
	karmor_policies_free(policies);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("apparmor_memory");
	TCase *cases = tcase_create("apparmor_memory");

	suite_add_tcase(suite, cases);
	tcase_set_timeout(cases, 250);
	tcase_add_test(cases, every_failed_allocation_is_an_error_and_leaks_nothing);
	return support_run(suite);
}
