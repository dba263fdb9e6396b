/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every public header needs: visibility, checked results, growing structs.
 *
 * Functions return 0 or a negative errno out of a closed list: -EINVAL (the input is at fault),
 * -EOPNOTSUPP (this machine or backend cannot), -EPERM, -ENOENT, -EEXIST, -EBUSY, -ENOMEM and -EIO
 * (anything else). Outputs named `ret` are untouched on failure. Ownership has three words:
 * owned (you free it), borrowed (valid while its parent lives), taken (the callee keeps it).
 * The library keeps no global state, prints nothing, never exits and installs no signal handler;
 * different objects may be used from different threads, one object from one thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KARMOR_API __attribute__((visibility("default")))
#define KARMOR_CHECK __attribute__((warn_unused_result))

/* A struct that the caller fills and that may grow: KARMOR_STRUCT(karmor_access, .object =
 * "/etc/passwd"). */
#define KARMOR_STRUCT(type, ...) ((struct type){ .size = sizeof(struct type), __VA_ARGS__ })
