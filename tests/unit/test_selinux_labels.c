/* SPDX-License-Identifier: Apache-2.0 */
/* Labels of files without SELinux: selinux-tree.h says what stands for it. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../support.h"

#include "buf.h"
#include "selinux-tree.h"
#include "selinux/inodes.h"

#define MUCH 200

START_TEST(labels_of_every_kind_of_file_are_put_back_exactly)
{
	_cleanup_free_ char *before = NULL, *after = NULL;
	size_t len, now;

	tree_make();
	tree_label("/d/kind0", CONTEXT("object_r"),
		   strlen(CONTEXT("object_r"))); /* without an end */
	tree_relabel("/d/kind1/in", "u:object_r:t");
	tree_relabel("/d/kind3", "u:other_r:t:s0:c1,c2");
	before = tree_list(&len);
	tree_set(tree_usual, 2);
	ck_assert_uint_eq(tree_result.changed, 9);
	ck_assert_uint_eq(tree_result.wanted, 9);
	tree_is("/file", CONTEXT(B));
	tree_is("/d", CONTEXT(A));
	tree_is("/d/kind1", CONTEXT(A));
	tree_is("/d/kind1/in", "u:" A ":t");
	tree_is("/d/kind2", CONTEXT(A));
	tree_is("/d/kind3", "u:" A ":t:s0:c1,c2");
	tree_is("/d/kind5", CONTEXT(A));
	tree_is("/e/file", CONTEXT("object_r"));
	tree_set(tree_usual, 2);
	ck_assert_uint_eq(tree_result.changed, 0);
	tree_restore();
	after = tree_list(&now);
	ck_assert(len == now && memcmp(before, after, len) == 0);
	ck_assert_int_eq(selinux_labels_restore(tree_journal, ATTRIBUTE, NULL), 0);
}
END_TEST

START_TEST(links_are_labelled_and_not_followed)
{
	static const struct rule in[] = { { "/d", true, A } };
	_cleanup_free_ char *link = tree_path("/d/out"), *dir = tree_path("/e"), *target = NULL;

	tree_make();
	ck_assert_int_eq(symlink(dir, link), 0);
	tree_relabel("/d/out", CONTEXT("object_r"));
	tree_set(in, 1);
	tree_is("/d/out", CONTEXT(A));
	tree_is("/e", CONTEXT("object_r"));
	tree_is("/e/file", CONTEXT("object_r"));
	/* Nor is a tree_root that leads through one. */
	target = tree_path("/d/out/file");
	ck_assert_int_eq(tree_set_at((const char *const[]){ target }, 1, 0, NULL), 0);
	tree_is("/e/file", CONTEXT("object_r"));
}
END_TEST

START_TEST(files_that_no_rule_names_any_more_are_put_back)
{
	static const struct rule less[] = { { "/d/kind0", false, B } };

	tree_make();
	tree_set(tree_usual, 2);
	tree_set(less, 1);
	tree_is("/d/kind0", CONTEXT(B));
	tree_is("/d", CONTEXT("object_r"));
	tree_is("/d/kind1/in", CONTEXT("object_r"));
	tree_is("/file", CONTEXT("object_r"));
	ck_assert_uint_eq(tree_result.changed, 1);
	ck_assert_uint_eq(tree_result.put_back, 8);
	tree_restore();
	tree_is("/d/kind0", CONTEXT("object_r"));
}
END_TEST

START_TEST(one_file_with_two_names_has_the_role_of_the_first)
{
	static const struct rule both[] = { { "/a", false, A }, { "/b", false, B } },
				 second[] = { { "/b", false, B } };
	_cleanup_free_ char *a = tree_path("/a"), *b = tree_path("/b");
	_cleanup_(cleanup_diag) struct karmor_diag *diag = karmor_diag_new();

	tree_add("/a", S_IFREG | 0600);
	ck_assert_int_eq(link(a, b), 0);
	tree_rules = both;
	tree_n_rules = 2;
	ck_assert_int_eq(tree_set_at((const char *const[]){ tree_root }, 1, 0, diag), 0);
	tree_is("/b", CONTEXT(A));
	ck_assert_uint_eq(karmor_diag_count(diag, KARMOR_WARNING), 1);
	ck_assert_ptr_nonnull(strstr(karmor_diag_at(diag, 0)->text, "are one file"));
	/* One name is enough. */
	tree_set(second, 1);
	tree_is("/a", CONTEXT(B));
	tree_set(second, 0);
	tree_is("/a", CONTEXT("object_r"));
}
END_TEST

START_TEST(what_is_mounted_below_is_another_file_system)
{
	static const struct rule in[] = { { "/d", true, A } };
	_cleanup_(cleanup_diag) struct karmor_diag *diag = karmor_diag_new();
	_cleanup_free_ char *dir = tree_path("/d/kind1"), *from = tree_path("/e"),
			    *file = tree_path("/file"), *on = tree_path("/d/kind0");

	tree_make();
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0); /* Check forks for each test */
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount(from, dir, NULL, MS_BIND, NULL), 0);
	ck_assert_int_eq(mount(file, on, NULL, MS_BIND, NULL), 0);
	tree_rules = in;
	tree_n_rules = 1;
	ck_assert_int_eq(tree_set_at((const char *const[]){ tree_root }, 1, 0, diag), 0);
	tree_is("/d/kind3", CONTEXT(A));
	tree_is("/e", CONTEXT("object_r"));
	tree_is("/e/file", CONTEXT("object_r"));
	tree_is("/file", CONTEXT("object_r"));
	ck_assert_uint_eq(karmor_diag_count(diag, KARMOR_WARNING), 1);
	ck_assert_ptr_nonnull(strstr(karmor_diag_at(diag, 0)->text, "/d/kind1\""));
	/* A tree_root on it is looked at, though another is above. */
	ck_assert_int_eq(tree_set_at((const char *const[]){ tree_root, dir }, 2, 0, NULL), 0);
	tree_is("/e/file", CONTEXT(A));
	tree_restore();
	tree_is("/e/file", CONTEXT("object_r"));
	ck_assert_int_eq(mount(NULL, dir, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
	ck_assert_int_eq(tree_set_at((const char *const[]){ tree_root, dir }, 2, 0, diag),
			 -EOPNOTSUPP);
	ck_assert_ptr_nonnull(strstr(karmor_diag_at(diag, 2)->text, "read-only"));
	tree_is("/d/kind3", CONTEXT("object_r"));
	ck_assert_int_lt(access(tree_journal, F_OK), 0);
	umount(dir);
	umount(on);
}
END_TEST

static const char *inode_path(struct selinux_inodes *inodes, const char *name, const char *last)
{
	_cleanup_free_ char *path = tree_path(name);
	struct stat st;

	ck_assert_int_eq(lstat(path, &st), 0);
	return selinux_inodes_find(inodes, tree_journal, st.st_ino, last);
}

START_TEST(the_path_that_a_label_was_given_under_is_known)
{
	_cleanup_(selinux_inodes_done) struct selinux_inodes inodes = { 0 };
	_cleanup_free_ char *in = tree_path("/d/kind1/in"), *later = tree_path("/file");

	tree_make();
	ck_assert_ptr_null(inode_path(&inodes, "/d/kind1/in", "in"));
	tree_set(tree_usual, 2);
	ck_assert_str_eq(inode_path(&inodes, "/d/kind1/in", "in"), in);
	ck_assert_str_eq(inode_path(&inodes, "/file", "file"), later);
	ck_assert_ptr_null(inode_path(&inodes, "/file", "other"));
	ck_assert_ptr_null(inode_path(&inodes, "/e/file", "file"));
	tree_set(tree_usual, 1); /* the journal is another */
	ck_assert_ptr_null(inode_path(&inodes, "/file", "file"));
	tree_restore();
	ck_assert_ptr_null(inode_path(&inodes, "/d/kind1/in", "in"));
}
END_TEST

START_TEST(what_was_moved_is_found)
{
	tree_make();
	tree_set(tree_usual, 2);
	tree_move("/d/kind0", "/e/moved");
	tree_move("/d/kind1", "/e/kind1");
	tree_move("/file", "/d/kind0");
	tree_restore();
	tree_is("/e/moved", CONTEXT("object_r"));
	tree_is("/e/kind1/in", CONTEXT("object_r"));
	tree_is("/d/kind0", CONTEXT("object_r"));
}
END_TEST

START_TEST(what_left_its_root_is_found_by_its_handle)
{
	static const struct rule in[] = { { "/d", true, A } };
	_cleanup_(cleanup_diag) struct karmor_diag *diag = karmor_diag_new();
	_cleanup_free_ char *dir = tree_path("/d");

	tree_make();
	tree_rules = in;
	tree_n_rules = 1;
	ck_assert_int_eq(tree_set_at((const char *const[]){ dir }, 1, 0, NULL), 0);
	tree_move("/d/kind0", "/e/moved");
	tree_delete("/d/kind3");
	ck_assert_int_eq(selinux_labels_restore(tree_journal, ATTRIBUTE, diag), 0);
	tree_is("/e/moved", CONTEXT("object_r"));
	ck_assert_ptr_null(karmor_diag_at(diag, 0));
}
END_TEST

START_TEST(another_file_of_the_name_keeps_its_label)
{
	tree_make();
	tree_set(tree_usual, 2);
	tree_delete("/file");
	tree_add("/file", S_IFREG | 0600);
	tree_relabel("/file", "u:user_r:t");
	tree_restore();
	tree_is("/file", "u:user_r:t");
}
END_TEST

START_TEST(a_label_that_somebody_changed_is_left_alone)
{
	tree_make();
	tree_set(tree_usual, 2);
	tree_relabel("/file", "u:user_r:t");
	tree_relabel("/d/kind0", "u:" A ":other_t"); /* ours but for the type */
	tree_restore();
	tree_is("/file", "u:user_r:t");
	tree_is("/d/kind0", "u:object_r:other_t");
	/* What it is now is what is put back later. */
	tree_set(tree_usual, 2);
	tree_is("/file", "u:" B ":t");
	tree_restore();
	tree_is("/file", "u:user_r:t");
}
END_TEST

START_TEST(what_was_made_meanwhile_is_turned_back)
{
	static const struct rule other[] = { { "/e", true, B } };

	tree_make();
	for (int i = 0; i < 2; i++) {
		tree_set(tree_usual, 2);
		tree_add("/d/kind1/new", S_IFDIR | 0700);
		tree_add("/d/kind1/new/file", S_IFREG | 0600);
		tree_relabel("/d/kind1/new", CONTEXT(A));
		tree_relabel("/d/kind1/new/file", CONTEXT(A));
		if (i)
			tree_set(other, 1);
		else
			tree_restore();
		tree_is("/d/kind1/new", CONTEXT("object_r"));
		tree_is("/d/kind1/new/file", CONTEXT("object_r"));
		tree_delete("/d/kind1/new/file");
		tree_delete("/d/kind1/new");
	}
	tree_is("/e/file", CONTEXT(B));
	tree_restore();
}
END_TEST

START_TEST(copies_of_types_are_set_and_put_back)
{
	_cleanup_buf_ struct buf buf = { 0 };

	tree_make();
	tree_copies = true;
	tree_set(tree_usual, 2);
	tree_is("/d/kind0", "system_u:" A ":karmor_xa1_etc_t:s0");
	tree_is("/d/kind3", CONTEXT(A));
	tree_set(tree_usual, 2);
	ck_assert_uint_eq(tree_result.changed, 0);
	ck_assert_int_eq(selinux_labels_roles(tree_journal, tree_role, &buf, NULL), 0);
	ck_assert_str_eq(buf.data, A " " B " karmor_xa1_etc_t ");
	/* Brought along by somebody, and somebody's other type. */
	tree_relabel("/d/kind3", "u:object_r:karmor_xa1_bin_t");
	tree_relabel("/e/file", "u:object_r:karmor_xa1_bin_t:s0");
	tree_relabel("/file", "u:object_r:karmor_x_t:s0");
	tree_copies = false;
	tree_set(tree_usual, 2);
	tree_is("/d/kind0", CONTEXT(A));
	tree_copies = true;
	tree_set(tree_usual, 2);
	tree_is("/d/kind0", "system_u:" A ":karmor_xa1_etc_t:s0");
	tree_restore();
	tree_is("/d/kind0", CONTEXT("object_r"));
	tree_is("/d/kind3", "u:object_r:bin_t");
	tree_is("/e/file", "u:object_r:bin_t:s0");
	tree_is("/file", "u:object_r:karmor_x_t:s0");
}
END_TEST

START_TEST(names_may_have_any_byte)
{
	char longest[258] = "/";
	const char *names[] = { "/new\nline", "/\x01\x1b[31m", "/not utf-8 \xff\xfe",
				"/a b\\x20",  "/\"quoted\"",   longest };
	static const struct rule all[] = { { "", true, A } };

	memset(longest + 1, 'n', 255);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		tree_add(names[i], S_IFREG | 0600);
	tree_set(all, 1);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		tree_is(names[i], CONTEXT(A));
	/* They are known again. */
	tree_set(all, 1);
	ck_assert_uint_eq(tree_result.changed + tree_result.lost, 0);
	tree_restore();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		tree_is(names[i], CONTEXT("object_r"));
}
END_TEST

START_TEST(depth_has_no_bound)
{
	static const struct rule all[] = { { "", true, A } };
	char text[64] = "";
	int dir = open(tree_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; i < 2000; i++) {
		char path[64];
		int next;

		ck_assert_int_eq(mkdirat(dir, "deep", 0700), 0);
		next = openat(dir, "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ck_assert_int_ge(next, 0);
		close(dir);
		dir = next;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", dir);
		setxattr(path, ATTRIBUTE, CONTEXT("object_r"), sizeof(CONTEXT("object_r")), 0);
	}
	tree_set(all, 1);
	ck_assert_uint_eq(tree_result.changed, 2001);
	fgetxattr(dir, ATTRIBUTE, text, sizeof(text));
	ck_assert_str_eq(text, CONTEXT(A));
	tree_restore();
	fgetxattr(dir, ATTRIBUTE, text, sizeof(text));
	ck_assert_str_eq(text, CONTEXT("object_r"));
	close(dir);
}
END_TEST

START_TEST(too_many_objects_are_an_error_and_change_nothing)
{
	_cleanup_(cleanup_diag) struct karmor_diag *diag = karmor_diag_new();
	static const struct rule all[] = { { "", true, A } };
	char name[16];

	for (int i = 0; i < MUCH; i++) {
		snprintf(name, sizeof(name), "/%d", i);
		tree_add(name, S_IFREG | 0600);
	}
	tree_rules = all;
	tree_n_rules = 1;
	ck_assert_int_eq(tree_set_at((const char *const[]){ tree_root }, 1, MUCH, diag), -EINVAL);
	ck_assert_ptr_nonnull(strstr(karmor_diag_at(diag, 0)->text, "more than 200 files"));
	tree_is("/0", CONTEXT("object_r"));
	ck_assert_int_lt(access(tree_journal, F_OK), 0);
	ck_assert_int_eq(tree_set_at((const char *const[]){ tree_root }, 1, MUCH + 1, diag), 0);
	tree_is("/0", CONTEXT(A));
	ck_assert_uint_eq(tree_result.seen, MUCH + 1);
}
END_TEST

START_TEST(a_file_without_a_label_is_an_error)
{
	_cleanup_(cleanup_diag) struct karmor_diag *diag = karmor_diag_new();
	_cleanup_free_ char *path = tree_path("/d/kind1/in");

	tree_make();
	ck_assert_int_eq(lremovexattr(path, ATTRIBUTE), 0);
	tree_rules = tree_usual;
	tree_n_rules = 2;
	ck_assert_int_eq(tree_set_at((const char *const[]){ tree_root }, 1, 0, diag), -EOPNOTSUPP);
	ck_assert_ptr_nonnull(strstr(karmor_diag_at(diag, 0)->text, "in\": it has none"));
	tree_is("/d", CONTEXT("object_r"));
	tree_is("/d/kind1/in", NULL);
}
END_TEST

/* The same rules as before, over these roots. */
static void set_in(const char *const *roots, size_t n, const bool *settled)
{
	tree_settled = settled;
	ck_assert_int_eq(tree_set_at(roots, n, 0, NULL), 0);
	tree_settled = NULL;
}

static const struct rule in_both[] = { { "/d", true, A }, { "/e", true, B } };

START_TEST(what_is_settled_is_not_looked_at_and_stays)
{
	_cleanup_free_ char *d = tree_path("/d"), *e = tree_path("/e");
	const char *const roots[] = { d, e };

	tree_make();
	tree_rules = in_both;
	tree_n_rules = 2;
	set_in(roots, 2, NULL);
	tree_add("/d/later", S_IFREG | 0600);
	tree_add("/e/later", S_IFREG | 0600);
	set_in(roots, 2, (const bool[]){ true, false });
	ck_assert_uint_eq(tree_result.changed, 1);
	ck_assert_uint_eq(tree_result.put_back, 0);
	tree_is("/d/later", CONTEXT("object_r"));
	tree_is("/d/kind0", CONTEXT(A));
	tree_is("/e/later", CONTEXT(B));
	/* The other is none any more, and what is settled stays all the same. */
	tree_n_rules = 1;
	set_in(roots, 1, (const bool[]){ true });
	tree_is("/d/kind0", CONTEXT(A));
	tree_is("/e/later", CONTEXT("object_r"));
	tree_restore();
	tree_is("/d/kind0", CONTEXT("object_r"));
	tree_is("/d/kind1/in", CONTEXT("object_r"));
}
END_TEST

/* As where a rule about all of it came, or went. */
START_TEST(what_is_below_a_root_that_is_looked_through_is_not_settled)
{
	static const struct rule none[] = { { "/d/kind0", false, B } };
	_cleanup_free_ char *d = tree_path("/d"), *in = tree_path("/d/kind1");
	const char *const roots[] = { d, in };

	tree_make();
	for (int without = 0; without < 2; without++) {
		tree_rules = in_both;
		tree_n_rules = 1;
		set_in(roots, 2, NULL);
		tree_is("/d/kind1/in", CONTEXT(A));
		tree_rules = none;
		set_in(roots + without, 2 - (size_t)without,
		       without ? (const bool[]){ true } : (const bool[]){ false, true });
		tree_is("/d/kind1/in", CONTEXT("object_r"));
		tree_is("/d/kind1", CONTEXT("object_r"));
	}
}
END_TEST

/* The journal says where labels are. */
START_TEST(what_was_never_labelled_is_not_settled)
{
	_cleanup_free_ char *d = tree_path("/d"), *e = tree_path("/e");

	tree_make();
	tree_rules = in_both;
	tree_n_rules = 2;
	set_in((const char *const[]){ d, e }, 2, (const bool[]){ true, true });
	tree_is("/d/kind1/in", CONTEXT(A));
	tree_is("/e/file", CONTEXT(B));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("selinux_labels");
	TCase *test = tcase_create("labels");

	if (!tree_can())
		return support_skip(
			"trusted attributes in /tmp: needs root and a file system that has them");
	tcase_add_checked_fixture(test, tree_setup, tree_teardown);
	tcase_set_timeout(test, 120);
	tcase_add_test(test, labels_of_every_kind_of_file_are_put_back_exactly);
	tcase_add_test(test, links_are_labelled_and_not_followed);
	tcase_add_test(test, files_that_no_rule_names_any_more_are_put_back);
	tcase_add_test(test, one_file_with_two_names_has_the_role_of_the_first);
	tcase_add_test(test, what_is_mounted_below_is_another_file_system);
	tcase_add_test(test, the_path_that_a_label_was_given_under_is_known);
	tcase_add_test(test, what_was_moved_is_found);
	tcase_add_test(test, what_left_its_root_is_found_by_its_handle);
	tcase_add_test(test, another_file_of_the_name_keeps_its_label);
	tcase_add_test(test, a_label_that_somebody_changed_is_left_alone);
	tcase_add_test(test, what_was_made_meanwhile_is_turned_back);
	tcase_add_test(test, copies_of_types_are_set_and_put_back);
	tcase_add_test(test, names_may_have_any_byte);
	tcase_add_test(test, depth_has_no_bound);
	tcase_add_test(test, too_many_objects_are_an_error_and_change_nothing);
	tcase_add_test(test, a_file_without_a_label_is_an_error);
	tcase_add_test(test, what_is_settled_is_not_looked_at_and_stays);
	tcase_add_test(test, what_is_below_a_root_that_is_looked_through_is_not_settled);
	tcase_add_test(test, what_was_never_labelled_is_not_settled);
	suite_add_tcase(suite, test);
	return support_run(suite);
}
