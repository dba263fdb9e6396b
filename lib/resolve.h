/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names in a root: what a path means there once its symbolic links are followed (section 4,
 * Aliases).
 *
 * Every component is looked up with openat2(RESOLVE_IN_ROOT), so that nothing in the root, however
 * hostile, leads outside. What does not exist, or cannot be looked at, stays as it stands from
 * there on; links below a procfs are not followed, for they would tell of our own process.
 */
#pragma once

#include "access.h"
#include "ir.h"

struct resolve {
	int fd; /* O_PATH of the root */
	struct arena *arena;
};

/* A resolved name. */
struct resolve_name {
	const char *path; /* the argument itself where nothing changed */
	bool multi_call;  /* it was a symlink to a binary that serves other names as well */
	const char *name; /* the last component as it was written */
};

/* What is looked at to tell a binary of many names: entries of a directory. */
#define RESOLVE_ENTRIES_MAX 4096
#define RESOLVE_LINKS_MAX 40

/* 0; -ENOENT, -EPERM, -EIO (message), -ENOMEM. */
int resolve_open(struct resolve *resolve, struct arena *arena, const char *root,
		 struct karmor_diag *diag);
void resolve_close(struct resolve *resolve);

/*
 * Opens @path within the root, flags as open's (O_CLOEXEC is added): links followed, or refused
 * (ELOOP) but for a last one under O_NOFOLLOW. A descriptor, or -1 with errno.
 */
int resolve_open_at(const struct resolve *resolve, const char *path, uint64_t flags, bool follow);

/* @path is absolute and normal. @executable: whether a binary of many names matters. 0 or -ENOMEM.
 */
int resolve_path(const struct resolve *resolve, const char *path, bool executable,
		 struct resolve_name *ret);

/* Of a pattern with choices no more than these are resolved each by itself. */
#define RESOLVE_CHOICES_MAX 64

/*
 * A pattern's longest literal directory prefix, escaped again; the rest is kept. With choices, that
 * of each pattern that it stands for. 0 or -ENOMEM.
 */
int resolve_pattern(const struct resolve *resolve, const char *pattern, const char **ret);

/* By the kind of matcher; execnames stay. @ret->path as above. 0 or -ENOMEM. */
int resolve_matcher(const struct resolve *resolve, enum ir_match match, const char *matcher,
		    bool executable, struct resolve_name *ret);

/* The names of a question. 0; -ENOENT, -EPERM, -EIO (message), -ENOMEM. */
int resolve_access(struct arena *arena, const char *root, struct access *access,
		   struct karmor_diag *diag);
