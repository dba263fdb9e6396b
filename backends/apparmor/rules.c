/* SPDX-License-Identifier: Apache-2.0 */
/* What of a ruleset's rules an artifact has for events, which tell of them when that is gone. */
#include <errno.h>

#include "apparmor.h"

static const char *copy(struct arena *arena, const char *text, bool *failed)
{
	const char *ret = arena_strdup(arena, text ? text : "");

	*failed |= !ret;
	return ret;
}

static void sources_copy(struct arena *arena, const struct ruleset_rule *rule,
			 struct apparmor_rule *ret, bool *failed)
{
	size_t n = rule->ir->section == KARMOR_SYSCALLS ? 0 : rule->ir->n_sources;

	ret->sources = n ? arena_array(arena, n, sizeof(*ret->sources)) : NULL;
	ret->n_sources = ret->sources ? n : 0;
	*failed |= ret->n_sources != n;
	for (size_t i = 0; i < ret->n_sources; i++)
		ret->sources[i] = (struct apparmor_source){
			.match = rule->sources[i].match,
			.recursive = rule->sources[i].recursive,
			.path = copy(arena, rule->sources[i].path, failed),
		};
}

static void rule_copy(struct arena *arena, const struct ruleset_rule *rule,
		      struct apparmor_rule *ret, bool *failed)
{
	const struct ir_rule *ir = rule->ir;

	*ret = (struct apparmor_rule){
		.section = ir->section,
		.action = rule->action,
		.match = rule->match,
		.recursive = rule->recursive,
		.read_only = ir->read_only,
		.owner_only = ir->owner_only,
		.protocol = ir->protocol,
		.capability = ir->capability,
		.path = copy(arena, rule->path, failed),
		.told = told_copy(arena, ir, failed),
	};
	sources_copy(arena, rule, ret, failed);
}

int apparmor_rules_copy(struct arena *arena, const struct karmor_ruleset *set, bool *const *active,
			size_t n_classes, struct apparmor_ruleset *ret)
{
	bool failed = false;

	ret->n_rules = set->n_rules;
	ret->rules = arena_array(arena, set->n_rules, sizeof(*ret->rules));
	if (!ret->rules)
		return -ENOMEM;
	for (size_t i = 0; i < set->n_rules; i++) {
		rule_copy(arena, &set->rules[i], &ret->rules[i], &failed);
		for (size_t class = 0; class < n_classes; class ++)
			if (active[class][i])
				apparmor_classes_add(&ret->rules[i].classes, class);
	}
	return failed ? -ENOMEM : 0;
}
