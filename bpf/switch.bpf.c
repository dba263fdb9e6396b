/* SPDX-License-Identifier: GPL-2.0-only */
/* Files that switch something off, or on, for everybody: see self.bpf.h. */
#include "self.bpf.h"

#define PROC_MAGIC 0x9fa0
#define SYSFS_MAGIC 0x62656572
#define CGROUP_MAGIC 0x27e0eb /* of version 1 */
#define BINFMT_MAGIC 0x42494e4d
#define SECURITYFS_MAGIC 0x73636673
#define AAFS_MAGIC 0x5a3c69f0 /* of AppArmor's policy directory, which securityfs leads to */
#define SELINUX_MAGIC 0xf97cff8c

/* Names are told apart by what has room in here: a longer one is cut. */
struct name {
	__u64 words[2];
};

static const struct {
	char name[sizeof(struct name)];
	__u64 magic;
} switches[] = {
	/* A program that the kernel starts in no workload. */
	{ "core_pattern", PROC_MAGIC },
	{ "modprobe", PROC_MAGIC },
	{ "poweroff_cmd", PROC_MAGIC },
	{ "hotplug", PROC_MAGIC },
	{ "uevent_helper", SYSFS_MAGIC },
	{ "release_agent", CGROUP_MAGIC },
	/* Takes all trampolines out of the kernel, ours among them. */
	{ "ftrace_enabled", PROC_MAGIC },
	/* AppArmor's profiles. */
	{ ".load", SECURITYFS_MAGIC },
	{ ".replace", SECURITYFS_MAGIC },
	{ ".remove", SECURITYFS_MAGIC },
	{ ".load", AAFS_MAGIC },
	{ ".replace", AAFS_MAGIC },
	{ ".remove", AAFS_MAGIC },
	/* SELinux's policy, and whether it enforces or only complains. */
	{ "load", SELINUX_MAGIC },
	{ "enforce", SELINUX_MAGIC },
	{ "disable", SELINUX_MAGIC },
};

static __always_inline struct name name_of(const struct dentry *dentry)
{
	struct name name = {};

	bpf_probe_read_kernel_str(&name, sizeof(name), BPF_CORE_READ(dentry, d_name.name));
	return name;
}

/* No bit is set if it is @text. One value, for the verifier goes on from each branch by itself. */
static __always_inline __u64 difference(struct name name, const char text[sizeof(struct name)])
{
	struct name other;

	__builtin_memcpy(&other, text, sizeof(other));
	return (name.words[0] ^ other.words[0]) | (name.words[1] ^ other.words[1]);
}

/* Whether AppArmor enforces, or only complains: many have a file of that name. */
static __always_inline bool is_mode(const struct dentry *dentry, struct name name)
{
	static const char mode[sizeof(name)] = "mode", module[sizeof(name)] = "apparmor";

	return !difference(name, mode) &&
	       !difference(name_of(BPF_CORE_READ(dentry, d_parent, d_parent)), module);
}

__noinline int self_is_switch(__u64 address, __u64 magic)
{
	const struct dentry *dentry = (const struct dentry *)address;
	struct name name;

	if (magic == BINFMT_MAGIC)
		return true;
	/* It need be no more than likely: the names tell. */
	if ((magic ^ PROC_MAGIC) * (magic ^ SYSFS_MAGIC) * (magic ^ CGROUP_MAGIC) *
	    (magic ^ SECURITYFS_MAGIC) * (magic ^ AAFS_MAGIC) * (magic ^ SELINUX_MAGIC))
		return false;
	name = name_of(dentry);
#pragma unroll
	for (__u32 i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		if (!(difference(name, switches[i].name) | (magic ^ switches[i].magic)))
			return true;
	return is_mode(dentry, name) && magic == SYSFS_MAGIC;
}

char LICENSE[] SEC("license") = "GPL";
