/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report: what a backend can keep of each rule. Filled by a backend's compile, printed by
 * check.
 */
#pragma once

#include <karmor/backend.h>

#include "buf.h"
#include "ruleset.h"

/* All strings are copied, so that a report outlives the rulesets. */
int report_new(struct karmor_report **ret);
/* Adds a line; reason and fix may be NULL. 0 or -ENOMEM. */
int report_add(struct karmor_report *report, const struct ruleset_rule *rule,
	       enum karmor_fidelity fidelity, const char *reason, const char *fix);

/* Of @n lines from the one at @at says that their rules are not kept. */
void report_refuse(struct karmor_report *report, size_t at, size_t n, const char *reason,
		   const char *fix);

/* What keeps a rule from being kept exactly, as it is found; {0} is nothing. */
struct finding {
	enum karmor_fidelity fidelity;
	struct buf reason;
	const char *fix;
};

/* Adds a reason. Of a rule that is unsupported only the reasons for that are told. */
void finding_note(struct finding *finding, enum karmor_fidelity fidelity, const char *reason,
		  const char *fix);
/* Adds the line of @rule, and frees what was found. 0 or -ENOMEM. */
int report_add_finding(struct karmor_report *report, const struct ruleset_rule *rule,
		       struct finding *finding);
