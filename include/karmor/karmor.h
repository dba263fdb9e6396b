/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libkarmor: KubeArmor-style policies, enforced by the kernel.
 *
 *     policy text -> policies -> ruleset -> artifact + report -> engine -> events
 *     policy.h       policy.h    ruleset.h  backend.h            engine.h   event.h
 */
#pragma once

#include <karmor/backend.h>
#include <karmor/common.h>
#include <karmor/diag.h>
#include <karmor/diff.h>
#include <karmor/engine.h>
#include <karmor/event.h>
#include <karmor/lint.h>
#include <karmor/plan.h>
#include <karmor/policy.h>
#include <karmor/ruleset.h>

KARMOR_BEGIN

#define KARMOR_VERSION_MAJOR 0
#define KARMOR_VERSION_MINOR 1

/* The version of the library that is linked: "0.1.0". */
KARMOR_API const char *karmor_version(void);

KARMOR_END
