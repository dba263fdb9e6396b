/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where labels are as they are to be, so that a workload that starts has nobody's files looked
 * through but its own. What a file is given follows from the matchers that match its path, each of
 * which is about what is below a root: labels of before hold where no matcher came or went.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "cleanup.h"
#include "diag.h"
#include "trees.h"

/* Names of rules by roots: more are not kept in memory. */
#define ROOTS_MAX (1U << 20)

struct named {
	const char *path;
	bool settled;
};

struct settling {
	struct selinux_trees *trees;
	const struct selinux_trees *before; /* NULL: nothing is settled */
	bool *touched; /* by root of the artifact: a matcher that is about it came or went */
	uint64_t *own; /* trees, and roots in them, that new rulesets are about: sorted */
	size_t n_own, own_size;
	struct named *all;
	size_t n, size;
};

static void settling_done(struct settling *s)
{
	free(s->touched);
	free(s->own);
	free(s->all);
}

bool selinux_is_same_set(const struct selinux_artifact *a, const struct selinux_artifact *b,
			 size_t i)
{
	return i < a->base.n_rulesets && i < b->base.n_rulesets &&
	       a->base.marks[i] == b->base.marks[i] &&
	       strcmp(a->rulesets[i].digest, b->rulesets[i].digest) == 0;
}

static bool has_digest(const struct selinux_artifact *a, const char *digest)
{
	for (size_t i = 0; i < a->base.n_rulesets; i++)
		if (strcmp(a->rulesets[i].digest, digest) == 0)
			return true;
	return false;
}

static int text_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The roots of what @from says and @other does not. */
static bool touch(struct settling *s, const struct selinux_artifact *from,
		  const struct selinux_artifact *other)
{
	const struct selinux_artifact *a = s->trees->artifact;
	bool any = false;

	for (size_t i = 0; i < from->base.n_rulesets; i++) {
		const struct selinux_reach *reach = &from->reaches[i];

		if (!reach->n || selinux_is_same_set(from, other, i) ||
		    has_digest(other, from->rulesets[i].digest))
			continue;
		any = true;
		for (size_t j = 0; j < reach->n; j++) {
			const char *const *found =
				bsearch(&from->roots[reach->roots[j]], a->roots, a->n_roots,
					sizeof(*a->roots), text_compare);

			if (found)
				s->touched[found - a->roots] = true;
		}
	}
	return any;
}

static bool has_types(const struct selinux_kind *a, const struct selinux_kind *b)
{
	bool ret = a->n_types == b->n_types;

	for (size_t i = 0; ret && i < a->n_types; i++)
		ret = strcmp(a->types[i], b->types[i]) == 0;
	return ret;
}

static bool has_kind(const struct selinux_artifact *a, const struct selinux_kind *kind)
{
	for (size_t i = 0; i < a->n_kinds; i++)
		if (strcmp(a->kinds[i].id, kind->id) == 0)
			return has_types(&a->kinds[i], kind);
	return false;
}

/* What a kind of sources is called depends on all of them. */
static bool are_kinds_same(const struct selinux_artifact *a, const struct selinux_artifact *b)
{
	bool ret = a->n_kinds == b->n_kinds;

	for (size_t i = 0; ret && i < a->n_kinds; i++)
		ret = has_kind(b, &a->kinds[i]);
	return ret;
}

static struct selinux_tree *tree_find(const struct selinux_trees *trees,
				      const struct selinux_tree *tree)
{
	return trees->n_trees ? bsearch(tree, trees->trees, trees->n_trees, sizeof(*tree),
					selinux_tree_compare)
			      : NULL;
}

static uint64_t own_make(size_t tree, uint32_t root)
{
	return (uint64_t)tree << 32 | root;
}

static int own_compare(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

	return (one > other) - (one < other);
}

/* What ruleset @set is about in the root of its workload. */
static int own_add(struct settling *s, size_t set)
{
	const struct selinux_trees *trees = s->trees;
	const struct selinux_reach *reach = &trees->artifact->reaches[set];

	for (size_t i = set ? trees->ends[set - 1] : 0; i < trees->ends[set]; i++) {
		size_t tree = (size_t)(tree_find(trees, &trees->found[i]) - trees->trees);

		for (size_t j = 0; j < reach->n; j++) {
			if (array_grow(&s->own, s->n_own, &s->own_size, sizeof(*s->own)) < 0)
				return -ENOMEM;
			s->own[s->n_own++] = own_make(tree, reach->roots[j]);
		}
	}
	return 0;
}

static int own_find(struct settling *s)
{
	const struct selinux_artifact *a = s->trees->artifact;
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->base.n_rulesets; i++)
		if (!selinux_is_same_set(a, s->before->artifact, i))
			r = own_add(s, i);
	if (s->n_own)
		qsort(s->own, s->n_own, sizeof(*s->own), own_compare);
	return r;
}

static int compare_begin(struct settling *s)
{
	const struct selinux_artifact *a = s->trees->artifact, *b = s->before->artifact;
	bool came, went;

	s->touched = calloc(a->n_roots + 1, sizeof(*s->touched));
	if (!s->touched)
		return -ENOMEM;
	came = touch(s, a, b);
	went = touch(s, b, a);
	if ((a->n_kinds > 1 || b->n_kinds > 1) && (came || went || !are_kinds_same(a, b))) {
		s->before = NULL;
		return 0;
	}
	return own_find(s);
}

static bool is_settled(const struct settling *s, size_t tree, uint32_t root)
{
	uint64_t own = own_make(tree, root);

	return s->before && tree_find(s->before, &s->trees->trees[tree]) && !s->touched[root] &&
	       !(s->n_own && bsearch(&own, s->own, s->n_own, sizeof(own), own_compare));
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

static int root_add(struct settling *s, const char *path, bool settled, struct karmor_diag *diag)
{
	if (s->n == ROOTS_MAX) {
		diag_error(diag, NULL, "enforce fewer workloads with roots of their own",
			   "selinux: %zu names in %zu roots of workloads are too many to label",
			   s->trees->artifact->n_roots, s->trees->n_trees);
		return -EINVAL;
	}
	if (!path || array_grow(&s->all, s->n, &s->size, sizeof(*s->all)) < 0)
		return -ENOMEM;
	s->all[s->n++] = (struct named){ path, settled };
	return 0;
}

/* What of a tree a name of rules is, or may be in: all of it, where it is below that. */
static int tree_roots(struct settling *s, size_t i, struct karmor_diag *diag)
{
	const struct selinux_artifact *artifact = s->trees->artifact;
	const struct selinux_tree *tree = &s->trees->trees[i];
	int r = 0;

	for (uint32_t j = 0; r == 0 && j < artifact->n_roots; j++) {
		const char *rest = mounts_below(artifact->roots[j], tree->inside);

		if (!rest && mounts_below(tree->inside, artifact->roots[j]))
			rest = "/";
		if (rest)
			r = root_add(s, join(&s->trees->passing, tree->here, *rest ? rest : "/"),
				     is_settled(s, i, j), diag);
	}
	return r;
}

/* One name of two trees is settled where it is in both. */
static int named_compare(const void *a, const void *b)
{
	const struct named *one = a, *other = b;
	int order = strcmp(one->path, other->path);

	return order ? order : (int)one->settled - (int)other->settled;
}

static int roots_take(const struct settling *s)
{
	struct selinux_trees *ret = s->trees;

	ret->roots = calloc(s->n + 1, sizeof(*ret->roots));
	ret->settled = calloc(s->n + 1, sizeof(*ret->settled));
	if (!ret->roots || !ret->settled)
		return -ENOMEM;
	if (s->n)
		qsort(s->all, s->n, sizeof(*s->all), named_compare);
	for (size_t i = 0; i < s->n; i++) {
		if (ret->n_roots && strcmp(ret->roots[ret->n_roots - 1], s->all[i].path) == 0)
			continue;
		ret->settled[ret->n_roots] = s->all[i].settled;
		ret->roots[ret->n_roots++] = s->all[i].path;
	}
	return 0;
}

int selinux_roots_settle(struct selinux_trees *trees, const struct selinux_trees *before,
			 struct karmor_diag *diag)
{
	_cleanup_(settling_done) struct settling s = { .trees = trees, .before = before };
	int r = before ? compare_begin(&s) : 0;

	for (size_t i = 0; r == 0 && i < trees->n_trees; i++)
		r = tree_roots(&s, i, diag);
	return r ? r : roots_take(&s);
}
