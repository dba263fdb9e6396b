/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What karmor keeps for itself: no task of a workload changes it, whatever its policies say. These
 * are the directories that are the default, where they exist, and what engines were told to keep,
 * which is known by a list in /run/karmor, so that it lasts while nothing is loaded.
 *
 * The kernel side has them as inodes. A file that is put in the place of another is another one,
 * until the list is read again, with each engine that is opened and each workload that is attached.
 */
#pragma once

#include "kernel.h"

/* Tells the kernel side what is kept. The caller holds the lock. 0 or a negative errno. */
int kept_settle(const struct kernel_maps *maps);

/*
 * Keeps @path, a file or a directory with all in it, until the machine is booted again. The caller
 * holds the lock. 0; -EINVAL (not absolute, or too many), -ENOENT, -EPERM, -EIO, -ENOMEM, with a
 * message.
 */
int kept_add(const struct kernel_maps *maps, const char *path, struct karmor_diag *diag);

/* From now on no workload signals the calling process. 0 or a negative errno. */
int kept_process(const struct kernel_maps *maps);
