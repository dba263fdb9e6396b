/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files and directories of policies, read with bounds: nothing blocks, nothing grows without end,
 * no link is followed out of a directory.
 *
 * @shown is a file's name in messages. Each function writes its own message and returns 0; -EINVAL
 * (a bound); -ENOENT, -EPERM or -EIO (cannot be read, or is neither file nor directory); -ENOMEM.
 */
#pragma once

#include <stdbool.h>

#include "buf.h"
#include "diag.h"

/* What the library makes of an errno of opening or reading: -ENOENT, -EPERM, -ENOMEM or -EIO. */
int fs_error(int code);

#define FS_FILE_MAX (16u << 20)
#define FS_FILES_MAX 10000
#define FS_DEPTH_MAX 32

/* A message about a file as a whole. */
__attribute__((format(printf, 5, 6))) void fs_message(struct karmor_diag *diag,
						      enum karmor_level level, const char *shown,
						      const char *fix, const char *format, ...);

/* Opens a regular file or a directory; the descriptor is the caller's. */
int fs_open(const char *path, bool *is_directory, int *ret, struct karmor_diag *diag);

/* Opens a regular file below the directory @dir. One that a link places outside is -EXDEV, without
 * a message. */
int fs_open_below(int dir, const char *name, const char *shown, int *ret, struct karmor_diag *diag);

/* Reads all of a regular file. */
int fs_read(int fd, const char *shown, struct buf *ret, struct karmor_diag *diag);

/* The names below a directory, relative to it, sorted. */
struct fs_list {
	char **names;
	size_t n, size;
};

/* The *.yaml, *.yml and *.json files at any depth; what begins with a dot is left out. */
int fs_list(int dir, const char *shown, struct fs_list *ret, struct karmor_diag *diag);
void fs_list_done(struct fs_list *list);
