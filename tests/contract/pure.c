/* SPDX-License-Identifier: Apache-2.0 */
/* What a backend does without privilege: probe, compile, report, print. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract.h"

char *print(const struct karmor_artifact *artifact)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(karmor_artifact_print(artifact, out), 0);
	fclose(out);
	return text;
}

START_TEST(a_backend_is_found_by_its_name)
{
	ck_assert_ptr_eq(karmor_backend_find(karmor_backend_name(backend)), backend);
	ck_assert_str_ne(karmor_backend_title(backend), "");
	ck_assert_ptr_null(karmor_backend_find("no such backend"));
}
END_TEST

START_TEST(a_probe_gives_a_state_and_a_reason_where_it_is_not_ready)
{
	struct karmor_caps *probed;

	ck_assert_int_eq(karmor_caps_probe(backend, &probed, diag), 0);
	if (karmor_caps_state(probed) == KARMOR_READY)
		ck_assert_str_ne(karmor_caps_summary(probed), "");
	else
		ck_assert_ptr_nonnull(karmor_caps_reason(probed));
	karmor_caps_free(probed);
}
END_TEST

START_TEST(a_report_has_a_line_for_every_rule)
{
	struct compiled c = compile(POLICY("report", SECRET), 1);
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);

	for (size_t i = 0; i < karmor_ruleset_rules(c.set); i++) {
		ck_assert_int_eq(karmor_report_at(c.report, i, &line), 0);
		ck_assert_str_eq(line.policy, "report");
		if (line.fidelity != KARMOR_EXACT)
			ck_assert_ptr_nonnull(line.reason);
	}
	ck_assert_int_eq(karmor_report_at(c.report, karmor_ruleset_rules(c.set), &line), -ENOENT);
	compiled_free(&c);
}
END_TEST

/* What karmor-probe prints of a backend that is ready. */
START_TEST(every_construct_of_the_language_has_a_fidelity)
{
	const char *name = NULL;
	enum karmor_fidelity fidelity = KARMOR_EXACT;
	size_t n = 0;
	int r;

	while ((r = karmor_caps_feature(caps, n, &name, &fidelity)) == 0) {
		ck_assert_ptr_nonnull(name);
		ck_assert_int_le(fidelity, KARMOR_UNSUPPORTED);
		n++;
	}
	ck_assert_int_eq(r, -ENOENT);
	ck_assert_uint_gt(n, 10);
}
END_TEST

START_TEST(compile_gives_the_same_for_the_same)
{
	struct compiled a = compile(POLICY("same", SECRET), 1),
			b = compile(POLICY("same", SECRET), 1);
	char *first = print(a.artifact), *second = print(b.artifact);

	ck_assert_str_eq(first, second);
	free(first);
	free(second);
	compiled_free(&a);
	compiled_free(&b);
}
END_TEST

START_TEST(an_artifact_outlives_what_it_was_made_of)
{
	struct compiled c = compile(POLICY("outlives", SECRET), 1);
	char *before = print(c.artifact), *after;

	karmor_ruleset_free(c.set);
	karmor_policies_free(c.policies);
	c.set = NULL;
	c.policies = NULL;
	after = print(c.artifact);
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
	compiled_free(&c);
}
END_TEST

TCase *pure_tests(void)
{
	TCase *ret = tcase_create("pure");

	tcase_add_test(ret, a_backend_is_found_by_its_name);
	tcase_add_test(ret, a_probe_gives_a_state_and_a_reason_where_it_is_not_ready);
	tcase_add_test(ret, a_report_has_a_line_for_every_rule);
	tcase_add_test(ret, every_construct_of_the_language_has_a_fidelity);
	tcase_add_test(ret, compile_gives_the_same_for_the_same);
	tcase_add_test(ret, an_artifact_outlives_what_it_was_made_of);
	tcase_set_timeout(ret, 120);
	return ret;
}
