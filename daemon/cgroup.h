/* SPDX-License-Identifier: Apache-2.0 */
/* The cgroup of a container, by which its later processes enter it. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#define CGROUP_MOUNT "/sys/fs/cgroup"

/* Where the task's cgroup of version 2 is in the file system, for free(); NULL where it cannot be
 * told, or it has none but the root. */
char *cgroup_of(pid_t pid);

/* Whether the task is alone in it, and nothing is below: a runtime made it for the container. */
bool cgroup_is_own(const char *cgroup, pid_t pid);
