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

/* Fixtures: the cgroups, and an engine as engine_setup() opens it. */
void cgroups_setup(void);
void cgroups_teardown(void);
void cgroups_make(void);
void cgroups_take_away(void);

/* Of tasks that run there already. */
void running_tests(TCase *tcase);
