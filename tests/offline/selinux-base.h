/* SPDX-License-Identifier: Apache-2.0 */
/* The base policy that modules are compiled with: karmor's small one, or a machine's own. */
#pragma once

#include <stddef.h>

#include "caps.h"

/* Takes the machine's: a binary policy, and text as of file_contexts(5). 0, or says why not. */
int test_base_read(struct karmor_caps *caps, const char *policy, const char *file_contexts);
/* Compiles the base with a module beside it; NULL: without. 0 or negative. */
int test_base_compile(const char *module, void **ret, size_t *len);
/* Whether a machine's was taken. */
bool test_base_is_own(void);
void test_base_drop(void);
