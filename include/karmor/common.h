/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every public header needs: visibility, checked results, growing structs.
 *
 * Functions return 0 or a negative errno out of a closed list: -EINVAL (the input is at fault),
 * -EOPNOTSUPP (this machine or backend cannot), -EPERM, -ENOENT, -EEXIST, -EBUSY, -EAGAIN (not now:
 * nothing was begun), -ENOMEM and -EIO (anything else). Outputs named `ret` are untouched on
 * failure. Ownership has three words: owned (you free it), borrowed (valid while its parent lives),
 * taken (the callee keeps it). The library keeps no global state, prints nothing, never exits and
 * installs no signal handler; different objects may be used from different threads, one object from
 * one thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Around the declarations of each header, for C++. */
#ifdef __cplusplus
#define KARMOR_BEGIN extern "C" {
#define KARMOR_END }
#else
#define KARMOR_BEGIN
#define KARMOR_END
#endif

#define KARMOR_API __attribute__((visibility("default")))
#define KARMOR_CHECK __attribute__((warn_unused_result))

/*
 * A struct that begins with its size and may grow: KARMOR_STRUCT(karmor_access, .object =
 * "/etc/passwd"). One of another release is taken and given as far as both know it: -EINVAL where
 * the size is not set, or where a field that this library does not know is not zero.
 */
#define KARMOR_STRUCT(type, ...) ((struct type){ .size = sizeof(struct type), __VA_ARGS__ })
