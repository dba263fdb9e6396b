/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Executing, and the life of a label: copied at fork, given its source class at exec, counted at
 * the end.
 *
 * A script is asked about at each level (script, then interpreter), each time with the image that
 * calls exec as the source; the class of the last level becomes the task's once the exec cannot
 * fail any more.
 */
#include "hook.bpf.h"

#define PROT_EXEC 4

static __always_inline void question_file(struct question *question, struct file *file)
{
	question->dentry = (__u64)file->f_path.dentry;
	question->mnt = (__u64)file->f_path.mnt;
}

SEC("lsm/bprm_check_security")
int BPF_PROG(karmor_bprm_check, struct linux_binprm *bprm, int ret)
{
	struct question question = { .automaton = ABI_AUTOMATON_PROCESS,
				     .section = ABI_PROCESS,
				     .ops = OP(ABI_OP_EXEC),
				     .hook = ABI_HOOK_EXEC };
	struct label *label = label_current();
	__s64 class;

	if (ret || !label)
		return ret;
	question_file(&question, bprm->file);
	ret = ask_path(label, &question);
	if (ret)
		return ret;
	label->leaf = question.dentry;
	label->mnt = question.mnt;
	class = walk_accept(label, ABI_AUTOMATON_SOURCE);
	/* An executable without a name is no rule's source; nor is one whose name cannot be told,
	 * where nothing is ever denied. */
	if (class < 0 && class != -WALK_UNNAMED && hook_flags(label) & ABI_CLOSED_ANY)
		return hook_refuse(label, &question), -EACCES;
	label->next_class = class < 0 ? 0 : (__u32) class;
	label->next_image = question.dentry;
	/* Whoever traces a task acts as what it becomes. */
	if (label->next_class != label->enrol.class_ && label->traced &&
	    bpf_get_current_task_btf()->ptrace)
		return hook_refuse(label, &question), -EACCES;
	return 0;
}

SEC("lsm/bprm_committing_creds")
int BPF_PROG(karmor_bprm_committing, struct linux_binprm *bprm)
{
	struct label *label = label_current();

	if (!label)
		return 0;
	label->enrol.class_ = label->next_class;
	label->image = label->next_image;
	return 0;
}

/*
 * `ld.so /bin/sh` runs sh without an exec of it: mapping a file to execute that a Block rule names
 * is as good as executing it. Nobody maps a program so named as a library. What runs already may
 * map itself, as the kernel does for it when it starts.
 */
SEC("lsm/mmap_file")
int BPF_PROG(karmor_mmap, struct file *file, unsigned long reqprot, unsigned long prot,
	     unsigned long flags, int ret)
{
	struct question question = { .automaton = ABI_AUTOMATON_PROCESS,
				     .section = ABI_PROCESS,
				     .ops = OP(ABI_OP_EXEC),
				     .hook = ABI_HOOK_MMAP,
				     .named_only = 1 };
	struct label *label;

	if (ret || !file || !(prot & PROT_EXEC))
		return ret;
	label = label_current();
	if (!label)
		return 0;
	question_file(&question, file);
	return question.dentry == label->image ? 0 : ask_path(label, &question);
}

static __always_inline void count(struct label *label, __s64 n)
{
	__u32 slot = label->enrol.slot;
	struct abi_workload *workload = bpf_map_lookup_elem(&workloads, &slot);

	if (workload && workload->id == label->enrol.id)
		__sync_fetch_and_add(&workload->tasks, n);
}

/* A child that cannot have a label is not made. */
static __always_inline int inherit(struct task_struct *task)
{
	struct label *label = label_current(), *child;

	if (!label)
		return 0;
	child = bpf_task_storage_get(&labels, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!child)
		return -ENOMEM;
	child->enrol = label->enrol;
	child->traced = label->traced; /* its tracer may come along */
	child->image = label->image;
	count(label, 1);
	return 0;
}

/* Sleepable, so that memory is there for the label: no fork fails for want of it. */
SEC("lsm.s/task_alloc")
int BPF_PROG(karmor_task_alloc, struct task_struct *task, unsigned long clone_flags, int ret)
{
	return ret ?: inherit(task);
}

/*
 * Before 6.2 nobody finds a label on a processor where one is being made, so that whoever makes one
 * must not sleep: other tasks would run there, as if in no workload.
 */
SEC("lsm/task_alloc")
int BPF_PROG(karmor_task_alloc_atomic, struct task_struct *task, unsigned long clone_flags, int ret)
{
	return ret ?: inherit(task);
}

/*
 * A task counts until it exits, and one that never ran until it is freed: what is freed after it
 * ran is freed at any time, on a kernel before 6.2 also while labels are hidden.
 */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(karmor_exit, struct task_struct *task)
{
	struct label *label = label_current();

	if (!label || label->exited)
		return 0;
	label->exited = 1;
	count(label, -1);
	return 0;
}

SEC("lsm/task_free")
int BPF_PROG(karmor_task_free, struct task_struct *task)
{
	struct label *label = bpf_task_storage_get(&labels, task, 0, 0);

	if (label && !label->exited)
		count(label, -1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
