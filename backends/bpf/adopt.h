/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks that run in a workload's cgroup become its tasks. Who calls these holds the lock. */
#pragma once

#include <karmor/engine.h>

#include "kernel.h"

/* Whether @from's running tasks can be found from here: 0, or a negative errno with a message. */
int adopt_check(const struct karmor_workload *from, struct karmor_diag *diag);

/*
 * Lets the iterator @tasks look at each task of the machine until it labels none, while @forks sees
 * what is forked and counts in @slot what it could not label. 0 or a negative errno.
 */
int adopt_look(int forks, int tasks, const struct abi_workload *slot);

/*
 * Labels each task that runs in the cgroup of the workload in @slot, or below and in no other's,
 * and that is in no workload; none is missed that a fork makes meanwhile. 0 or a negative errno:
 * then some may be labelled.
 */
int adopt_running(const struct kernel_maps *maps, uint32_t slot);
