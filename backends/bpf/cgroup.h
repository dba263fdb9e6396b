/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cgroups by which tasks enter workloads. A cgroup has an id that no other has on a boot, so that a
 * registration means nothing else when its cgroup is gone. Who calls these holds the lock.
 */
#pragma once

#include <stdbool.h>

#include <karmor/engine.h>

#include "kernel.h"

struct bpf_engine;
struct bpf_workload;

/* What a workload asks for, looked at. */
struct cgroup_asked {
	bool any;		/* it asks for something */
	uint64_t id;		/* the cgroup; 0: none, or none is at the path */
	struct abi_named named; /* how it is registered; no path where the cgroup alone counts */
};

/*
 * Looks at @from's cgroup, where it has one: 0; -EINVAL for one that cannot be a workload's, -EBUSY
 * for another one's, or another negative errno, each with a message. @slot: the workload's own, or
 * -1.
 */
int cgroup_check(const struct kernel_maps *maps, const struct karmor_workload *from, int64_t slot,
		 struct cgroup_asked *ret, struct karmor_diag *diag);

/* Registers what was looked at, instead of what the workload had; 0 or a negative errno. */
int cgroup_register(const struct kernel_maps *maps, uint32_t slot,
		    const struct cgroup_asked *asked);

/* Registers none: a task that is on its way in may still arrive, until a table was published. */
void cgroup_forget(const struct kernel_maps *maps, uint32_t slot);

/* What is registered, to be registered again. 0 or a negative errno. */
int cgroup_registered(const struct kernel_maps *maps, uint32_t slot, struct cgroup_asked *ret);

/*
 * Registers what @from asks for as the way into a workload that this engine has attached already.
 * Takes the lock. 0 or a negative errno, with a message.
 */
int cgroup_renew(struct bpf_engine *engine, const struct bpf_workload *workload,
		 const struct karmor_workload *from, struct karmor_diag *diag);

/* Whether the workload in the slot lives by its cgroup alone, or is the node. */
bool cgroup_holds(const struct abi_workload *slot);

/* For place.c, which registers: the cgroup at a path below the mount, 0 where there is none; or a
 * negative errno. */
int cgroup_at(const char *path, uint64_t *ret);
