/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels of files without SELinux: an attribute of the test's own stands for the label, on files
 * that it makes. Root, for links and devices take only trusted attributes.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../support.h"

#include "buf.h"
#include "cleanup.h"
#include "selinux/labels.h"

#define ATTRIBUTE "trusted.karmor_test"
#define A "karmor_oa_r"
#define B "karmor_ob_r"
#define CONTEXT(role) "system_u:" role ":etc_t:s0"
#define MUCH 200

DEFINE_CLEANUP(diag, struct karmor_diag, karmor_diag_free)

static char root[] = "/tmp/karmor-labels-XXXXXX";
static char journal[sizeof(root) + 8];
static struct selinux_labels_result result;

/* What a path, below the test's directory, is to have. */
struct rule {
	const char *path;
	bool below;
	const char *role;
};

static const struct rule *rules;
static size_t n_rules;

static const char *in_root(const char *path)
{
	return strncmp(path, root, strlen(root)) == 0 ? path + strlen(root) : "";
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '/' || !len);
}

static bool role(const char *path, bool directory, char *ret, size_t size, void *data)
{
	path = in_root(path);
	for (size_t i = 0; i < n_rules; i++)
		if (strcmp(path, rules[i].path) == 0 ||
		    (rules[i].below && is_below(path, rules[i].path))) {
			snprintf(ret, size, "%s", rules[i].role);
			return true;
		}
	return false;
}

static bool descend(const char *path, void *data)
{
	path = in_root(path);
	for (size_t i = 0; i < n_rules; i++)
		if (is_below(rules[i].path, path) ||
		    (rules[i].below &&
		     (strcmp(path, rules[i].path) == 0 || is_below(path, rules[i].path))))
			return true;
	return false;
}

/* Executables have a copy of their types, where a test wants it. */
static bool copies;

static bool copy_of(const char *path, const char *type, char *ret, size_t size, void *data)
{
	return copies && strstr(path, "kind0") &&
	       (size_t)snprintf(ret, size, "karmor_xa1_%s", type) < size;
}

static char *place(const char *name)
{
	struct buf buf = { 0 };

	buf_printf(&buf, "%s%s", root, name);
	ck_assert(!buf_failed(&buf));
	return buf_take(&buf);
}

static int set_at(const char *const *roots, size_t n, size_t limit, struct karmor_diag *diag)
{
	struct selinux_walk walk = { .roots = roots,
				     .n_roots = n,
				     .role = role,
				     .type = copy_of,
				     .descend = descend,
				     .attribute = ATTRIBUTE,
				     .limit = limit };

	result = (struct selinux_labels_result){ 0 };
	return selinux_labels_set(journal, &walk, &result, diag);
}

static void set(const struct rule *these, size_t n)
{
	const char *roots[] = { root };

	rules = these;
	n_rules = n;
	ck_assert_int_eq(set_at(roots, 1, 0, NULL), 0);
}

static void restore(void)
{
	ck_assert_int_eq(selinux_labels_restore(journal, ATTRIBUTE, NULL), 0);
	ck_assert_int_lt(access(journal, F_OK), 0);
}

static void label(const char *name, const char *text, size_t len)
{
	_cleanup_free_ char *path = place(name);

	ck_assert_int_eq(lsetxattr(path, ATTRIBUTE, text, len, 0), 0);
}

/* With its end, as the kernel writes it. */
static void relabel(const char *name, const char *text)
{
	label(name, text, strlen(text) + 1);
}

static void is(const char *name, const char *text)
{
	_cleanup_free_ char *path = place(name);
	char has[256];
	ssize_t n = lgetxattr(path, ATTRIBUTE, has, sizeof(has));

	if (!text) {
		ck_assert_int_lt(n, 0);
		return;
	}
	ck_assert_msg(n == (ssize_t)strlen(text) + 1 && memcmp(has, text, (size_t)n) == 0,
		      "%s: has %.*s, not %s", name, (int)n, has, text);
}

static void make(const char *name, mode_t mode)
{
	_cleanup_free_ char *path = place(name);

	if (S_ISDIR(mode))
		ck_assert_int_eq(mkdir(path, mode & 07777), 0);
	else if (S_ISLNK(mode))
		ck_assert_int_eq(symlink("/etc/passwd", path), 0);
	else
		ck_assert_int_eq(mknod(path, mode, S_ISCHR(mode) ? makedev(1, 3) : 0), 0);
	relabel(name, CONTEXT("object_r"));
}

static void move(const char *from, const char *to)
{
	_cleanup_free_ char *old = place(from), *new = place(to);

	ck_assert_int_eq(rename(old, new), 0);
}

static void delete (const char *name)
{
	_cleanup_free_ char *path = place(name);

	ck_assert_int_eq(remove(path), 0);
}

/* Everything that there is, with its label's bytes. */
static struct buf listed;

static int list_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	char text[256] = "";
	ssize_t n = lgetxattr(path, ATTRIBUTE, text, sizeof(text));

	buf_printf(&listed, "%s %zd ", path, n);
	buf_add(&listed, text, n < 0 ? 0 : (size_t)n);
	buf_putc(&listed, '\n');
	return 0;
}

static char *list(size_t *len)
{
	listed = (struct buf){ 0 };
	ck_assert_int_eq(nftw(root, list_one, 16, FTW_PHYS), 0);
	*len = listed.len;
	return buf_take(&listed);
}

static const mode_t kinds[] = { S_IFREG | 0600, S_IFDIR | 0700,	 S_IFLNK,
				S_IFIFO | 0600, S_IFSOCK | 0600, S_IFCHR | 0600 };

static void tree_make(void)
{
	char name[] = "/d/kind0";

	make("/d", S_IFDIR | 0700);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++, name[sizeof(name) - 2]++)
		make(name, kinds[i]);
	make("/d/kind1/in", S_IFREG | 0600);
	make("/e", S_IFDIR | 0700);
	make("/e/file", S_IFREG | 0600);
	make("/file", S_IFREG | 0600);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static void setup(void)
{
	strcpy(root + strlen(root) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	relabel("", CONTEXT("object_r"));
	snprintf(journal, sizeof(journal), "%s-j", root);
}

static void teardown(void)
{
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	unlink(journal);
}

static const struct rule tree[] = { { "/d", true, A }, { "/file", false, B } };

START_TEST(labels_of_every_kind_of_file_are_put_back_exactly)
{
	_cleanup_free_ char *before = NULL, *after = NULL;
	size_t len, now;

	tree_make();
	label("/d/kind0", CONTEXT("object_r"), strlen(CONTEXT("object_r"))); /* without an end */
	relabel("/d/kind1/in", "u:object_r:t");
	relabel("/d/kind3", "u:other_r:t:s0:c1,c2");
	before = list(&len);
	set(tree, 2);
	ck_assert_uint_eq(result.changed, 9);
	ck_assert_uint_eq(result.wanted, 9);
	is("/file", CONTEXT(B));
	is("/d", CONTEXT(A));
	is("/d/kind1", CONTEXT(A));
	is("/d/kind1/in", "u:" A ":t");
	is("/d/kind2", CONTEXT(A));
	is("/d/kind3", "u:" A ":t:s0:c1,c2");
	is("/d/kind5", CONTEXT(A));
	is("/e/file", CONTEXT("object_r"));
	set(tree, 2);
	ck_assert_uint_eq(result.changed, 0);
	restore();
	after = list(&now);
	ck_assert(len == now && memcmp(before, after, len) == 0);
	ck_assert_int_eq(selinux_labels_restore(journal, ATTRIBUTE, NULL), 0);
}
END_TEST

START_TEST(links_are_labelled_and_not_followed)
{
	static const struct rule in[] = { { "/d", true, A } };
	_cleanup_free_ char *link = place("/d/out"), *dir = place("/e"), *target = NULL;

	tree_make();
	ck_assert_int_eq(symlink(dir, link), 0);
	relabel("/d/out", CONTEXT("object_r"));
	set(in, 1);
	is("/d/out", CONTEXT(A));
	is("/e", CONTEXT("object_r"));
	is("/e/file", CONTEXT("object_r"));
	/* Nor is a root that leads through one. */
	target = place("/d/out/file");
	ck_assert_int_eq(set_at((const char *const[]){ target }, 1, 0, NULL), 0);
	is("/e/file", CONTEXT("object_r"));
}
END_TEST

START_TEST(files_that_no_rule_names_any_more_are_put_back)
{
	static const struct rule less[] = { { "/d/kind0", false, B } };

	tree_make();
	set(tree, 2);
	set(less, 1);
	is("/d/kind0", CONTEXT(B));
	is("/d", CONTEXT("object_r"));
	is("/d/kind1/in", CONTEXT("object_r"));
	is("/file", CONTEXT("object_r"));
	ck_assert_uint_eq(result.changed, 1);
	ck_assert_uint_eq(result.put_back, 8);
	restore();
	is("/d/kind0", CONTEXT("object_r"));
}
END_TEST

START_TEST(one_file_with_two_names_has_the_role_of_the_first)
{
	static const struct rule both[] = { { "/a", false, A }, { "/b", false, B } },
				 second[] = { { "/b", false, B } };
	_cleanup_free_ char *a = place("/a"), *b = place("/b");
	_cleanup_(cleanup_diag) struct karmor_diag *diag = karmor_diag_new();

	make("/a", S_IFREG | 0600);
	ck_assert_int_eq(link(a, b), 0);
	rules = both;
	n_rules = 2;
	ck_assert_int_eq(set_at((const char *const[]){ root }, 1, 0, diag), 0);
	is("/b", CONTEXT(A));
	ck_assert_uint_eq(karmor_diag_count(diag, KARMOR_WARNING), 1);
	ck_assert_ptr_nonnull(strstr(karmor_diag_at(diag, 0)->text, "are one file"));
	/* One name is enough. */
	set(second, 1);
	is("/a", CONTEXT(B));
	set(second, 0);
	is("/a", CONTEXT("object_r"));
}
END_TEST

START_TEST(what_is_mounted_below_is_another_file_system)
{
	static const struct rule in[] = { { "/d", true, A } };
	_cleanup_(cleanup_diag) struct karmor_diag *diag = karmor_diag_new();
	_cleanup_free_ char *dir = place("/d/kind1"), *from = place("/e"), *file = place("/file"),
			    *on = place("/d/kind0");

	tree_make();
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0); /* Check forks for each test */
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount(from, dir, NULL, MS_BIND, NULL), 0);
	ck_assert_int_eq(mount(file, on, NULL, MS_BIND, NULL), 0);
	rules = in;
	n_rules = 1;
	ck_assert_int_eq(set_at((const char *const[]){ root }, 1, 0, diag), 0);
	is("/d/kind3", CONTEXT(A));
	is("/e", CONTEXT("object_r"));
	is("/e/file", CONTEXT("object_r"));
	is("/file", CONTEXT("object_r"));
	ck_assert_uint_eq(karmor_diag_count(diag, KARMOR_WARNING), 1);
	ck_assert_ptr_nonnull(strstr(karmor_diag_at(diag, 0)->text, "/d/kind1\""));
	/* A root on it is looked at, though another is above. */
	ck_assert_int_eq(set_at((const char *const[]){ root, dir }, 2, 0, NULL), 0);
	is("/e/file", CONTEXT(A));
	restore();
	is("/e/file", CONTEXT("object_r"));
	ck_assert_int_eq(mount(NULL, dir, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
	ck_assert_int_eq(set_at((const char *const[]){ root, dir }, 2, 0, diag), -EOPNOTSUPP);
	ck_assert_ptr_nonnull(strstr(karmor_diag_at(diag, 2)->text, "read-only"));
	is("/d/kind3", CONTEXT("object_r"));
	ck_assert_int_lt(access(journal, F_OK), 0);
	umount(dir);
	umount(on);
}
END_TEST

START_TEST(what_was_moved_is_found)
{
	tree_make();
	set(tree, 2);
	move("/d/kind0", "/e/moved");
	move("/d/kind1", "/e/kind1");
	move("/file", "/d/kind0");
	restore();
	is("/e/moved", CONTEXT("object_r"));
	is("/e/kind1/in", CONTEXT("object_r"));
	is("/d/kind0", CONTEXT("object_r"));
}
END_TEST

START_TEST(what_left_its_root_is_found_by_its_handle)
{
	static const struct rule in[] = { { "/d", true, A } };
	_cleanup_(cleanup_diag) struct karmor_diag *diag = karmor_diag_new();
	_cleanup_free_ char *dir = place("/d");

	tree_make();
	rules = in;
	n_rules = 1;
	ck_assert_int_eq(set_at((const char *const[]){ dir }, 1, 0, NULL), 0);
	move("/d/kind0", "/e/moved");
	delete ("/d/kind3");
	ck_assert_int_eq(selinux_labels_restore(journal, ATTRIBUTE, diag), 0);
	is("/e/moved", CONTEXT("object_r"));
	ck_assert_ptr_null(karmor_diag_at(diag, 0));
}
END_TEST

START_TEST(another_file_of_the_name_keeps_its_label)
{
	tree_make();
	set(tree, 2);
	delete ("/file");
	make("/file", S_IFREG | 0600);
	relabel("/file", "u:user_r:t");
	restore();
	is("/file", "u:user_r:t");
}
END_TEST

START_TEST(a_label_that_somebody_changed_is_left_alone)
{
	tree_make();
	set(tree, 2);
	relabel("/file", "u:user_r:t");
	relabel("/d/kind0", "u:" A ":other_t"); /* ours but for the type */
	restore();
	is("/file", "u:user_r:t");
	is("/d/kind0", "u:object_r:other_t");
	/* What it is now is what is put back later. */
	set(tree, 2);
	is("/file", "u:" B ":t");
	restore();
	is("/file", "u:user_r:t");
}
END_TEST

START_TEST(what_was_made_meanwhile_is_turned_back)
{
	static const struct rule other[] = { { "/e", true, B } };

	tree_make();
	for (int i = 0; i < 2; i++) {
		set(tree, 2);
		make("/d/kind1/new", S_IFDIR | 0700);
		make("/d/kind1/new/file", S_IFREG | 0600);
		relabel("/d/kind1/new", CONTEXT(A));
		relabel("/d/kind1/new/file", CONTEXT(A));
		if (i)
			set(other, 1);
		else
			restore();
		is("/d/kind1/new", CONTEXT("object_r"));
		is("/d/kind1/new/file", CONTEXT("object_r"));
		delete ("/d/kind1/new/file");
		delete ("/d/kind1/new");
	}
	is("/e/file", CONTEXT(B));
	restore();
}
END_TEST

static char *journal_text(size_t *len)
{
	_cleanup_fclose_ FILE *file = fopen(journal, "re");
	char *text = calloc(1, 65536);

	ck_assert(file && text);
	*len = fread(text, 1, 65535, file);
	return text;
}

static void journal_write(const char *text, size_t len)
{
	_cleanup_fclose_ FILE *file = fopen(journal, "we");

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
	set(one, 1);
	first = journal_text(&whole);
	set(tree, 2);
	free(TAKE_PTR(text));
	text = journal_text(&len);
	ck_assert_uint_gt(len, whole);
	restore();
	set(one, 1);
	for (size_t cut = whole; cut < len; cut += 7) {
		_cleanup_buf_ struct buf torn = { 0 };

		buf_add(&torn, first, whole);
		buf_puts(&torn, "label 8:1 77 - /nowhere u:object_r:t karmor_oa_r -\n");
		journal_write(torn.data, whole + (cut - whole) % (torn.len - whole));
		set(one, 1);
		ck_assert_uint_eq(result.changed, 0);
	}
	restore();
	is("/file", CONTEXT("object_r"));
}
END_TEST

START_TEST(a_damaged_journal_is_an_error)
{
	_cleanup_(cleanup_diag) struct karmor_diag *diag = karmor_diag_new();
	_cleanup_free_ char *text = NULL;
	size_t len;

	tree_make();
	set(tree, 2);
	text = journal_text(&len);
	memset(strchr(text, '\n') + 1, 'x', 4);
	journal_write(text, len);
	ck_assert_int_eq(selinux_labels_restore(journal, ATTRIBUTE, diag), -EIO);
	ck_assert_ptr_nonnull(strstr(karmor_diag_at(diag, 0)->text, "line 2 of the journal"));
	is("/file", CONTEXT(B));
	journal_write("something else\n", 15);
	ck_assert_int_eq(selinux_labels_restore(journal, ATTRIBUTE, diag), -EIO);
}
END_TEST

/* Written down, and then nothing of it, a part or all was set. */
START_TEST(what_was_written_down_and_not_set_does_no_harm)
{
	_cleanup_free_ char *text = NULL;
	size_t len;

	tree_make();
	set(tree, 2);
	text = journal_text(&len);
	restore();
	for (int i = 0; i < 3; i++) {
		journal_write(text, len);
		if (i)
			relabel("/d", CONTEXT(A));
		if (i > 1)
			set(tree, 2);
		restore();
		is("/d", CONTEXT("object_r"));
		is("/d/kind0", CONTEXT("object_r"));
		is("/file", CONTEXT("object_r"));
	}
}
END_TEST

static int collect(const char *name, void *data)
{
	buf_printf(data, "%s ", name);
	return 0;
}

START_TEST(roles_of_lines_that_were_replaced_are_told_of)
{
	_cleanup_buf_ struct buf buf = { 0 }, twice = { 0 };
	static const struct rule one[] = { { "/file", false, A } },
				 other[] = { { "/file", false, B } };
	_cleanup_free_ char *first = NULL, *second = NULL;
	size_t len, more;

	tree_make();
	ck_assert_int_eq(selinux_labels_roles(journal, collect, &buf, NULL), 0);
	ck_assert_uint_eq(buf.len, 0);
	set(tree, 2);
	ck_assert_int_eq(selinux_labels_roles(journal, collect, &buf, NULL), 0);
	ck_assert_str_eq(buf.data, A " " B " ");
	set(one, 1);
	first = journal_text(&len);
	set(other, 1);
	second = journal_text(&more);
	/* As if it had ended before its labels were set. */
	buf_add(&twice, first, len);
	buf_puts(&twice, strstr(second, "label "));
	journal_write(twice.data, twice.len);
	buf_reset(&buf);
	ck_assert_int_eq(selinux_labels_roles(journal, collect, &buf, NULL), 0);
	ck_assert_str_eq(buf.data, A " " B " ");
	restore();
	is("/file", CONTEXT("object_r"));
}
END_TEST

START_TEST(copies_of_types_are_set_and_put_back)
{
	_cleanup_buf_ struct buf buf = { 0 };

	tree_make();
	copies = true;
	set(tree, 2);
	is("/d/kind0", "system_u:" A ":karmor_xa1_etc_t:s0");
	is("/d/kind3", CONTEXT(A));
	set(tree, 2);
	ck_assert_uint_eq(result.changed, 0);
	ck_assert_int_eq(selinux_labels_roles(journal, collect, &buf, NULL), 0);
	ck_assert_str_eq(buf.data, A " " B " karmor_xa1_etc_t ");
	/* Brought along by somebody, and somebody's other type. */
	relabel("/d/kind3", "u:object_r:karmor_xa1_bin_t");
	relabel("/e/file", "u:object_r:karmor_xa1_bin_t:s0");
	relabel("/file", "u:object_r:karmor_x_t:s0");
	copies = false;
	set(tree, 2);
	is("/d/kind0", CONTEXT(A));
	copies = true;
	set(tree, 2);
	is("/d/kind0", "system_u:" A ":karmor_xa1_etc_t:s0");
	restore();
	is("/d/kind0", CONTEXT("object_r"));
	is("/d/kind3", "u:object_r:bin_t");
	is("/e/file", "u:object_r:bin_t:s0");
	is("/file", "u:object_r:karmor_x_t:s0");
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
		make(names[i], S_IFREG | 0600);
	set(all, 1);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		is(names[i], CONTEXT(A));
	/* They are known again. */
	set(all, 1);
	ck_assert_uint_eq(result.changed + result.lost, 0);
	restore();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		is(names[i], CONTEXT("object_r"));
}
END_TEST

START_TEST(depth_has_no_bound)
{
	static const struct rule all[] = { { "", true, A } };
	char text[64] = "";
	int dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

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
	set(all, 1);
	ck_assert_uint_eq(result.changed, 2001);
	fgetxattr(dir, ATTRIBUTE, text, sizeof(text));
	ck_assert_str_eq(text, CONTEXT(A));
	restore();
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
		make(name, S_IFREG | 0600);
	}
	rules = all;
	n_rules = 1;
	ck_assert_int_eq(set_at((const char *const[]){ root }, 1, MUCH, diag), -EINVAL);
	ck_assert_ptr_nonnull(strstr(karmor_diag_at(diag, 0)->text, "more than 200 files"));
	is("/0", CONTEXT("object_r"));
	ck_assert_int_lt(access(journal, F_OK), 0);
	ck_assert_int_eq(set_at((const char *const[]){ root }, 1, MUCH + 1, diag), 0);
	is("/0", CONTEXT(A));
	ck_assert_uint_eq(result.seen, MUCH + 1);
}
END_TEST

START_TEST(a_file_without_a_label_is_an_error)
{
	_cleanup_(cleanup_diag) struct karmor_diag *diag = karmor_diag_new();
	_cleanup_free_ char *path = place("/d/kind1/in");

	tree_make();
	ck_assert_int_eq(lremovexattr(path, ATTRIBUTE), 0);
	rules = tree;
	n_rules = 2;
	ck_assert_int_eq(set_at((const char *const[]){ root }, 1, 0, diag), -EOPNOTSUPP);
	ck_assert_ptr_nonnull(strstr(karmor_diag_at(diag, 0)->text, "in\": it has none"));
	is("/d", CONTEXT("object_r"));
	is("/d/kind1/in", NULL);
}
END_TEST

/* False: this file system does not know the flag. */
static bool immutable(const char *name, bool is)
{
	_cleanup_free_ char *path = place(name);
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
			set(one, 1);
			first = journal_text(&len);
		}
		free(TAKE_PTR(before));
		before = list(&len);
		if (!immutable("/file", true))
			return;
		rules = tree;
		n_rules = 2;
		ck_assert_int_eq(set_at((const char *const[]){ root }, 1, 0, diag), -EPERM);
		immutable("/file", false);
		ck_assert_ptr_nonnull(strstr(karmor_diag_at(diag, 0)->text, "file\": operation"));
		free(TAKE_PTR(after));
		after = list(&now);
		ck_assert(len == now && memcmp(before, after, len) == 0);
	}
	second = journal_text(&now);
	ck_assert_str_eq(first, second);
	/* What cannot be put back is said, and stays to be tried again. */
	set(tree, 2);
	immutable("/file", true);
	ck_assert_int_eq(selinux_labels_restore(journal, ATTRIBUTE, diag), -EPERM);
	is("/d", CONTEXT("object_r"));
	is("/file", CONTEXT(B));
	immutable("/file", false);
	restore();
	is("/file", CONTEXT("object_r"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("selinux_labels");
	TCase *test = tcase_create("labels");
	char file[] = "/tmp/karmor-labels-XXXXXX";
	int fd = mkostemp(file, O_CLOEXEC), r;

	r = fsetxattr(fd, ATTRIBUTE, "", 0, 0);
	unlink(file);
	if (r < 0)
		return support_skip(
			"trusted attributes in /tmp: needs root and a file system that has them");
	tcase_add_checked_fixture(test, setup, teardown);
	tcase_set_timeout(test, 120);
	tcase_add_test(test, labels_of_every_kind_of_file_are_put_back_exactly);
	tcase_add_test(test, links_are_labelled_and_not_followed);
	tcase_add_test(test, files_that_no_rule_names_any_more_are_put_back);
	tcase_add_test(test, one_file_with_two_names_has_the_role_of_the_first);
	tcase_add_test(test, what_is_mounted_below_is_another_file_system);
	tcase_add_test(test, what_was_moved_is_found);
	tcase_add_test(test, what_left_its_root_is_found_by_its_handle);
	tcase_add_test(test, another_file_of_the_name_keeps_its_label);
	tcase_add_test(test, a_label_that_somebody_changed_is_left_alone);
	tcase_add_test(test, what_was_made_meanwhile_is_turned_back);
	tcase_add_test(test, a_torn_journal_is_cut);
	tcase_add_test(test, a_damaged_journal_is_an_error);
	tcase_add_test(test, what_was_written_down_and_not_set_does_no_harm);
	tcase_add_test(test, roles_of_lines_that_were_replaced_are_told_of);
	tcase_add_test(test, copies_of_types_are_set_and_put_back);
	tcase_add_test(test, names_may_have_any_byte);
	tcase_add_test(test, depth_has_no_bound);
	tcase_add_test(test, too_many_objects_are_an_error_and_change_nothing);
	tcase_add_test(test, a_file_without_a_label_is_an_error);
	tcase_add_test(test, a_failure_amid_puts_all_back);
	suite_add_tcase(suite, test);
	return support_run(suite);
}
