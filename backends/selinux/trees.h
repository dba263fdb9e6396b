/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The roots that workloads have, as directories of this machine: what a rule names is labelled in
 * each of them.
 */
#pragma once

#include "arena.h"
#include "labels.h"
#include "selinux.h"

struct selinux_trees {
	const struct selinux_artifact *artifact; /* borrowed */
	struct arena arena;
	const char **trees; /* sorted, each once; "" is our own root */
	size_t n_trees;
	const char **roots; /* where what is labelled may be */
	size_t n_roots;
};

/*
 * Finds them. 0; -EINVAL (message): a root has no name here, as one of another mount namespace, or
 * is that of a process that has ended; -ENOMEM. A directory that is no more is left out, with a
 * warning.
 */
int selinux_trees_open(struct selinux_trees *ret, const struct selinux_artifact *artifact,
		       struct karmor_diag *diag);
void selinux_trees_close(struct selinux_trees *trees);
/* What selinux_labels_set() is to be given; @trees is borrowed. */
void selinux_walk_of(const struct selinux_trees *trees, struct selinux_walk *ret);
/* Whether rules name the file at @path as a source. */
bool selinux_is_source(const struct selinux_trees *trees, const char *path);
