/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of plans share: one load, its ruleset, and two machines as data. */
#pragma once

#include <check.h>

#include "plan.h"

extern struct karmor_policies *policies;
extern struct karmor_ruleset *set;
extern struct karmor_caps *caps[2]; /* AppArmor's and BPF-LSM's */

/* Of a policy with this spec, for the first @n of them; makes the set. */
struct karmor_plan *plan_of(const char *spec, const char *posture, size_t n);
void check_keeper(const struct karmor_plan *plan, const char *rule, const char *backend);

#define MIXED                                                                                      \
	"  network: {matchProtocols: [{protocol: raw}]}\n"                                         \
	"  file: {matchPaths: [{path: /a, ownerOnly: true}, {path: /b, action: Allow}]}\n"

/* test_plan_next.c */
void add_next_tests(TCase *tests);
