/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tasks that run in a workload's cgroup already and are to be its tasks (backends/bpf/cgroup.h).
 * The iterator shows each task of the machine, which says nothing of those that a fork makes
 * meanwhile; but a fork shows the child to the iterator first, and passes the tracepoint after.
 * Whoever was not seen by a whole look was forked after it began, and is labelled there: together
 * with its parent by karmor_adopting, which is attached while the iterator looks, or after its
 * parent by karmor_forked, which stays, for a fork may have begun long before. (On which tracepoint
 * they are: forked_child().)
 */
#include "host.bpf.h"

const volatile _Bool forks_by_wakeup = 0;

/* How the label of a task begins that runs, so that it is never found half made. Who lets the
 * iterator run holds the lock. */
static struct label adopted;

struct climb {
	__u64 at; /* the state of a cgroup itself; 0: past the root's */
	__u64 found;
};

static long climb_step(__u32 i, struct climb *climb)
{
	struct cgroup_subsys_state *state = (struct cgroup_subsys_state *)climb->at;
	__u64 id = BPF_CORE_READ(state, cgroup, kn, id);

	if (bpf_map_lookup_elem(&cgroups, &id)) {
		climb->found = id;
		return 1;
	}
	climb->at = (__u64)BPF_CORE_READ(state, parent);
	return !climb->at;
}

/* The workload that @task is to be of; NULL where there is none, or it is of one. */
static __always_inline const struct abi_cgroup *adopt_place(struct task_struct *task)
{
	struct cgroup *own = BPF_CORE_READ(task, cgroups, dfl_cgrp);
	struct climb climb = { .at = (__u64)&own->self };
	const struct abi_cgroup *place;

	if (!own || label_confining(task))
		return 0;
	bpf_loop(ABI_CGROUP_LEVELS, climb_step, &climb, 0);
	place = bpf_map_lookup_elem(&cgroups, &climb.found);
	if (!place || !place->adopts ||
	    is_through(place, BPF_CORE_READ(task, mm, exe_file, f_path.dentry)) ||
	    (place->outside && place->outside == BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum)))
		return 0;
	return place;
}

/*
 * Makes a label that is of the node, or was, the workload's. Its task may ask by it meanwhile: with
 * the new slot and the old id it is denied, as the other way round it would be asked nothing.
 */
static __always_inline void adopt_own(struct label *label, const struct abi_enrol *enrol)
{
	struct abi_enrol was = { .id = label->enrol.id, .slot = ABI_HOST_SLOT };

	label->generation = 0;
	label->enrol.class_ = enrol->class_;
	*(volatile __u32 *)&label->enrol.slot = enrol->slot;
	if (__sync_val_compare_and_swap(&label->enrol.id, was.id, enrol->id) != was.id)
		return;
	enrol_count(&was, -1);
	enrol_count(enrol, 1);
}

/*
 * Labels a task that is in no workload, as @first where that is not NULL and it has no label. 1
 * where it is in one now; 0: its workload is not there; or -ENOMEM.
 */
static __always_inline int adopt(struct task_struct *task, const struct abi_enrol *enrol,
				 struct label *first)
{
	__u32 slot = enrol->slot;
	struct abi_workload *workload = bpf_map_lookup_elem(&workloads, &slot);
	struct label *label;

	if (!workload || workload->id != enrol->id)
		return 0;
	label = label_make(task, first);
	if (!label)
		return -ENOMEM;
	if (!is_of_workload(label)) {
		adopt_own(label, enrol);
	} else if (label_claim(label)) {
		label->enrol = *enrol;
		__sync_fetch_and_add(&workload->tasks, 1);
	}
	return 1;
}

/* The same for one that cannot run now; where it could not, that is counted. */
static __always_inline void adopt_still(struct task_struct *task, const struct abi_enrol *enrol)
{
	if (!label_confining(task) && adopt(task, enrol, 0) < 0)
		missed_count(enrol->slot);
}

/* Writes a byte for each task that it labels, which is 1 for one that it could not. */
SEC("iter/task")
int karmor_adopt(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	const struct abi_cgroup *place;
	unsigned char failed;
	int r;

	if (!task || !task->mm || task->flags & PF_EXITING)
		return 0;
	place = adopt_place(task);
	if (!place)
		return 0;
	adopted.enrol = place->enrol;
	r = adopt(task, &place->enrol, &adopted);
	failed = r < 0;
	if (r)
		bpf_seq_write(ctx->meta->seq, &failed, sizeof(failed));
	return 0;
}

SEC("tp_btf/sched_process_fork")
int karmor_adopting(__u64 *ctx)
{
	struct task_struct *parent = bpf_get_current_task_btf();
	const struct abi_cgroup *place = adopt_place(parent);

	if (!place)
		return 0;
	adopt_still(parent, &place->enrol);
	adopt_still(forked_child(ctx), &place->enrol);
	return 0;
}

/* The parent was labelled after the child was allocated. */
SEC("tp_btf/sched_process_fork")
int karmor_forked(__u64 *ctx)
{
	struct task_struct *child = forked_child(ctx);
	struct label *label = label_held();

	if (!label)
		return 0;
	if (is_of_workload(label))
		adopt_still(child, &label->enrol);
	else if (is_valid(label->enrol.id))
		host_still(child, label->enrol.id);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
