/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who comes from outside, as what a runtime's exec starts does: a task in no workload that executes
 * a program in a workload's cgroup, or in one below, is a task of that workload from then on, and
 * the exec is the first thing that is decided of it. Of nested cgroups the innermost counts.
 *
 * It is no rule's source until it has become its program: what it was is outside. Attached only
 * while some workload has a cgroup.
 */
#include "hook.bpf.h"

struct entering {
	__u64 cgroup; /* 0: of no workload */
};

static long enter_step(__u32 i, struct entering *entering)
{
	__u64 id = bpf_get_current_ancestor_cgroup_id(i + 1); /* level 0 is the root */

	if (!id)
		return 1;
	if (bpf_map_lookup_elem(&cgroups, &id))
		entering->cgroup = id;
	return 0;
}

/* Where the current task may enter; NULL: nowhere. */
static __always_inline const struct abi_cgroup *enter_place(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct entering entering = {};
	const struct abi_cgroup *place;
	const struct abi_workload *workload;
	__u32 slot;

	bpf_loop(ABI_CGROUP_LEVELS, enter_step, &entering, 0);
	if (!entering.cgroup)
		return 0;
	place = bpf_map_lookup_elem(&cgroups, &entering.cgroup);
	if (!place || (place->outside && place->outside == task->nsproxy->mnt_ns->ns.inum))
		return 0;
	slot = place->enrol.slot;
	workload = bpf_map_lookup_elem(&workloads, &slot);
	return workload && workload->id == place->enrol.id ? place : 0;
}

/* Before anything else is asked about the exec; a task that cannot have a label does not enter. */
SEC("lsm/bprm_creds_for_exec")
int BPF_PROG(karmor_enter, struct linux_binprm *bprm, int ret)
{
	const struct abi_cgroup *place;
	struct abi_workload *workload;
	struct label *label;
	__u32 slot;

	if (ret || label_current())
		return ret;
	place = enter_place();
	if (!place || is_through(place, bprm->file->f_path.dentry))
		return 0;
	label = label_make(bpf_get_current_task_btf(), 0);
	if (!label)
		return -ENOMEM;
	label->enrol = place->enrol;
	label->generation = hook_generation(label);
	slot = place->enrol.slot;
	workload = bpf_map_lookup_elem(&workloads, &slot);
	if (workload && label_claim(label))
		__sync_fetch_and_add(&workload->tasks, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
