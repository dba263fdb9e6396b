/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled profiles found again: how often the parser is run (fork is wrapped), and what of a
 * directory is believed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../support.h"
#include "apparmor/parser.h"
#include "apparmor/store.h"
#include "cleanup.h"

#define FEATURES "tests/data/apparmor/features-6.1"
#define OTHER_FEATURES "tests/data/apparmor/features-6.12"
#define TEXT "profile karmor { \"/{,**}\" r, }\n"
#define OTHER_TEXT "profile karmor { \"/{,**}\" w, }\n"

pid_t __real_fork(void);
pid_t __wrap_fork(void);

static int runs;
static char dir[64], store[96];

pid_t __wrap_fork(void)
{
	runs++;
	return __real_fork();
}

static void setup(void)
{
	strcpy(dir, "/tmp/karmor-store-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(store, sizeof(store), "%s/store", dir);
	runs = 0;
}

static void teardown(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

/* How often the parser was run for it; it must give what it gave. */
static int compile(const char *text, const char *features, size_t warnings)
{
	_cleanup_buf_ struct buf ret = { 0 }, fresh = { 0 };
	struct karmor_diag *diag = karmor_diag_new();
	int before = runs, made;

	buf_puts(&ret, "before");
	ck_assert_int_eq(store_compile(store, text, strlen(text), features, false, &ret, diag), 0);
	made = runs - before;
	ck_assert_uint_eq(karmor_diag_count(diag, KARMOR_WARNING), warnings);
	ck_assert_int_eq(parser_run(text, strlen(text), features, false, &fresh, NULL), 0);
	ck_assert_uint_eq(ret.len, fresh.len + strlen("before"));
	ck_assert_mem_eq(ret.data + strlen("before"), fresh.data, fresh.len);
	karmor_diag_free(diag);
	return made;
}

/* The path of an entry: of the directory's first file. */
static char *entry(void)
{
	char command[160], line[256] = "";
	FILE *list;

	snprintf(command, sizeof(command), "ls -d %s/*", store);
	list = popen(command, "r");
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), list));
	pclose(list);
	line[strcspn(line, "\n")] = '\0';
	return strdup(line);
}

static void overwrite(const char *path, off_t at, const char *bytes)
{
	int fd = open(path, O_WRONLY);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, bytes, strlen(bytes), at), (ssize_t)strlen(bytes));
	close(fd);
}

START_TEST(the_same_is_compiled_once)
{
	ck_assert_int_eq(compile(TEXT, FEATURES, 0), 1);
	ck_assert_int_eq(compile(TEXT, FEATURES, 0), 0);
	ck_assert_int_eq(compile(OTHER_TEXT, FEATURES, 0), 1);
	ck_assert_int_eq(compile(TEXT, OTHER_FEATURES, 0), 1);
	ck_assert_int_eq(compile(TEXT, FEATURES, 0), 0);
}
END_TEST

START_TEST(what_the_parser_refuses_is_refused_each_time)
{
	static const char bad[] = "profile karmor { what, }\n";
	_cleanup_buf_ struct buf ret = { 0 };

	for (int i = 1; i <= 2; i++) {
		ck_assert_int_eq(
			store_compile(store, bad, strlen(bad), FEATURES, false, &ret, NULL),
			-EINVAL);
		ck_assert_int_eq(runs, i);
	}
}
END_TEST

START_TEST(an_entry_that_is_torn_or_another_s_is_none)
{
	_cleanup_free_ char *path = NULL, *moved = NULL;
	struct stat st;

	ck_assert_int_eq(compile(TEXT, FEATURES, 0), 1);
	path = entry();
	ck_assert_int_eq(stat(path, &st), 0);
	overwrite(path, st.st_size / 2, "xx");
	ck_assert_int_eq(compile(TEXT, FEATURES, 0), 1);
	ck_assert_int_eq(compile(TEXT, FEATURES, 0), 0);
	ck_assert_int_eq(truncate(path, st.st_size - 1), 0);
	ck_assert_int_eq(compile(TEXT, FEATURES, 0), 1);
	ck_assert_int_eq(truncate(path, 3), 0);
	ck_assert_int_eq(compile(TEXT, FEATURES, 0), 1);
	/* Another text's, whole, under this one's name. */
	moved = strdup(path);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(compile(OTHER_TEXT, FEATURES, 0), 1);
	free(path);
	path = entry();
	ck_assert_int_eq(rename(path, moved), 0);
	ck_assert_int_eq(compile(TEXT, FEATURES, 0), 1);
}
END_TEST

START_TEST(an_entry_or_a_directory_that_others_may_write_is_not_used)
{
	_cleanup_free_ char *path = NULL;

	ck_assert_int_eq(compile(TEXT, FEATURES, 0), 1);
	path = entry();
	ck_assert_int_eq(chmod(path, 0666), 0);
	ck_assert_int_eq(compile(TEXT, FEATURES, 0), 1);
	ck_assert_int_eq(compile(TEXT, FEATURES, 0), 0);
	ck_assert_int_eq(chmod(store, 0770), 0);
	ck_assert_int_eq(compile(TEXT, FEATURES, 1), 1);
	ck_assert_int_eq(compile(TEXT, FEATURES, 1), 1);
	ck_assert_int_eq(chmod(store, 0700), 0);
	ck_assert_int_eq(compile(TEXT, FEATURES, 0), 0);
}
END_TEST

/* What anybody but its owner could have done to a whole entry; each is undone by the next compile.
 */
static int chown_other(const char *path, const char *aside)
{
	return chown(path, 65534, (gid_t)-1);
}

static int chmod_group(const char *path, const char *aside)
{
	return chmod(path, 0620);
}

static int chmod_others(const char *path, const char *aside)
{
	return chmod(path, 0602);
}

static int link_hard(const char *path, const char *aside)
{
	return link(path, aside);
}

static int link_soft(const char *path, const char *aside)
{
	return rename(path, aside) < 0 ? -1 : symlink(aside, path);
}

static int pipe_instead(const char *path, const char *aside)
{
	return unlink(path) < 0 ? -1 : mkfifo(path, 0600);
}

static const struct {
	int (*deed)(const char *path, const char *aside);
	bool root; /* only root can */
} deeds[] = {
	{ chown_other, true }, { chmod_group }, { chmod_others },
	{ link_hard },	       { link_soft },	{ pipe_instead },
};

START_TEST(what_others_could_have_made_of_an_entry_is_not_used)
{
	_cleanup_free_ char *path = NULL;
	char aside[96];

	if (deeds[_i].root && geteuid() != 0)
		return;
	snprintf(aside, sizeof(aside), "%s/aside", dir);
	ck_assert_int_eq(compile(TEXT, FEATURES, 0), 1);
	path = entry();
	ck_assert_int_eq(deeds[_i].deed(path, aside), 0);
	ck_assert_int_eq(compile(TEXT, FEATURES, 0), 1);
	ck_assert_int_eq(compile(TEXT, FEATURES, 0), 0);
}
END_TEST

static int chown_store(void)
{
	return chown(store, 65534, (gid_t)-1);
}

static int chown_above(void)
{
	return chown(dir, 65534, (gid_t)-1);
}

static int open_store(void)
{
	return chmod(store, 0711);
}

static int open_above(void)
{
	return chmod(dir, 0777);
}

static const struct {
	int (*deed)(void);
	bool root;
} places[] = { { chown_store, true }, { chown_above, true }, { open_store }, { open_above } };

START_TEST(a_directory_that_others_could_have_filled_is_not_used)
{
	if (places[_i].root && geteuid() != 0)
		return;
	ck_assert_int_eq(compile(TEXT, FEATURES, 0), 1);
	ck_assert_int_eq(places[_i].deed(), 0);
	ck_assert_int_eq(compile(TEXT, FEATURES, 1), 1);
	ck_assert_int_eq(compile(TEXT, FEATURES, 1), 1);
}
END_TEST

START_TEST(a_link_is_not_followed)
{
	char elsewhere[96];

	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", dir);
	ck_assert_int_eq(mkdir(elsewhere, 0700), 0);
	ck_assert_int_eq(symlink(elsewhere, store), 0);
	ck_assert_int_eq(compile(TEXT, FEATURES, 1), 1);
	ck_assert_int_eq(rmdir(elsewhere), 0);
}
END_TEST

/* Files as the store names them, so old that they go first. */
START_TEST(what_was_not_used_for_longest_goes)
{
	struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	char path[256];
	int n = 0;

	ck_assert_int_eq(compile(TEXT, FEATURES, 0), 1);
	for (unsigned i = 0; i < STORE_ENTRIES_MAX + 10; i++) {
		int fd;

		snprintf(path, sizeof(path), "%s/%064x", store, i);
		fd = open(path, O_WRONLY | O_CREAT, 0600);
		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(futimens(fd, old), 0);
		close(fd);
	}
	ck_assert_int_eq(compile(OTHER_TEXT, FEATURES, 0), 1);
	for (unsigned i = 0; i < STORE_ENTRIES_MAX + 10; i++) {
		snprintf(path, sizeof(path), "%s/%064x", store, i);
		n += access(path, F_OK) == 0;
	}
	ck_assert_int_eq(n, STORE_ENTRIES_MAX - 2);
	ck_assert_int_eq(compile(TEXT, FEATURES, 0), 0);
	ck_assert_int_eq(compile(OTHER_TEXT, FEATURES, 0), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("apparmor_store");
	TCase *tcase = tcase_create("store");

	umask(022);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, the_same_is_compiled_once);
	tcase_add_test(tcase, what_the_parser_refuses_is_refused_each_time);
	tcase_add_test(tcase, an_entry_that_is_torn_or_another_s_is_none);
	tcase_add_test(tcase, an_entry_or_a_directory_that_others_may_write_is_not_used);
	tcase_add_loop_test(tcase, what_others_could_have_made_of_an_entry_is_not_used, 0,
			    ARRAY_SIZE(deeds));
	tcase_add_loop_test(tcase, a_directory_that_others_could_have_filled_is_not_used, 0,
			    ARRAY_SIZE(places));
	tcase_add_test(tcase, a_link_is_not_followed);
	tcase_add_test(tcase, what_was_not_used_for_longest_goes);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
