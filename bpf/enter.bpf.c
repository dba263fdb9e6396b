/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who comes from outside, as what a runtime's exec starts does: a task in no workload that executes
 * a program in a workload's cgroup, or in one below, is a task of that workload from then on, and
 * the exec is the first thing that is decided of it. Of nested cgroups the innermost counts.
 *
 * It is no rule's source until it has become its program: what it was is outside. Attached only
 * while some workload has a cgroup, or the node has policies of its own.
 */
#include "host.bpf.h"

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

/* The task is of @enrol from now on, whatever its label was, as if that was made now. */
static __always_inline int enter(struct label *label, const struct abi_enrol *enrol)
{
	bool counted, moves;

	label = label ?: label_make(bpf_get_current_task_btf(), 0);
	if (!label)
		return -ENOMEM;
	counted = !label_claim(label);
	moves = label->enrol.id != enrol->id;
	if (counted && moves)
		enrol_count(&label->enrol, -1);
	label->enrol = *enrol;
	label->generation = hook_generation(label);
	label->traced = 0;
	label->home = 0;
	/* Who is exempt runs what it runs, and may be a workload's, or the node's, later. */
	label->image = is_exempt(enrol) ? 0 : IMAGE_OUTSIDE;
	label->loader = 0;
	label->loaded = 0;
	label->root = 0;
	if (!counted || moves)
		enrol_count(enrol, 1);
	return 0;
}

/*
 * What a task becomes by executing @program in no workload, where the node has policies of its own:
 * nothing where the id is 0.
 */
static __always_inline struct abi_enrol enter_host(const struct label *label,
						   struct dentry *program)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct host_asked asked = { .dentry = (__u64)program, .task = (__u64)task };
	struct abi_enrol enrol = { .slot = ABI_HOST_SLOT };
	__u64 id = host.id;
	__u32 way;

	if (!id || task->tgid == 1 || (label && ABI_EXEMPT(label->enrol.id) == ABI_EXEMPT(id)))
		return enrol;
	way = host_way(&asked);
	if (way == ABI_WAY_THROUGH && host_is_forked(&asked))
		return enrol;
	enrol.id = id;
	if (way == ABI_WAY_BACK || (host.adopts && host_is_exempt(&asked)))
		enrol.id = ABI_EXEMPT(id);
	return enrol;
}

/* Before anything else is asked about the exec; a task that cannot have a label does not enter. */
SEC("lsm/bprm_creds_for_exec")
int BPF_PROG(karmor_enter, struct linux_binprm *bprm, int ret)
{
	struct label *label = label_held();
	struct dentry *program = bprm->file->f_path.dentry;
	const struct abi_cgroup *place;
	struct abi_enrol enrol;

	if (ret || (label && is_of_workload(label)))
		return ret;
	place = enter_place();
	if (place && !is_through(place, program))
		enrol = place->enrol;
	else
		enrol = enter_host(label, program);
	/* Nobody is locked out because memory is out. */
	if (!enrol.id || enter(label, &enrol) == 0 || is_exempt(&enrol))
		return 0;
	return -ENOMEM;
}

char LICENSE[] SEC("license") = "GPL";
