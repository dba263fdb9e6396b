/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What user space cannot see by itself: the inode behind a descriptor of its own. stat(2) shows
 * other numbers where a filesystem lies over others.
 */
#include "walk.bpf.h"

SEC("syscall")
int karmor_inode(struct abi_lookup *lookup)
{
	struct fdtable *table = BPF_CORE_READ(bpf_get_current_task_btf(), files, fdt);
	struct file **files = BPF_CORE_READ(table, fd), *file = 0;
	struct abi_inode inode = {};

	lookup->names = 0;
	if (lookup->fd >= BPF_CORE_READ(table, max_fds))
		return 0;
	bpf_probe_read_kernel(&file, sizeof(file), files + lookup->fd);
	lookup->names = walk_inode((__u64)BPF_CORE_READ(file, f_path.dentry), &inode);
	if (!inode.number) {
		inode.number = BPF_CORE_READ(file, f_path.dentry, d_inode, i_ino);
		inode.generation = BPF_CORE_READ(file, f_path.dentry, d_inode, i_generation);
		inode.device = BPF_CORE_READ(file, f_path.dentry, d_inode, i_sb, s_dev);
	}
	lookup->inode = inode;
	return 0;
}

/* Where the kernel counts renames and mounts, for those who read names at a glance. */
SEC("syscall")
int karmor_locate(void *nothing)
{
	static const char rename[] = "rename_lock", mount[] = "mount_lock";
	__u64 address = 0;

	if (bpf_kallsyms_lookup_name(rename, sizeof(rename), 0, &address))
		return 0;
	rename_counter = address;
	if (!bpf_kallsyms_lookup_name(mount, sizeof(mount), 0, &address))
		mount_counter = address;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
