/* SPDX-License-Identifier: Apache-2.0 */
/* See selinux-tree.h. */
#include "selinux-tree.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "buf.h"

char tree_root[] = "/tmp/karmor-labels-XXXXXX";
char tree_journal[sizeof(tree_root) + 8];
struct selinux_labels_result tree_result;

const bool *tree_settled;
bool (*tree_exceeds)(const char *role, const char *other, bool directory, void *data);
const struct rule *tree_rules;
size_t tree_n_rules;

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '/' || !len);
}

/* NULL: it is not in it. */
static const char *in_root(const char *path)
{
	return strcmp(path, tree_root) == 0 || is_below(path, tree_root) ? path + strlen(tree_root)
									 : NULL;
}

static bool role(const char *path, bool directory, char *ret, size_t size, void *data)
{
	path = in_root(path);
	for (size_t i = 0; path && i < tree_n_rules; i++)
		if (strcmp(path, tree_rules[i].path) == 0 ||
		    (tree_rules[i].below && is_below(path, tree_rules[i].path))) {
			snprintf(ret, size, "%s", tree_rules[i].role);
			return true;
		}
	return false;
}

static bool descend(const char *path, void *data)
{
	if (is_below(tree_root, path) || strcmp(path, "/") == 0)
		return true;
	path = in_root(path);
	for (size_t i = 0; path && i < tree_n_rules; i++)
		if (is_below(tree_rules[i].path, path) ||
		    (tree_rules[i].below &&
		     (strcmp(path, tree_rules[i].path) == 0 || is_below(path, tree_rules[i].path))))
			return true;
	return false;
}

/* Executables have a copy of their types, where a test wants it. */
bool tree_copies;

static bool copy_of(const char *path, const char *type, char *ret, size_t size, void *data)
{
	return tree_copies && strstr(path, "kind0") &&
	       (size_t)snprintf(ret, size, "karmor_xa1_%s", type) < size;
}

char *tree_path(const char *name)
{
	struct buf buf = { 0 };

	buf_printf(&buf, "%s%s", tree_root, name);
	ck_assert(!buf_failed(&buf));
	return buf_take(&buf);
}

struct selinux_walk tree_walk(const char *const *roots, size_t n)
{
	return (struct selinux_walk){ .roots = roots,
				      .n_roots = n,
				      .settled = tree_settled,
				      .role = role,
				      .type = copy_of,
				      .descend = descend,
				      .exceeds = tree_exceeds,
				      .attribute = ATTRIBUTE };
}

int tree_set_at(const char *const *roots, size_t n, size_t limit, struct karmor_diag *diag)
{
	struct selinux_walk walk = tree_walk(roots, n);

	walk.limit = limit;
	tree_result = (struct selinux_labels_result){ 0 };
	return selinux_labels_set(tree_journal, &walk, &tree_result, diag);
}

void tree_set(const struct rule *these, size_t n)
{
	const char *roots[] = { tree_root };

	tree_rules = these;
	tree_n_rules = n;
	ck_assert_int_eq(tree_set_at(roots, 1, 0, NULL), 0);
}

void tree_restore(void)
{
	ck_assert_int_eq(selinux_labels_restore(tree_journal, ATTRIBUTE, NULL), 0);
	ck_assert_int_lt(access(tree_journal, F_OK), 0);
}

void tree_label(const char *name, const char *text, size_t len)
{
	_cleanup_free_ char *path = tree_path(name);

	ck_assert_int_eq(lsetxattr(path, ATTRIBUTE, text, len, 0), 0);
}

/* With its end, as the kernel writes it. */
void tree_relabel(const char *name, const char *text)
{
	tree_label(name, text, strlen(text) + 1);
}

void tree_is(const char *name, const char *text)
{
	_cleanup_free_ char *path = tree_path(name);
	char has[256];
	ssize_t n = lgetxattr(path, ATTRIBUTE, has, sizeof(has));

	if (!text) {
		ck_assert_int_lt(n, 0);
		return;
	}
	ck_assert_msg(n == (ssize_t)strlen(text) + 1 && memcmp(has, text, (size_t)n) == 0,
		      "%s: has %.*s, not %s", name, (int)n, has, text);
}

void tree_add(const char *name, mode_t mode)
{
	_cleanup_free_ char *path = tree_path(name);

	if (S_ISDIR(mode))
		ck_assert_int_eq(mkdir(path, mode & 07777), 0);
	else if (S_ISLNK(mode))
		ck_assert_int_eq(symlink("/etc/passwd", path), 0);
	else
		ck_assert_int_eq(mknod(path, mode, S_ISCHR(mode) ? makedev(1, 3) : 0), 0);
	tree_relabel(name, CONTEXT("object_r"));
}

void tree_move(const char *from, const char *to)
{
	_cleanup_free_ char *old = tree_path(from), *new = tree_path(to);

	ck_assert_int_eq(rename(old, new), 0);
}

void tree_delete(const char *name)
{
	_cleanup_free_ char *path = tree_path(name);

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

char *tree_list(size_t *len)
{
	listed = (struct buf){ 0 };
	ck_assert_int_eq(nftw(tree_root, list_one, 16, FTW_PHYS), 0);
	*len = listed.len;
	return buf_take(&listed);
}

static const mode_t kinds[] = { S_IFREG | 0600, S_IFDIR | 0700,	 S_IFLNK,
				S_IFIFO | 0600, S_IFSOCK | 0600, S_IFCHR | 0600 };

void tree_make(void)
{
	char name[] = "/d/kind0";

	tree_add("/d", S_IFDIR | 0700);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++, name[sizeof(name) - 2]++)
		tree_add(name, kinds[i]);
	tree_add("/d/kind1/in", S_IFREG | 0600);
	tree_add("/e", S_IFDIR | 0700);
	tree_add("/e/file", S_IFREG | 0600);
	tree_add("/file", S_IFREG | 0600);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

void tree_setup(void)
{
	strcpy(tree_root + strlen(tree_root) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(tree_root));
	tree_relabel("", CONTEXT("object_r"));
	snprintf(tree_journal, sizeof(tree_journal), "%s-j", tree_root);
	tree_settled = NULL;
}

void tree_teardown(void)
{
	nftw(tree_root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	unlink(tree_journal);
}

const struct rule tree_usual[2] = { { "/d", true, A }, { "/file", false, B } };

int tree_role(const char *name, void *data)
{
	buf_printf(data, "%s ", name);
	return 0;
}

bool tree_can(void)
{
	char file[] = "/tmp/karmor-labels-XXXXXX";
	_cleanup_close_ int fd = mkostemp(file, O_CLOEXEC);
	int r = fsetxattr(fd, ATTRIBUTE, "", 0, 0);

	unlink(file);
	return r == 0;
}
