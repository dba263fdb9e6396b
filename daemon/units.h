/* SPDX-License-Identifier: Apache-2.0 */
/* Units of a service manager, which the configuration names. */
#pragma once

#include "node.h"

/*
 * Makes those that the configuration names workloads, by their cgroups and with what runs there
 * already, and lets go of others: their tasks go on without rules. What cannot be is told, and the
 * rest is done. 0 or a negative errno.
 */
int units_sync(struct node *node, json_t *messages);
