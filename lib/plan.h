/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan and its engine share. */
#pragma once

#include <karmor/plan.h>

#include "backend.h"

#define PLAN_SECTIONS (KARMOR_SYSCALLS + 1)

/* The artifacts of the backends that keep something. */
struct plan_artifact {
	struct karmor_artifact base;
	struct karmor_artifact *parts[KARMOR_PLAN_BACKENDS_MAX];
	size_t n_parts;
	uint8_t (*keepers)[PLAN_SECTIONS]; /* by ruleset and section: an index into parts */
};

/* Several backends as one; it is in no list. plan-engine.c */
extern const struct karmor_backend plan_backend;
