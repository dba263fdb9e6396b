/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mount namespaces with another root. Since Linux 7.0 open_tree(2) makes one of any directory, in
 * which all that is below has another name, and no hook is asked. A label remembers the root of the
 * namespace that its workload began in, by its first exec; where names are guarded, what lies in a
 * namespace with another has no name that can be told.
 */
#pragma once

#include "maps.bpf.h"

#define STACKED_MAX 8 /* mounts over one another at a namespace's root; three on a Debian */

/* The directory that is "/" in a namespace; 0 where it is none. */
static __always_inline __u64 elsewhere_root(__u64 ns)
{
	__u64 mount, over;

	if (!ns || ((__s64)ns < 0 && (__s64)ns > -4096))
		return 0;
	mount = (__u64)LOAD(struct mnt_namespace, ns, root);
	for (int i = 0; i < STACKED_MAX; i++) {
		over = (__u64)LOAD(struct mount, mount, overmount);
		if (!over)
			break;
		mount = over;
	}
	return (__u64)LOAD(struct mount, mount, mnt.mnt_root);
}

/* Kernels without the field have no such namespaces either. */
static __always_inline void elsewhere_begin(struct label *label)
{
	if (bpf_core_field_exists(struct mount, overmount) && !label->root)
		label->root = elsewhere_root((__u64)bpf_get_current_task_btf()->nsproxy->mnt_ns);
}

static __always_inline bool is_elsewhere(struct label *label)
{
	__u64 mount = label->mnt - bpf_core_field_offset(struct mount, mnt), root;

	if (!bpf_core_field_exists(struct mount, overmount))
		return false;
	root = elsewhere_root((__u64)LOAD(struct mount, mount, mnt_ns));
	return root && root != label->root;
}
