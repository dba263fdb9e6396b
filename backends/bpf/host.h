/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node itself as a workload: what is in none (bpf/host.bpf.h). It has a slot of its own, and
 * labels that mean nothing once it is gone. Who calls these holds the lock.
 */
#pragma once

#include <karmor/engine.h>

#include "kernel.h"

struct bpf_engine;
struct bpf_workload;

/* Whether the node's tasks can be found from here, and @from's programs be told from others: 0, or
 * a negative errno with a message. */
int host_check(const struct karmor_workload *from, struct karmor_diag *diag);

/* That the name which is in use is of the other kind: -EBUSY, with a message. */
int host_refuse(const struct karmor_workload *from, struct karmor_diag *diag);

/* The slot of the node itself, in *ret, which no other name has: 0, or -EBUSY with a message. */
int host_slot(const struct kernel_maps *maps, uint32_t *ret, struct karmor_diag *diag);

/*
 * Makes all that is in no workload one of the id @id, which its slot has, but who is on a way back;
 * and the calling process one that is. 0 or a negative errno: then some are.
 */
int host_enforce(const struct kernel_maps *maps, const struct karmor_workload *from, uint64_t id);

/*
 * The same, with other programs, for one that this engine attached before. Takes the lock. 0 or a
 * negative errno, with a message.
 */
int host_renew(struct bpf_engine *engine, const struct bpf_workload *workload,
	       const struct karmor_workload *from, struct karmor_diag *diag);

/* Gives all of them back at once. */
void host_release(const struct kernel_maps *maps);

/* Gives a task that is in no workload a label, in the place of one of the node's. It is blocked
 * meanwhile, so that nothing of it is missed. 0; -EEXIST: it is in one; or another negative errno.
 */
int host_give(const struct kernel_maps *maps, pid_t pid, const struct abi_enrol *enrol);
