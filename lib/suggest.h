/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Did you mean": the known name that somebody who typed another one most likely wanted.
 */
#pragma once

#include <stddef.h>

/*
 * The nearest of @n names to @typed by edits (a swap of neighbours is one edit, letter case is
 * none), or one that contains it or is contained in it; NULL where none is near. The first of
 * equals wins.
 */
const char *suggest(const char *typed, const char *const *names, size_t n);
