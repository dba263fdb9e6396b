/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See table-live.h. Everything is a plain file or directory of one tmpfs, /proc and /dev included:
 * rows are about names.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "table-live.h"

#define MODE 0777

static struct node *find(const struct tree *tree, const char *path, size_t len)
{
	for (size_t i = 0; i < tree->n; i++)
		if (tree->nodes[i].len == len && memcmp(tree->nodes[i].path, path, len) == 0)
			return &tree->nodes[i];
	return NULL;
}

static bool fits(const struct tree *tree, const char *path, size_t len, enum node_kind kind)
{
	const struct node *node = find(tree, path, len);

	return !node || node->kind == kind || node->kind == NODE_ANY || kind == NODE_ANY;
}

static int add(struct tree *tree, const char *path, size_t len, enum node_kind kind)
{
	struct node *node = find(tree, path, len), *nodes;

	if (!node) {
		nodes = reallocarray(tree->nodes, tree->n + 1, sizeof(*nodes));
		if (!nodes)
			return -ENOMEM;
		tree->nodes = nodes;
		node = &nodes[tree->n];
		*node = (struct node){ .path = strndup(path, len), .len = len };
		if (!node->path)
			return -ENOMEM;
		tree->n++;
	}
	if (kind != NODE_ANY)
		node->kind = kind;
	return 0;
}

/* The length of the directory that the first @len bytes of a path are in; 0 for the root. */
static size_t parent(const char *path, size_t len)
{
	while (len && path[--len] != '/')
		;
	return len;
}

int tree_add(struct tree *tree, const char *path, enum node_kind kind)
{
	size_t len = strlen(path);
	int r;

	if (strcmp(path, "/") == 0)
		return kind == NODE_PROGRAM ? -EEXIST : 0;
	if (!fits(tree, path, len, kind))
		return -EEXIST;
	for (size_t n = parent(path, len); n; n = parent(path, n))
		if (!fits(tree, path, n, NODE_DIRECTORY))
			return -EEXIST;
	r = add(tree, path, len, kind);
	for (size_t n = parent(path, len); r == 0 && n; n = parent(path, n))
		r = add(tree, path, n, NODE_DIRECTORY);
	return r;
}

enum node_kind tree_kind(const struct tree *tree, const char *path)
{
	const struct node *node = find(tree, path, strlen(path));

	return node ? node->kind : NODE_DIRECTORY;
}

bool tree_has_below(const struct tree *tree, const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < tree->n; i++)
		if (strncmp(tree->nodes[i].path, path, len) == 0 &&
		    (len == 1 || tree->nodes[i].path[len] == '/'))
			return true;
	return false;
}

/* As seen from the tree's descriptor. */
static const char *relative(const char *path)
{
	return path[1] ? path + 1 : ".";
}

static int copy_program(const struct tree *tree, const char *path, const char *program)
{
	_cleanup_close_ int from = open(program, O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int to =
		openat(tree->fd, relative(path), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE);
	ssize_t n;

	if (from < 0 || to < 0)
		return -errno;
	do
		n = sendfile(to, from, NULL, 1 << 20);
	while (n > 0);
	return n < 0 ? -errno : 0;
}

static int make(const struct tree *tree, const char *path, enum node_kind kind)
{
	int r = kind == NODE_DIRECTORY ? mkdirat(tree->fd, relative(path), MODE)
				       : mknodat(tree->fd, relative(path), S_IFREG | MODE, 0);

	return r < 0 && errno != EEXIST ? -errno : 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct node *)a)->path, ((const struct node *)b)->path);
}

int tree_make(struct tree *tree, const char *path, const char *source,
	      const struct programs *programs)
{
	tree->path = strdup(path);
	if (!tree->path)
		return -ENOMEM;
	if (mkdir(path, MODE) < 0)
		return -errno;
	tree->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tree->fd < 0)
		return -errno;
	/* A directory sorts before what is in it. */
	if (tree->n)
		qsort(tree->nodes, tree->n, sizeof(*tree->nodes), compare);
	for (size_t i = 0; i < tree->n; i++) {
		const struct node *node = &tree->nodes[i];
		bool acts = strcmp(node->path, source) == 0;

		/* What is not there is told where it is prepared. */
		if (node->kind == NODE_PROGRAM)
			(void)copy_program(tree, node->path,
					   acts ? programs->actor : programs->nothing);
		else
			(void)make(tree, node->path, node->kind);
	}
	return 0;
}

static int own(const struct tree *tree, const char *path, uid_t uid)
{
	return fchownat(tree->fd, relative(path), uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW);
}

int tree_prepare(const struct tree *tree, const char *path, bool there, uid_t uid)
{
	enum node_kind kind = tree_kind(tree, path);
	size_t len = parent(path, strlen(path));
	_cleanup_free_ char *directory = len ? strndup(path, len) : strdup("/");
	int r = 0;

	if (!directory)
		return -ENOMEM;
	if (there && kind != NODE_PROGRAM && path[1])
		r = make(tree, path, kind);
	else if (!there &&
		 unlinkat(tree->fd, relative(path), kind == NODE_DIRECTORY ? AT_REMOVEDIR : 0) < 0)
		r = errno == ENOENT ? 0 : -errno;
	if (r == 0 && (own(tree, directory, uid) < 0 || (there && own(tree, path, uid) < 0)))
		r = -errno;
	return r;
}

void tree_drop(struct tree *tree)
{
	for (size_t i = 0; i < tree->n; i++)
		free(tree->nodes[i].path);
	free(tree->nodes);
	free(tree->path);
	if (tree->fd > 0)
		close(tree->fd);
	*tree = (struct tree){ .fd = -1 };
}
