/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who is the node's own: what is in no workload, while the node has policies of its own. Not
 * process 1, nor what it forks until that executes a program; and not who is on a way back into the
 * node, which is a program that is one and all that it starts, so that nobody is locked out.
 *
 * To execute such a program exempts only who is not the node's own yet: process 1 starts the
 * server by which people log in, and a server that was broken into cannot make itself one of
 * theirs.
 */
#pragma once

#include "hook.bpf.h"

#define PF_EXITING 4

/* What is asked about: by way of memory, for a global function takes no pointers of the kernel's;
 * and they are that so that each program has them verified once. */
struct host_asked {
	__u64 dentry; /* of a program */
	__u64 task;
};

/* What the program is: enum abi_way_kind. */
__u32 host_way(struct host_asked *asked);

/* Whether process 1 forked the task, which is not anything yet. */
int host_is_forked(struct host_asked *asked);

/* Whether the task, which has no label, is on a way back by what it runs, or by who started it. */
int host_is_exempt(struct host_asked *asked);

/* Whether nothing is asked of who has it. */
static __always_inline bool is_exempt(const struct abi_enrol *enrol)
{
	return enrol->slot == ABI_HOST_SLOT && enrol->id & 1;
}

static __always_inline void host_count(__u64 id)
{
	__u32 slot = ABI_HOST_SLOT;
	struct abi_workload *workload = bpf_map_lookup_elem(&workloads, &slot);

	if (workload && workload->id == id)
		__sync_fetch_and_add(&workload->tasks, 1);
}

/* Tasks more, or fewer, of a workload, if that is there still. */
static __always_inline void enrol_count(const struct abi_enrol *enrol, __s64 n)
{
	__u32 slot = enrol->slot;
	struct abi_workload *workload = bpf_map_lookup_elem(&workloads, &slot);

	if (enrol->id && workload && workload->id == enrol->id)
		__sync_fetch_and_add(&workload->tasks, n);
}

extern const volatile _Bool forks_by_wakeup;

/* A task that was to have a label has none, for memory is out. */
static __always_inline void missed_count(__u32 slot)
{
	struct abi_workload *workload = bpf_map_lookup_elem(&workloads, &slot);

	if (workload)
		__sync_fetch_and_add(&workload->missed, 1);
}

/*
 * The child, in a program on the tracepoint that a fork passes, whose current task is the parent.
 * From 7.0 on a program on sched_process_fork can be preempted, and is skipped for all others of
 * the processor meanwhile. There it stands on sched_wakeup_new, which a fork passes with a run
 * queue's lock held, and which is neither; before 6.19 a label cannot be made there safely, for
 * that takes memory.
 */
static __always_inline struct task_struct *forked_child(__u64 *ctx)
{
	__u64 child;

	/* Two loads, of which the verifier sees one: no address may be computed of the two. */
	if (forks_by_wakeup)
		asm volatile("%0 = *(u64 *)(%1 + 0)" : "=r"(child) : "r"(ctx));
	else
		asm volatile("%0 = *(u64 *)(%1 + 8)" : "=r"(child) : "r"(ctx));
	return (struct task_struct *)child;
}

/* Gives @id to one that cannot run now, where it has no label. */
static __always_inline void host_still(struct task_struct *task, __u64 id)
{
	struct label *label = bpf_task_storage_get(&labels, task, 0, 0);

	if (label && (is_of_workload(label) || is_valid(label->enrol.id)))
		return;
	label = label ?: label_make(task, 0);
	if (!label) {
		missed_count(ABI_HOST_SLOT);
		return;
	}
	label->enrol.slot = ABI_HOST_SLOT;
	label->generation = 0;
	label->enrol.id = id;
	if (label_claim(label))
		host_count(id);
}
