/* SPDX-License-Identifier: Apache-2.0 */
/* The pinned map of workloads, past the library: how full it is, filling it up, and its counts. */
#pragma once

#define PINS "/sys/fs/bpf/karmor"

/* Slots in use; -1 where nothing is pinned. */
int slots_used(void);
/* Gives every free slot to a workload that is not there, or takes them back. 0 or -1. */
int slots_fill(void);
int slots_clear(void);
/* Adds to the count of tasks of each slot in use. 0 or -1. */
int slots_add(int tasks);
/* Of how many builds something is pinned. */
int sets_pinned(void);
