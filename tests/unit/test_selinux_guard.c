/* SPDX-License-Identifier: Apache-2.0 */
/* Karmor's own directories without SELinux: selinux-tree.h says what stands for it. */
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../support.h"

#include "selinux-tree.h"
#include "selinux/guard.h"

#define KEPT SELINUX_KEPT_ROLE

static struct karmor_diag *diag;

static void setup(void)
{
	tree_setup();
	tree_make();
	diag = karmor_diag_new();
}

static void teardown(void)
{
	karmor_diag_free(diag);
	tree_teardown();
}

static void guard(const char *name, bool on)
{
	_cleanup_free_ char *path = tree_path(name);

	selinux_guard_at(path, ATTRIBUTE, on, diag);
}

static void warns(const char *text)
{
	ck_assert_uint_eq(karmor_diag_count(diag, KARMOR_WARNING), 1);
	ck_assert_msg(strstr(karmor_diag_at(diag, 0)->text, text), "%s",
		      karmor_diag_at(diag, 0)->text);
}

START_TEST(all_that_is_in_it_is_kept_until_it_is_not)
{
	_cleanup_free_ char *before = NULL, *after = NULL;
	size_t len, now;

	tree_relabel("/d/kind3", "u:other_r:t");
	before = tree_list(&len);
	guard("/d", true);
	tree_is("/d", CONTEXT(KEPT));
	tree_is("/d/kind1/in", CONTEXT(KEPT));
	tree_is("/d/kind3", "u:other_r:t");
	tree_is("/file", CONTEXT("object_r"));
	guard("/d", true);
	tree_is("/d", CONTEXT(KEPT));
	guard("/d", false);
	after = tree_list(&now);
	ck_assert(len == now && memcmp(before, after, len) == 0);
	ck_assert_uint_eq(karmor_diag_count(diag, KARMOR_WARNING), 0);
}
END_TEST

START_TEST(a_link_may_lead_there_but_not_be_it)
{
	_cleanup_free_ char *link = tree_path("/linked"), *d = tree_path("/d");

	ck_assert_int_eq(symlink(d, link), 0);
	guard("/linked/kind1", true);
	tree_is("/d/kind1/in", CONTEXT(KEPT));
	ck_assert_uint_eq(karmor_diag_count(diag, KARMOR_WARNING), 0);
	guard("/linked", true);
	tree_is("/d", CONTEXT("object_r"));
	warns("/linked\": Too many levels of symbolic links");
}
END_TEST

START_TEST(what_cannot_be_kept_is_told_once)
{
	_cleanup_free_ char *kind = tree_path("/d/kind0"), *in = tree_path("/d/kind1/in");

	guard("/none", true);
	guard("/none/either", true);
	ck_assert_uint_eq(karmor_diag_count(diag, KARMOR_WARNING), 0);
	ck_assert_int_eq(removexattr(kind, ATTRIBUTE), 0);
	ck_assert_int_eq(removexattr(in, ATTRIBUTE), 0);
	guard("/d", true);
	warns("cannot keep workloads out of \"");
	ck_assert_ptr_nonnull(strstr(karmor_diag_at(diag, 0)->text, "/d/kind0\""));
	tree_is("/d/kind1", CONTEXT(KEPT));
}
END_TEST

START_TEST(no_rule_has_it_under_another_role)
{
	static const struct rule all[] = { { "", true, A } };

	guard("/d", true);
	tree_set(all, 1);
	tree_is("/file", CONTEXT(A));
	tree_is("/d", CONTEXT(KEPT));
	tree_is("/d/kind1/in", CONTEXT(KEPT));
	tree_set(all, 1);
	ck_assert_uint_eq(tree_result.changed, 0);
	tree_restore();
	tree_is("/d", CONTEXT(KEPT));
	guard("/d", false);
	tree_is("/d/kind1/in", CONTEXT("object_r"));
}
END_TEST

START_TEST(what_rules_had_before_is_kept_and_has_its_own_label_after)
{
	static const struct rule all[] = { { "", true, A } };
	_cleanup_free_ char *before = NULL, *after = NULL;
	size_t len, now;

	before = tree_list(&len);
	tree_set(all, 1);
	guard("/d", true);
	tree_is("/d/kind1/in", CONTEXT(KEPT));
	tree_set(all, 1);
	tree_is("/d/kind1/in", CONTEXT(KEPT));
	tree_restore();
	guard("/d", false);
	after = tree_list(&now);
	ck_assert(len == now && memcmp(before, after, len) == 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("selinux_guard");
	TCase *test = tcase_create("guard");

	if (!tree_can())
		return support_skip(
			"trusted attributes in /tmp: needs root and a file system that has them");
	tcase_add_checked_fixture(test, setup, teardown);
	tcase_set_timeout(test, 120);
	tcase_add_test(test, all_that_is_in_it_is_kept_until_it_is_not);
	tcase_add_test(test, a_link_may_lead_there_but_not_be_it);
	tcase_add_test(test, what_cannot_be_kept_is_told_once);
	tcase_add_test(test, no_rule_has_it_under_another_role);
	tcase_add_test(test, what_rules_had_before_is_kept_and_has_its_own_label_after);
	suite_add_tcase(suite, test);
	return support_run(suite);
}
