/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The object's path, from the dentry, and what reads it.
 *
 * The walk goes up to the top of the mount tree, never to a task's root: chroot renames nothing.
 * Names are then read downwards, by the automaton or into text. A path of more than ABI_CHUNK
 * components is walked again for each further chunk, so that no depth needs more memory.
 */
#pragma once

#include "maps.bpf.h"

#define OVERLAYFS_MAGIC 0x794c7630

/* Where the kernel counts renames and mounts; 0: not known. */
extern __u64 rename_counter, mount_counter;

/* Runs automaton @which over the path of (label->leaf, label->mnt): the accept, or -(enum
 * walk_status). */
__s64 walk_accept(struct label *label, __u32 which);

/*
 * Right after walk_accept(), which said @accept: the accept of "PATH//NAME", which is what the
 * automaton calls a binary of many names that runs under one of them; @accept where no rule means
 * that. The name is the last component of a string of the kernel's at label->at.
 */
__s64 walk_called(struct label *label, __u32 accept);

/* Writes the same path to text->bytes at @base; the length, 0 for what has no name. */
__u32 walk_text(struct label *label, struct text *text, __u32 base);

/* The owner of a dentry's inode, or of its directory's where it is about to be created; -1 without
 * either. */
__s64 walk_owner(__u64 dentry);

/* How many names the file at a dentry may have, 0 for a directory and for none; where it is more
 * than one, also what tells its inode from all others. */
__u32 walk_inode(__u64 dentry, struct abi_inode *ret);

/*
 * The mounts of the filesystem that a dentry is of, one after the other: takes label->place, a
 * vfsmount (0: before the first), to the next, and label->place_ns to where that is mounted. 0
 * after the last, negative where the mount went away meanwhile.
 */
int walk_mount_next(struct label *label, __u64 dentry);

/*
 * Whether the vfsmount label->mnt shows all of its filesystem, with nothing mounted below, and has
 * no place yet: 0 no, 1 yes, 2 yes and no other mount shows it.
 */
int walk_fresh(struct label *label);

/* Whether a filesystem of this magic is mounted at label->mnt or anywhere below it; true where that
 * cannot be told. */
int walk_below(struct label *label, __u64 magic);

/* kept.bpf.h: whether label->leaf is karmor's own, or in what is; and whether it is a directory on
 * the way there, which keeps its name and stays in sight. */
int kept_has(struct label *label);
int kept_leads(struct label *label);
