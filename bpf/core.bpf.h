/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel as we see it: the fields we read, declared by hand and relocated at load (CO-RE), so
 * that one object runs on every kernel whose BTF has them.
 *
 * Pointers that a hook passes are read directly. What was stored in between (a dentry's address in
 * a label) has lost its type: LOAD() reads it through bpf_rdonly_cast, a plain load that cannot
 * fault (6.2, kernel commit a35b9af4ec2c), or else by bpf_probe_read_kernel. User space sets
 * has_rdonly_cast by looking for the function in the kernel's BTF; the branch not taken is removed
 * before the program is verified.
 */
#pragma once

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "abi.h"

#define EPERM 1
#define ENOMEM 12
#define EACCES 13
#define E2BIG 7

#define S_IFMT 00170000
#define S_IFDIR 0040000

typedef unsigned short umode_t;
typedef _Bool bool;
#define true 1
#define false 0

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct qstr {
	union {
		struct {
			__u32 hash;
			__u32 len;
		};
	};
	const unsigned char *name;
};

struct seqcount {
	unsigned int sequence;
};

struct timespec64 {
	long long tv_sec; /* see quick_word() */
};

struct seqcount_spinlock {
	struct seqcount seqcount;
};

typedef struct {
	unsigned int val;
} kuid_t;

struct list_head {
	struct list_head *next;
};

struct super_block {
	unsigned int s_dev;
	unsigned long s_magic;
	struct dentry *s_root;
	struct list_head s_mounts; /* its mounts, by their mnt_instance; until 6.17 */
};

struct super_block___7 {
	struct mount *s_mounts; /* the same, by their mnt_next_for_sb */
};

struct inode {
	umode_t i_mode;
	kuid_t i_uid;
	struct super_block *i_sb;
	unsigned long i_ino;
	unsigned int i_nlink;
	__u32 i_generation;
};

struct hlist_bl_node {
	struct hlist_bl_node **pprev;
};

struct dentry {
	struct hlist_bl_node d_hash;
	struct seqcount_spinlock d_seq;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
	unsigned long d_time;
};

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
};

struct mount;

struct ns_common {
	unsigned int inum; /* what its file in /proc has for an inode number */
};

struct mnt_namespace {
	struct ns_common ns;
	struct mount *root;
	__u64 seq;    /* 0: anonymous, a tree that is mounted nowhere; until 6.14 */
	bool is_anon; /* the same, since */
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct list_head mnt_mounts; /* its children, by their mnt_child */
	struct list_head mnt_child;
	struct list_head mnt_instance;
	struct mount *mnt_next_for_sb;
	struct mnt_namespace *mnt_ns;
	struct mount *overmount; /* what is mounted on its root; since 6.15 */
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	unsigned int f_mode;
	unsigned int f_flags;
	struct inode *f_inode;
	void *private_data;
	struct path f_path;
};

/*
 * A file that stands behind one of an overlay, which was asked about: where that is. Before 6.5 it
 * is a file that has the overlay's path itself.
 */
struct backing_file {
	struct path user_path;
};

struct vm_area_struct {
	unsigned long vm_flags;
	struct file *vm_file;
};

struct iattr {
	unsigned int ia_valid;
};

struct file_kattr {
	__u32 flags;
};

struct linux_binprm {
	struct file *file;
	const char *interp; /* what of this level was asked for: a name, not followed */
	unsigned char buf[256];
};

struct user_namespace {
	int level; /* 0: the node's */
};

struct cred {
	kuid_t uid;
	kuid_t fsuid;
	struct user_namespace *user_ns;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct mm_struct {
	struct file *exe_file;
};

struct fs_struct {
	struct path root, pwd;
};

/* x86: TS_COMPAT is in status while an ia32 system call runs. */
struct thread_info {
	__u32 status;
};

struct pt_regs {
	unsigned long r10, r9, r8, bp, bx, cx, dx, si, di, orig_ax;
};

struct pid_namespace;

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1]; /* one for each level of namespaces, from the outermost */
};

struct tty_struct {
	char name[64];
};

struct signal_struct {
	struct tty_struct *tty;
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
};

struct kernfs_node {
	__u64 id;
};

struct cgroup;

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};

struct cgroup_root {
	int hierarchy_id; /* 0: version 2 */
};

struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
	struct cgroup_root *root;
};

struct css_set {
	struct cgroup *dfl_cgrp; /* of version 2 */
};

struct bpf_local_storage;

struct task_struct {
	struct bpf_local_storage *bpf_storage;
	struct thread_info thread_info;
	struct fs_struct *fs;
	const struct cred *cred;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	struct signal_struct *signal;
	struct mm_struct *mm;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct css_set *cgroups;
	unsigned int flags;
	unsigned int ptrace; /* not 0: some task traces it */
	int tgid;
};

struct sock_common {
	unsigned short skc_family;
};

struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol;
};

struct proto_ops {
	void *sendpage; /* until 6.5 */
};

struct socket {
	short type;
	struct sock *sk;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop

extern void *bpf_rdonly_cast(void *obj, __u32 btf_id) __ksym __weak;

extern const volatile _Bool has_rdonly_cast;

/* The value of @field in the @type at address @address; 0 where the address is bad. */
#define LOAD(type, address, field)                                                                 \
	({                                                                                         \
		__u64 address_ = (__u64)(address);                                                 \
		typeof(((type *)0)->field) value_ = { 0 };                                         \
		if (has_rdonly_cast)                                                               \
			value_ = ((type *)bpf_rdonly_cast((void *)address_,                        \
							  bpf_core_type_id_kernel(type)))          \
					 ->field;                                                  \
		else                                                                               \
			bpf_probe_read_kernel(                                                     \
				&value_, sizeof(value_),                                           \
				__builtin_preserve_access_index(&((type *)address_)->field));      \
		value_;                                                                            \
	})

/* Eight bytes at any address: some field of eight bytes of a struct laid where the field falls on
 * them. */
static __always_inline __u64 load_word(__u64 address)
{
	__u64 word = 0;

	if (has_rdonly_cast)
		return LOAD(struct dentry, address - bpf_core_field_offset(struct dentry, d_time),
			    d_time);
	bpf_probe_read_kernel(&word, sizeof(word), (const void *)address);
	return word;
}
