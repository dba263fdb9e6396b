/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names in a root: lib/resolve.c and lib/multicall.c, on a root made for each test.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../support.h"

#include "cleanup.h"
#include "resolve.h"

static char root[] = "/tmp/karmor-root-XXXXXX";
static struct arena arena;
static struct resolve resolve;

static const char *in_root(const char *path)
{
	return arena_printf(&arena, "%s%s", root, path);
}

static void make_directory(const char *path)
{
	ck_assert_int_eq(mkdir(in_root(path), 0755), 0);
}

static void make_file(const char *path)
{
	int fd = open(in_root(path), O_CREAT | O_WRONLY | O_CLOEXEC, 0755);

	ck_assert_int_ge(fd, 0);
	close(fd);
}

static void make_link(const char *target, const char *path)
{
	ck_assert_int_eq(symlink(target, in_root(path)), 0);
}

static void setup(void)
{
	static const char *const directories[] = { "/usr", "/usr/bin",		"/usr/sbin",
						   "/etc", "/etc/alternatives", "/run",
						   "/var" };

	strcpy(root + strlen(root) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		make_directory(directories[i]);
	make_link("usr/bin", "/bin");
	make_link("../run", "/var/run");
	ck_assert_int_eq(resolve_open(&resolve, &arena, root, NULL), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void teardown(void)
{
	resolve_close(&resolve);
	arena_done(&arena);
	nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct resolve_name resolved(const char *path)
{
	struct resolve_name name;

	ck_assert_int_eq(resolve_path(&resolve, path, true, &name), 0);
	return name;
}

START_TEST(a_path_is_resolved_through_directory_links_and_the_last_one)
{
	make_file("/usr/bin/dash");
	make_link("dash", "/usr/bin/sh");
	ck_assert_str_eq(resolved("/bin/dash").path, "/usr/bin/dash");
	ck_assert_str_eq(resolved("/bin/sh").path, "/usr/bin/dash");
	ck_assert(!resolved("/bin/sh").multi_call);
	ck_assert_str_eq(resolved("/bin").path, "/usr/bin");
	ck_assert_str_eq(resolved("/").path, "/");
}
END_TEST

START_TEST(what_does_not_exist_keeps_its_name_below_what_does)
{
	ck_assert_str_eq(resolved("/var/run/x/y.pid").path, "/run/x/y.pid");
	ck_assert_str_eq(resolved("/no/where").path, "/no/where");
	make_link("/run/./later/../soon", "/etc/dangling");
	ck_assert_str_eq(resolved("/etc/dangling").path, "/run/soon");
}
END_TEST

START_TEST(a_hostile_root_leads_nowhere_else)
{
	make_link("../../../../../../../../etc", "/usr/out");
	make_link("/proc/self/root/etc/passwd", "/usr/magic");
	make_link("/usr/loop", "/usr/loop");
	make_file("/etc/passwd");
	ck_assert_str_eq(resolved("/usr/out/passwd").path, "/etc/passwd");
	ck_assert_str_eq(resolved("/usr/magic").path, "/proc/self/root/etc/passwd");
	ck_assert_str_eq(resolved("/usr/loop").path, "/usr/loop");
	ck_assert_str_eq(resolved("/usr/loop/x").path, "/usr/loop/x");
}
END_TEST

START_TEST(links_of_procfs_are_not_ours_to_follow)
{
	struct resolve host;
	struct resolve_name name;

	ck_assert_int_eq(resolve_open(&host, &arena, "/", NULL), 0);
	ck_assert_int_eq(resolve_path(&host, "/proc/self/exe", true, &name), 0);
	ck_assert_str_eq(name.path, "/proc/self/exe");
	ck_assert_int_eq(resolve_path(&host, "/proc/self/status", true, &name), 0);
	ck_assert_str_eq(name.path, "/proc/self/status");
	resolve_close(&host);
}
END_TEST

START_TEST(a_pattern_keeps_what_follows_its_literal_directories)
{
	const char *ret;

	make_directory("/usr/a*b");
	make_link("a*b", "/usr/odd");
	ck_assert_int_eq(resolve_pattern(&resolve, "/var/run/*.pid", &ret), 0);
	ck_assert_str_eq(ret, "/run/*.pid");
	ck_assert_int_eq(resolve_pattern(&resolve, "/usr/odd/x?", &ret), 0);
	ck_assert_str_eq(ret, "/usr/a\\*b/x?");
	ck_assert_int_eq(resolve_pattern(&resolve, "/usr/\\odd/x?", &ret), 0);
	ck_assert_str_eq(ret, "/usr/a\\*b/x?");
	ck_assert_int_eq(resolve_pattern(&resolve, "\\/usr/odd/x?", &ret), 0);
	ck_assert_str_eq(ret, "/usr/a\\*b/x?");
	ck_assert_int_eq(resolve_pattern(&resolve, "var/run/*", &ret), 0);
	ck_assert_str_eq(ret, "var/run/*");
}
END_TEST

static const struct {
	const char *pattern, *resolved; /* NULL: it stays */
} with_choices[] = {
	{ "/{bin,sbin}/x", "/{usr/bin/x,sbin/x}" },
	{ "/{bin,sbin}/s*", "/{usr/bin/s*,sbin/s*}" },
	{ "/usr/{bin,sbin}/x", NULL },
	{ "/bin/{sh,bash}", "/usr/bin/{sh,bash}" },
	{ "{/bin/{a,b}?,py*,/var/run/[,x]}", "{/usr/bin/a?,/usr/bin/b?,py*,/run/[,x]}" },
	{ "/{var,bin}/run/{x\\,y,z},1", "/{run/x\\,y\\,1,run/z\\,1,usr/bin/run/x\\,y\\,1,"
					"usr/bin/run/z\\,1}" },
	{ "/{bin}/{}x", "/{usr/bin/x}" },
	{ "/{,bin}/x", "/{/x,usr/bin/x}" },
	{ "/bin/*{a,}*", "/usr/bin/*{a,}*" },
	{ "/{bin,b}/{,*}*", NULL },
	{ "/{bin,b}{a,/}{a,b}{a,b}{a,b}{a,b}{a,b}", NULL },
	{ "{bin,sbin}/x", NULL },
};

START_TEST(the_choices_of_a_pattern_are_resolved_each)
{
	const char *wanted = with_choices[_i].resolved ?: with_choices[_i].pattern, *ret;

	ck_assert_int_eq(resolve_pattern(&resolve, with_choices[_i].pattern, &ret), 0);
	ck_assert_str_eq(ret, wanted);
}
END_TEST

START_TEST(an_execname_stays_as_it_is)
{
	struct resolve_name name;

	ck_assert_int_eq(resolve_matcher(&resolve, IR_EXECNAME, "sh", true, &name), 0);
	ck_assert_str_eq(name.path, "sh");
	ck_assert(!name.multi_call);
}
END_TEST

START_TEST(busybox_serves_many_names)
{
	make_file("/usr/bin/busybox");
	make_link("/bin/busybox", "/usr/bin/sh");
	ck_assert_str_eq(resolved("/bin/sh").path, "/usr/bin/busybox");
	ck_assert(resolved("/bin/sh").multi_call);
	ck_assert_str_eq(resolved("/bin/sh").name, "sh");
	ck_assert(!resolved("/bin/busybox").multi_call);
}
END_TEST

START_TEST(an_unknown_binary_of_many_names_is_told_by_its_links)
{
	make_file("/usr/bin/kmod");
	make_link("../bin/kmod", "/usr/sbin/lsmod");
	make_link("../bin/kmod", "/usr/sbin/rmmod");
	ck_assert(!resolved("/usr/sbin/lsmod").multi_call);
	make_link("../bin/kmod", "/usr/sbin/insmod");
	ck_assert(resolved("/usr/sbin/lsmod").multi_call);
}
END_TEST

START_TEST(an_alias_is_no_other_name)
{
	make_file("/usr/bin/python3.11");
	make_link("python3.11", "/usr/bin/python3");
	make_link("python3", "/usr/bin/python");
	make_link("python3.11", "/usr/bin/pytho");
	ck_assert_str_eq(resolved("/bin/python").path, "/usr/bin/python3.11");
	ck_assert(!resolved("/bin/python").multi_call);
}
END_TEST

START_TEST(a_root_that_is_none_is_an_error)
{
	struct karmor_diag *diag = karmor_diag_new();
	struct resolve none;

	make_file("/file");
	ck_assert_int_eq(resolve_open(&none, &arena, in_root("/nothing"), diag), -ENOENT);
	ck_assert_int_eq(resolve_open(&none, &arena, in_root("/file"), diag), -ENOENT);
	ck_assert_uint_eq(karmor_diag_count(diag, KARMOR_ERROR), 2);
	karmor_diag_free(diag);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("resolve");
	TCase *cases = tcase_create("resolve");

	suite_add_tcase(suite, cases);
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, a_path_is_resolved_through_directory_links_and_the_last_one);
	tcase_add_test(cases, what_does_not_exist_keeps_its_name_below_what_does);
	tcase_add_test(cases, a_hostile_root_leads_nowhere_else);
	tcase_add_test(cases, links_of_procfs_are_not_ours_to_follow);
	tcase_add_test(cases, a_pattern_keeps_what_follows_its_literal_directories);
	tcase_add_loop_test(cases, the_choices_of_a_pattern_are_resolved_each, 0,
			    ARRAY_SIZE(with_choices));
	tcase_add_test(cases, an_execname_stays_as_it_is);
	tcase_add_test(cases, busybox_serves_many_names);
	tcase_add_test(cases, an_unknown_binary_of_many_names_is_told_by_its_links);
	tcase_add_test(cases, an_alias_is_no_other_name);
	tcase_add_test(cases, a_root_that_is_none_is_an_error);
	return support_run(suite);
}
