/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public structs that may grow: they begin with their size as the caller was compiled with it,
 * which may be less than ours, or more. What the caller does not have is zero for us; what we do
 * not have must be zero for the caller.
 */
#pragma once

#include <stddef.h>

/* Takes in @theirs. 0; -EINVAL where it has no size, or asks for what we do not know. */
int sized_read(void *ours, size_t size, const void *theirs);

/* Gives out @ours as far as @theirs has room; its size stays. 0; -EINVAL where it has none. */
int sized_write(void *theirs, const void *ours, size_t size);

#define SIZED_READ(ours, theirs) sized_read((ours), sizeof(*(ours)), (theirs))
#define SIZED_WRITE(theirs, ours) sized_write((theirs), (ours), sizeof(*(ours)))
