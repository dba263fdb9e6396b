/* SPDX-License-Identifier: Apache-2.0 */
/* What the beginning of a node (node-open.c) shares with its life (node.c). */
#pragma once

#include "node.h"

/* Puts @workload into a free slot. 0, -EBUSY (none is free), -ENOMEM. */
int node_slot_add(struct node *node, struct workload *workload);
/* Takes it out and frees it. */
void node_slot_drop(struct node *node, struct workload *workload);
/* Puts its task under the ruleset of its slot, or takes it over. */
int node_enrol(struct node *node, struct workload *workload);
/* A loop_fn: workloads whose first task has ended. */
void node_on_ending(uint32_t events, void *data);
