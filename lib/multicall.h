/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Binaries that do another job under another name: busybox, toybox, coreutils.
 */
#pragma once

#include "resolve.h"

/*
 * Whether the file at @path, which the link @link leads to, serves names other than the link's: it
 * is known to, or two other links beside it or beside the link lead to it under names of their own.
 * A mere alias (python3 of python3.11, rbash of bash) is no name of its own.
 */
bool multicall_serves_others(const struct resolve *resolve, const char *link, const char *path);
