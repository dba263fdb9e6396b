/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See lint.h: rules that never decide, for another says it first to every access, and rules that no
 * access is like. Rules of the policies at work only: others are looked at where they are.
 */
#include <errno.h>

#include "lint.h"

/* Whether another policy that may join in allows what is blocked here, and lets an Audit log. */
static bool may_be_lifted(const struct lint *lint, const struct ir_rule *audit)
{
	const struct karmor_policies *load = lint->policies;

	for (size_t i = 0; i < load->n; i++) {
		const struct ir_policy *policy = load->policies[i];

		if (lint->in_scope[i] || !lint_meets(audit->policy, policy))
			continue;
		for (size_t j = 0; j < policy->n_rules; j++)
			if (policy->rules[j].section == audit->section &&
			    policy->rules[j].action == KARMOR_ALLOW)
				return true;
	}
	return false;
}

static int tell_shadow(struct lint *lint, const struct ruleset_rule *rule,
		       const struct ruleset_rule *by)
{
	bool is_denied = rule->action == KARMOR_AUDIT && by->action == KARMOR_BLOCK;
	const char *name, *text, *fix = "remove it";

	if (is_denied && may_be_lifted(lint, rule->ir))
		return 0;
	name = lint_name(lint, by->ir);
	if (!name)
		return -ENOMEM;
	text = arena_printf(&lint->arena, "this rule never %s: %s %s",
			    rule->action == KARMOR_AUDIT ? "logs" : "decides", name,
			    is_denied ? "denies it" : "says it first");
	if (is_denied)
		fix = "remove it: what is denied is logged as well";
	else if (rule->action != by->action)
		fix = "remove one of them, or make this one more specific";
	return lint_add(lint, &rule->ir->path_place, text, fix);
}

static int tell_nothing(struct lint *lint, const struct lint_section *section, uint32_t id)
{
	const struct ruleset_rule *rule = section->space->rules[id];
	const struct space *space = section->space;
	bool is_source =
		rule->ir->n_sources && space->source_starts[id] == space->source_starts[id + 1];

	if (is_source)
		return lint_add(lint, &rule->ir->sources[0].place,
				"no executable's path is like this, so the rule never decides",
				"a real path is absolute, without links, \".\" and \"..\"");
	return lint_add(lint, &rule->ir->path_place, "no path is like this",
			"a real path is absolute, without links, \".\" and \"..\"");
}

static int check_rule(struct lint *lint, const struct lint_section *section, uint32_t id)
{
	const struct ruleset_rule *rule = section->space->rules[id];
	size_t number = lint_rule_number(lint, rule->ir);

	if (section->decides[id] || lint->told[number])
		return 0;
	lint->told[number] = true;
	return section->by[id] ? tell_shadow(lint, rule, section->by[id])
			       : tell_nothing(lint, section, id);
}

static bool is_at_work(const struct lint *lint, const struct lint_scope *scope,
		       const struct ir_policy *policy)
{
	for (size_t i = 0; i < lint->policies->n; i++)
		if (lint->policies->policies[i] == policy)
			return lint->groups[i] == scope->group;
	return false;
}

int lint_shadows(struct lint *lint, const struct lint_section *section)
{
	int r = 0;

	for (uint32_t id = 0; r == 0 && id < section->space->n_rules; id++)
		if (!section->decides[id] &&
		    is_at_work(lint, section->scope, section->space->rules[id]->ir->policy))
			r = check_rule(lint, section, id);
	return r;
}
