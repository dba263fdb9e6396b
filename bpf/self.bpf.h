/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What no workload may touch, whatever its policies say, for it would end or leave its enforcement,
 * or another workload's: the pins, descriptors of maps, files by which the kernel is told what to
 * start by itself, and those by which another LSM is told what to enforce.
 */
#pragma once

#include "hook.bpf.h"

#define BPFFS_MAGIC 0xcafe4a11
#define ANON_INODE_MAGIC 0x09041934

#define FMODE_WRITE 2

/*
 * Whether the file at @dentry, in a filesystem of @magic, tells the kernel what to start outside of
 * all workloads, or another LSM what to enforce. A function that the verifier looks at by itself.
 */
int self_is_switch(__u64 dentry, __u64 magic);

/* What is no access to a file by the rules' book, and a change of karmor's own all the same. */
static __always_inline int self_ask(struct label *label, struct dentry *dentry,
				    struct vfsmount *mnt, __u32 hook)
{
	struct question question = { .what = HOOK_KEPT,
				     .automaton = ABI_AUTOMATON_FILE,
				     .section = ABI_FILE,
				     .ops = OP(ABI_OP_WRITE),
				     .hook = hook,
				     .dentry = (__u64)dentry,
				     .mnt = (__u64)mnt };

	return hook_ask(label, &question) ? -EACCES : 0;
}

static __always_inline bool self_is_anonymous(struct file *file)
{
	return file->f_inode->i_sb->s_magic == ANON_INODE_MAGIC;
}

/* Whether @file is the descriptor of a map, program or link. */
static __always_inline bool self_is_bpf(struct file *file)
{
	__u32 name = 0;

	if (!self_is_anonymous(file))
		return false;
	bpf_probe_read_kernel(&name, 3, file->f_path.dentry->d_name.name);
	return name == ('b' | 'p' << 8 | 'f' << 16);
}

/* What a labelled task may not open. */
static __always_inline bool self_is_kept(struct file *file)
{
	unsigned long magic = file->f_inode->i_sb->s_magic;

	if (magic == BPFFS_MAGIC)
		return true;
	if (!(file->f_mode & FMODE_WRITE))
		return false;
	/* Read, for the verifier lets no pointer be an argument of that. */
	return self_is_switch((__u64)BPF_CORE_READ(file, f_path.dentry), magic);
}
