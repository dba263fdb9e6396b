/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far this backend keeps each rule: the report.
 */
#pragma once

#include "bpf.h"

/* A line for every rule of the set, in its order. 0 or -ENOMEM. */
int bpf_fidelity(const struct karmor_ruleset *set, const struct karmor_caps *caps,
		 struct karmor_report *report);
