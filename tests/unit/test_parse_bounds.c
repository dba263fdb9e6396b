/* SPDX-License-Identifier: Apache-2.0 */
/* Text to IR: names, lengths and numbers that have a bound, and what is read as a file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test_parse.h"

START_TEST(many_names_are_told_apart)
{
	char text[512];

	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text),
			 "{apiVersion: security.kubearmor.com/v1, kind: KubeArmorPolicy, "
			 "metadata: {name: p%d, namespace: n%d}, "
			 "spec: {selector: {}, file: {matchPaths: [{path: /a}]}}}",
			 i / 2, i % 2);
		ck_assert_int_eq(add(text), 0);
	}
	ck_assert_uint_eq(karmor_policies_count(load), 1000);
	ck_assert_int_eq(add(text), -EINVAL);
}
END_TEST

START_TEST(a_path_may_have_4095_bytes_and_no_more)
{
	char text[8192], path[4097];

	memset(path, 'a', 4096);
	path[0] = '/';
	path[4095] = '\0';
	snprintf(text, sizeof(text), HEAD "  file: {matchPaths: [{path: %s}]}\n", path);
	ck_assert_int_eq(add(text), 0);
	path[4095] = 'a';
	path[4096] = '\0';
	snprintf(text, sizeof(text),
		 "{apiVersion: security.kubearmor.com/v1, kind: KubeArmorPolicy, metadata: {name: "
		 "b}, spec: {selector: {}, file: {matchPaths: [{path: %s}]}}}\n",
		 path);
	bad(text, "longer than 4095 bytes");
}
END_TEST

static void names(const char *name, int wanted)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "{apiVersion: security.kubearmor.com/v1, kind: KubeArmorPolicy, metadata: {name: "
		 "\"%s\"}, spec: {selector: {}, file: {matchPaths: [{path: /a}]}}}\n",
		 name);
	ck_assert_msg(add(text) == wanted, "%s", name);
}

START_TEST(a_name_is_a_dns_subdomain)
{
	static const char *const wrong[] = { "",   "A",	   "a_b",  "-a",   "a-",      ".a",
					     "a.", "a..b", "a.-b", "a-.b", "\xc3\xbc" };
	char name[255];

	names("a", 0);
	names("0.a-b.c", 0);
	memset(name, 'x', 254);
	name[253] = '\0';
	names(name, 0);
	name[253] = 'x';
	name[254] = '\0';
	names(name, -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		names(wrong[i], -EINVAL);
}
END_TEST

START_TEST(too_many_faults_end_with_one_that_says_so)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fputs(HEAD, out);
	for (int i = 0; i < 1000; i++)
		fprintf(out, "  unknown%d: 1\n", i);
	fclose(out);
	ck_assert_int_eq(add(text), -EINVAL);
	ck_assert_uint_eq(karmor_diag_count(diag, KARMOR_ERROR), 201);
	ck_assert_ptr_nonnull(strstr(karmor_diag_at(diag, 200)->text, "too many faults"));
}
END_TEST

START_TEST(many_notes_are_no_fault)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (int i = 0; i < 1000; i++)
		fputs("apiVersion: v1\n---\n", out);
	fputs(HEAD "  file: {matchPaths: [{path: a}]}\n", out);
	fclose(out);
	ck_assert_int_eq(add(text), -EINVAL);
	ck_assert_uint_eq(karmor_diag_count(diag, KARMOR_NOTE), 201);
	ck_assert_ptr_nonnull(strstr(karmor_diag_at(diag, 200)->text, "too many notes"));
	ck_assert_uint_eq(karmor_diag_count(diag, KARMOR_ERROR), 1);
}
END_TEST

START_TEST(nesting_is_bounded)
{
	char text[10001];

	memset(text, '[', 10000);
	text[10000] = '\0';
	bad(text, "nests deeper than 64");
}
END_TEST

START_TEST(aliases_are_bounded)
{
	bad("a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	    "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
	    "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
	    "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
	    "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
	    "f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n",
	    "aliases stand for more nodes");
}
END_TEST

START_TEST(a_policy_has_at_most_10000_rules)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fputs(HEAD "  file:\n    matchPaths:\n", out);
	for (int i = 0; i < 10001; i++)
		fprintf(out, "    - path: /%d\n", i);
	fclose(out);
	bad(text, "more than 10000 rules");
}
END_TEST

START_TEST(a_text_larger_than_the_bound_is_refused)
{
	size_t size = (16u << 20) + 1;
	_cleanup_free_ char *text = calloc(1, size);

	ck_assert_ptr_nonnull(text);
	ck_assert_int_eq(karmor_policies_add_text(load, "x.yaml", text, size, diag), -EINVAL);
	ck_assert_ptr_nonnull(strstr(karmor_diag_at(diag, 0)->text, "exceeds 16 MiB"));
}
END_TEST

static void write_file(const char *path, const char *name)
{
	FILE *out = fopen(path, "we");

	ck_assert_ptr_nonnull(out);
	fprintf(out,
		"{apiVersion: security.kubearmor.com/v1, kind: KubeArmorPolicy, metadata: {name: "
		"%s}, spec: {selector: {}, file: {matchPaths: [{path: /a}]}}}\n",
		name);
	fclose(out);
}

static char folder[] = "/tmp/karmor-parse-XXXXXX";

START_TEST(a_directory_is_read_in_order_and_without_leaving_it)
{
	struct karmor_policy_info info = KARMOR_STRUCT(karmor_policy_info);

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	ck_assert_int_eq(mkdir("d", 0755) | mkdir("d/sub", 0755) | mkdir("d/.hidden", 0755), 0);
	write_file("d/b.yml", "b");
	write_file("d/a.yaml", "a");
	write_file("d/sub/c.json", "c");
	write_file("d/other.txt", "other");
	write_file("d/.hidden/x.yaml", "x");
	write_file("outside.yaml", "outside");
	ck_assert_int_eq(symlink("../outside.yaml", "d/out.yaml"), 0);
	ck_assert_int_eq(karmor_policies_add_path(load, "d", diag), 0);
	ck_assert_uint_eq(karmor_policies_count(load), 3);
	ck_assert_uint_eq(karmor_diag_count(diag, KARMOR_WARNING), 1);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(karmor_policies_info(load, i, &info), 0);
		ck_assert_int_eq(info.name[0], "abc"[i]);
	}
	ck_assert_str_eq(info.file, "d/sub/c.json");
	ck_assert_uint_eq(info.rules, 1);
	ck_assert_int_eq(karmor_policies_info(load, 3, &info), -ENOENT);
	ck_assert_int_eq(unlink("d/out.yaml") | symlink("a.yaml", "d/z.yaml"), 0);
	ck_assert_int_eq(karmor_policies_add_path(load, "d/z.yaml", diag), -EINVAL);
}
END_TEST

START_TEST(what_is_no_file_is_refused_without_waiting)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	ck_assert_int_eq(mkfifo("fifo.yaml", 0644), 0);
	ck_assert_int_eq(karmor_policies_add_path(load, "fifo.yaml", diag), -EIO);
	ck_assert_int_eq(karmor_policies_add_path(load, ".", diag), -EIO);
	ck_assert_int_eq(karmor_policies_add_path(load, "none.yaml", diag), -ENOENT);
	ck_assert_int_eq(karmor_policies_add_path(load, "/dev/zero", diag), -EIO);
	ck_assert_uint_eq(karmor_diag_count(diag, KARMOR_ERROR), 4);
}
END_TEST

void bound_tests(TCase *tcase)
{
	tcase_add_test(tcase, many_names_are_told_apart);
	tcase_add_test(tcase, a_path_may_have_4095_bytes_and_no_more);
	tcase_add_test(tcase, a_name_is_a_dns_subdomain);
	tcase_add_test(tcase, too_many_faults_end_with_one_that_says_so);
	tcase_add_test(tcase, many_notes_are_no_fault);
	tcase_add_test(tcase, nesting_is_bounded);
	tcase_add_test(tcase, aliases_are_bounded);
	tcase_add_test(tcase, a_policy_has_at_most_10000_rules);
	tcase_add_test(tcase, a_text_larger_than_the_bound_is_refused);
	tcase_add_test(tcase, a_directory_is_read_in_order_and_without_leaving_it);
	tcase_add_test(tcase, what_is_no_file_is_refused_without_waiting);
}
