/* SPDX-License-Identifier: Apache-2.0 */
/* The cgroups of the tests: ours with one below that has one below, and another beside it. */
#pragma once

#include "contract.h"

#define CGROUPS "/sys/fs/cgroup"
#define OURS CGROUPS "/karmor-contract"
#define BELOW OURS "/below/deeper"
#define OTHERS CGROUPS "/karmor-contract-other"

/* A lasting workload of OURS. */
extern const struct karmor_workload by_cgroup;

/* Moves the calling task, or ends it. */
void cgroup_move(const char *cgroup);

enum where {
	PLAIN,
	OWN_MOUNTS,
	STAYS, /* it executes itself, where others execute a shell */
};

/* What a program may that starts in @cgroup, and after it has moved to @then: 'y' or 'n'. */
char enter(const char *cgroup, const char *then, enum where where, const char *path);
/* The same of a shell of another name. */
char enter_by(const char *program, const char *cgroup, const char *then, enum where where,
	      const char *path);

/* Sees @workload refused for this cgroup, with a message. */
void cgroup_refuse(struct karmor_workload workload, const char *cgroup, int error);

/* Fixtures: the cgroups, and an engine as engine_setup() opens it. */
void cgroups_setup(void);
void cgroups_teardown(void);
void cgroups_make(void);
void cgroups_take_away(void);

/* Of tasks that run there already. */
void running_tests(TCase *tcase);
