/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories of karmor's own. While a module is loaded they have a role by which no workload gets
 * into them: what is in them says what is enforced, and what labels are to be put back.
 */
#pragma once

#include <stdbool.h>

#include <karmor/diag.h>

/* Sets the role on all of them that are there and what is in them, or takes it off; the module has
 * to be loaded. What cannot be changed is a warning. */
void selinux_guard(bool on, struct karmor_diag *diag);

/* The same of one, by any attribute. */
void selinux_guard_at(const char *path, const char *attribute, bool on, struct karmor_diag *diag);
