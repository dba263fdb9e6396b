/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cgroups that are a workload's by their path, as those of units are, which come and go: one that
 * is made there is registered before anybody can see it, let alone be in it. Attached only while
 * some workload has such a path.
 */
#include "hook.bpf.h"
#include "place.h"

static __always_inline bool is_same(const __u64 *a, const __u64 *b)
{
	for (int i = 0; i < ABI_PATH_NAMED / 8; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

/* The one before it is gone: a path is one cgroup's at a time. */
static __always_inline void named_register(const struct abi_named *named, __u64 id)
{
	__u32 slot = named->place.enrol.slot;
	struct abi_workload *workload = bpf_map_lookup_elem(&workloads, &slot);
	__u64 before;

	if (!workload || workload->id != named->place.enrol.id)
		return;
	before = workload->cgroup;
	if (before)
		bpf_map_delete_elem(&cgroups, &before);
	if (bpf_map_update_elem(&cgroups, &id, &named->place, BPF_ANY))
		__sync_fetch_and_add(&workload->refused, 1);
	else
		workload->cgroup = id;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(karmor_cgroup_made, struct cgroup *made, const char *path)
{
	__u64 text[ABI_PATH_NAMED / 8] = {}, key;
	const struct abi_named *named;
	long len;

	/* Not of version 2. */
	if (made->root->hierarchy_id)
		return 0;
	len = bpf_probe_read_kernel_str(text, sizeof(text), path);
	/* One that fills it may be longer, and nobody names such a one. */
	if (len <= 0 || len == sizeof(text))
		return 0;
	key = place_key(text);
	named = bpf_map_lookup_elem(&named_cgroups, &key);
	if (named && is_same(text, named->path))
		named_register(named, made->kn->id);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
