/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Executing, and the life of a label: copied at fork, given its source class at exec, counted at
 * the end.
 *
 * A script is asked about at each level (script, then interpreter), each time with the image that
 * calls exec as the source; the class of the last level becomes the task's once the exec cannot
 * fail any more.
 */
#include "self.bpf.h"

#define PROT_EXEC 4
#define VM_EXEC 4
#define ELFCLASS64 2
#define ET_DYN 3
#define PT_INTERP 3
#define CLONE_PTRACE 0x2000 /* whoever traces the task traces its child */

static __always_inline void question_file(struct question *question, struct file *file)
{
	struct dentry *dentry = file->f_path.dentry;
	struct inode *inode = dentry->d_inode;

	question->dentry = (__u64)dentry;
	question->mnt = (__u64)file->f_path.mnt;
	/* Deleted, or O_TMPFILE: the dentry still has some name, which leads nowhere. */
	question->unnamed = inode && !inode->i_nlink && !dentry->d_hash.pprev;
}

static __always_inline bool is_interp(const unsigned char *type)
{
	return type[0] == PT_INTERP && !type[1] && !type[2] && !type[3];
}

/*
 * Whether an image is told what to run, as the dynamic loader is: it can be put anywhere and names
 * no loader of its own. What is linked statically to be put anywhere looks the same. Where the
 * headers are not at their usual place nothing is found, which is the safe side.
 */
static __always_inline bool is_loader(struct linux_binprm *bprm)
{
	const unsigned char *b = bprm->buf;
	bool wide = b[4] == ELFCLASS64;
	__u32 headers = wide ? b[56] | b[57] << 8 : b[44] | b[45] << 8;

	if (b[0] != 0x7f || b[1] != 'E' || b[2] != 'L' || b[3] != 'F' || b[16] != ET_DYN || b[17])
		return false;
	if (wide ? b[32] != 64 || b[33] || b[34] || b[35] || b[36] || b[37] || b[38] || b[39]
		 : b[28] != 52 || b[29] || b[30] || b[31])
		return true;
	if (wide)
		return !((headers > 0 && is_interp(b + 64)) ||
			 (headers > 1 && is_interp(b + 64 + 56)) ||
			 (headers > 2 && is_interp(b + 64 + 112)));
	return !((headers > 0 && is_interp(b + 52)) || (headers > 1 && is_interp(b + 52 + 32)) ||
		 (headers > 2 && is_interp(b + 52 + 64)));
}

/*
 * The class that the task gets by what it executes: whether that is denied, or ASK_ANEW. No rule's
 * source is an executable without a name; nor is one whose name cannot be told, where nothing is
 * ever denied. Whoever traces a task acts as what it becomes.
 */
int exec_class(struct label *label, struct question *question)
{
	__s64 class = -WALK_UNNAMED;
	bool denied;

	if (!label || !question)
		return -EACCES;
	label->leaf = question->dentry;
	label->mnt = question->mnt;
	label->next_generation = hook_generation(label);
	if (!question->unnamed)
		class = walk_accept(label, ABI_AUTOMATON_SOURCE);
	denied = class < 0 && class != -WALK_UNNAMED && hook_flags(label) & ABI_CLOSED_ANY;
	label->next_class = class < 0 ? 0 : (__u32) class;
	if (label->traced && bpf_get_current_task_btf()->ptrace)
		denied |= !is_classified(label, label->next_generation) ||
			  label->next_class != label->enrol.class_;
	if (hook_generation(label) != label->next_generation)
		return ASK_ANEW;
	return denied ? -EACCES : 0;
}

SEC("lsm/bprm_check_security")
int BPF_PROG(karmor_bprm_check, struct linux_binprm *bprm, int ret)
{
	struct question question = { .automaton = ABI_AUTOMATON_PROCESS,
				     .section = ABI_PROCESS,
				     .ops = OP(ABI_OP_EXEC),
				     .hook = ABI_HOOK_EXEC };
	struct label *label = label_current();

	if (ret || !label)
		return ret;
	if (!label->home)
		label->home = (__u64)bpf_get_current_task_btf()->nsproxy->mnt_ns;
	question_file(&question, bprm->file);
	/* The binary may have many names, and a rule mean it under the one that was asked for. */
	question.called = (__u64)bprm->interp;
	ret = ask_path(label, &question);
	if (ret)
		return ret;
	label->next_image = question.dentry;
	label->next_loader = is_loader(bprm);
	ret = exec_class(label, &question);
	if (ret == ASK_ANEW)
		ret = exec_class(label, &question);
	return ret ? ask_refusal(label, &question) : 0;
}

SEC("lsm/bprm_committing_creds")
int BPF_PROG(karmor_bprm_committing, struct linux_binprm *bprm)
{
	struct label *label = label_current();

	if (!label)
		return 0;
	label->enrol.class_ = label->next_class;
	label->generation = label->next_generation;
	label->image = label->next_image;
	label->loader = label->next_loader;
	label->loaded = 0;
	return 0;
}

/*
 * `ld.so /bin/sh` runs sh without an exec of it: the first file that a loader maps to execute is
 * the program, and that is an exec of it. What is mapped after it, or by any other program, is a
 * library; but nobody maps as a library what a Block rule names. What runs already may map itself,
 * as the kernel does for it when it starts.
 */
static __always_inline int ask_mapping(struct label *label, struct question *question)
{
	question->automaton = ABI_AUTOMATON_PROCESS;
	question->section = ABI_PROCESS;
	question->ops = OP(ABI_OP_EXEC);
	question->named_only = 1;
	if (question->dentry == label->image)
		return 0;
	if (label->loader && (!label->loaded || label->loaded == question->dentry)) {
		label->loaded = question->dentry;
		question->named_only = 0;
	}
	return ask_path(label, question);
}

SEC("lsm/mmap_file")
int BPF_PROG(karmor_mmap, struct file *file, unsigned long reqprot, unsigned long prot,
	     unsigned long flags, int ret)
{
	struct question question = { .hook = ABI_HOOK_MMAP };
	struct label *label;

	if (ret || !file)
		return ret;
	if (!(prot & PROT_EXEC))
		return self_is_anonymous(file) && label_confined() && self_is_bpf(file) ? -EPERM
											: 0;
	label = label_current();
	if (!label)
		return 0;
	question_file(&question, file);
	return ask_mapping(label, &question);
}

/* What was mapped to be read and becomes executable. */
SEC("lsm/file_mprotect")
int BPF_PROG(karmor_mprotect, struct vm_area_struct *vma, unsigned long reqprot, unsigned long prot,
	     int ret)
{
	struct question question = { .hook = ABI_HOOK_MPROTECT };
	struct file *file = vma->vm_file;
	struct label *label;

	if (ret || !file || !(prot & PROT_EXEC) || vma->vm_flags & VM_EXEC)
		return ret;
	label = label_current();
	if (!label)
		return 0;
	question_file(&question, file);
	/* An overlay maps the file of its layer, which has no name here; that of the overlay has.
	 */
	if (is_backing(file) && bpf_core_type_exists(struct backing_file)) {
		struct backing_file *backing = (struct backing_file *)file;

		question.dentry = (__u64)BPF_CORE_READ(backing, user_path.dentry);
		question.mnt = (__u64)BPF_CORE_READ(backing, user_path.mnt);
	}
	return ask_mapping(label, &question);
}

static __always_inline void count(struct label *label, __s64 n)
{
	__u32 slot = label->enrol.slot;
	struct abi_workload *workload = bpf_map_lookup_elem(&workloads, &slot);

	if (workload && workload->id == label->enrol.id)
		__sync_fetch_and_add(&workload->tasks, n);
}

/* A child that cannot have a label is not made. */
static __always_inline int inherit(struct task_struct *task, unsigned long clone_flags)
{
	struct label *label = label_held(), *child;

	/* Nobody has a void one from its parent. */
	if (!label || (!is_of_workload(label) && !is_valid(label->enrol.id)))
		return 0;
	child = bpf_task_storage_get(&labels, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!child)
		return -ENOMEM;
	child->enrol = label->enrol;
	/* Its tracer may come along, or whoever becomes one until the child is there. */
	child->traced = label->traced || clone_flags & CLONE_PTRACE;
	child->home = label->home;
	child->image = label->image;
	child->loader = label->loader;
	child->loaded = label->loaded;
	child->root = label->root;
	child->generation = label->generation;
	count(label, 1);
	return 0;
}

/* Sleepable, so that memory is there for the label: no fork fails for want of it. */
SEC("lsm.s/task_alloc")
int BPF_PROG(karmor_task_alloc, struct task_struct *task, unsigned long clone_flags, int ret)
{
	return ret ?: inherit(task, clone_flags);
}

/*
 * Before 6.2 nobody finds a label on a processor where one is being made, so that whoever makes one
 * must not sleep: other tasks would run there, as if in no workload.
 */
SEC("lsm/task_alloc")
int BPF_PROG(karmor_task_alloc_atomic, struct task_struct *task, unsigned long clone_flags, int ret)
{
	return ret ?: inherit(task, clone_flags);
}

/*
 * A task counts until it exits, and one that never ran until it is freed: what is freed after it
 * ran is freed at any time, on a kernel before 6.2 also while labels are hidden. So does one whose
 * exit was skipped, as tracepoints do from 7.0 on while somebody was preempted in the program.
 */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(karmor_exit, struct task_struct *task)
{
	struct label *label = label_held();

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
