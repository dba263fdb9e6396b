/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs as one object, fitted to the kernel: which of them it has hooks for, and which
 * variant.
 */
#pragma once

#include <bpf/btf.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "cleanup.h"
#include "karmor.skel.h"

DEFINE_CLEANUP(skeleton, struct karmor_bpf, karmor_bpf__destroy)
DEFINE_CLEANUP(btf, struct btf, btf__free)

/* libbpf prints nothing from now on, in the whole process: it knows no other way. */
void object_silence(void);

/* Opens the object and leaves out what this kernel does not have. 0 or a negative errno. */
int object_open(const struct btf *btf, struct karmor_bpf **ret);

/*
 * Loads the programs, and has them find out what they can do without. Its loads of the kernel's
 * memory are in order on x86 alone. 0 or a negative errno.
 */
int object_load(struct karmor_bpf *skeleton);

/*
 * Whether programs are called: where bpf is not in the lsm list they load and attach all the same.
 * 1, 0 or a negative errno.
 */
int object_is_called(struct karmor_bpf *skeleton);

/* FNV-1a over the object: what is pinned is told apart by what was loaded, not by a version. */
uint64_t object_digest(void);

/* The hook a program attaches to: its section without "lsm/" or "lsm.s/". */
const char *object_hook(const struct bpf_program *program);

/* Whether the program stays attached by itself; the others are called by us, or by those. */
bool object_is_enforcing(const struct karmor_bpf *skeleton, const struct bpf_program *program);

/* Whether this kernel has the hook, and whether another sees the same where it has not. */
bool object_has_hook(const struct btf *btf, const char *hook);
bool object_is_optional(const char *hook);

/* Only x86-64's system calls are known by number (syscalls.c, bpf/syscall.bpf.c). */
bool object_knows_syscalls(const struct btf *btf);
