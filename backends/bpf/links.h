/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that Block rules name exactly and that have other names (hard links): found when a workload
 * is enrolled or gets other rules, kept in the kernel by inode.
 */
#pragma once

#include "engine.h"

/* A ruleset and the generation of its table; set is NULL where there is none. */
struct bpf_version {
	const struct bpf_ruleset *set;
	uint32_t generation;
};

/*
 * Makes known what @workload's rulesets protect under other names, the one in force and the one to
 * come: before the table of the latter is published. 0, -EINVAL (a file has too many names:
 * message), or another negative errno.
 */
int bpf_links_publish(const struct kernel_maps *maps, const struct bpf_workload *workload,
		      const struct bpf_version versions[2], struct karmor_diag *diag);

/* The same for a workload that is taken over: of the one in force only the generation is known. */
int bpf_links_adopt(const struct kernel_maps *maps, const struct bpf_workload *workload,
		    const struct bpf_version *version, uint32_t in_force, struct karmor_diag *diag);
