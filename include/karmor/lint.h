/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person would want to know of policies before they go live: nothing of it is an error.
 */
#pragma once

#include <karmor/policy.h>

KARMOR_BEGIN

/*
 * Looks for allow-lists that forget what every program needs, sections that an Allow turns into
 * allow-lists, rules that never decide or never match, policies that contradict each other, and
 * cluster policies that block at once. Each is a warning in @diag, in the order of the files.
 * @posture: as in karmor_subject; of a section that it names it is known what follows from an
 * allow-list, and nothing is said. NULL: none is known.
 * A load that returned an error should not be linted: what is missing from it would be missed.
 * Returns 0, whatever was found; -EINVAL (@posture, or a bound: an error in @diag); -ENOMEM.
 */
KARMOR_API KARMOR_CHECK int karmor_policies_lint(const struct karmor_policies *policies,
						 const char *posture, struct karmor_diag *diag);

KARMOR_END
