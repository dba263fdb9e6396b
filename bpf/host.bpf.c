/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What runs already when the node gets policies of its own. As with a workload's cgroup
 * (adopt.bpf.c) an iterator shows each task of the machine, and forks that go on meanwhile are seen
 * by a tracepoint. Labels of before, which are void since those policies were removed, become valid
 * again by their id alone: their task may be entering a workload at the same moment.
 */
#include "host.bpf.h"

volatile struct abi_host host SEC(".data.host") = {};

#define PF_FORKNOEXEC 0x40
#define HOST_PARENTS 64 /* looked at; who has more that are no way back is the node's own */

/* The dentry of what a task runs, or NULL. */
static __always_inline struct dentry *exe_of(struct task_struct *task)
{
	return BPF_CORE_READ(task, mm, exe_file, f_path.dentry);
}

struct host_seek {
	const struct abi_ways *ways;
	__u64 name[ABI_WAY_NAME / 8];
	__u32 kind;
};

static long host_seek_step(__u32 i, struct host_seek *seek)
{
	const struct abi_way *way = &seek->ways->all[i & (ABI_WAY_NAMES - 1)];
	__u64 differs = 0;

	for (__u32 j = 0; j < ABI_WAY_NAME / 8; j++)
		differs |= seek->name[j] ^ way->name[j];
	if (!differs)
		seek->kind = way->kind;
	return !differs || !way->name[0];
}

__u32 host_way(struct host_asked *asked)
{
	struct dentry *dentry = asked ? (struct dentry *)asked->dentry : 0;
	struct inode *inode = BPF_CORE_READ(dentry, d_parent, d_inode);
	struct host_seek seek = {};
	struct abi_inode directory = {};
	long len;

	directory.number = BPF_CORE_READ(inode, i_ino);
	directory.generation = BPF_CORE_READ(inode, i_generation);
	directory.device = BPF_CORE_READ(inode, i_sb, s_dev);
	seek.ways = bpf_map_lookup_elem(&ways, &directory);
	if (!seek.ways)
		return ABI_WAY_NONE;
	len = bpf_probe_read_kernel_str(seek.name, sizeof(seek.name),
					BPF_CORE_READ(dentry, d_name.name));
	/* One that fills it may be longer, and none of these is. */
	if (len > 0 && len < sizeof(seek.name))
		bpf_loop(ABI_WAY_NAMES, host_seek_step, &seek, 0);
	return seek.kind;
}

int host_is_forked(struct host_asked *asked)
{
	struct task_struct *child = asked ? (struct task_struct *)asked->task : 0;
	struct task_struct *parent = BPF_CORE_READ(child, real_parent);
	struct host_asked program = { .dentry = (__u64)exe_of(child) };

	if (BPF_CORE_READ(parent, tgid) != 1)
		return false;
	if (BPF_CORE_READ(child, flags) & PF_FORKNOEXEC && exe_of(child) == exe_of(parent))
		return true;
	return host_way(&program) == ABI_WAY_THROUGH;
}

struct host_climb {
	struct host_asked at;
	__u32 kind;
};

static long host_climb_step(__u32 i, struct host_climb *climb)
{
	struct task_struct *task = (struct task_struct *)climb->at.task;

	if (BPF_CORE_READ(task, tgid) <= 1)
		return 1;
	climb->at.dentry = (__u64)exe_of(task);
	climb->at.task = (__u64)BPF_CORE_READ(task, real_parent);
	climb->kind = host_way(&climb->at);
	return climb->kind == ABI_WAY_BACK;
}

int host_is_exempt(struct host_asked *asked)
{
	struct host_climb climb = {};

	if (!asked)
		return false;
	climb.at.task = asked->task;
	bpf_loop(HOST_PARENTS, host_climb_step, &climb, 0);
	return climb.kind == ABI_WAY_BACK;
}

/* How the label of a task begins that runs: see adopt.bpf.c. */
static struct label hosted;

/* The id that a label of the node's is to have; 0: none. */
static __always_inline __u64 host_choose(struct task_struct *task)
{
	struct host_asked asked = { .task = (__u64)task };
	__u64 id = host.id;

	if (!id || task->tgid == 1 || host_is_forked(&asked))
		return 0;
	return host_is_exempt(&asked) ? ABI_EXEMPT(id) : id;
}

/* Whether it is no valid label. */
static __always_inline bool host_wants(const struct label *label)
{
	return !label || (!is_of_workload(label) && !is_valid(label->enrol.id));
}

/* 1 where the task became the node's, 0 where it need not, or -ENOMEM. */
static __always_inline int host_take(struct task_struct *task)
{
	struct label *label = bpf_task_storage_get(&labels, task, 0, 0);
	__u64 was = label ? label->enrol.id : 0, id;

	if (!host_wants(label))
		return 0;
	id = host_choose(task);
	if (!id)
		return 0;
	if (label) {
		label->generation = 0;
		if (__sync_val_compare_and_swap(&label->enrol.id, was, id) != was)
			return 0;
		host_count(id);
		return 1;
	}
	hosted.enrol.id = id;
	hosted.enrol.slot = ABI_HOST_SLOT;
	label = label_make(task, &hosted);
	if (!label)
		return -ENOMEM;
	if (label->enrol.id != id)
		return 0;
	if (label_claim(label))
		host_count(id);
	return 1;
}

/* Writes a byte for each task that it labels, which is 1 for one that it could not. */
SEC("iter/task")
int karmor_host(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	unsigned char failed;
	int r;

	if (!task || !task->mm || task->flags & PF_EXITING)
		return 0;
	r = host_take(task);
	failed = r < 0;
	if (r)
		bpf_seq_write(ctx->meta->seq, &failed, sizeof(failed));
	return 0;
}

SEC("tp_btf/sched_process_fork")
int karmor_hosting(__u64 *ctx)
{
	struct task_struct *parent = bpf_get_current_task_btf();
	struct label *label = bpf_task_storage_get(&labels, parent, 0, 0);
	__u64 id;

	if (!parent->mm || !host_wants(label))
		return 0;
	id = host_choose(parent);
	if (!id)
		return 0;
	host_still(parent, id);
	host_still(forked_child(ctx), id);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
