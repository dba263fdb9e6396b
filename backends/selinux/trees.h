/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The roots that workloads have, and what is mounted in those of another mount namespace, as
 * directories of this machine: what a rule names is labelled in each of them.
 */
#pragma once

#include "arena.h"
#include "labels.h"
#include "mounts.h"
#include "selinux.h"

struct selinux_tree {
	const char *here;   /* without a slash at its end; "" is our own root */
	const char *inside; /* what a workload calls it; "" is its root */
};

struct selinux_trees {
	const struct selinux_artifact *artifact; /* borrowed */
	struct arena arena;			 /* of the trees */
	struct arena passing;			 /* of what the walk alone needs */
	struct selinux_tree *found; /* as each ruleset's root has them, one after another */
	size_t n_found, found_size;
	size_t *ends;		    /* by ruleset: where its own end */
	struct selinux_tree *trees; /* sorted, each once */
	size_t n_trees;
	const char **roots; /* where what is labelled may be */
	bool *settled;	    /* by root: nothing is new below it */
	size_t n_roots;
	struct mounts mounts; /* of this mount namespace; read when they are needed */
};

/*
 * Finds them. @before, if not NULL, are those that labels were set for last: of a ruleset that is
 * the same in the same place nothing is looked for again. 0; -EINVAL (message): a root has no name
 * here, or is that of a process that has ended; -ENOMEM. A directory that is no more is left out,
 * with a warning, and so is a mount in such a root that rules reach into and that has no name here.
 */
int selinux_trees_open(struct selinux_trees *ret, const struct selinux_artifact *artifact,
		       const struct selinux_trees *before, struct karmor_diag *diag);
void selinux_trees_close(struct selinux_trees *trees);
/* Forgets what only a walk needs. */
void selinux_trees_keep(struct selinux_trees *trees);
/* What selinux_labels_set() is to be given; @trees is borrowed. */
void selinux_walk_of(const struct selinux_trees *trees, struct selinux_walk *ret);
/* Whether rules name the file at @path as a source. */
bool selinux_is_source(const struct selinux_trees *trees, const char *path);
/* What the workload whose root is the innermost calls @path. False: none has it, or it is too long.
 */
bool selinux_trees_name(const struct selinux_trees *trees, const char *path, char *ret,
			size_t size);
/* Whether workloads have other names for @path, by which rules say something else of it. */
bool selinux_is_shared(const struct selinux_trees *trees, const char *path, bool directory);

/* Their order. */
int selinux_tree_compare(const void *a, const void *b);
/* settled.c: whether ruleset @i of both is the same one. */
bool selinux_is_same_set(const struct selinux_artifact *a, const struct selinux_artifact *b,
			 size_t i);
/* Makes the roots, sorted, each once, and which of them are settled. 0; -EINVAL (message, too
 * many); -ENOMEM. */
int selinux_roots_settle(struct selinux_trees *trees, const struct selinux_trees *before,
			 struct karmor_diag *diag);

/* Strings are copied. 0 or -ENOMEM. */
int selinux_tree_add(struct selinux_trees *trees, const char *here, const char *inside);

/* places.c: whether @root is that of a process in another mount namespace, and what it has mounted
 * there. As selinux_trees_open(). */
bool selinux_is_elsewhere(const char *root);
int selinux_places_add(struct selinux_trees *trees, const char *root, struct karmor_diag *diag);
