/* SPDX-License-Identifier: Apache-2.0 */
/* What this machine's SELinux is like, and what is made of that. */
#pragma once

#include "caps.h"

/* As found; numbers are 1, 0, or a negative errno where it cannot be told. */
struct selinux_machine {
	int listed;	    /* in the kernel's list of LSMs */
	int loaded;	    /* selinuxfs is mounted, and a policy is loaded */
	int enforcing;	    /* or permissive */
	int privileged;	    /* may change the policy */
	int readable;	    /* the policy, and it can be compiled for */
	int stored;	    /* modules have a store */
	int enters;	    /* a task of our type may change its role, as a workload does */
	int version;	    /* of the policy */
	const char *type;   /* of the policy: "targeted", "default"; "" */
	const char *domain; /* our own type; "" */
};

/* State, reason and fix. 0 or -ENOMEM. */
int selinux_state(struct karmor_caps *caps, const struct selinux_machine *machine);

int selinux_probe(struct karmor_caps *caps, struct karmor_diag *diag);
