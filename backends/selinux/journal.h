/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of labels: what was changed on which object, and what it was.
 *
 * Lines of words; the bytes of a word that are not plain are written as \xNN:
 *
 *   karmor-labels 1
 *   root PATH
 *   label DEVICE INODE HANDLE PATH LABEL ROLE TYPE
 *
 * LABEL is the attribute's bytes as they were, ROLE the role that it was given instead,
 * TYPE the type, "-" for its own. HANDLE is
 * the file system's own name for the inode, or "-". A later line of an inode replaces an earlier
 * one. A last line that is damaged was being written when the machine stopped, before the label
 * that it speaks of was set: it is cut off.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "arena.h"
#include "labels.h"
#include "walk.h"

struct journal_entry {
	dev_t dev;
	ino_t ino;
	const char *handle; /* "TYPE:HEX", or "-" */
	const char *path;   /* where it was last seen */
	const char *label;  /* as it was */
	size_t label_len;
	const char *role;   /* that it was given; "-": its own */
	const char *type;   /* the same */
	const char *before; /* the label before this run changed it; NULL: it did not */
	size_t before_len;
	bool wanted;   /* in this run */
	bool found;    /* in this run */
	bool gone;     /* not to be written any more, or a later line replaced it */
	uint32_t next; /* of the same bucket: an index and 1, or 0 */
};

struct journal {
	struct arena arena;
	const char *path;
	FILE *file;   /* NULL: there is none */
	off_t length; /* of what was in it */
	bool created;
	bool unsaved; /* something was written since it was flushed */
	bool stale;   /* there are lines in it that say nothing any more */
	struct journal_entry *entries;
	size_t n, size;
	uint32_t *buckets;
	size_t n_buckets; /* a power of two */
	const char *
		*replaced; /* roles that lines replaced: what has them may not have got the other */
	size_t n_replaced, replaced_size;
	const char **roots;
	size_t n_roots, roots_size;
};

#define _cleanup_journal_ __attribute__((cleanup(journal_done)))

/* Reads what is there, and cuts off a last line that is not whole. With @create it is made if it is
 * not there. 0; -EIO, -EPERM (message); -ENOMEM. */
int journal_open(struct journal *journal, const char *path, bool create, struct karmor_diag *diag);
void journal_done(struct journal *journal);

/* The text alone. The length of what is whole; -EIO: line *line is damaged; -ENOMEM. */
off_t journal_parse(struct journal *journal, FILE *file, size_t *line);
/* The entries that are not gone, and these roots. 0 or a negative errno. */
int journal_print(const struct journal *journal, const char *const *roots, size_t n_roots,
		  FILE *out);

/* The entry of an object; NULL: it has none. @fd is asked for its handle where that is needed. */
struct journal_entry *journal_find(const struct journal *journal, const struct walk_object *object);
/*
 * Writes down that @object, whose label was @label, is given a role and a type; @entry is what is
 * known of it, or NULL. It is on disk after journal_flush(). NULL: -ENOMEM, or -EIO if errno says
 * so. Entries stay where they are in memory until the next one is added.
 */
struct journal_entry *journal_note(struct journal *journal, struct journal_entry *entry,
				   const struct walk_object *object, const char *label,
				   size_t label_len, const char *role, const char *type);
/* These return 0 or a negative errno. */
int journal_note_root(struct journal *journal, const char *root);
int journal_flush(struct journal *journal);
int journal_revert(struct journal *journal); /* as it was when it was opened */
/* In one step: what journal_print() prints. */
int journal_replace(struct journal *journal, const char *const *roots, size_t n_roots);
int journal_remove(struct journal *journal);

/*
 * Opens what an entry is of, with O_PATH: where it was last seen, else by its handle. -ESTALE: it
 * is no more; -ENOENT: it is not there, and may be elsewhere.
 */
int journal_reach(const struct journal_entry *entry);
