/* SPDX-License-Identifier: Apache-2.0 */
/* A small policy in the manner of the reference policy. */
#pragma once

#include "base.h"

/* reference.c: 0 or -ENOMEM. */
int reference_caps(struct karmor_caps *caps);
/* Whether caps have that policy, and not a machine's. */
bool reference_is(const struct karmor_caps *caps);

/*
 * reference-cil.c, which is for the build and for tests: libsepol compiles CIL in one thread only.
 * The policy as CIL, malloc'ed; NULL where memory is out.
 */
char *reference_cil(void);
/* Compiles @n texts of CIL to a binary policy, malloc'ed. 0, -EINVAL or -ENOMEM. */
int reference_compile(const char *const *texts, size_t n, void **ret, size_t *len);
