/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which policies apply: lib/select.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../support.h"

#include "buf.h"
#include "cleanup.h"
#include "select.h"

static const char *const a_or_b[] = { "a", "b" };
static const char *const blue[] = { "blue" };
static const char *const star[] = { "*" };
static const char *const containers[] = { "c1", "c2" };

static bool selects(const struct ir_policy *policy, const struct karmor_subject *subject)
{
	struct arena arena = { 0 };
	struct select_subject read;
	bool ret;

	ck_assert_int_eq(select_read(&arena, subject, &read, NULL), 0);
	ret = select_matches(policy, &read);
	arena_done(&arena);
	return ret;
}

/* Whether a policy with this one requirement selects a workload with these labels. */
static bool requires(enum ir_operator op, const char *labels)
{
	struct ir_requirement requirement = {
		.key = "app", .op = op, .values = a_or_b, .n_values = 2
	};
	struct ir_policy policy = {
		.kind = KARMOR_POLICY,
		.namespace_name = "default",
		.selector = { .requirements = &requirement, .n_requirements = 1 },
	};

	return selects(&policy, &KARMOR_STRUCT(karmor_subject, .labels = labels));
}

START_TEST(operators_mean_what_they_mean_in_kubernetes)
{
	ck_assert(requires(IR_IN, "app=a"));
	ck_assert(requires(IR_IN, "tier=x, app=b"));
	ck_assert(!requires(IR_IN, "app=c"));
	ck_assert(!requires(IR_IN, ""));
	ck_assert(requires(IR_NOT_IN, "app=c"));
	ck_assert(requires(IR_NOT_IN, ""));
	ck_assert(!requires(IR_NOT_IN, "app=a"));
	ck_assert(requires(IR_EXISTS, "app="));
	ck_assert(!requires(IR_EXISTS, "apps=a"));
	ck_assert(requires(IR_DOES_NOT_EXIST, "b=app"));
	ck_assert(!requires(IR_DOES_NOT_EXIST, "app="));
}
END_TEST

START_TEST(a_policy_stays_in_its_namespace)
{
	struct ir_policy policy = { .kind = KARMOR_POLICY, .namespace_name = "default" };

	ck_assert(selects(&policy, &KARMOR_STRUCT(karmor_subject)));
	ck_assert(!selects(&policy, &KARMOR_STRUCT(karmor_subject, .namespace_name = "blue")));
	policy.kind = KARMOR_CLUSTER_POLICY;
	policy.namespace_name = "";
	ck_assert(selects(&policy, &KARMOR_STRUCT(karmor_subject, .namespace_name = "blue")));
}
END_TEST

START_TEST(namespace_is_the_namespace_in_a_cluster_policys_expressions_only)
{
	struct ir_requirement requirement = {
		.key = "namespace", .op = IR_IN, .values = blue, .n_values = 1
	};
	struct ir_policy policy = {
		.kind = KARMOR_CLUSTER_POLICY,
		.namespace_name = "",
		.selector = { .requirements = &requirement, .n_requirements = 1 },
	};

	ck_assert(selects(&policy, &KARMOR_STRUCT(karmor_subject, .namespace_name = "blue")));
	ck_assert(!selects(&policy, &KARMOR_STRUCT(karmor_subject, .labels = "namespace=blue")));
	requirement.from_labels = true;
	ck_assert(!selects(&policy, &KARMOR_STRUCT(karmor_subject, .namespace_name = "blue")));
	ck_assert(selects(&policy, &KARMOR_STRUCT(karmor_subject, .labels = "namespace=blue")));
}
END_TEST

START_TEST(host_policies_and_workloads_keep_apart)
{
	struct ir_policy policy = { .kind = KARMOR_HOST_POLICY, .namespace_name = "" };

	ck_assert(!selects(&policy, &KARMOR_STRUCT(karmor_subject)));
	ck_assert(!selects(&policy, &KARMOR_STRUCT(karmor_subject, .everything = true)));
	ck_assert(selects(&policy, &KARMOR_STRUCT(karmor_subject, .host = true)));
	policy.kind = KARMOR_CLUSTER_POLICY;
	ck_assert(!selects(&policy, &KARMOR_STRUCT(karmor_subject, .host = true)));
}
END_TEST

START_TEST(a_star_as_hostname_is_every_node)
{
	struct ir_requirement requirement = { .key = "kubearmor.io/hostname",
					      .op = IR_IN,
					      .values = star,
					      .n_values = 1,
					      .from_labels = true };
	struct ir_policy policy = {
		.kind = KARMOR_HOST_POLICY,
		.namespace_name = "",
		.selector = { .requirements = &requirement, .n_requirements = 1 },
	};

	ck_assert(selects(&policy, &KARMOR_STRUCT(karmor_subject, .host = true)));
	requirement.key = "other";
	ck_assert(!selects(&policy, &KARMOR_STRUCT(karmor_subject, .host = true)));
}
END_TEST

START_TEST(a_list_of_containers_narrows)
{
	struct ir_policy policy = {
		.kind = KARMOR_POLICY,
		.namespace_name = "default",
		.selector = { .containers = containers, .n_containers = 2 },
	};

	ck_assert(selects(&policy, &KARMOR_STRUCT(karmor_subject, .container = "c2")));
	ck_assert(!selects(&policy, &KARMOR_STRUCT(karmor_subject, .container = "c3")));
	ck_assert(!selects(&policy, &KARMOR_STRUCT(karmor_subject)));
	ck_assert(selects(&policy, &KARMOR_STRUCT(karmor_subject, .everything = true)));
	policy.selector.n_containers = 0;
	ck_assert(selects(&policy, &KARMOR_STRUCT(karmor_subject)));
}
END_TEST

START_TEST(malformed_labels_are_an_error)
{
	static const char *const bad[] = { "app", "=a", "a=b,", "a=b,a=c", "," };
	struct select_subject read;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct karmor_subject subject = KARMOR_STRUCT(karmor_subject, .labels = bad[i]);
		struct karmor_diag *diag = karmor_diag_new();
		struct arena arena = { 0 };

		ck_assert_int_eq(select_read(&arena, &subject, &read, diag), -EINVAL);
		ck_assert_uint_eq(karmor_diag_count(diag, KARMOR_ERROR), 1);
		karmor_diag_free(diag);
		arena_done(&arena);
	}
}
END_TEST

/* The labels of an example, with its namespace and container; "none": there is none. */
static void check_example(const struct ir_policy *from, const char *expected)
{
	_cleanup_buf_ struct buf text = { 0 };
	struct ir_policy policy = *from;
	struct arena arena = { 0 };

	ck_assert_int_eq(select_example(&arena, &policy), 0);
	if (policy.example)
		buf_printf(&text, "%s|%s|%s", policy.example->labels,
			   policy.example->namespace_name ?: "", policy.example->container ?: "");
	else
		buf_puts(&text, "none");
	ck_assert_str_eq(text.data, expected);
	arena_done(&arena);
}

START_TEST(an_example_has_what_is_asked_for_and_no_more)
{
	static const char *const pairs[] = { "x=1", "y=2" };
	static const char *const shop[] = { "shop" };
	const struct ir_requirement all[] = {
		{ .key = "app", .op = IR_IN, .values = a_or_b, .n_values = 2 },
		{ .key = "color", .op = IR_NOT_IN, .values = blue, .n_values = 1 },
		{ .key = "tier", .op = IR_EXISTS },
		{ .key = "old", .op = IR_DOES_NOT_EXIST },
		{ .op = IR_IN, .values = pairs, .n_values = 2, .is_any = true },
		{ .key = "namespace", .op = IR_IN, .values = shop, .n_values = 1 },
	};
	struct ir_policy policy = {
		.kind = KARMOR_POLICY,
		.namespace_name = "prod",
		.selector = { .requirements = all, .n_requirements = 5 },
	};

	check_example(&policy, "app=a,tier=,x=1|prod|");
	policy.selector.containers = containers;
	policy.selector.n_containers = 2;
	check_example(&policy, "app=a,tier=,x=1|prod|c1");
	policy.selector = (struct ir_selector){ .requirements = all, .n_requirements = 0 };
	check_example(&policy, "|prod|");
	policy.kind = KARMOR_CLUSTER_POLICY;
	policy.namespace_name = "";
	policy.selector.n_requirements = 6;
	check_example(&policy, "app=a,tier=,x=1|shop|");
}
END_TEST

START_TEST(what_contradicts_itself_has_no_example)
{
	static const char *const comma[] = { "a,b" };
	const struct ir_requirement both[] = {
		{ .key = "app", .op = IR_IN, .values = a_or_b, .n_values = 1 },
		{ .key = "app", .op = IR_IN, .values = blue, .n_values = 1 },
		{ .key = "app", .op = IR_IN, .values = comma, .n_values = 1 },
	};
	struct ir_policy policy = {
		.kind = KARMOR_POLICY,
		.namespace_name = "prod",
		.selector = { .requirements = both, .n_requirements = 2 },
	};

	check_example(&policy, "none");
	policy.selector = (struct ir_selector){ .requirements = &both[2], .n_requirements = 1 };
	check_example(&policy, "none");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("select");
	TCase *cases = tcase_create("select");

	tcase_add_test(cases, an_example_has_what_is_asked_for_and_no_more);
	tcase_add_test(cases, what_contradicts_itself_has_no_example);
	suite_add_tcase(suite, cases);
	tcase_add_test(cases, operators_mean_what_they_mean_in_kubernetes);
	tcase_add_test(cases, a_policy_stays_in_its_namespace);
	tcase_add_test(cases, namespace_is_the_namespace_in_a_cluster_policys_expressions_only);
	tcase_add_test(cases, host_policies_and_workloads_keep_apart);
	tcase_add_test(cases, a_star_as_hostname_is_every_node);
	tcase_add_test(cases, a_list_of_containers_narrows);
	tcase_add_test(cases, malformed_labels_are_an_error);
	return support_run(suite);
}
