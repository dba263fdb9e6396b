/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every hook does: find the label (nobody else pays more than that), ask, report, answer.
 */
#pragma once

#include "walk.bpf.h"

/* The current task's label, whatever it is of; NULL where it has none. */
static __always_inline struct label *label_held(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	/* Most tasks have no storage at all: the helper costs more than to look. */
	if (bpf_core_field_exists(task->bpf_storage) && !task->bpf_storage)
		return 0;
	return bpf_task_storage_get(&labels, task, 0, 0);
}

/* Whether it is of a workload, rather than of the node. */
static __always_inline bool is_of_workload(const struct label *label)
{
	return label->enrol.slot != ABI_HOST_SLOT;
}

/* Whether a label of this id, in the slot of the node, means anything. */
static __always_inline bool is_valid(__u64 id)
{
	__u64 now = host.id;

	return now && ABI_EXEMPT(id) == ABI_EXEMPT(now);
}

/* The label by which the current task is asked about; NULL for one that no policies select. */
static __always_inline struct label *label_current(void)
{
	struct label *label = label_held();

	return label && !is_of_workload(label) && label->enrol.id != host.id ? 0 : label;
}

/*
 * The label of a task that is in a workload, which it cannot leave, and in which it has no means to
 * undo what is enforced. Of the node's own tasks some manage all that.
 */
static __always_inline struct label *label_confined(void)
{
	struct label *label = label_held();

	return label && is_of_workload(label) ? label : 0;
}

/* The same of another task. */
static __always_inline struct label *label_confining(struct task_struct *task)
{
	struct label *label = bpf_task_storage_get(&labels, task, 0, 0);

	return label && is_of_workload(label) ? label : 0;
}

/*
 * Of the node's own tasks who may mount where the node itself is: what starts services and
 * containers does nothing else. Anybody may in a user namespace of his own.
 */
static __always_inline bool mounts_freely(struct label *label)
{
	return !is_of_workload(label) && !bpf_get_current_task_btf()->cred->user_ns->level;
}

/* A label of @task, which may be made by others at the same time; as @first, where that is not
 * NULL. NULL when memory is out. */
static __always_inline struct label *label_make(struct task_struct *task, struct label *first)
{
	struct label *label =
		bpf_task_storage_get(&labels, task, first, BPF_LOCAL_STORAGE_GET_F_CREATE);

	return label ?: bpf_task_storage_get(&labels, task, 0, 0);
}

/* Whether nobody else counts the task, whose label may have been made by several. */
static __always_inline bool label_claim(struct label *label)
{
	return !__sync_lock_test_and_set(&label->claimed, 1);
}

/* Whether tasks come into the cgroup by the program at @dentry. */
static __always_inline bool is_through(const struct abi_cgroup *place, struct dentry *dentry)
{
	__u64 name[ABI_THROUGH_NAME / 8] = {};

	if (!place->through[0][0] ||
	    bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(dentry, d_name.name)) <= 0)
		return false;
	for (int i = 0; i < ABI_THROUGH; i++)
		if (name[0] == place->through[i][0] && name[1] == place->through[i][1] &&
		    name[2] == place->through[i][2] && name[3] == place->through[i][3])
			return true;
	return false;
}

/*
 * Whether the file is one that an overlay opens behind each of its own, in a layer. The mode's bit
 * for it is another one in each kernel; this one says that the file is counted for nobody, and is
 * set for no other that a task opens or maps.
 */
static __always_inline bool is_backing(struct file *file)
{
	return file->f_mode & (1 << 29); /* FMODE_NOACCOUNT */
}

/* What hook_ask() is asked. */
enum hook_question {
	HOOK_PATH,   /* an access to a path */
	HOOK_NAMES,  /* the same where the hook knew no mount: see hook.bpf.c */
	HOOK_COVER,  /* a mount over a path */
	HOOK_ALIAS,  /* one that may show what has another name */
	HOOK_WORD,   /* a word of the network or capability rows */
	HOOK_SOURCE, /* whether another task is the same source: its executable, if it has one */
	HOOK_KEPT,   /* nothing but whether it is karmor's own, which is asked first of all */
	HOOK_REFUSE, /* nothing: it is denied, and that is reported, for what no table can tell */
};

/* An access, as a hook saw it. */
struct question {
	__u64 dentry, mnt; /* the object, and the vfsmount it is reached by */
	__u64 here;	   /* with HOOK_NAMES: the mount namespace of the task */
	__u64 called;	   /* with an exec: the name that was asked for, a string of the kernel's */
	__u32 what;	   /* enum hook_question */
	__u32 automaton;   /* enum abi_automaton */
	__u32 section;
	__u32 ops; /* OP(abi_op) of all that is asked */
	__u32 hook;
	__u32 unnamed;	  /* the object has no name any more */
	__u32 named_only; /* only a Block rule that names files counts, and nothing is logged but it
			   */
	__u32 index;	  /* with HOOK_WORD; with HOOK_SOURCE, the class that the other has */
	__u32 generation; /* and by which table */
	__u32 family, type, protocol; /* with HOOK_WORD: for the event */
	__u32 silent;
};

#define OP(op) (1u << (op))

/*
 * Decides and reports: whether to deny. What is compiled into each program is a place that denies;
 * user space puts karmor_decide there, which is loaded, and verified, once for all of them
 * (backends/bpf/decision.h).
 */
int hook_ask(struct label *label, struct question *question);

/*
 * What a hook returns. The verifier knows nothing of what a global function gives back, so that the
 * numbers stand here.
 */
static __always_inline int ask_path(struct label *label, struct question *question)
{
	question->what = HOOK_PATH;
	return hook_ask(label, question) ? -EACCES : 0;
}

static __always_inline int ask_word(struct label *label, struct question *question)
{
	question->what = HOOK_WORD;
	if (!hook_ask(label, question))
		return 0;
	return question->section == ABI_NETWORK ? -EACCES : -EPERM;
}

static __always_inline int ask_refusal(struct label *label, struct question *question)
{
	question->what = HOOK_REFUSE;
	hook_ask(label, question);
	return -EACCES;
}

/* Everything an event says beside its text. */
struct told {
	__u32 verdict, generation;
	__s32 error;
	__u32 op, section, hook;
	__u32 family, type, protocol;
	__u32 resource_len; /* where the resource stands in the task's text already */
};

/* Sends it; the resource stands in label->leaf and label->mnt where it is an object's path. */
int event_send(struct label *label, struct told *told);

/*
 * Rules may change while they are asked. All that a decision read is of one table if the slot has
 * that one at the end as it had at the beginning; if not, this is what it comes to, and it is made
 * once more before it is told. Of several names, what passed and is logged may be told twice then.
 * A change waits for the hooks that run, so that none of them sees two.
 */
#define ASK_ANEW 1

/* The generation of the workload's table; 0 where it has none. */
__u32 hook_generation(struct label *label);

/* In a label's image: what runs is not of the workload, which the task enters by an exec that goes
 * on. */
#define IMAGE_OUTSIDE 1

/*
 * Makes the label's source class the one that the table of @generation tells: classes are numbers
 * of one table. 0; -1 where it cannot be told. Inline, for a program has eight frames at most.
 *
 * The executable is still the task's own file, as long as it is what was executed: a task may say
 * that it is another (PR_SET_MM_EXE_FILE), and is nobody's source then, nor known to be none. It is
 * looked at once, for another thread may say so meanwhile.
 */
static __always_inline int label_renew(struct label *label, __u32 generation)
{
	struct mm_struct *mm = bpf_get_current_task_btf()->mm;
	struct file *file = mm ? mm->exe_file : 0;
	__u64 leaf = label->leaf, mnt = label->mnt;
	__s64 class = 0;

	barrier_var(file);
	if (file && label->image != IMAGE_OUTSIDE) {
		label->leaf = (__u64)file->f_path.dentry;
		label->mnt = (__u64)file->f_path.mnt;
		if (label->image && label->image != label->leaf)
			class = -WALK_FAULT;
		else
			class = walk_accept(label, ABI_AUTOMATON_SOURCE);
	}
	label->leaf = leaf;
	label->mnt = mnt;
	if ((class < 0 && class != -WALK_UNNAMED) || hook_generation(label) != generation)
		return -1;
	label->enrol.class_ = class < 0 ? 0 : (__u32) class;
	label->generation = generation;
	return 0;
}

/* Whether the label's class is one of the table's. */
static __always_inline bool is_classified(struct label *label, __u32 generation)
{
	return label->generation == generation || label_renew(label, generation) == 0;
}

/* The flags of the workload's table; 0 where it has none. */
__u32 hook_flags(struct label *label);
