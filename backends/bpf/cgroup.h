/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cgroups by which tasks enter workloads. A cgroup has an id that no other has on a boot, so that a
 * registration means nothing else when its cgroup is gone. Who calls these holds the lock.
 */
#pragma once

#include <stdbool.h>

#include <karmor/engine.h>

#include "kernel.h"

/*
 * Looks at @from's cgroup, where it has one: 0 with its id and the mount namespace that is not the
 * workload's in @ret; -EINVAL for one that cannot be a workload's, -EBUSY for another one's, or
 * another negative errno, each with a message. @slot: the workload's own, or -1.
 */
int cgroup_check(const struct kernel_maps *maps, const struct karmor_workload *from, int64_t slot,
		 uint64_t *id, uint32_t *outside, struct karmor_diag *diag);

/* Registers what was looked at, instead of another of the workload's; 0 or a negative errno. */
int cgroup_register(const struct kernel_maps *maps, uint32_t slot, uint64_t id, uint32_t outside);

/* Registers none: a task that is on its way in may still arrive, until a table was published. */
void cgroup_forget(const struct kernel_maps *maps, uint32_t slot);

/* Whether the workload in the slot lives by its cgroup alone. */
bool cgroup_holds(const struct abi_workload *slot);
