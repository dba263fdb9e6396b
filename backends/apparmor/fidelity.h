/* SPDX-License-Identifier: Apache-2.0 */
/* What this backend can keep of each rule. */
#pragma once

#include "apparmor.h"

/* What compiling found; by rule of the set. */
struct apparmor_found {
	bool *broken;	   /* some access to a path gets another verdict */
	bool *protocols;   /* some socket does */
	bool stacked;	   /* a task is under several profiles */
	bool *wide;	   /* some of its sources may what others may not */
	bool lost_sources; /* they cannot be told apart: rules with fromSource are left out */
	bool many_sources; /* for there are too many of them */
};

int apparmor_fidelity(const struct karmor_ruleset *set, const struct karmor_caps *caps,
		      const struct apparmor_found *found, struct karmor_report *report);
