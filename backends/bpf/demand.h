/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that stay loaded but are attached only while some workload's table needs them: they cost
 * the whole machine. Who changes them holds the lock of kernel.h.
 */
#pragma once

#include <stdbool.h>

#include "kernel.h"

struct bpf_program;

/* Whether the program is one of them. */
bool demand_has(const struct bpf_program *program);

/* Whether it is one that looks at system calls, which only kernels have that know them. */
bool demand_is_of_syscalls(const struct bpf_program *program);

/* Attaches those that @needs (enum bpf_need) asks for. 0 or a negative errno. */
int demand_attach(uint64_t needs);

/* Detaches what no living workload's table needs. */
void demand_settle(const struct kernel_maps *maps);
