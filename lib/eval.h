/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The meaning of a ruleset: sections 5 to 7 of the policy language in plain C. This is the
 * definition that every backend is judged against, and the one place that knows precedence.
 *
 * Two steps, so that a compiler can use the second alone: which rules match (match.h) and what the
 * matching ones say.
 */
#pragma once

#include "access.h"
#include "ruleset.h"

/* Everything about an access but its object and source, which matching has dealt with. */
struct eval_access {
	enum karmor_section section;
	enum karmor_op op;
	bool owner;
	bool exempt; /* no posture touches it: AF_UNIX, AF_NETLINK, what is no file by name */
};

struct eval_verdict {
	enum karmor_action action;
	const struct ruleset_rule *rule; /* that decided or logged; NULL: posture or nothing */
	bool posture;			 /* DefaultPosture decided or logged */
};

/*
 * What the rules @matched say about @access: n indices into set->rules, in any order, of the rules
 * of the access's section whose matcher and fromSource (if they have one) match. Pure; allocates
 * nothing.
 */
struct eval_verdict eval_choose(const struct karmor_ruleset *set, const struct eval_access *access,
				const uint32_t *matched, size_t n);

/* Whether a rule of @action that has these flags speaks about the access (section 5). */
bool eval_speaks(enum karmor_action action, bool read_only, bool owner_only,
		 const struct eval_access *access);

/* The rules of a section: *n of them from the index returned, in ascending order of precedence. */
size_t eval_section(const struct karmor_ruleset *set, enum karmor_section section, size_t *n);

/*
 * Whether the rule's matcher matches, its source left aside: for a compiler, which enumerates
 * sockets and capabilities. False for a rule of another section.
 */
bool eval_matches_socket(const struct ruleset_rule *rule, int family, int type, int number);
bool eval_matches_capability(const struct ruleset_rule *rule, unsigned capability);

/* Matcher and source together, for any section. */
bool eval_matches(const struct ruleset_rule *rule, const struct access *access);

/* The whole question, read and (where the ruleset has a root) resolved. */
struct eval_verdict eval_ask(const struct karmor_ruleset *set, const struct access *access);
