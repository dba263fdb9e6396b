/* SPDX-License-Identifier: Apache-2.0 */
/* What setting labels and putting them back have in common. */
#pragma once

#include "buf.h"
#include "journal.h"
#include "label.h"
#include "labels.h"
#include "walk.h"

struct labels_root {
	const char *path;
	bool known;	/* to the journal */
	bool old;	/* to it alone: nothing is wanted there any more */
	bool settled;	/* it is not walked */
	uint64_t mount; /* 0: it was not walked */
};

struct labels_run {
	const char *attribute;
	const struct selinux_walk *walk; /* NULL: everything is put back */
	struct karmor_diag *diag;
	struct journal journal;
	struct labels_root *roots; /* sorted, each once */
	size_t n_roots;
	struct selinux_labels_result result;
	bool apply;	      /* set labels; before that, only write down which */
	bool needed;	      /* there is something to set */
	struct label checked; /* the last that was asked of the policy */
	int failed;	      /* the first label that could not be put back */
	bool faulted;	      /* the object that is looked at: its label could not be set */
	/* Of the root that is walked. */
	struct labels_root *root;
	bool started, tried;
	struct buf mounts; /* names of some mounts below it */
	size_t n_mounts;
};

#define _cleanup_run_ __attribute__((cleanup(labels_run_done)))

/* Opens the journal and makes the roots: those of the walk and those of before. */
int labels_run_open(struct labels_run *run, const char *journal, bool create);
void labels_run_done(struct labels_run *run);

/* Every root, with @run as data of @fn; that asks labels_is_covered() first. */
int labels_walk(struct labels_run *run, walk_fn *fn);
/* Whether this is a root that another root's walk comes to. */
bool labels_is_covered(struct labels_run *run, const struct walk_object *object);

/* Another mount below a root: to be said where rules reach into it. */
void labels_mount_met(struct labels_run *run, const struct walk_object *object);

/* Says why a label could not be set. The code to return. */
int labels_fault(struct labels_run *run, enum karmor_level level, const char *path, int code);

/* What @label was before: exactly what is written down, where nothing else was changed since.
 * False: it is no context, or too long. */
bool labels_before(const struct label *label, const struct journal_entry *entry, struct label *ret);
/* Keeps the label that it has before it is changed. 0 or -ENOMEM. */
int labels_keep(struct labels_run *run, struct journal_entry *entry, const struct label *label);

/*
 * Gives what @fd is, whose label is @label, what it had before; @entry may be NULL. What has
 * nothing of ours is left alone. 0; a failure is said, and noted in the run.
 */
void labels_put_back(struct labels_run *run, int fd, const char *path, const struct label *label,
		     struct journal_entry *entry);
/* The same for all entries that are not wanted, and that the walk did not come to. */
void labels_put_back_rest(struct labels_run *run);
/* Gives all objects that this run changed the labels that they had before it; false: not all, as is
 * said. */
bool labels_undo(struct labels_run *run);
