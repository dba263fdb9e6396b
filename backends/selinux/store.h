/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module in the policy's store and in the kernel, by libsemanage, in a child: what the library
 * prints, leaks or waits for is not ours. Each is one transaction of the store's; on failure store
 * and kernel are as before.
 */
#pragma once

#include <stddef.h>

#include "diag.h"

#define SELINUX_MODULE "karmor"

/* @lock is held until the store is done, also where the caller is no more by then. 0; -EAGAIN
 * (nothing was begun, as where it is another's or read-only: message), -EINVAL (the store refuses
 * it: message), -EIO (message), -ENOMEM. */
int selinux_store_install(const char *text, size_t len, int lock, struct karmor_diag *diag);
int selinux_store_remove(int lock, struct karmor_diag *diag);
/* Whether the module is in the store: 1, 0, or -ENOMEM. */
int selinux_store_has(void);
