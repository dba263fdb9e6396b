/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events. A flood of one kind leaves the ring to the others: of a kind so many are sent in a
 * second, and while the ring is half full only the first. The others are folded: counted under
 * their kind, and told as a number. So is what finds the ring full, and none is lost. Who is folded
 * pays for no walk to its names.
 */
#include "hook.bpf.h"

#define SECOND 1000000000ull

static const struct abi_fold nothing;

/* Where events of this kind are counted; NULL where there is no place for one more kind. */
static __always_inline struct abi_fold *fold_find(struct label *label, struct told *told)
{
	struct abi_fold_key key = {
		.workload = label->enrol.id,
		.slot = label->enrol.slot,
		.generation = told->generation,
		.verdict = told->verdict,
		.error = told->error,
		.family = told->family,
		.op = told->op,
		.hook = told->hook,
		.section = told->section,
	};
	struct abi_fold *fold;
	void *kinds = bpf_map_lookup_elem(&folds, &key.slot);

	if (!kinds)
		return 0;
	fold = bpf_map_lookup_elem(kinds, &key);
	if (fold)
		return fold;
	bpf_map_update_elem(kinds, &key, &nothing, BPF_NOEXIST); /* or another processor did */
	return bpf_map_lookup_elem(kinds, &key);
}

/* Whether this one is sent. Processors that race here send one more or less. */
static __always_inline bool fold_passes(struct abi_fold *fold, void *ring)
{
	__u64 now = bpf_ktime_get_ns();
	__u32 left;

	if (now - fold->since >= SECOND) {
		fold->since = now;
		fold->left = ABI_FOLD_EACH;
	}
	left = fold->left;
	if (!left)
		return false;
	if (fold->sent && bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) * 2 >
				  bpf_ringbuf_query(ring, BPF_RB_RING_SIZE))
		return false;
	fold->left = left - 1;
	return true;
}

/* Not sent: folded, or else lost. */
static __always_inline int event_drop(struct abi_workload *workload, struct abi_fold *fold)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 id = bpf_get_current_pid_tgid();

	if (!fold) {
		__sync_fetch_and_add(&workload->lost, 1);
		return 0;
	}
	fold->time = bpf_ktime_get_ns();
	fold->pid = (__u32)id;
	fold->tgid = id >> 32;
	fold->ppid = task->real_parent->tgid;
	fold->uid = task->cred->uid.val;
	bpf_get_current_comm(fold->comm, sizeof(fold->comm));
	__sync_fetch_and_add(&fold->folded, 1);
	__sync_fetch_and_add(&workload->events, 1);
	return 0;
}

/* The number that the process of @task has in the namespace of that level, if @ns is that. */
static __always_inline __u32 number_in(struct task_struct *task, __u32 level, __u64 *ns)
{
	struct pid *pid = BPF_CORE_READ(task, group_leader, thread_pid);
	__u64 at = (__u64)pid + bpf_core_field_offset(struct pid, numbers) +
		   (__u64)level * bpf_core_type_size(struct upid);

	if (BPF_CORE_READ(pid, level) < level)
		return 0;
	if (*ns && *ns != (__u64)BPF_CORE_READ((struct upid *)at, ns))
		return 0;
	*ns = (__u64)BPF_CORE_READ((struct upid *)at, ns);
	return (__u32)BPF_CORE_READ((struct upid *)at, nr);
}

/* Who the task is, to people who look at it in its container. */
static __always_inline void task_fill(struct abi_event *event, struct task_struct *task)
{
	__u32 level = BPF_CORE_READ(task, thread_pid, level);
	__u64 ns = 0;

	event->ns_tgid = number_in(task, level, &ns);
	event->ns_ppid = number_in(task->real_parent, level, &ns);
	event->tty[0] = '\0';
	bpf_probe_read_kernel_str(event->tty, sizeof(event->tty),
				  (void *)BPF_CORE_READ(task, signal, tty) +
					  bpf_core_field_offset(struct tty_struct, name));
}

/* A path that may be left out: whole or not at all. */
static __always_inline __u32 path_add(struct label *label, struct text *text, __u32 base,
				      __u64 dentry, __u64 mnt)
{
	__u32 len;

	label->leaf = dentry;
	label->mnt = mnt;
	len = walk_text(label, text, base);
	return label->status == WALK_DEEP ? 0 : len;
}

static __always_inline void paths_fill(struct text *text, struct label *label,
				       struct task_struct *task)
{
	struct abi_event *event = &text->event;
	struct file *exe = BPF_CORE_READ(task, real_parent, mm, exe_file);

	event->parent_len = event->cwd_len = 0;
	if (exe)
		event->parent_len = path_add(label, text, event->resource_len + event->source_len,
					     (__u64)BPF_CORE_READ(exe, f_path.dentry),
					     (__u64)BPF_CORE_READ(exe, f_path.mnt));
	event->cwd_len =
		path_add(label, text, event->resource_len + event->source_len + event->parent_len,
			 (__u64)BPF_CORE_READ(task, fs, pwd.dentry),
			 (__u64)BPF_CORE_READ(task, fs, pwd.mnt));
}

static __always_inline void event_fill(struct text *text, struct label *label, struct told *told)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 id = bpf_get_current_pid_tgid();

	text->event.time = bpf_ktime_get_ns();
	text->event.workload = label->enrol.id;
	text->event.slot = label->enrol.slot;
	text->event.generation = told->generation;
	text->event.verdict = told->verdict;
	text->event.pid = (__u32)id;
	text->event.tgid = id >> 32;
	text->event.ppid = task->real_parent->tgid;
	text->event.uid = task->cred->uid.val;
	text->event.error = told->error;
	text->event.family = told->family;
	text->event.type = told->type;
	text->event.protocol = told->protocol;
	text->event.op = told->op;
	text->event.hook = told->hook;
	text->event.section = told->section;
	text->event.unused = 0;
	text->event.resource_len = told->resource_len;
	text->event.source_len = 0;
	bpf_get_current_comm(text->event.comm, sizeof(text->event.comm));
	if (told->section <= ABI_FILE)
		text->event.resource_len = walk_text(label, text, 0);
	if (task->mm && task->mm->exe_file) {
		label->leaf = (__u64)task->mm->exe_file->f_path.dentry;
		label->mnt = (__u64)task->mm->exe_file->f_path.mnt;
		text->event.source_len = walk_text(label, text, text->event.resource_len);
	}
	task_fill(&text->event, task);
	paths_fill(text, label, task);
}

int event_send(struct label *label, struct told *told)
{
	struct abi_workload *workload;
	struct abi_fold *fold;
	struct text *text;
	__u32 slot, len;
	void *ring;

	if (!label || !told)
		return 0;
	slot = label->enrol.slot;
	workload = bpf_map_lookup_elem(&workloads, &slot);
	ring = bpf_map_lookup_elem(&rings, &slot);
	if (!workload || !ring)
		return 0;
	fold = fold_find(label, told);
	if (fold && !fold_passes(fold, ring))
		return event_drop(workload, fold);
	text = bpf_task_storage_get(&texts, bpf_get_current_task_btf(), 0,
				    BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!text)
		return event_drop(workload, fold);
	event_fill(text, label, told);
	text->event.lost = workload->lost;
	len = sizeof(text->event) + text->event.resource_len + text->event.source_len +
	      text->event.parent_len + text->event.cwd_len;
	if (len > sizeof(*text))
		len = sizeof(*text);
	if (bpf_ringbuf_output(ring, text, len, 0))
		return event_drop(workload, fold);
	__sync_fetch_and_add(&workload->events, 1);
	if (fold)
		__sync_fetch_and_add(&fold->sent, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
