/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything that lasts: who is enrolled, under which table, and where its events go.
 *
 * A label is inherited at fork, so that a workload is left by no means but exit. It also holds the
 * scratch of the path walk: a task decides one path at a time, so that nothing is shared, nothing
 * is on the stack that the verifier would have to follow, and tasks outside all workloads pay
 * nothing for it.
 */
#pragma once

#include "core.bpf.h"

struct label {
	struct abi_enrol enrol;
	__u32 generation; /* of the table that told the source class; 0: none did */
	__u32 next_class, next_generation; /* of the source that a running exec leads to */
	__u32 traced;			   /* a task of the workload traces it, or did */
	__u32 exited;			   /* and is counted no more */
	__u32 claimed;			   /* see label_claim() */
	__u64 home;			   /* the mount namespace in which it was enrolled */
	__u64 image;			   /* the dentry of what runs */
	__u64 next_image;		   /* and of what a running exec leads to */
	__u32 loader; /* what runs is one that is told what to run, as ld.so is */
	__u32 next_loader;
	__u64 loaded; /* the dentry of what it runs; 0: not known yet */

	__u64 root; /* of the mount namespace: see elsewhere.bpf.h */

	/* The object: a dentry and the vfsmount it was reached by. */
	__u64 leaf, mnt;
	/* One mount of its filesystem, and the namespace that it is mounted in. */
	__u64 place, place_ns;
	/* The walk up. */
	__u64 at, at_mnt;
	__u64 sum;	/* of all components and their d_seq */
	__u32 torn;	/* all d_seq together: odd where one was being renamed */
	__u32 depth;	/* components so far, counted from the leaf */
	__u32 keep;	/* components from this one on are not kept */
	__u32 kept_low; /* the lowest component that the chunk still holds */
	__u32 status;	/* enum walk_status */
	/* The way down. */
	__u32 component; /* the next is this one less 1 */
	__u32 state, pos, left;
	__u64 name;
	__u32 text_len, text_base;
	__u32 number;  /* of the system call that is entered, as the table has it */
	__u32 entered; /* and it was asked about */
	__u64 chunk[ABI_CHUNK];
};

enum walk_status {
	WALK_ON,
	WALK_TOP,	/* reached the top of the mount tree */
	WALK_UNNAMED,	/* a pipe, a socket, a memfd, a file of a filesystem that is mounted nowhere
			 */
	WALK_DETACHED,	/* a file of a mount that has no place in any namespace (any more) */
	WALK_ELSEWHERE, /* a file of a mount namespace that has another root */
	WALK_TORN,	/* a rename went on all the time */
	WALK_DEEP,	/* deeper than ABI_DEPTH_MAX */
	WALK_FAULT,	/* the table is at fault */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct label);
} labels SEC(".maps") __weak;

struct table {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_INNER_MAP | BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct abi_record));
};

/* By slot. An enrolled task whose slot is empty is denied everything. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, ABI_SLOTS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__array(values, struct table);
} tables SEC(".maps") __weak;

struct link_table {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(struct abi_inode));
	__uint(value_size, sizeof(struct abi_link));
};

/* By slot; only of workloads whose exactly named files have other names. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, ABI_SLOTS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__array(values, struct link_table);
} links SEC(".maps") __weak;

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

/* By slot; several slots may share a ring. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, ABI_SLOTS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__array(values, struct ring);
} rings SEC(".maps") __weak;

struct fold_table {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(struct abi_fold_key));
	__uint(value_size, sizeof(struct abi_fold));
};

/* By slot; who shares a ring shares this as well. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, ABI_SLOTS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__array(values, struct fold_table);
} folds SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE); /* user space reads the counts where they are */
	__uint(max_entries, ABI_SLOTS);
	__type(key, __u32);
	__type(value, struct abi_workload);
} workloads SEC(".maps") __weak;

/* By a cgroup's id: which workload a task enters by it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, ABI_WORKLOADS);
	__type(key, __u64);
	__type(value, struct abi_cgroup);
} cgroups SEC(".maps") __weak;

/* By place_key() of a path. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, ABI_WORKLOADS);
	__type(key, __u64);
	__type(value, struct abi_named);
} named_cgroups SEC(".maps") __weak;

/* A variable, which hooks read without looking it up; user space has it as a map of one element. */
extern volatile struct abi_host host;

/* By directory: ways back into the node, and others. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, ABI_WAYS);
	__type(key, struct abi_inode);
	__type(value, struct abi_ways);
} ways SEC(".maps") __weak;

/* What no workload changes: see kept.bpf.h. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct abi_kept);
} kept SEC(".maps") __weak;

/* The processes that no workload signals, by their first thread. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u32);
} keepers SEC(".maps") __weak;

/* By slot: user space's alone. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ABI_SLOTS);
	__type(key, __u32);
	__uint(value_size, ABI_NAME);
} names SEC(".maps") __weak;

/* Where an event is put together; a task gets one with its first event. */
struct text {
	struct abi_event event;
	char bytes[ABI_PATH_MAX + 3584]; /* 7.3 gives a task's storage no more than 8 KiB */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct text);
} texts SEC(".maps") __weak;
