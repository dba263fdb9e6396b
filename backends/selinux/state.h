/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the SELinux backend keeps on disk while a module of its is loaded: which policy the module
 * was made for, that policy's bytes, the journal of labels, and a lock.
 *
 * The state is written before the first change and removed after the last, so that whoever finds it
 * knows that something may have to be taken back.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "diag.h"

#define SELINUX_STATE_DIR "/var/lib/karmor/selinux"
#define SELINUX_STATE_BASE SELINUX_STATE_DIR "/base"
#define SELINUX_STATE_JOURNAL SELINUX_STATE_DIR "/journal"
#define SELINUX_POLICY "/sys/fs/selinux/policy"

/* The whole of a file, of up to FS_FILE_MAX bytes. 0, -EIO, -ENOMEM or another negative errno. */
int selinux_file_read(const char *path, struct buf *ret);

/* The lock, held until it is closed; -EBUSY: another engine has it (message). */
int selinux_state_lock(struct karmor_diag *diag);
bool selinux_state_there(void);
/* Keeps the base policy. 0, -EPERM, -EIO (message), -ENOMEM. */
int selinux_state_keep(const char *base, size_t len, struct karmor_diag *diag);
void selinux_state_remove(void);
