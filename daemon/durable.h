/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that survive: written aside, synced, renamed, with a last line that tells a whole file from
 * a torn one, and the version before kept beside it until the next is in place.
 */
#pragma once

#include <stddef.h>

/* No file that is read may be larger. */
#define DURABLE_MAX (16u << 20)

/* Makes a directory, 0700, where there is none; its parent must be there. 0 or a negative errno. */
int durable_directory(const char *path);

/* Puts @text into @dir/@name. 0 or a negative errno: then what was there is there. */
int durable_write(const char *dir, const char *name, const char *text, size_t len);

/*
 * Reads what durable_write() put there, NUL-terminated, the caller's. Where the file is torn, the
 * version before it: then *recovered. 0; -EIO where neither is whole; another negative errno.
 */
int durable_read(const char *dir, const char *name, char **ret, size_t *len, int *recovered);

/* Forgets @dir/@name, durably. 0 or a negative errno; none there is 0. */
int durable_remove(const char *dir, const char *name);

/* Sorted names of what is in @dir and ends in .yaml, .yml or .json, but for those that begin with a
 * dot. NULL-terminated, one allocation for each name and one for all: durable_names_free(). */
int durable_names(const char *dir, char ***ret);
void durable_names_free(char **names);

/* A whole file of anybody's; as durable_read() without a check. -EFBIG where it is too large. */
int durable_slurp(const char *dir, const char *name, char **ret, size_t *len);
