/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What no workload may touch, whatever its policies say, for it would end or leave its enforcement:
 * the pins, descriptors of maps, and files by which the kernel is told what to start by itself.
 */
#pragma once

#include "hook.bpf.h"

#define BPFFS_MAGIC 0xcafe4a11
#define PROC_MAGIC 0x9fa0
#define SYSFS_MAGIC 0x62656572
#define CGROUP_MAGIC 0x27e0eb /* of version 1 */
#define BINFMT_MAGIC 0x42494e4d
#define ANON_INODE_MAGIC 0x09041934

#define FMODE_WRITE 2

static __always_inline __u64 self_word(const char *text)
{
	__u64 word;

	__builtin_memcpy(&word, text, sizeof(word));
	return word;
}

static __always_inline bool self_named(const __u64 name[2], const char text[16])
{
	return name[0] == self_word(text) && name[1] == self_word(text + 8);
}

/*
 * Files that name a program which the kernel starts in no workload, and the switch that takes all
 * trampolines out of the kernel, ours among them.
 */
static __always_inline bool self_is_switch(struct dentry *dentry)
{
	__u64 name[2] = {};

	bpf_probe_read_kernel_str(name, sizeof(name), dentry->d_name.name);
	return self_named(name, "core_pattern\0\0\0") ||
	       self_named(name, "modprobe\0\0\0\0\0\0\0") ||
	       self_named(name, "poweroff_cmd\0\0\0") ||
	       self_named(name, "hotplug\0\0\0\0\0\0\0\0") ||
	       self_named(name, "uevent_helper\0\0") || self_named(name, "release_agent\0\0") ||
	       self_named(name, "ftrace_enabled\0");
}

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
	if (magic == BINFMT_MAGIC)
		return true;
	return (magic == PROC_MAGIC || magic == SYSFS_MAGIC || magic == CGROUP_MAGIC) &&
	       self_is_switch(file->f_path.dentry);
}
