/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls of x86-64 and of ia32 under it: numbers, path arguments, and their part of a table.
 */
#pragma once

#include "rows.h"

/* The number of @name as the table has it (bpf/abi.h), of the native call; -ENOENT. */
int bpf_syscall_find(const char *name);
/* The name of a table's number, in upper case as KubeArmor has it; NULL where it has none. */
const char *bpf_syscall_name(uint32_t number);
/* Whether some argument of @name tells a path. */
bool bpf_syscall_has_path(const char *name);

/*
 * Writes what the table says of system calls but for the automaton's start. @ret_blocks: by accept
 * of @automaton, its block. @ret: the first record. 0, -EINVAL (ABI_RECORDS_MAX), -ENOMEM.
 */
int bpf_rows_syscalls(struct bpf_rows *rows, const struct automaton *automaton,
		      uint32_t *ret_blocks, uint32_t *ret);
