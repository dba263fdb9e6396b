/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel facts that more than one backend asks for.
 */
#pragma once

#include <stdbool.h>

/*
 * Whether @name is in the kernel's list of active LSMs (/sys/kernel/security/lsm).
 * 1 or 0; -ENOENT or another negative errno where the list cannot be read.
 */
int probe_lsm(const char *name);

/* Whether this process has a capability (number of linux/capability.h): 1, 0 or a negative errno.
 */
int probe_capability(unsigned capability);
