/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiling for each backend while memory runs out: the n-th allocation fails, for every n.
 */
#include <errno.h>

#include <karmor/karmor.h>

#include "../memory.h"
#include "../support.h"

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
static int compile(const struct karmor_ruleset *set, const struct karmor_caps *caps, long n)
{
	struct karmor_artifact *artifact = NULL;
	struct karmor_report *report = NULL;
	int r;

	memory_countdown = n;
	r = karmor_compile(&set, 1, caps, &artifact, &report, NULL);
	n = memory_countdown;
	memory_countdown = -1;
	ck_assert_msg((r == 0) == !!artifact && (r == 0) == !!report, "%d", r);
	karmor_artifact_free(artifact);
	karmor_report_free(report);
	ck_assert_msg(r == 0 || r == -ENOMEM, "%d", r);
	ck_assert_msg((r == 0) == (n >= 0), "a failure was lost, or one was made up");
	return r;
}

START_TEST(every_failed_allocation_is_an_error_and_leaks_nothing)
{
	const struct karmor_backend *backend = karmor_backend_at((size_t)_i);
	struct karmor_policies *policies = NULL;
	struct karmor_ruleset *set = load(&policies);
	struct karmor_caps *caps = NULL;
	long n = 0;

	ck_assert_int_eq(karmor_caps_full(backend, &caps), 0);
	while (compile(set, caps, n) < 0)
		n++;
	ck_assert_int_gt(n, karmor_backend_enforces(backend) ? 50 : 1);
	karmor_caps_free(caps);
	karmor_ruleset_free(set);
	karmor_policies_free(policies);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("backend_memory");
	TCase *cases = tcase_create("backend_memory");
	int n = 0;

	while (karmor_backend_at((size_t)n))
		n++;
	suite_add_tcase(suite, cases);
	tcase_set_timeout(cases, 250);
	tcase_add_loop_test(cases, every_failed_allocation_is_an_error_and_leaks_nothing, 0, n);
	return support_run(suite);
}
