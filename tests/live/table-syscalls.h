/* SPDX-License-Identifier: Apache-2.0 */
/* System calls by name: for whoever makes them. */
#pragma once

#include <stdbool.h>

/* The number, and a bit for each argument that is a path. False: the machine has none. */
bool syscall_find(const char *name, int *number, int *paths);
