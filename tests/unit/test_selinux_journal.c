/* SPDX-License-Identifier: Apache-2.0 */
/* The journal of labels, and what a failure or a sudden end leaves: selinux-tree.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../memory.h"
#include "../support.h"

#include "buf.h"
#include "selinux-tree.h"

static char *journal_text(size_t *len)
{
	_cleanup_fclose_ FILE *file = fopen(tree_journal, "re");
	char *text = calloc(1, 65536);

	ck_assert(file && text);
	*len = fread(text, 1, 65535, file);
	return text;
}

static void journal_write(const char *text, size_t len)
{
	_cleanup_fclose_ FILE *file = fopen(tree_journal, "we");

	ck_assert(file);
	ck_assert_uint_eq(fwrite(text, 1, len, file), len);
}

/* Killed anywhere in writing: the lines that were not written are of labels that were not set. */
START_TEST(a_torn_journal_is_cut)
{
	static const struct rule one[] = { { "/file", false, A } };
	_cleanup_free_ char *first = NULL, *text = NULL;
	size_t whole, len;

	tree_make();
	tree_set(one, 1);
	first = journal_text(&whole);
	tree_set(tree_usual, 2);
	free(TAKE_PTR(text));
	text = journal_text(&len);
	ck_assert_uint_gt(len, whole);
	tree_restore();
	tree_set(one, 1);
	for (size_t cut = whole; cut < len; cut += 7) {
		_cleanup_buf_ struct buf torn = { 0 };

		buf_add(&torn, first, whole);
		buf_puts(&torn, "label 8:1 77 - /nowhere u:object_r:t karmor_oa_r -\n");
		journal_write(torn.data, whole + (cut - whole) % (torn.len - whole));
		tree_set(one, 1);
		ck_assert_uint_eq(tree_result.changed, 0);
	}
	tree_restore();
	tree_is("/file", CONTEXT("object_r"));
}
END_TEST

START_TEST(a_damaged_journal_is_an_error)
{
	_cleanup_(cleanup_diag) struct karmor_diag *diag = karmor_diag_new();
	_cleanup_free_ char *text = NULL;
	size_t len;

	tree_make();
	tree_set(tree_usual, 2);
	text = journal_text(&len);
	memset(strchr(text, '\n') + 1, 'x', 4);
	journal_write(text, len);
	ck_assert_int_eq(selinux_labels_restore(tree_journal, ATTRIBUTE, diag), -EIO);
	ck_assert_ptr_nonnull(strstr(karmor_diag_at(diag, 0)->text, "line 2 of the journal"));
	tree_is("/file", CONTEXT(B));
	journal_write("something else\n", 15);
	ck_assert_int_eq(selinux_labels_restore(tree_journal, ATTRIBUTE, diag), -EIO);
}
END_TEST

/* Written down, and then nothing of it, a part or all was set. */
START_TEST(what_was_written_down_and_not_set_does_no_harm)
{
	_cleanup_free_ char *text = NULL;
	size_t len;

	tree_make();
	tree_set(tree_usual, 2);
	text = journal_text(&len);
	tree_restore();
	for (int i = 0; i < 3; i++) {
		journal_write(text, len);
		if (i)
			tree_relabel("/d", CONTEXT(A));
		if (i > 1)
			tree_set(tree_usual, 2);
		tree_restore();
		tree_is("/d", CONTEXT("object_r"));
		tree_is("/d/kind0", CONTEXT("object_r"));
		tree_is("/file", CONTEXT("object_r"));
	}
}
END_TEST

START_TEST(roles_of_lines_that_were_replaced_are_told_of)
{
	_cleanup_buf_ struct buf buf = { 0 }, twice = { 0 };
	static const struct rule one[] = { { "/file", false, A } },
				 other[] = { { "/file", false, B } };
	_cleanup_free_ char *first = NULL, *second = NULL;
	size_t len, more;

	tree_make();
	ck_assert_int_eq(selinux_labels_roles(tree_journal, tree_role, &buf, NULL), 0);
	ck_assert_uint_eq(buf.len, 0);
	tree_set(tree_usual, 2);
	ck_assert_int_eq(selinux_labels_roles(tree_journal, tree_role, &buf, NULL), 0);
	ck_assert_str_eq(buf.data, A " " B " ");
	tree_set(one, 1);
	first = journal_text(&len);
	tree_set(other, 1);
	second = journal_text(&more);
	/* As if it had ended before its labels were set. */
	buf_add(&twice, first, len);
	buf_puts(&twice, strstr(second, "label "));
	journal_write(twice.data, twice.len);
	buf_reset(&buf);
	ck_assert_int_eq(selinux_labels_roles(tree_journal, tree_role, &buf, NULL), 0);
	ck_assert_str_eq(buf.data, A " " B " ");
	tree_restore();
	tree_is("/file", CONTEXT("object_r"));
}
END_TEST

/* False: this file system does not know the flag. */
static bool immutable(const char *name, bool is)
{
	_cleanup_free_ char *path = tree_path(name);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	int flags = 0;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return false;
	flags = is ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
	return ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;
}

/* What the file system refuses when labels are set already. */
START_TEST(a_failure_amid_puts_all_back)
{
	static const struct rule one[] = { { "/d/kind0", false, B } };
	_cleanup_(cleanup_diag) struct karmor_diag *diag = karmor_diag_new();
	_cleanup_free_ char *before = NULL, *after = NULL, *first = NULL, *second = NULL;
	size_t len, now;

	tree_make();
	for (int i = 0; i < 2; i++) {
		if (i) {
			tree_set(one, 1);
			first = journal_text(&len);
		}
		free(TAKE_PTR(before));
		before = tree_list(&len);
		if (!immutable("/file", true))
			return;
		tree_rules = tree_usual;
		tree_n_rules = 2;
		ck_assert_int_eq(tree_set_at((const char *const[]){ tree_root }, 1, 0, diag),
				 -EPERM);
		immutable("/file", false);
		ck_assert_ptr_nonnull(strstr(karmor_diag_at(diag, 0)->text, "file\": operation"));
		free(TAKE_PTR(after));
		after = tree_list(&now);
		ck_assert(len == now && memcmp(before, after, len) == 0);
	}
	second = journal_text(&now);
	ck_assert_str_eq(first, second);
	/* What cannot be put back is said, and stays to be tried again. */
	tree_set(tree_usual, 2);
	immutable("/file", true);
	ck_assert_int_eq(selinux_labels_restore(tree_journal, ATTRIBUTE, diag), -EPERM);
	tree_is("/d", CONTEXT("object_r"));
	tree_is("/file", CONTEXT(B));
	immutable("/file", false);
	tree_restore();
	tree_is("/file", CONTEXT("object_r"));
}
END_TEST

/* The label before which this process ends, as if its power was cut; 0: none. */
static int last;

int __real_setxattr(const char *path, const char *name, const void *value, size_t size, int flags);
int __wrap_setxattr(const char *path, const char *name, const void *value, size_t size, int flags);

int __wrap_setxattr(const char *path, const char *name, const void *value, size_t size, int flags)
{
	if (last && --last == 0)
		kill(getpid(), SIGKILL);
	return __real_setxattr(path, name, value, size, flags);
}

enum { SET, CHANGE, RESTORE, ACTS };

static void act(int what)
{
	static const struct rule other[] = { { "/d/kind1", true, B }, { "/e", true, A } };

	if (what == SET)
		tree_set(tree_usual, 2);
	else if (what == CHANGE)
		tree_set(other, 2);
	else
		tree_restore();
}

/* Whether @what came to its end before it set the label numbered @at. */
static bool ends_before(int what, int at)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (!pid) {
		last = at;
		act(what);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) || WTERMSIG(status) == SIGKILL);
	return WIFEXITED(status);
}

START_TEST(an_end_before_any_label_leaves_what_can_be_put_back)
{
	_cleanup_free_ char *before = NULL;
	size_t len, now;
	int at = 1;

	tree_make();
	before = tree_list(&len);
	for (bool ended = false; !ended; at++) {
		_cleanup_free_ char *after = NULL;

		if (_i != SET)
			tree_set(tree_usual, 2);
		ended = ends_before(_i, at);
		/* By what is done next, or by that and then by putting all back. */
		if (at % 2)
			tree_set(tree_usual, 2);
		if (access(tree_journal, F_OK) == 0)
			tree_restore();
		after = tree_list(&now);
		ck_assert(len == now && memcmp(before, after, len) == 0);
	}
	ck_assert_int_gt(at, 10);
}
END_TEST

/* What is out of memory changed nothing, and what is not did all. */
START_TEST(memory_that_runs_out_changes_nothing)
{
	_cleanup_free_ char *before = NULL;
	size_t len, now;
	long n = 0;

	tree_make();
	if (_i)
		tree_set((const struct rule[]){ { "/d/kind1", true, B }, { "/e", true, A } }, 2);
	before = tree_list(&len);
	tree_rules = tree_usual;
	tree_n_rules = 2;
	for (int r = -ENOMEM; r < 0; n++) {
		_cleanup_free_ char *after = NULL;

		memory_countdown = n;
		r = tree_set_at((const char *const[]){ tree_root }, 1, 0, NULL);
		memory_countdown = -1;
		ck_assert(r == 0 || r == -ENOMEM);
		after = tree_list(&now);
		ck_assert(r == 0 || (len == now && memcmp(before, after, len) == 0));
	}
	ck_assert_int_gt(n, 20);
	tree_is("/file", CONTEXT(B));
	tree_is("/e/file", CONTEXT("object_r"));
	for (int r = -ENOMEM, i = 0; r < 0; i++) {
		memory_countdown = i;
		r = selinux_labels_restore(tree_journal, ATTRIBUTE, NULL);
		memory_countdown = -1;
		ck_assert(r == 0 || r == -ENOMEM);
	}
	tree_is("/file", CONTEXT("object_r"));
	tree_is("/d/kind1/in", CONTEXT("object_r"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("selinux_journal");
	TCase *test = tcase_create("labels");

	if (!tree_can())
		return support_skip(
			"trusted attributes in /tmp: needs root and a file system that has them");
	tcase_add_checked_fixture(test, tree_setup, tree_teardown);
	tcase_set_timeout(test, 120);
	tcase_add_test(test, a_torn_journal_is_cut);
	tcase_add_test(test, a_damaged_journal_is_an_error);
	tcase_add_test(test, what_was_written_down_and_not_set_does_no_harm);
	tcase_add_test(test, roles_of_lines_that_were_replaced_are_told_of);
	tcase_add_test(test, a_failure_amid_puts_all_back);
	tcase_add_loop_test(test, an_end_before_any_label_leaves_what_can_be_put_back, 0, ACTS);
	tcase_add_loop_test(test, memory_that_runs_out_changes_nothing, 0, 2);
	suite_add_tcase(suite, test);
	return support_run(suite);
}
