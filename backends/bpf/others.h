/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What other builds of karmor pinned on this node. Each build's programs look at their own labels
 * alone, so that workloads of several builds stand beside each other; what must not be is that a
 * build takes no notice of another's.
 */
#pragma once

#include <karmor/engine.h>

#include "kernel.h"

/*
 * Removes what other builds left without a living workload, and what any build left half made. How
 * many workloads of theirs live; of a set that cannot be read, one at least. The caller holds the
 * lock.
 */
unsigned others_sweep(void);

/* Ends what other builds enforce on the node itself. The caller holds the lock. */
void others_release_host(void);

/*
 * Ends what other builds enforce on @from, which this one has enrolled in @slot with what runs in
 * it, where it is a unit. Processes that are not in its cgroup any more stay under their rules,
 * which is told. The caller holds the lock.
 */
void others_release_unit(const struct kernel_maps *maps, uint32_t slot,
			 const struct karmor_workload *from, struct karmor_diag *diag);

/*
 * Whether a lasting workload @name is, or may be, another build's, and not a unit's that @is_unit
 * is about to replace: -EBUSY with a message.
 */
int others_refuse(const char *name, bool is_unit, struct karmor_diag *diag);
