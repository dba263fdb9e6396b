/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What user space and the BPF programs share: fixed-width types and numbers, nothing else.
 *
 * A ruleset is one table of 16-byte records in an array map of its own. Record 0 and 1 are its
 * header; the rest is states, transitions and verdict rows, found by record number. Nothing is a
 * pointer, so a table is the same bytes for the same ruleset, and publishing one is one store of a
 * map.
 *
 * A change of anything here changes the digest under which everything is pinned: old and new never
 * mix.
 */
#pragma once

#ifdef __bpf__
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef int int32_t;
typedef long long int64_t;
typedef unsigned long long uint64_t;
#else
#include <stdint.h>
#endif

#define ABI_WORKLOADS 4096	    /* of a node; policy language, section 2 */
#define ABI_HOST_SLOT ABI_WORKLOADS /* of what is in none of them */
#define ABI_SLOTS (ABI_WORKLOADS + 1)
#define ABI_RECORDS_MAX (1u << 22) /* records of one table: 64 MiB */
#define ABI_CHUNK 64	   /* path components kept at a time; deeper paths are read in chunks */
#define ABI_DEPTH_MAX 2048 /* components of a path of 4,095 bytes, and one */
#define ABI_STEPS_MAX 8192 /* automaton steps of one path: a step reads at least one byte */
#define ABI_PATH_MAX 4096
#define ABI_COMM 16
#define ABI_TTY 16 /* names of terminals are shorter */

struct abi_record {
	union {
		uint32_t w[4];
		uint64_t q[2];
	};
};

/* The header's records. */
enum {
	ABI_HEADER,	  /* w: flags, classes, generation, accept of an unnamed executable */
	ABI_HEADER_START, /* w: first states of the automata, in the order of enum abi_automaton */
	ABI_HEADER_BASE,  /* w: first record of the network rows, of the capability rows, of what is
			     about system calls, unused */
	ABI_HEADER_RECORDS
};

enum abi_automaton {
	ABI_AUTOMATON_PROCESS, /* exec: rows of the process section */
	ABI_AUTOMATON_FILE,    /* read and write: rows of the file section */
	ABI_AUTOMATON_SOURCE,  /* an executable's source class: the accept is the class */
	ABI_AUTOMATON_GUARD,   /* directories on the way to what a Block rule names: rows, word 0
				  counts */
	ABI_AUTOMATON_SYSCALL, /* path arguments: blocks of system calls, with whom its start stands
				*/
};

/* Flags of the header. */
#define ABI_HAS(section) (1u << (section)) /* the section decides something */
#define ABI_CLOSED(section)                                                                        \
	(1u << ((section) + 8)) /* what cannot be decided is denied (section 10) */
#define ABI_CLOSED_ANY (0xfu << 8)
#define ABI_GUARDED (1u << 16) /* what is enforced hangs on names: they are protected */
#define ABI_LINKED (1u << 17)  /* some Block rule names a file exactly: its hard links are too */

#define ABI_CALLED (1u << 18) /* some rule means a binary of many names under one of them */

/* Sections, in the order of enum karmor_section. */
enum abi_section {
	ABI_PROCESS,
	ABI_FILE,
	ABI_NETWORK,
	ABI_CAPABILITIES,
	ABI_SYSCALLS, /* only logs: it is never closed */
};

/*
 * States. Word 0: kind in bits 30-31, an 8-byte run's length in bits 26-29, and a record number
 * (run: the next state) or an edge number (branch: edge of byte 0) in bits 0-25. sink    w2:
 * accept. The rest of the path need not be read. run     q1: the bytes that must come, little
 * endian; w1: the sink for when they do not or the path ends. branch  w1: the state for bytes
 * without an edge; w2: accept, if the path ends here. An accept is the record number of the first
 * verdict row (or, in the source automaton, the class). A run never holds "/" but as its first
 * byte, so that it never spans components.
 */
enum abi_kind {
	ABI_SINK,
	ABI_RUN,
	ABI_BRANCH,
};
#define ABI_KIND_SHIFT 30
#define ABI_RUN_SHIFT 26
#define ABI_INDEX_MASK ((1u << ABI_RUN_SHIFT) - 1)
#define ABI_RUN_MAX 8

/*
 * Edges: 8 bytes, two a record; edge e is q[e & 1] of record e / 2. The low half is the state that
 * owns the edge (another owner: there is no such edge, take w1), the high half the next state. Edge
 * numbers count from the table's beginning, as record numbers do.
 */

/*
 * Verdict rows: one record for each source class. Words: file: read, read by the owner, write,
 * write by the owner; process: exec, exec by the owner, 0, 0. Network and capability rows: words in
 * a row, see decide.bpf.h.
 */
#define ABI_ROW_READ 0
#define ABI_ROW_WRITE 2
#define ABI_ROW_EXEC 0
#define ABI_ROW_OWNER 1 /* added where the actor owns the object */

/* One verdict: 0 passes silently. */
#define ABI_ALLOW 0
#define ABI_AUDIT 1
#define ABI_BLOCK 2
#define ABI_ACTION(verdict) ((verdict)&3)
#define ABI_POSTURE 4 /* the default posture decided */
#define ABI_NAMED 8   /* the deciding rule names files rather than a directory */
#define ABI_UNDECIDED                                                                              \
	16 /* the enforcer could not decide and failed closed; set by the kernel side only */
#define ABI_EXACT 32 /* the deciding rule names one file by its path */
#define ABI_KEPT 128 /* karmor's own, whatever the rules say; set by the kernel side only */
#define ABI_CALLED_ROW                                                                             \
	64 /* in the unused words of a process row: it is a binary's under one of its names */
#define ABI_RULE_SHIFT 8
#define ABI_RULE(verdict) ((verdict) >> ABI_RULE_SHIFT) /* rule index + 1; 0: no rule */

/* Network and capability rows of one class, in words (four a record). */
#define ABI_NET_FAMILIES 8
#define ABI_NET_TYPES 8
#define ABI_NET_PROTOCOLS 16
#define ABI_NET_WORDS (ABI_NET_FAMILIES * ABI_NET_TYPES * ABI_NET_PROTOCOLS)
#define ABI_CAPABILITY_WORDS 64

/* A file whatever it is called: what the kernel has in its inode, never what stat(2) makes of it.
 */
struct abi_inode {
	uint64_t number;
	uint32_t device, generation;
};

#define ABI_LINK_NAMES 8 /* of one file that Block rules name */

/*
 * A file with several names, of which Block rules name some exactly: what a path of these names
 * finds, by section. It is there for the table in force and for the one to come, so that publishing
 * a table is still one store; an accept of 0 is none.
 */
struct abi_link {
	struct {
		uint32_t generation;
		uint32_t accepts[2][ABI_LINK_NAMES];
	} tables[2];
};

/* What the program "inode" is asked, about a descriptor of the caller, and what it answers. */
struct abi_lookup {
	uint32_t fd;
	uint32_t names; /* that the file has; 0: a directory, or nothing that can be told */
	struct abi_inode inode;
};

/* Files and directories that karmor keeps for itself. What is 0 is none. */
#define ABI_KEPT_OWN 16
#define ABI_KEPT_PLACES 3
#define ABI_KEPT_ABOVE 45
#define ABI_KEPT_ALL 64 /* of the three */
#define ABI_KEPT_MARKS 1024
struct abi_kept {
	uint64_t marks[ABI_KEPT_MARKS / 64]; /* a bit for the last ten of each number in own */
	uint64_t marks_above[ABI_KEPT_MARKS / 64]; /* and in above */
	uint64_t home; /* the number of the mount namespace in which they have these names */
	struct abi_inode own[ABI_KEPT_OWN];	  /* with all below them */
	struct abi_inode places[ABI_KEPT_PLACES]; /* in which "karmor" is one */
	struct abi_inode above[ABI_KEPT_ABOVE];	  /* directories on the way to those */
};

/*
 * System calls. One record (w: kinds of a class, start of the automaton, block for no path,
 * unused), then a word for each number there is: what kind it is of, and which arguments are paths.
 * System calls that the same rules name are of one kind; kind 0 is "no rule's". A block has a
 * verdict for each class and kind; the automaton accepts blocks.
 */
#define ABI_SYSCALL_COMPAT 576 /* ia32 numbers, after the native ones and those of x32 */
#define ABI_SYSCALL_SOCKETCALL                                                                     \
	(ABI_SYSCALL_COMPAT + 512)		      /* ia32's socketcall, by its first argument */
#define ABI_SYSCALL_IPC (ABI_SYSCALL_SOCKETCALL + 32) /* ia32's ipc, likewise */
#define ABI_SYSCALL_NUMBERS (ABI_SYSCALL_IPC + 32)

#define ABI_SYSCALL_KIND(word) ((word)&0xfff)
/* Arguments count from 1; 0: there is none. A descriptor without a path is a path by itself. */
#define ABI_SYSCALL_PLACE(path, dirfd) ((path) | (dirfd) << 3)
#define ABI_SYSCALL_FIRST_SHIFT 12
#define ABI_SYSCALL_SECOND_SHIFT 18
#define ABI_SYSCALL_PLACE_MASK 63
#define ABI_SYSCALL_PATHS (1u << 31) /* some rule that names it names a path */

/*
 * One workload's slot, counted by the kernel side. The words id, tasks, flags, holder, cgroup and
 * path with their places, the map's name and that of the names stay what they are in every build:
 * by them another one tells what is alive. So does ABI_HOST, and that struct abi_host, all zero,
 * ends what it stands for. By the rest another build lets a unit go: a label begins with struct
 * abi_enrol; who removes a key from the maps of cgroups and named cgroups ends the way in; and a
 * table whose records are all zero, but for the generation in its header, has no rules.
 */
struct abi_workload {
	uint64_t id;	  /* never used twice on a boot; 0: the slot is free */
	uint64_t tasks;	  /* enrolled tasks that exist */
	uint64_t flags;	  /* ABI_LASTING, ABI_ENTERED; user space's alone, as the next */
	uint64_t needs;	  /* of its table, enum bpf_need */
	uint64_t refused; /* denied because no decision could be taken */
	uint64_t events, lost;
	uint64_t holder; /* who attached it last, or ABI_HOLDER_; user space's alone, as the next */
	uint64_t cgroup; /* by which tasks enter; 0: none. The kernel side's too, where there is a
			    path */
	uint64_t path; /* place_key() of that: whatever cgroup is made there is its own; 0: none */
	uint64_t missed; /* tasks of forks that could not be given a label */
};
#define ABI_LASTING 1 /* it has a name, and outlives the process that attached it */
#define ABI_ENTERED 2 /* it has a cgroup, and lives as long as that does: also without a task */

#define ABI_ADOPTED 4 /* tasks that ran in the cgroup are its own; forks of theirs may go on */
#define ABI_HOST 8    /* it is the node itself; lives until it is detached */

/* No holder has an odd number. */
#define ABI_HOLDER_OTHER 1 /* another build has the unit; tasks that it has not are left */
#define ABI_HOLDER_NONE 3  /* and none is left: its table has no rules */

/* The name of a lasting workload, by slot, with its NUL. */
#define ABI_NAME 256

/* What user space writes into a task's storage to enrol it; the rest of the label is the kernel
 * side's. */
struct abi_enrol {
	uint64_t id; /* of the workload */
	uint32_t slot;
	uint32_t class_; /* of the source the task is now */
};

/*
 * What is in no workload, in a slot of its own. Which of its tasks are asked their labels' ids
 * tell: that of the workload, or the other one of the pair, which is of those on a way back into
 * the node. A label of any other id in this slot is void.
 */
struct abi_host {
	uint64_t id;	 /* even; 0: the node has no policies of its own */
	uint64_t adopts; /* tasks that run are becoming its own */
};
#define ABI_EXEMPT(id) ((id) | 1)

/* What it means to run a program. */
enum abi_way_kind {
	ABI_WAY_NONE,
	ABI_WAY_BACK,	 /* who did not come from the host is exempt from then on */
	ABI_WAY_THROUGH, /* process 1 starts others by it: who runs it is not anything yet */
};

/* Programs by their directory and their name there, which an upgrade leaves: of one directory those
 * of its names that mean something, and then empty ones. */
#define ABI_WAYS 64 /* directories */
#define ABI_WAY_NAMES 32
#define ABI_WAY_NAME 32 /* with its NUL, and zero behind it */
struct abi_ways {
	struct abi_way {
		uint64_t name[ABI_WAY_NAME / 8];
		uint64_t kind;
	} all[ABI_WAY_NAMES];
};

#define ABI_THROUGH 2
#define ABI_THROUGH_NAME 32 /* with its NUL, and zero behind it */

/* By the id of a cgroup, which no other has on a boot: what a task becomes that executes a program
 * in it. */
struct abi_cgroup {
	struct abi_enrol enrol;
	uint32_t outside; /* the mount namespace whose tasks do not become it; 0: there is none */
	uint32_t adopts;  /* tasks that run in it are becoming it */
	/* Names of programs by which tasks come in: who runs or executes one has not entered. */
	uint64_t through[ABI_THROUGH][ABI_THROUGH_NAME / 8];
};

#define ABI_PATH_NAMED 256 /* from the root of version 2, with its NUL, and zero behind it */

/* By place_key() of its path: what the next cgroup that is made there is registered as. */
struct abi_named {
	struct abi_cgroup place;
	uint64_t path[ABI_PATH_NAMED / 8];
};
#define ABI_CGROUP_LEVELS 4096 /* of nested cgroups: a path has no more names */

enum abi_op {
	ABI_OP_EXEC,
	ABI_OP_READ,
	ABI_OP_WRITE,
	ABI_OP_NET,
	ABI_OP_CAPABILITY,
	ABI_OP_SYSCALL,
};

/* Which hook saw it: for the event's detail. */
enum abi_hook {
	ABI_HOOK_EXEC,
	ABI_HOOK_MMAP,
	ABI_HOOK_MPROTECT,
	ABI_HOOK_OPEN,
	ABI_HOOK_RECEIVE,
	ABI_HOOK_UNLINK,
	ABI_HOOK_MKDIR,
	ABI_HOOK_RMDIR,
	ABI_HOOK_MKNOD,
	ABI_HOOK_SYMLINK,
	ABI_HOOK_LINK,
	ABI_HOOK_RENAME,
	ABI_HOOK_TRUNCATE,
	ABI_HOOK_CHMOD,
	ABI_HOOK_CHOWN,
	ABI_HOOK_XATTR,
	ABI_HOOK_ACL,
	ABI_HOOK_TIMES,
	ABI_HOOK_IOCTL,
	ABI_HOOK_MOUNT,
	ABI_HOOK_SOCKET,
	ABI_HOOK_BIND,
	ABI_HOOK_CONNECT,
	ABI_HOOK_LISTEN,
	ABI_HOOK_ACCEPT,
	ABI_HOOK_SEND,
	ABI_HOOK_CAPABLE,
	ABI_HOOK_SYSCALL,
	ABI_HOOK_LOCK,
};

/* An event as it stands in the ring: the header, then resource_len and source_len bytes of text. */
struct abi_event {
	uint64_t time; /* CLOCK_MONOTONIC, ns */
	uint64_t workload;
	uint64_t lost; /* of this workload so far */
	uint32_t slot;
	uint32_t generation;
	uint32_t verdict;
	uint32_t pid, tgid, ppid, uid;
	uint32_t ns_tgid, ns_ppid; /* in the task's pid namespace; 0: the parent is in none below */
	int32_t error;		   /* what the hook returned, negative; 0 where it passed */
	uint32_t family, type, protocol; /* network; family is also the number of a capability, or
					    of a system call as in its section of the table */
	uint16_t resource_len, source_len, parent_len, cwd_len; /* of what follows, in this order */
	uint8_t op, hook, section, unused;
	char comm[ABI_COMM];
	char tty[ABI_TTY]; /* "pts0"; "" where it has none */
};

/*
 * Events are counted by kind, and of each kind so many are told in full in a second; the others are
 * told as a count. An engine has one map of kinds, as it has one ring. Counts only grow: user space
 * keeps in mind how many of those that were folded it told.
 */
#define ABI_FOLD_KINDS (1u << 15) /* of one engine; an event beyond them is told or lost */
#define ABI_FOLD_EACH 256

struct abi_fold_key {
	uint64_t workload;
	uint32_t slot, generation, verdict;
	int32_t error;
	uint32_t family; /* as in an event */
	uint8_t op, hook, section, unused;
};

struct abi_fold {
	uint64_t sent, folded;
	uint64_t since; /* when the second began; CLOCK_MONOTONIC, ns */
	uint64_t time;	/* of the last that was folded, as are the next but one */
	uint32_t left;	/* that may be sent in this second */
	uint32_t pid, tgid, ppid, uid, unused;
	char comm[ABI_COMM];
};
