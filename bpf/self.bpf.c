/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What keeps a workload from undoing its own enforcement, whatever its policies say: no bpf(), no
 * way into the running kernel, no taking apart of the filesystem that holds the pins, no looking
 * into tasks outside, and no tracing of another source. What it may not open or rename is in
 * self.bpf.h, where the hooks of files ask.
 */
#include "self.bpf.h"

#define PTRACE_MODE_ATTACH 2
#define READING_FIRMWARE 1 /* of enum kernel_read_file_id, and of kernel_load_data_id */

/*
 * The arguments behind @cmd differ between kernels, so that `ret` is not read: a program before
 * this one that denied has ended the call.
 */
SEC("lsm/bpf")
int BPF_PROG(karmor_bpf_call, int cmd)
{
	return label_confined() ? -EPERM : 0;
}

/* /dev/mem, kexec, unsigned modules, kernel memory by any other file: all that the kernel's own
 * lockdown, were it on, would be asked about. */
SEC("lsm/locked_down")
int BPF_PROG(karmor_locked_down, int what, int ret)
{
	return ret ?: label_confined() ? -EPERM : 0;
}

static __always_inline int ask_load(int id)
{
	if (id == READING_FIRMWARE)
		return 0;
	return label_confined() ? -EPERM : 0;
}

SEC("lsm/kernel_read_file")
int BPF_PROG(karmor_read_file, struct file *file, int id, bool contents, int ret)
{
	return ret ?: ask_load(id);
}

SEC("lsm/kernel_load_data")
int BPF_PROG(karmor_load_data, int id, bool contents, int ret)
{
	return ret ?: ask_load(id);
}

/* A lazy umount takes along what is mounted below, and the last mount of the pins is their end. */
SEC("lsm/sb_umount")
int BPF_PROG(karmor_umount, struct vfsmount *mnt, int flags, int ret)
{
	struct label *label = label_confined();

	if (ret || !label)
		return ret;
	label->mnt = (__u64)mnt;
	if (walk_below(label, BPFFS_MAGIC))
		return -EPERM;
	return self_ask(label, mnt->mnt_root, mnt, ABI_HOOK_MOUNT);
}

/* Whether @task, which has the label @other, is the source that the current task is. */
static __always_inline bool is_same_source(struct label *label, struct task_struct *task,
					   const struct label *other)
{
	struct question question = { .what = HOOK_SOURCE,
				     .index = other->enrol.class_,
				     .generation = other->generation };
	struct mm_struct *mm = task->mm;
	struct file *file = mm ? mm->exe_file : 0;

	barrier_var(file);
	if (file && other->image != IMAGE_OUTSIDE) {
		question.dentry = (__u64)file->f_path.dentry;
		question.mnt = (__u64)file->f_path.mnt;
		question.unnamed = other->image && other->image != question.dentry;
	}
	return !hook_ask(label, &question);
}

/*
 * A tracer acts as the task it traces: that must be of the same workload, and the same source. To
 * look is enough to reach an outsider's root directory, namespaces and descriptors.
 */
SEC("lsm/ptrace_access_check")
int BPF_PROG(karmor_ptrace, struct task_struct *child, unsigned int mode, int ret)
{
	struct label *label, *other;

	if (ret)
		return ret;
	label = label_confined();
	if (!label)
		return 0;
	other = label_confining(child);
	if (!other || other->enrol.id != label->enrol.id)
		return -EPERM;
	if (!(mode & PTRACE_MODE_ATTACH))
		return 0;
	if (!is_same_source(label, child, other))
		return -EPERM;
	other->traced = 1;
	return 0;
}

/* karmord goes on, so that policies do. What the kernel itself sends is not asked about. */
SEC("lsm/task_kill")
int BPF_PROG(karmor_kill, struct task_struct *target, void *info, int sig, void *cred, int ret)
{
	if (ret || !sig || !label_confined())
		return ret;
	return bpf_task_storage_get(&keepers, target->group_leader, 0, 0) ? -EPERM : 0;
}

/* Who holds karmor's lock keeps everybody else from changing what is in force. */
SEC("lsm/file_lock")
int BPF_PROG(karmor_lock, struct file *file, unsigned int cmd, int ret)
{
	struct label *label = label_confined();

	if (ret || !label)
		return ret;
	return self_ask(label, file->f_path.dentry, file->f_path.mnt, ABI_HOOK_LOCK);
}

/* Asking to be traced by the parent: what the task becomes by exec may not be the parent's to act
 * as. */
SEC("lsm/ptrace_traceme")
int BPF_PROG(karmor_traceme, struct task_struct *parent, int ret)
{
	struct label *label, *other;

	if (ret)
		return ret;
	label = label_confined();
	if (!label)
		return 0;
	other = label_confining(parent);
	if (!other)
		return 0;
	if (other->enrol.id != label->enrol.id || !is_same_source(label, parent, other))
		return -EPERM;
	label->traced = 1;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
