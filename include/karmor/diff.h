/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changes in verdicts, not in text, between two rulesets.
 *
 * Every access that can be asked about is looked at, by kinds that the rules cannot tell apart: no
 * change means that no access has another verdict.
 */
#pragma once

#include <karmor/ruleset.h>

KARMOR_BEGIN

/* An example of one changed outcome; strings borrowed, of the access only inside the callback. */
struct karmor_change {
	size_t size;
	struct karmor_access access;
	struct karmor_verdict before, after;
};

/* Anything but 0 ends the comparison. */
typedef int karmor_change_fn(const struct karmor_change *change, void *data);

/*
 * Calls @fn for each changed outcome: an operation whose verdict was one thing by one rule and is
 * another by another. That the same verdict comes from another rule is no change. Rulesets with a
 * root cannot be compared. Returns 0; what @fn returned; -EINVAL (a root, a bound: message);
 * -ENOMEM.
 */
KARMOR_API KARMOR_CHECK int karmor_ruleset_diff(const struct karmor_ruleset *before,
						const struct karmor_ruleset *after,
						karmor_change_fn *fn, void *data,
						struct karmor_diag *diag);

KARMOR_END
