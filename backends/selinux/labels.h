/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roles on files: set where rules name a path, and put back exactly.
 *
 * Of a context the role is changed, and of an executable that rules name as a source the type, to a
 * copy of it. What is changed is written to a journal first, with what
 * it was. No symbolic link is followed, nothing is opened that would act on it, no mount below a
 * root is entered. What is made in a directory with a role has it too without being in the journal:
 * it is found again because it is below a directory that is in it, or has such a role.
 *
 * An object is known again by its inode and, where the file system has them, by its handle, so that
 * it is found wherever it was moved to in its file system. A context that has nothing
 * of ours any more is left alone; of one whose other parts somebody changed, those stay.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <karmor/diag.h>

#define SELINUX_ROLE_SIZE 64  /* of a file's role, with its end */
#define SELINUX_TYPE_SIZE 256 /* of a copied type's name */
#define SELINUX_OBJECTS_MAX 1000000
#define SELINUX_ATTRIBUTE "security.selinux"
#define SELINUX_KEPT_ROLE "karmor_kept_r" /* of what karmor keeps for itself (guard.h) */

/* What is to be labelled. */
struct selinux_walk {
	const char *const *roots; /* absolute normal paths */
	size_t n_roots;
	/* By root: what is below it has its labels already, by the journal, and is not looked at.
	 * NULL: nothing is known to have. */
	const bool *settled;
	/* Where all roots are settled: what is looked at and below nevertheless, sorted, each once.
	 */
	const char *const *only;
	size_t n_only;
	/* Files that come later are looked for: what has a role keeps it under a name that it has
	 * got since, be that another's or none's, but for one that denies as much. Only what came
	 * itself, and not what is below it, is known to be where who may rename it wants it. */
	bool follows;
	/* With that: whether @role denies, and logs, all that @other does, of a directory or a
	 * file. NULL: none does. */
	bool (*exceeds)(const char *role, const char *other, bool directory, void *data);
	/* The role that a path is to have; false for none. */
	bool (*role)(const char *path, bool directory, char *role, size_t size, void *data);
	/* The copy of @type that a path is to have; false for none. NULL: there are no copies. */
	bool (*type)(const char *path, const char *type, char *copy, size_t size, void *data);
	/* Whether something below a directory may have one. */
	bool (*descend)(const char *path, void *data);
	void *data;
	const char *attribute; /* SELINUX_ATTRIBUTE, but in tests */
	size_t limit;	       /* of objects that are looked at; 0: SELINUX_OBJECTS_MAX */
};

struct selinux_labels_result {
	size_t seen;	 /* objects below the roots that were looked at */
	size_t wanted;	 /* of them those that have a role now */
	size_t changed;	 /* labels that were set for that */
	size_t missed;	 /* that could not have one, and held up no others */
	size_t put_back; /* that have none any more */
	size_t lost;	 /* that should be put back and were not found: a warning names each */
};

/*
 * Gives every object below the roots the role that it is to have, and puts back those that had one
 * and are to have none. Idempotent. On failure labels and journal are as before. A mount below a
 * root that a rule reaches into is a warning, and so is a file whose names are to have different
 * roles: it has that of the first.
 *
 * @ret may be NULL. 0; -EINVAL (too many objects), -EOPNOTSUPP (a file system that keeps no labels,
 * or is mounted read-only or with context=), -EPERM, -EIO: message; -ENOMEM.
 */
int selinux_labels_set(const char *journal, const struct selinux_walk *walk,
		       struct selinux_labels_result *ret, struct karmor_diag *diag);

/*
 * Puts back all labels and removes the journal; without one, does nothing. What was deleted since
 * is passed over; what was not found is a warning that names it. 0; -EPERM, -EOPNOTSUPP, -EIO (a
 * label could not be put back: message; the journal stays, to be tried again); -ENOMEM.
 */
int selinux_labels_restore(const char *journal, const char *attribute, struct karmor_diag *diag);

/* The roles that are on files, and the copies of types, each once. 0, -EIO (message), -ENOMEM, or
 * what @fn returned that is not 0. */
typedef int selinux_labels_role_fn(const char *role, void *data);
int selinux_labels_roles(const char *journal, selinux_labels_role_fn *fn, void *data,
			 struct karmor_diag *diag);
