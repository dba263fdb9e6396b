/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The load as the parser fills it.
 */
#pragma once

#include "ir.h"

/*
 * Notes that @policy has its name. *first is the policy that had it before, and NULL where there
 * was none. 0 or -ENOMEM.
 */
int policies_claim(struct karmor_policies *load, const struct ir_policy *policy,
		   const struct ir_policy **first);

/* Adds a policy, in load order. 0 or -ENOMEM. */
int policies_add(struct karmor_policies *load, const struct ir_policy *policy);
