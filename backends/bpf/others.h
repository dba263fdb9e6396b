/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What other builds of karmor pinned on this node. Each build's programs look at their own labels
 * alone, so that workloads of several builds stand beside each other; what must not be is that a
 * build takes no notice of another's.
 */
#pragma once

#include "kernel.h"

/*
 * Removes what other builds left without a living workload, and what any build left half made. How
 * many workloads of theirs live; of a set that cannot be read, one at least. The caller holds the
 * lock.
 */
unsigned others_sweep(void);

/* Ends what other builds enforce on the node itself. The caller holds the lock. */
void others_release_host(void);

/* Whether a lasting workload @name is, or may be, another build's: -EBUSY with a message. */
int others_refuse(const char *name, struct karmor_diag *diag);
