/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What keeps a workload from undoing its own enforcement, whatever its policies say: no bpf(), no
 * taking apart of the filesystem that holds the pins, no tracing of a task that is not of the same
 * workload and source.
 */
#include "hook.bpf.h"

#define PTRACE_MODE_ATTACH 2
#define BPFFS_MAGIC 0xcafe4a11

/*
 * The arguments behind @cmd differ between kernels, so that `ret` is not read: a program before
 * this one that denied has ended the call.
 */
SEC("lsm/bpf")
int BPF_PROG(karmor_bpf_call, int cmd)
{
	return label_current() ? -EPERM : 0;
}

/* A lazy umount takes along what is mounted below, and the last mount of the pins is their end. */
SEC("lsm/sb_umount")
int BPF_PROG(karmor_umount, struct vfsmount *mnt, int flags, int ret)
{
	struct label *label = label_current();

	if (ret || !label)
		return ret;
	label->mnt = (__u64)mnt;
	return walk_below(label, BPFFS_MAGIC) ? -EPERM : 0;
}

static __always_inline int ask_pin(const struct path *dir)
{
	if (dir->mnt->mnt_sb->s_magic != BPFFS_MAGIC)
		return 0;
	return label_current() ? -EPERM : 0;
}

SEC("lsm/path_unlink")
int BPF_PROG(karmor_pin_unlink, const struct path *dir, struct dentry *dentry, int ret)
{
	return ret ?: ask_pin(dir);
}

SEC("lsm/path_rename")
int BPF_PROG(karmor_pin_rename, const struct path *old_dir, struct dentry *old,
	     const struct path *new_dir, struct dentry *new, unsigned int flags, int ret)
{
	return ret ?: ask_pin(old_dir) ?: ask_pin(new_dir);
}

/* A tracer acts as the task it traces: that must be of the same workload, and the same source. */
SEC("lsm/ptrace_access_check")
int BPF_PROG(karmor_ptrace, struct task_struct *child, unsigned int mode, int ret)
{
	struct label *label, *other;

	if (ret || !(mode & PTRACE_MODE_ATTACH))
		return ret;
	label = label_current();
	if (!label)
		return 0;
	other = bpf_task_storage_get(&labels, child, 0, 0);
	if (!other || other->enrol.id != label->enrol.id ||
	    other->enrol.class_ != label->enrol.class_)
		return -EPERM;
	other->traced = 1;
	return 0;
}

/* Asking to be traced by the parent: what the task becomes by exec may not be the parent's to act
 * as. */
SEC("lsm/ptrace_traceme")
int BPF_PROG(karmor_traceme, struct task_struct *parent, int ret)
{
	struct label *label, *other;

	if (ret)
		return ret;
	label = label_current();
	if (!label)
		return 0;
	other = bpf_task_storage_get(&labels, parent, 0, 0);
	if (!other)
		return 0;
	if (other->enrol.id != label->enrol.id || other->enrol.class_ != label->enrol.class_)
		return -EPERM;
	label->traced = 1;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
