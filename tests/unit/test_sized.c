/* SPDX-License-Identifier: Apache-2.0 */
/* Structs of other releases, shorter and longer than ours: lib/sized.c, and what uses it. */
#include <errno.h>
#include <karmor/karmor.h>
#include <string.h>

#include "../support.h"

#include "sized.h"

#define POLICY                                                                                     \
	"{apiVersion: security.kubearmor.com/v1, kind: KubeArmorPolicy, metadata: {name: p}, "     \
	"spec: {selector: {matchLabels: {a: b}}, file: {matchPaths: [{path: /etc/shadow}]}}}"

struct thing {
	size_t size;
	long first, second;
};

struct longer {
	struct thing thing;
	long third;
};

START_TEST(a_shorter_struct_is_read_with_zeros_behind_it)
{
	struct thing ours = { 1, 2, 3 }, theirs = { offsetof(struct thing, second), 5, 6 };

	ck_assert_int_eq(SIZED_READ(&ours, &theirs), 0);
	ck_assert_uint_eq(ours.size, sizeof(ours));
	ck_assert_int_eq(ours.first, 5);
	ck_assert_int_eq(ours.second, 0);
	theirs.size = 1ul << 20;
	ck_assert_int_eq(SIZED_READ(&ours, &theirs), -EINVAL);
	ck_assert_int_eq(SIZED_WRITE(&theirs, &ours), -EINVAL);
}
END_TEST

START_TEST(a_longer_struct_is_read_where_nothing_unknown_is_asked_for)
{
	struct longer theirs = { { sizeof(theirs), 5, 6 }, 0 };
	struct thing ours;

	ck_assert_int_eq(SIZED_READ(&ours, &theirs), 0);
	ck_assert_int_eq(ours.second, 6);
	theirs.third = 1;
	ck_assert_int_eq(SIZED_READ(&ours, &theirs), -EINVAL);
}
END_TEST

START_TEST(no_more_is_written_than_there_is_room)
{
	struct thing ours = { sizeof(ours), 5, 6 },
		     theirs = { offsetof(struct thing, second), 1, 2 };
	struct longer longer = { { sizeof(longer), 1, 2 }, 3 };

	ck_assert_int_eq(SIZED_WRITE(&theirs, &ours), 0);
	ck_assert_uint_eq(theirs.size, offsetof(struct thing, second));
	ck_assert_int_eq(theirs.first, 5);
	ck_assert_int_eq(theirs.second, 2);
	ck_assert_int_eq(SIZED_WRITE(&longer.thing, &ours), 0);
	ck_assert_uint_eq(longer.thing.size, sizeof(longer));
	ck_assert_int_eq(longer.thing.second, 6);
	ck_assert_int_eq(longer.third, 0);
}
END_TEST

/* Every public function that takes or gives such a struct, with one that has no size. */
START_TEST(a_struct_without_a_size_is_refused)
{
	const struct karmor_backend *null = karmor_backend_find("null");
	struct karmor_subject subject = KARMOR_STRUCT(karmor_subject, .everything = true),
			      none = { 0 };
	struct karmor_access access = KARMOR_STRUCT(karmor_access, .object = "/a"),
			     no_access = { 0 };
	struct karmor_verdict verdict = KARMOR_STRUCT(karmor_verdict), no_verdict = { 0 };
	struct karmor_policy_info info = { 0 };
	struct karmor_report_line line = { 0 };
	struct karmor_workload workload = { 0 };
	struct karmor_event event = { 0 };
	struct karmor_policies *policies;
	struct karmor_ruleset *set;
	struct karmor_caps *caps;
	struct karmor_artifact *artifact;
	struct karmor_report *report;
	struct karmor_engine *engine;
	char *argv[] = { NULL };
	pid_t pid;

	ck_assert_int_eq(karmor_policies_new(&policies), 0);
	ck_assert_int_eq(karmor_policies_add_text(policies, "p", POLICY, strlen(POLICY), NULL), 0);
	ck_assert_int_eq(karmor_policies_info(policies, 0, &info), -EINVAL);
	ck_assert_int_eq(karmor_ruleset_new(policies, &none, &set, NULL), -EINVAL);
	ck_assert_int_eq(karmor_ruleset_new(policies, &subject, &set, NULL), 0);
	ck_assert_int_eq(karmor_ruleset_eval(set, &no_access, &verdict, NULL), -EINVAL);
	ck_assert_int_eq(karmor_ruleset_eval(set, &access, &no_verdict, NULL), -EINVAL);
	ck_assert_int_eq(karmor_ruleset_eval(set, &access, &verdict, NULL), 0);
	ck_assert_int_eq(karmor_caps_full(null, &caps), 0);
	ck_assert_int_eq(karmor_compile((const struct karmor_ruleset *const *)&set, 1, caps,
					&artifact, &report, NULL),
			 0);
	ck_assert_int_eq(karmor_report_at(report, 0, &line), -EINVAL);
	ck_assert_int_eq(karmor_engine_open(null, &engine, NULL), 0);
	ck_assert_int_eq(karmor_engine_apply(engine, artifact, NULL), 0);
	ck_assert_int_eq(karmor_engine_attach(engine, &workload, NULL), -EINVAL);
	ck_assert_int_eq(karmor_engine_spawn(engine, &workload, argv, &pid, NULL), -EINVAL);
	ck_assert_int_eq(karmor_event_print_json(&event, stdout), -EINVAL);
	ck_assert_int_eq(karmor_event_print_text(&event, stdout), -EINVAL);
	karmor_engine_close(engine);
	karmor_artifact_free(artifact);
	karmor_report_free(report);
	karmor_caps_free(caps);
	karmor_ruleset_free(set);
	karmor_policies_free(policies);
}
END_TEST

/* A program of a release whose karmor_policy_info ended before the selector. */
START_TEST(an_older_program_gets_what_it_knows)
{
	struct karmor_policy_info info = { .size = offsetof(struct karmor_policy_info, selector),
					   .selector = "untouched" };
	struct karmor_policies *policies;

	ck_assert_int_eq(karmor_policies_new(&policies), 0);
	ck_assert_int_eq(karmor_policies_add_text(policies, "p", POLICY, strlen(POLICY), NULL), 0);
	ck_assert_int_eq(karmor_policies_info(policies, 0, &info), 0);
	ck_assert_str_eq(info.name, "p");
	ck_assert_uint_eq(info.rules, 1);
	ck_assert_str_eq(info.selector, "untouched");
	info.size = sizeof(info);
	ck_assert_int_eq(karmor_policies_info(policies, 0, &info), 0);
	ck_assert_str_eq(info.selector, "a=b");
	karmor_policies_free(policies);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sized");
	TCase *test = tcase_create("sized");

	tcase_add_test(test, a_shorter_struct_is_read_with_zeros_behind_it);
	tcase_add_test(test, a_longer_struct_is_read_where_nothing_unknown_is_asked_for);
	tcase_add_test(test, no_more_is_written_than_there_is_room);
	tcase_add_test(test, a_struct_without_a_size_is_refused);
	tcase_add_test(test, an_older_program_gets_what_it_knows);
	suite_add_tcase(suite, test);
	return support_run(suite);
}
