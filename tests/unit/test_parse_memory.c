/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading while memory runs out: the n-th allocation fails, for every n, over good and bad
 * policies.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../memory.h"
#include "../support.h"

#include "cleanup.h"
#include "ir.h"

/* What one load came to. */
struct outcome {
	int r;
	size_t errors; /* as the messages count them; 0 where there is no diag */
	size_t rules, bytes;
};

/* How many bytes of text the rules hold: a string that was lost makes a difference. */
static size_t count_bytes(const struct karmor_policies *load)
{
	size_t ret = 0;

	for (size_t i = 0; i < load->n; i++) {
		const struct ir_policy *policy = load->policies[i];

		ret += strlen(policy->name) + strlen(policy->namespace_name) +
		       policy->selector.n_requirements + policy->selector.n_containers;
		for (size_t j = 0; j < policy->n_rules; j++) {
			const struct ir_rule *rule = &policy->rules[j];

			ret += strlen(rule->message) + rule->n_tags + rule->n_sources +
			       rule->n_syscalls + (rule->path ? strlen(rule->path) : 0);
		}
	}
	return ret;
}

static struct outcome load_once(const char *path)
{
	struct outcome ret = { 0 };
	struct karmor_diag *diag = karmor_diag_new();
	struct karmor_policies *load = NULL;
	_cleanup_fclose_ FILE *out = NULL;
	long left;

	ret.r = karmor_policies_new(&load);
	if (ret.r == 0)
		ret.r = karmor_policies_add_path(load, path, diag);
	ret.errors = diag ? karmor_diag_count(diag, KARMOR_ERROR) : 0;
	ret.rules = load ? karmor_policies_rules(load) : 0;
	ret.bytes = load ? count_bytes(load) : 0;
	left = memory_countdown;
	memory_countdown = -1;
	out = fopen("/dev/null", "we");
	if (diag)
		ck_assert_int_eq(karmor_diag_print(diag, out, false), 0);
	memory_countdown = left;
	karmor_policies_free(load);
	karmor_diag_free(diag);
	return ret;
}

static void fail_each(const char *path)
{
	struct outcome wanted, got;

	memory_countdown = -1;
	wanted = load_once(path);
	for (long n = 0;; n++) {
		ck_assert_msg(n < 100000, "no end");
		memory_countdown = n;
		got = load_once(path);
		if (memory_countdown >= 0)
			break; /* there were fewer */
		if (got.r == -ENOMEM)
			continue;
		ck_assert_msg(got.r == wanted.r, "%s: allocation %ld: %d", path, n, got.r);
		ck_assert_uint_eq(got.rules, wanted.rules);
		ck_assert_uint_eq(got.bytes, wanted.bytes);
		if (got.errors)
			ck_assert_uint_eq(got.errors, wanted.errors);
	}
	memory_countdown = -1;
	ck_assert_int_eq(got.r, wanted.r);
}

START_TEST(a_good_load_fails_with_enomem_or_not_at_all)
{
	fail_each("tests/policies/good/everything.yaml");
	fail_each("tests/policies/good/foreign.yaml");
	fail_each("tests/policies/good/aliases.yaml");
}
END_TEST

START_TEST(a_bad_load_fails_whatever_memory_there_is)
{
	fail_each("tests/policies/bad/many-faults.yaml");
	fail_each("tests/policies/bad/selectors.yaml");
	fail_each("tests/policies/bad/yaml.yaml");
	fail_each("tests/policies/bad/syntax-second.yaml");
	fail_each("tests/policies/bad/nul.yaml");
	fail_each("tests/policies/bad/broken-documents.yaml");
	fail_each("tests/policies/bad/words.yaml");
	fail_each("tests/policies/bad/alias-faults.yaml");
}
END_TEST

START_TEST(a_directory_is_listed_or_fails_with_enomem)
{
	fail_each("tests/policies/good");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("parse_memory");
	TCase *tcase = tcase_create("parse_memory");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, a_good_load_fails_with_enomem_or_not_at_all);
	tcase_add_test(tcase, a_bad_load_fails_whatever_memory_there_is);
	tcase_add_test(tcase, a_directory_is_listed_or_fails_with_enomem);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
