/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of workloads that are not there yet. Where new rules are dear to a backend, as they are to
 * SELinux, those that policies will give to who comes are put in force with the policies: a
 * workload that has the labels which a policy asks for, in its namespace, and no others; and one
 * that no policy is for.
 */
#pragma once

#include "node.h"

/* Makes node_ahead of @policies. The library's errors, told in diag; what was made is there to be
 * freed. */
int ahead_make(const struct node *node, const struct karmor_policies *policies,
	       struct node_ahead *ret);
void ahead_done(struct node_ahead *ahead);
