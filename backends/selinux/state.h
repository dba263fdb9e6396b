/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the SELinux backend keeps on disk while a module of its is loaded: the bytes of the policy
 * that the module was made for, its text, what is known of workloads (kept.h), the journal of
 * labels, and a lock.
 *
 * The state is written before the first change and removed after the last, so that whoever finds it
 * knows that something may have to be taken back. What another boot left is taken back by the
 * journal and the policy's store alone, which is why only these are waited for to be on disk.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "diag.h"

#define SELINUX_STATE_DIR "/var/lib/karmor/selinux"
#define SELINUX_STATE_BASE SELINUX_STATE_DIR "/base"
#define SELINUX_STATE_JOURNAL SELINUX_STATE_DIR "/journal"
#define SELINUX_STATE_MODULE SELINUX_STATE_DIR "/module"
#define SELINUX_STATE_KEPT SELINUX_STATE_DIR "/state"
#define SELINUX_POLICY "/sys/fs/selinux/policy"

/* The whole of a file, of up to FS_FILE_MAX bytes. 0, -EIO, -ENOMEM or another negative errno. */
int selinux_file_read(const char *path, struct buf *ret);

/* The lock, held until it is closed; -EBUSY: another engine has it (message). What an engine began
 * that was killed is waited for. */
int selinux_state_lock(struct karmor_diag *diag);
/* The lock's holder is about to change the policy, or has: who comes after it was killed waits. */
void selinux_state_busy(bool busy);
bool selinux_state_there(void);
/*
 * A file of the state, whole or not at all to whoever comes after this process. 0, -EPERM, -EIO
 * (message), -ENOMEM.
 */
int selinux_state_write(const char *path, const char *bytes, size_t len, struct karmor_diag *diag);
void selinux_state_remove(void);
