/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that Block rules name exactly and that have other names (hard links): found when a workload
 * is enrolled or gets other rules, kept in the kernel by inode.
 */
#pragma once

#include "engine.h"

/*
 * Makes known what @version of @workload's rules protects under other names, before its table is
 * published, beside what is known for the table of generation @in_force (0: there is none). 0,
 * -EINVAL (a file has too many names: message), or another negative errno.
 */
int bpf_links_publish(const struct kernel_maps *maps, const struct bpf_workload *workload,
		      const struct bpf_version *version, uint32_t in_force,
		      struct karmor_diag *diag);
