/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel side, from outside: load it, pin it, find it again, take it out.
 *
 * All that karmor runs on a node share one set of programs and maps, pinned below PINS_ROOT under
 * the digest of the object that was loaded: another build has another directory and never mixes
 * with this one. Who changes the set holds the lock, so that a killed process leaves either nothing
 * or everything.
 */
#pragma once

#include <stdbool.h>

#include <karmor/diag.h>

#include "abi.h"
#include "buf.h"
#include "caps.h"

#define PINS_MOUNT "/sys/fs/bpf"
#define PINS_ROOT PINS_MOUNT "/karmor"
#define PINS_ASIDE "_aside" /* of what is half made; bpffs allows no dot in a name */
#define FIX_LSM "boot with lsm=...,bpf"
#define FIX_PREEMPT "boot with preempt=voluntary, or run Linux 6.2 or later"
#define UNSOUND "before Linux 6.2 labels are not reliable under full preemption"
#define LOCK_DIR "/run/karmor"

#define KERNEL_HOST_MAP "_data_host" /* as bpffs has the name of a section */

/* The maps by which user space talks to the programs. */
struct kernel_maps {
	int labels, tables, links, rings, folds, workloads, names; /* -1 where it is not open */
	int cgroups, named, kept, keepers, host, ways;
	int inode;		    /* the program that reads an inode */
	int adopt, adopting;	    /* those that label running tasks; bpf/adopt.bpf.c */
	int host_tasks, host_forks; /* the same for the node's own; bpf/host.bpf.c */
	uint32_t label_size;	    /* bytes of a label: what enrolling writes */
	struct abi_workload *slots; /* the map of workloads as it is now, all of them */
};

/*
 * Takes the lock that guards pins and slots: a descriptor to close, or a negative errno; -EBUSY
 * where somebody keeps it for a minute.
 */
int kernel_lock(struct karmor_diag *diag);

/* Whether a labelled task may be taken for one that is not, on this kernel as it was booted. */
bool kernel_labels_unsound(void);

/*
 * Opens the pinned set, or loads, attaches and pins it first. The caller holds the lock.
 * -EPERM, -EOPNOTSUPP, -EIO or -ENOMEM, each with a message.
 */
int kernel_open(struct kernel_maps *ret, struct karmor_diag *diag);

/* Opens what is pinned now, if anything is: 0, -ENOENT or another negative errno. */
int kernel_adopt(struct kernel_maps *ret);

/* What the kernel has in the inode behind @fd. 0 or a negative errno. */
int kernel_inode(const struct kernel_maps *maps, int fd, struct abi_lookup *ret);

void kernel_close(struct kernel_maps *maps);

/* Removes a directory of pins, and what they keep with it. 0 or a negative errno. */
int kernel_remove_dir(const char *path);

/* The name of the directory below PINS_ROOT that is this build's. */
void kernel_dir_name(struct buf *name);

/* Its path with @name behind it, instead of what @path was. */
void kernel_pin_path(struct buf *path, const char *name);

/* Takes the pinned set out; the caller holds the lock and knows that no workload is left. */
int kernel_remove(struct karmor_diag *diag);

/* Fills in caps by trying: one program that uses everything is loaded, attached and let go. */
int kernel_probe(struct karmor_caps *caps, struct karmor_diag *diag);
