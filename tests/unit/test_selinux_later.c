/* SPDX-License-Identifier: Apache-2.0 */
/* Files that come to names of rules after labels were set. Real files, watched by the kernel; an
 * attribute of the test's own stands for SELinux's. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../support.h"

#include "selinux-follow.h"

START_TEST(a_file_that_replaces_another_gets_its_label)
{
	static const struct rule in[] = { { "/d/named", false, A } };

	tree_add("/d", S_IFDIR | 0700);
	tree_add("/d/named", S_IFREG | 0600);
	begin(in, 1);
	tree_is("/d/named", CONTEXT(A));
	ck_assert_uint_eq(follow_for(200), 0);
	tree_add("/d/other", S_IFREG | 0600);
	tree_move("/d/other", "/d/named");
	ck_assert_uint_eq(follow_all(), 1);
	tree_is("/d/named", CONTEXT(A));
	tree_add("/d/unnamed", S_IFREG | 0600);
	ck_assert_uint_eq(follow_for(200), 0);
	tree_is("/d/unnamed", CONTEXT("object_r"));
	tree_restore();
	tree_is("/d/named", CONTEXT("object_r"));
}
END_TEST

/* As many as one has been put in the place of: or the journal would grow with each. */
START_TEST(what_was_replaced_is_forgotten)
{
	static const struct rule in[] = { { "/d/named", false, A }, { "/e", true, B } };
	struct stat before, after;

	tree_make();
	tree_add("/d/named", S_IFREG | 0600);
	begin(in, 2);
	ck_assert_int_eq(stat(tree_journal, &before), 0);
	for (size_t i = 0; i < 5; i++) {
		tree_add("/other", S_IFREG | 0600);
		tree_move("/other", "/d/named");
		ck_assert_uint_eq(follow_all(), 1);
		tree_is("/d/named", CONTEXT(A));
	}
	ck_assert_int_eq(stat(tree_journal, &after), 0);
	ck_assert_int_lt(after.st_size, before.st_size + 100);
	tree_is("/e/file", CONTEXT(B));
}
END_TEST

START_TEST(a_directory_that_is_made_later_gets_its_labels)
{
	static const struct rule in[] = { { "/d/made/later/named", false, A },
					  { "/d/made/tree", true, B } };

	tree_add("/d", S_IFDIR | 0700);
	begin(in, 2);
	tree_add("/d/made", S_IFDIR | 0700);
	tree_add("/d/made/later", S_IFDIR | 0700);
	tree_add("/d/made/later/named", S_IFREG | 0600);
	tree_add("/d/made/later/unnamed", S_IFREG | 0600);
	tree_add("/d/made/tree", S_IFDIR | 0700);
	tree_add("/d/made/tree/file", S_IFREG | 0600);
	ck_assert_uint_gt(follow_all(), 0);
	tree_is("/d/made/later/named", CONTEXT(A));
	tree_is("/d/made/later/unnamed", CONTEXT("object_r"));
	tree_is("/d/made/tree", CONTEXT(B));
	tree_is("/d/made/tree/file", CONTEXT(B));
	/* What came is watched, too. */
	tree_delete("/d/made/later/named");
	tree_add("/d/made/later/named", S_IFREG | 0600);
	ck_assert_uint_eq(follow_all(), 1);
	tree_is("/d/made/later/named", CONTEXT(A));
}
END_TEST

START_TEST(what_comes_in_the_place_of_a_directory_is_watched)
{
	static const struct rule in[] = { { "/d/named", false, A } };

	tree_add("/d", S_IFDIR | 0700);
	tree_add("/d/named", S_IFREG | 0600);
	begin(in, 1);
	tree_move("/d", "/before");
	tree_add("/d", S_IFDIR | 0700);
	ck_assert_uint_eq(follow_all(), 1);
	tree_add("/d/named", S_IFREG | 0600);
	ck_assert_uint_eq(follow_all(), 1);
	tree_is("/d/named", CONTEXT(A));
	/* The one that went keeps nothing that its name gave it, by when all is looked through. */
	begin(in, 1);
	tree_is("/before/named", CONTEXT("object_r"));
}
END_TEST

START_TEST(what_is_moved_into_a_directory_of_rules_gets_its_label)
{
	static const struct rule in[] = { { "/d", true, A } };

	tree_make();
	begin(in, 1);
	tree_move("/file", "/d/moved");
	tree_move("/e", "/d/directory");
	ck_assert_uint_eq(follow_all(), 2);
	tree_is("/d/moved", CONTEXT(A));
	tree_is("/d/directory/file", CONTEXT(A));
}
END_TEST

START_TEST(a_label_that_is_taken_away_comes_back)
{
	static const struct rule in[] = { { "/d", true, A }, { "/file", false, B } };

	tree_make();
	begin(in, 2);
	ck_assert_uint_eq(follow_for(200), 0); /* our own do not count */
	tree_relabel("/file", CONTEXT("object_r"));
	tree_relabel("/d", CONTEXT("object_r"));
	ck_assert_uint_eq(follow_all(), 2);
	tree_is("/file", CONTEXT(B));
	tree_is("/d", CONTEXT(A));
	tree_restore();
	tree_is("/file", CONTEXT("object_r"));
}
END_TEST

/* What has a role by one name is not given another's by a link that somebody makes. */
START_TEST(a_link_takes_no_role_away)
{
	static const struct rule in[] = { { "/d/secret", false, A }, { "/e/named", false, B } };
	_cleanup_free_ char *secret = tree_path("/d/secret"), *named = tree_path("/e/named");

	tree_add("/d", S_IFDIR | 0700);
	tree_add("/d/secret", S_IFREG | 0600);
	tree_add("/e", S_IFDIR | 0700);
	begin(in, 2);
	ck_assert_int_eq(link(secret, named), 0);
	ck_assert_uint_eq(follow_all(), 1);
	tree_is("/d/secret", CONTEXT(A));
}
END_TEST

START_TEST(nor_does_a_link_of_what_was_made_with_it)
{
	static const struct rule in[] = { { "/d", true, A }, { "/e/named", false, B } };
	_cleanup_free_ char *made = tree_path("/d/made"), *named = tree_path("/e/named");

	tree_add("/d", S_IFDIR | 0700);
	tree_add("/e", S_IFDIR | 0700);
	begin(in, 2);
	tree_add("/d/made", S_IFREG | 0600);
	tree_relabel("/d/made", CONTEXT(A)); /* as the kernel gives it */
	follow_for(200);
	ck_assert_int_eq(link(made, named), 0);
	ck_assert_uint_gt(follow_all(), 0);
	tree_is("/d/made", CONTEXT(A));
}
END_TEST

/* What goes by one of its names keeps its role by the other. */
START_TEST(a_name_that_is_replaced_leaves_the_others_theirs)
{
	static const struct rule in[] = { { "/d", true, A } };
	_cleanup_free_ char *named = tree_path("/d/named"), *other = tree_path("/d/s/other");

	tree_add("/d", S_IFDIR | 0700);
	tree_add("/d/s", S_IFDIR | 0700);
	tree_add("/d/named", S_IFREG | 0600);
	ck_assert_int_eq(link(named, other), 0);
	begin(in, 1);
	tree_add("/new", S_IFREG | 0600);
	tree_move("/new", "/d/named");
	ck_assert_uint_gt(follow_all(), 0);
	tree_is("/d/named", CONTEXT(A));
	tree_is("/d/s/other", CONTEXT(A));
}
END_TEST

START_TEST(a_name_that_somebody_took_away_takes_no_role_with_it)
{
	static const struct rule in[] = { { "/d/mine", false, A }, { "/e", true, B } };
	_cleanup_free_ char *mine = tree_path("/d/mine"), *file = tree_path("/e/s/file");

	tree_add("/d", S_IFDIR | 0700);
	tree_add("/e", S_IFDIR | 0700);
	tree_add("/e/s", S_IFDIR | 0700);
	tree_add("/e/s/file", S_IFREG | 0600);
	begin(in, 2);
	ck_assert_int_eq(link(file, mine), 0);
	follow_for(200);
	begin(in, 2);
	tree_delete("/d/mine");
	tree_add("/d/mine", S_IFREG | 0600);
	follow_all();
	tree_is("/e/s/file", CONTEXT(A)); /* the first's, as before */
	tree_is("/d/mine", CONTEXT(A));
	begin(in, 2);
	tree_is("/e/s/file", CONTEXT(B));
}
END_TEST

START_TEST(a_name_of_before_says_nothing_any_more)
{
	static const struct rule in[] = { { "/d/a", false, A }, { "/d/b", false, B } };
	_cleanup_free_ char *a = tree_path("/d/a"), *x = tree_path("/x");

	tree_add("/d", S_IFDIR | 0700);
	tree_add("/d/a", S_IFREG | 0600);
	begin(in, 2);
	ck_assert_int_eq(link(a, x), 0);
	tree_move("/d/a", "/d/b");
	ck_assert_uint_gt(follow_all(), 0);
	tree_is("/d/b", CONTEXT(B));
}
END_TEST

START_TEST(a_directory_that_goes_hides_nothing_else)
{
	static const struct rule in[] = { { "/d/named", false, A }, { "/d/x/y", false, B } };

	tree_add("/d", S_IFDIR | 0700);
	tree_add("/d/x", S_IFDIR | 0700);
	begin(in, 2);
	tree_delete("/d/x");
	tree_add("/d/named", S_IFREG | 0600);
	ck_assert_uint_eq(follow_all(), 1);
	tree_is("/d/named", CONTEXT(A));
}
END_TEST

static void mounts_own(void)
{
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0); /* Check forks for each test */
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
}

START_TEST(what_is_mounted_meanwhile_is_not_entered)
{
	static const struct rule in[] = { { "/d", true, A } };
	_cleanup_free_ char *on = tree_path("/d/on"), *e = tree_path("/e");

	tree_add("/d", S_IFDIR | 0700);
	tree_add("/e", S_IFDIR | 0700);
	tree_add("/e/foreign", S_IFREG | 0600);
	begin(in, 1);
	mounts_own();
	tree_add("/d/on", S_IFDIR | 0700);
	ck_assert_int_eq(mount(e, on, NULL, MS_BIND, NULL), 0);
	ck_assert_uint_gt(follow_all(), 0);
	ck_assert_int_eq(umount(on), 0);
	tree_is("/e/foreign", CONTEXT("object_r"));
}
END_TEST

START_TEST(what_was_mounted_since_is_watched_when_labels_are_set)
{
	static const struct rule in[] = { { "/d/named", false, A } };
	_cleanup_free_ char *d = tree_path("/d"), *e = tree_path("/e");

	tree_add("/d", S_IFDIR | 0700);
	tree_add("/e", S_IFDIR | 0700);
	begin(in, 1);
	mounts_own();
	ck_assert_int_eq(mount(e, d, NULL, MS_BIND, NULL), 0);
	begin(in, 1);
	tree_add("/d/named", S_IFREG | 0600);
	ck_assert_uint_eq(follow_all(), 1);
	ck_assert_int_eq(umount(d), 0);
	tree_is("/e/named", CONTEXT(A));
	begin(in, 1);
	tree_add("/d/named", S_IFREG | 0600);
	ck_assert_uint_eq(follow_all(), 1);
	tree_is("/d/named", CONTEXT(A));
}
END_TEST

static void immutable_set(int fd, bool immutable)
{
	int flags = 0;

	ck_assert_int_eq(ioctl(fd, FS_IOC_GETFLAGS, &flags), 0);
	flags = immutable ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
	ck_assert_int_eq(ioctl(fd, FS_IOC_SETFLAGS, &flags), 0);
}

/* What cannot have its label keeps no other from it, and is not tried for ever. */
START_TEST(one_that_cannot_be_labelled_is_passed_over)
{
	static const struct rule in[] = { { "/d", true, A }, { "/e/named", false, B } };
	_cleanup_free_ char *path = tree_path("/f/fixed");
	_cleanup_close_ int fd = -1;

	tree_add("/d", S_IFDIR | 0700);
	tree_add("/e", S_IFDIR | 0700);
	tree_add("/f", S_IFDIR | 0700);
	tree_add("/f/fixed", S_IFREG | 0600);
	tree_add("/f/other", S_IFREG | 0600);
	begin(in, 2);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	immutable_set(fd, true);
	tree_move("/f", "/d/f");
	tree_add("/e/named", S_IFREG | 0600);
	ck_assert_uint_le(follow_all(), 3);
	immutable_set(fd, false);
	tree_is("/e/named", CONTEXT(B));
	tree_is("/d/f/other", CONTEXT(A));
	tree_is("/d/f/fixed", CONTEXT("object_r"));
}
END_TEST

START_TEST(much_about_few_is_not_everything)
{
	static const struct rule in[] = { { "/d", true, A } };
	_cleanup_free_ char *a = tree_path("/d/a"), *b = tree_path("/d/b");

	tree_add("/d", S_IFDIR | 0700);
	tree_add("/d/a", S_IFREG | 0600);
	tree_add("/d/b", S_IFREG | 0600);
	begin(in, 1);
	for (size_t i = 0; i < 3000; i++) {
		ck_assert_int_eq(chmod(a, 0600), 0);
		ck_assert_int_eq(chmod(b, 0600), 0);
	}
	ck_assert_uint_eq(follow_for(200), 0);
}
END_TEST

START_TEST(what_no_rule_is_about_any_more_is_not_watched)
{
	static const struct rule in[] = { { "/d/named", false, A }, { "/e/named", false, B } };

	tree_add("/d", S_IFDIR | 0700);
	tree_add("/e", S_IFDIR | 0700);
	begin(in, 2);
	ck_assert(is_watched("/d") && is_watched("/e"));
	begin(in, 1);
	ck_assert(is_watched("/d") && !is_watched("/e"));
	tree_add("/d/named", S_IFREG | 0600);
	ck_assert_uint_eq(follow_all(), 1);
}
END_TEST

START_TEST(a_directory_with_two_names_is_watched_by_both)
{
	static const struct rule in[] = { { "/d/named", false, A }, { "/e/named", false, B } };
	_cleanup_free_ char *d = tree_path("/d"), *e = tree_path("/e");
	struct later_found found;

	tree_add("/d", S_IFDIR | 0700);
	tree_add("/e", S_IFDIR | 0700);
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0); /* Check forks for each test */
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount(d, e, NULL, MS_BIND, NULL), 0);
	begin(in, 2);
	tree_add("/d/named", S_IFREG | 0600);
	ck_assert(is_awake(WAIT_MS));
	found = follow_once();
	ck_assert_int_eq(umount(e), 0);
	ck_assert_uint_eq(found.n, 2);
	selinux_later_done(&found);
}
END_TEST

START_TEST(who_makes_files_all_the_time_has_not_all_of_our_time)
{
	static const struct rule in[] = { { "/d/named", false, A } };
	struct later_found found;

	tree_add("/d", S_IFDIR | 0700);
	begin(in, 1);
	tree_add("/d/named", S_IFREG | 0600);
	ck_assert(is_awake(WAIT_MS));
	found = follow_once();
	ck_assert_uint_eq(found.n, 1);
	selinux_later_done(&found);
	tree_delete("/d/named");
	tree_add("/d/named", S_IFREG | 0600);
	found = follow_once();
	ck_assert_uint_eq(found.n, 0);
	ck_assert_uint_eq(follow_all(), 1);
	tree_is("/d/named", CONTEXT(A));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("selinux_later");
	TCase *test = tcase_create("later");

	if (!tree_can())
		return support_skip(
			"trusted attributes in /tmp: needs root and a file system that has them");
	tcase_add_checked_fixture(test, follow_setup, follow_teardown);
	tcase_set_timeout(test, 120);
	tcase_add_test(test, a_file_that_replaces_another_gets_its_label);
	tcase_add_test(test, what_was_replaced_is_forgotten);
	tcase_add_test(test, a_directory_that_is_made_later_gets_its_labels);
	tcase_add_test(test, what_comes_in_the_place_of_a_directory_is_watched);
	tcase_add_test(test, what_is_moved_into_a_directory_of_rules_gets_its_label);
	tcase_add_test(test, a_label_that_is_taken_away_comes_back);
	tcase_add_test(test, a_link_takes_no_role_away);
	tcase_add_test(test, nor_does_a_link_of_what_was_made_with_it);
	tcase_add_test(test, a_name_that_is_replaced_leaves_the_others_theirs);
	tcase_add_test(test, a_name_that_somebody_took_away_takes_no_role_with_it);
	tcase_add_test(test, a_name_of_before_says_nothing_any_more);
	tcase_add_test(test, a_directory_that_goes_hides_nothing_else);
	tcase_add_test(test, what_is_mounted_meanwhile_is_not_entered);
	tcase_add_test(test, what_was_mounted_since_is_watched_when_labels_are_set);
	tcase_add_test(test, one_that_cannot_be_labelled_is_passed_over);
	tcase_add_test(test, much_about_few_is_not_everything);
	tcase_add_test(test, what_no_rule_is_about_any_more_is_not_watched);
	tcase_add_test(test, a_directory_with_two_names_is_watched_by_both);
	tcase_add_test(test, who_makes_files_all_the_time_has_not_all_of_our_time);
	suite_add_tcase(suite, test);
	return support_run(suite);
}
