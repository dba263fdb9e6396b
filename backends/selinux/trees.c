/* SPDX-License-Identifier: Apache-2.0 */
#include "trees.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "diag.h"

/* Names of rules by roots: more are not kept in memory. */
#define ROOTS_MAX (1U << 20)

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, each once. */
static size_t sort(const char **texts, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(texts, n, sizeof(*texts), compare);
	for (size_t i = 0; i < n; i++)
		if (!kept || strcmp(texts[kept - 1], texts[i]) != 0)
			texts[kept++] = texts[i];
	return kept;
}

static bool is_same(const char *a, const char *b)
{
	struct stat one, other;

	return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

/*
 * The directory that a root is, as names in it begin: "" for our own. A link of /proc may lead to
 * what has no name here, or to the one that it has in another mount namespace.
 */
static int tree_find(const char *root, char **ret)
{
	char *path = realpath(root, NULL);

	if (!path)
		return -errno;
	if (is_same(root, "/")) {
		*path = '\0';
	} else if (!is_same(root, path)) {
		free(path);
		return -EXDEV;
	}
	*ret = path;
	return 0;
}

/* A process's root, and the process has ended: where that is nobody can tell any more. */
static bool is_of_ended(const char *root)
{
	char to[2];

	return strncmp(root, "/proc/", strlen("/proc/")) == 0 && readlink(root, to, sizeof(to)) < 0;
}

static int tree_add(struct selinux_trees *trees, const char *root, struct karmor_diag *diag)
{
	_cleanup_free_ char *path = NULL;
	int r = tree_find(root, &path);

	if (r < 0 && r != -ENOMEM && is_of_ended(root)) {
		diag_error(diag, NULL, "try again",
			   "selinux: the process has ended that has a workload's root, \"%s\"",
			   root);
		return -EINVAL;
	}
	if (r == -ENOENT || r == -ENOTDIR) {
		diag_warning(diag, NULL, NULL,
			     "selinux: a workload's root \"%s\" is no more, and nothing is "
			     "labelled in it",
			     root);
		return 0;
	}
	if (r < 0 && r != -ENOMEM) {
		diag_error(diag, NULL, "name a directory of this mount namespace",
			   "selinux: nothing can be labelled in a workload's root \"%s\": %s", root,
			   r == -EXDEV ? "it has no name here" : strerror(-r));
		return -EINVAL;
	}
	if (r == 0)
		trees->trees[trees->n_trees] = arena_strdup(&trees->arena, path);
	return r < 0 || !trees->trees[trees->n_trees++] ? -ENOMEM : 0;
}

static const char *join(struct arena *arena, const char *tree, const char *path)
{
	size_t len = strlen(tree), rest = len && strcmp(path, "/") == 0 ? 0 : strlen(path);
	char *ret = arena_alloc(arena, len + rest + 1);

	if (ret) {
		memcpy(ret, tree, len);
		memcpy(ret + len, path, rest);
	}
	return ret;
}

static int roots_make(struct selinux_trees *trees, struct karmor_diag *diag)
{
	const struct selinux_artifact *artifact = trees->artifact;
	size_t n;

	if (__builtin_mul_overflow(artifact->n_roots, trees->n_trees, &n) || n > ROOTS_MAX) {
		diag_error(diag, NULL, "enforce fewer workloads with roots of their own",
			   "selinux: %zu names in %zu roots of workloads are too many to label",
			   artifact->n_roots, trees->n_trees);
		return -EINVAL;
	}
	trees->roots = arena_array(&trees->arena, n + 1, sizeof(*trees->roots));
	for (size_t i = 0; trees->roots && i < trees->n_trees; i++)
		for (size_t j = 0; j < artifact->n_roots; j++) {
			const char *root = join(&trees->arena, trees->trees[i], artifact->roots[j]);

			if (!root)
				return -ENOMEM;
			trees->roots[trees->n_roots++] = root;
		}
	trees->n_roots = trees->roots ? sort(trees->roots, trees->n_roots) : 0;
	return trees->roots ? 0 : -ENOMEM;
}

int selinux_trees_open(struct selinux_trees *ret, const struct selinux_artifact *artifact,
		       struct karmor_diag *diag)
{
	int r = 0;

	*ret = (struct selinux_trees){ .artifact = artifact };
	ret->trees = arena_array(&ret->arena, artifact->n_given + 1, sizeof(*ret->trees));
	for (size_t i = 0; ret->trees && r == 0 && i < artifact->n_given; i++)
		r = tree_add(ret, artifact->given[i], diag);
	if (!ret->trees)
		r = -ENOMEM;
	ret->n_trees = r == 0 ? sort(ret->trees, ret->n_trees) : 0;
	r = r ? r : roots_make(ret, diag);
	if (r)
		selinux_trees_close(ret);
	return r;
}

void selinux_trees_close(struct selinux_trees *trees)
{
	arena_done(&trees->arena);
	*trees = (struct selinux_trees){ 0 };
}

/* A path as rules have it: without what is before the innermost root. NULL: it is in none. */
static const char *path_in(const struct selinux_trees *trees, const char *path)
{
	const char *ret = NULL;

	/* Sorted, so that what is further in comes later. */
	for (size_t i = 0; i < trees->n_trees; i++) {
		size_t len = strlen(trees->trees[i]);

		if (strncmp(path, trees->trees[i], len) == 0 &&
		    (path[len] == '/' || path[len] == '\0'))
			ret = path[len] ? path + len : "/";
	}
	return ret;
}

static bool role(const char *path, bool directory, char *ret, size_t size, void *data)
{
	const struct selinux_trees *trees = data;
	const char *in = path_in(trees, path);
	size_t label = in ? selinux_label_of(trees->artifact, in, directory) : SELINUX_NO_LABEL;
	char name[SELINUX_NAME_SIZE];

	if (label == SELINUX_NO_LABEL)
		return false;
	selinux_file_role(trees->artifact, label, name);
	snprintf(ret, size, "%s", name);
	return true;
}

static bool type(const char *path, const char *own, char *copy, size_t size, void *data)
{
	const struct selinux_trees *trees = data;
	_cleanup_buf_ struct buf name = { 0 };
	const char *in = path_in(trees, path);

	if (!in || !selinux_copy_of(trees->artifact, in, own, &name) || buf_failed(&name) ||
	    name.len >= size)
		return false;
	memcpy(copy, name.data, name.len + 1);
	return true;
}

static bool descend(const char *path, void *data)
{
	const struct selinux_trees *trees = data;
	const struct automaton *automaton = trees->artifact->automaton;
	const char *in = path_in(trees, path);
	uint32_t state = 1;

	if (!in)
		return false;
	for (const char *p = in; *p; p++)
		state = automaton_next(automaton, state, (uint8_t)*p);
	if (strcmp(in, "/") != 0)
		state = automaton_next(automaton, state, '/');
	return trees->artifact->leads[state];
}

void selinux_walk_of(const struct selinux_trees *trees, struct selinux_walk *ret)
{
	*ret = (struct selinux_walk){
		.roots = trees->roots,
		.n_roots = trees->n_roots,
		.role = role,
		.type = type,
		.descend = descend,
		.data = (void *)(uintptr_t)trees,
		.attribute = SELINUX_ATTRIBUTE,
	};
}

bool selinux_is_source(const struct selinux_trees *trees, const char *path)
{
	const struct selinux_artifact *a = trees->artifact;
	const char *in = path_in(trees, path);

	return in && a->accept_kinds[automaton_run(a->automaton, in)] != a->accept_kinds[a->rest];
}
