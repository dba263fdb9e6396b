/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node itself as a workload: what is in no other, while some host policy selects it. Programs
 * by which people get back into it are exempt from that, as karmord.yaml has them.
 */
#pragma once

#include "node.h"

/* By which the kernel side knows it; no other workload has this name. */
#define HOST_NAME "host"

/* Makes it a workload, in *ret, where it is none and some of @policies are the node's; NULL
 * otherwise. 0 or a negative errno. */
int host_add(struct node *node, const struct karmor_policies *policies, struct workload **ret);
/* One that could not be enforced. */
void host_drop(struct node *node, struct workload *workload);
/* Gives all that is in it back, once no policy in force is the node's. */
void host_leave(struct node *node, json_t *messages);
/* It was one before this daemon. */
int host_remember(struct node *node);
/* Its labels and exempt programs may be others. */
void host_relabel(struct node *node);
void host_renew(struct node *node, json_t *messages);

/*
 * Tells what of @policies would deny a way back into the node, were it not exempt. 0, -EPERM where
 * something would, or another negative errno.
 */
int host_check_ways(struct node *node, const struct karmor_policies *policies, json_t *messages);
