/* SPDX-License-Identifier: Apache-2.0 */
#include "trees.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "array.h"
#include "cleanup.h"
#include "diag.h"

int selinux_tree_compare(const void *a, const void *b)
{
	const struct selinux_tree *one = a, *other = b;
	int order = strcmp(one->here, other->here);

	return order ? order : strcmp(one->inside, other->inside);
}

/* Sorted, each once. */
static int trees_sort(struct selinux_trees *trees)
{
	struct selinux_tree *all = calloc(trees->n_found + 1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	trees->trees = all;
	if (trees->n_found) {
		memcpy(all, trees->found, trees->n_found * sizeof(*all));
		qsort(all, trees->n_found, sizeof(*all), selinux_tree_compare);
	}
	for (size_t i = 0; i < trees->n_found; i++)
		if (!trees->n_trees || selinux_tree_compare(&all[trees->n_trees - 1], &all[i]))
			all[trees->n_trees++] = all[i];
	return 0;
}

int selinux_tree_add(struct selinux_trees *trees, const char *here, const char *inside)
{
	struct selinux_tree *tree;

	if (array_grow(&trees->found, trees->n_found, &trees->found_size, sizeof(*tree)) < 0)
		return -ENOMEM;
	tree = &trees->found[trees->n_found];
	tree->here = arena_strdup(&trees->arena, here);
	tree->inside = arena_strdup(&trees->arena, inside);
	if (!tree->here || !tree->inside)
		return -ENOMEM;
	trees->n_found++;
	return 0;
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
	int r;

	if (selinux_is_elsewhere(root))
		return selinux_places_add(trees, root, diag);
	r = tree_find(root, &path);
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
	return r < 0 ? r : selinux_tree_add(trees, path, "");
}

/* Those that ruleset @i had before. */
static int trees_take(struct selinux_trees *trees, const struct selinux_trees *before, size_t i)
{
	int r = 0;

	for (size_t j = i ? before->ends[i - 1] : 0; r == 0 && j < before->ends[i]; j++)
		r = selinux_tree_add(trees, before->found[j].here, before->found[j].inside);
	return r;
}

int selinux_trees_open(struct selinux_trees *ret, const struct selinux_artifact *artifact,
		       const struct selinux_trees *before, struct karmor_diag *diag)
{
	int r;

	*ret = (struct selinux_trees){ .artifact = artifact };
	ret->ends = calloc(artifact->n_given + 1, sizeof(*ret->ends));
	r = ret->ends ? 0 : -ENOMEM;
	for (size_t i = 0; r == 0 && i < artifact->n_given; i++) {
		if (before && selinux_is_same_set(artifact, before->artifact, i))
			r = trees_take(ret, before, i);
		else if (artifact->given[i])
			r = tree_add(ret, artifact->given[i], diag);
		ret->ends[i] = ret->n_found;
	}
	r = r ? r : trees_sort(ret);
	r = r ? r : selinux_roots_settle(ret, before, diag);
	if (r)
		selinux_trees_close(ret);
	return r;
}

void selinux_trees_keep(struct selinux_trees *trees)
{
	free(trees->roots);
	free(trees->settled);
	mounts_done(&trees->mounts);
	arena_done(&trees->passing);
	trees->roots = NULL;
	trees->settled = NULL;
	trees->n_roots = 0;
}

void selinux_trees_close(struct selinux_trees *trees)
{
	selinux_trees_keep(trees);
	free(trees->found);
	free(trees->ends);
	free(trees->trees);
	arena_done(&trees->arena);
	*trees = (struct selinux_trees){ 0 };
}

/*
 * What a workload calls @path, as rules have it, by the @i-th tree from the last; NULL: nothing.
 * Trees are sorted, so that what is further in comes first.
 */
static const char *name_in(const struct selinux_trees *trees, size_t i, const char *path,
			   struct buf *room)
{
	const struct selinux_tree *tree = &trees->trees[trees->n_trees - 1 - i];
	const char *rest = mounts_below(path, *tree->here ? tree->here : "/");

	if (!rest)
		return NULL;
	if (!*tree->inside)
		return *rest ? rest : "/";
	rest = strcmp(rest, "/") == 0 ? "" : rest;
	buf_reset(room);
	buf_printf(room, "%s%s", tree->inside, rest);
	return buf_failed(room) ? NULL : room->data;
}

bool selinux_trees_name(const struct selinux_trees *trees, const char *path, char *ret, size_t size)
{
	_cleanup_buf_ struct buf room = { 0 };

	for (size_t i = 0; i < trees->n_trees; i++) {
		const char *name = name_in(trees, i, path, &room);

		if (name)
			return (size_t)snprintf(ret, size, "%s", name) < size;
	}
	return false;
}

/* The label by the first name that has one; whether another name has another. */
static size_t label_of(const struct selinux_trees *trees, const char *path, bool directory,
		       bool *is_shared)
{
	size_t ret = SELINUX_NO_LABEL;
	_cleanup_buf_ struct buf room = { 0 };

	*is_shared = false;
	for (size_t i = 0; i < trees->n_trees; i++) {
		const char *name = name_in(trees, i, path, &room);
		size_t label = name ? selinux_label_of(trees->artifact, name, directory)
				    : SELINUX_NO_LABEL;

		if (ret == SELINUX_NO_LABEL)
			ret = label;
		*is_shared |= label != SELINUX_NO_LABEL && label != ret;
	}
	return ret;
}

bool selinux_is_shared(const struct selinux_trees *trees, const char *path, bool directory)
{
	bool ret = false;

	if (trees->n_trees > 1)
		label_of(trees, path, directory, &ret);
	return ret;
}

static bool role(const char *path, bool directory, char *ret, size_t size, void *data)
{
	const struct selinux_trees *trees = data;
	bool is_shared;
	size_t label = label_of(trees, path, directory, &is_shared);
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
	_cleanup_buf_ struct buf room = { 0 };

	for (size_t i = 0; i < trees->n_trees; i++) {
		const char *in = name_in(trees, i, path, &room);
		_cleanup_buf_ struct buf name = { 0 };

		if (!in || !selinux_copy_of(trees->artifact, in, own, &name) || buf_failed(&name) ||
		    name.len >= size)
			continue;
		memcpy(copy, name.data, name.len + 1);
		return true;
	}
	return false;
}

static bool leads(const struct selinux_artifact *artifact, const char *in)
{
	const struct automaton *automaton = artifact->automaton;
	uint32_t state = 1;

	for (const char *p = in; *p; p++)
		state = automaton_next(automaton, state, (uint8_t)*p);
	if (strcmp(in, "/") != 0)
		state = automaton_next(automaton, state, '/');
	return artifact->leads[state];
}

static bool descend(const char *path, void *data)
{
	const struct selinux_trees *trees = data;
	_cleanup_buf_ struct buf room = { 0 };

	for (size_t i = 0; i < trees->n_trees; i++) {
		const char *in = name_in(trees, i, path, &room);

		if (in && leads(trees->artifact, in))
			return true;
	}
	return false;
}

static bool exceeds(const char *role, const char *other, bool directory, void *data)
{
	const struct selinux_trees *trees = data;

	return selinux_role_exceeds(trees->artifact, role, other, directory);
}

void selinux_walk_of(const struct selinux_trees *trees, struct selinux_walk *ret)
{
	*ret = (struct selinux_walk){
		.roots = trees->roots,
		.n_roots = trees->n_roots,
		.settled = trees->settled,
		.role = role,
		.type = type,
		.descend = descend,
		.exceeds = exceeds,
		.data = (void *)(uintptr_t)trees,
		.attribute = SELINUX_ATTRIBUTE,
	};
}

bool selinux_is_source(const struct selinux_trees *trees, const char *path)
{
	const struct selinux_artifact *a = trees->artifact;
	_cleanup_buf_ struct buf room = { 0 };

	for (size_t i = 0; i < trees->n_trees; i++) {
		const char *in = name_in(trees, i, path, &room);

		if (in &&
		    a->accept_kinds[automaton_run(a->automaton, in)] != a->accept_kinds[a->rest])
			return true;
	}
	return false;
}
