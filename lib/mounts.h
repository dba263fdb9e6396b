/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mounts of a root: which other names a file has because its filesystem, or a part of it, is
 * mounted a second time (bind mounts).
 */
#pragma once

#include "resolve.h"

struct mounts_entry {
	uint64_t id;
	const char *device; /* "8:1": the same for mounts of one filesystem */
	const char *root;   /* what of the filesystem is mounted */
	const char *point;  /* where, as the root has it */
};

struct mounts {
	struct mounts_entry *entries;
	size_t n, size;
};

/* Reads the mounts that are visible in the directory @root. 0 or -ENOMEM; what cannot be read has
 * no mounts. Strings are the arena's. */
int mounts_read(struct mounts *mounts, struct arena *arena, const char *root);
void mounts_done(struct mounts *mounts);

/* @path without the prefix @dir; NULL where it is not below it. */
const char *mounts_below(const char *path, const char *dir);

/* The other names that the file @path has by mounts, each tried; none where it does not exist. 0 or
 * -ENOMEM. */
int mounts_names(const struct mounts *mounts, const struct resolve *resolve, const char *path,
		 const char *const **ret, size_t *n);
