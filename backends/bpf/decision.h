/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decision: one program that is loaded once and put in the place of hook_ask() in every program
 * of a hook (an extension, "freplace"). Carried by each of them it would be verified, and kept, as
 * often as there are hooks.
 */
#pragma once

#include <bpf/libbpf.h>

#include "diag.h"

struct karmor_bpf;

/*
 * Opens the object once more, for the decision alone, on the maps of @hooks, which is loaded, and
 * loads it. 0 or a negative errno.
 */
int decision_load(const struct karmor_bpf *hooks, struct karmor_bpf **ret);

/*
 * Puts @decision into @hook where that asks it: 1 and *ret, which keeps it there; 0 where the hook
 * decides by itself; or a negative errno. Until then the hook denies.
 */
int decision_attach(const struct karmor_bpf *decision, const struct bpf_program *hook,
		    struct bpf_link **ret);
