/* SPDX-License-Identifier: Apache-2.0 */
/* What eval says of each kind of path, for each class of sources of each ruleset. */
#include <errno.h>
#include <stdlib.h>

#include "cleanup.h"
#include "selinux.h"

const struct selinux_asked selinux_asked[] = {
	[SELINUX_EXEC] = { KARMOR_PROCESS, KARMOR_EXEC },
	[SELINUX_READ] = { KARMOR_FILE, KARMOR_READ },
	[SELINUX_WRITE] = { KARMOR_FILE, KARMOR_WRITE },
	[SELINUX_OPS] = { KARMOR_FILE, KARMOR_WRITE },
};

/* The rules of an accept set that a class has, by index into the ruleset. */
static size_t matched_find(const struct selinux_compiler *c, size_t set, size_t class,
			   enum karmor_section section, const struct automaton_accept *accept,
			   uint32_t *matched)
{
	size_t n = 0, first = c->offsets[set], end = first + c->sets[set]->n_rules;

	for (size_t i = 0; i < accept->n; i++) {
		uint32_t id = accept->ids[i];

		if (id >= first && id < end && c->active[set][class][id - first] &&
		    c->sets[set]->rules[id - first].ir->section == section)
			matched[n++] = (uint32_t)(id - first);
	}
	return n;
}

uint32_t selinux_rule_of(const struct selinux_compiler *c, size_t set,
			 const struct eval_verdict *verdict)
{
	return verdict->rule ? (uint32_t)(verdict->rule - c->sets[set]->rules) : SELINUX_NO_RULE;
}

static void accept_decide(const struct selinux_compiler *c, size_t set, size_t class, size_t accept,
			  uint32_t *matched)
{
	struct selinux_class *ret = &c->ret->rulesets[set].classes[class];

	for (int op = 0; op < SELINUX_OPS; op++) {
		struct eval_access about = { .section = selinux_asked[op].section,
					     .op = selinux_asked[op].op,
					     .owner = true };
		size_t n = matched_find(c, set, class, about.section,
					&c->ret->automaton->accepts[accept], matched);
		struct eval_verdict verdict = eval_choose(c->sets[set], &about, matched, n);

		ret->verdicts[op][accept] = (uint8_t)verdict.action;
		ret->rules[op][accept] = selinux_rule_of(c, set, &verdict);
		if (op == SELINUX_EXEC)
			ret->exact[accept] = verdict.rule && verdict.rule->match == IR_PATH;
	}
}

static bool is_run(const struct selinux_class *class, size_t accept)
{
	return class->verdicts[SELINUX_EXEC][accept] != KARMOR_BLOCK;
}

static bool is_run_by_rule(const struct selinux_class *class, size_t accept)
{
	return is_run(class, accept) && class->rules[SELINUX_EXEC][accept] != SELINUX_NO_RULE;
}

static bool is_run_by_any(const struct selinux_ruleset *set, size_t accept,
			  bool (*is)(const struct selinux_class *class, size_t accept))
{
	for (size_t i = 0; i < set->n_classes; i++)
		if (is(&set->classes[i], accept))
			return true;
	return false;
}

/*
 * The kernel reads and maps what it executes, first as the class that asks for it and then as the
 * one that it leads to, and asks for both. What some class may execute can therefore be mapped by
 * the class it leads to; and what a rule lets be executed is read by both where the posture alone
 * closes it.
 */
static void accept_open(const struct selinux_compiler *c, size_t set, size_t class, size_t accept)
{
	const struct selinux_artifact *a = c->ret;
	const struct selinux_ruleset *ruleset = &a->rulesets[set];
	struct selinux_class *ret = &ruleset->classes[class];
	bool led_to = a->kinds[a->accept_kinds[accept]].classes[set] == class;

	ret->opened[SELINUX_EXEC][accept] =
		!is_run(ret, accept) && led_to && is_run_by_any(ruleset, accept, is_run);
	ret->opened[SELINUX_READ][accept] =
		ret->verdicts[SELINUX_READ][accept] == KARMOR_BLOCK &&
		ret->rules[SELINUX_READ][accept] == SELINUX_NO_RULE &&
		(is_run_by_rule(ret, accept) ||
		 (led_to && is_run_by_any(ruleset, accept, is_run_by_rule)));
}

static void ruleset_open(const struct selinux_compiler *c, size_t set)
{
	for (size_t i = 0; i < c->ret->rulesets[set].n_classes; i++)
		for (size_t j = 0; j < c->ret->automaton->n_accepts; j++)
			accept_open(c, set, i, j);
}

static int class_decide(struct selinux_compiler *c, size_t set, size_t class)
{
	struct selinux_class *ret = &c->ret->rulesets[set].classes[class];
	size_t n = c->ret->automaton->n_accepts;
	_cleanup_free_ uint32_t *matched = calloc(c->sets[set]->n_rules + 1, sizeof(*matched));

	ret->exact = arena_array(&c->ret->arena, n, sizeof(*ret->exact));
	if (!matched || !ret->exact)
		return -ENOMEM;
	for (int op = 0; op < SELINUX_OPS; op++) {
		ret->verdicts[op] = arena_alloc(&c->ret->arena, n);
		ret->rules[op] = arena_array(&c->ret->arena, n, sizeof(*ret->rules[op]));
		ret->opened[op] = arena_array(&c->ret->arena, n, sizeof(*ret->opened[op]));
		if (!ret->verdicts[op] || !ret->rules[op] || !ret->opened[op])
			return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		accept_decide(c, set, class, i, matched);
	return 0;
}

static int rules_copy(struct selinux_compiler *c, size_t set)
{
	const struct karmor_ruleset *from = c->sets[set];
	struct selinux_rule *ret = arena_array(&c->ret->arena, from->n_rules, sizeof(*ret));
	bool failed = !ret;

	for (size_t i = 0; ret && i < from->n_rules; i++) {
		const struct ruleset_rule *rule = &from->rules[i];

		ret[i].told = told_copy(&c->ret->arena, rule->ir, &failed);
		ret[i].match = rule->match;
		ret[i].lost = c->lost[c->offsets[set] + i];
		ret[i].path = arena_strdup(&c->ret->arena, rule->path ? rule->path : "");
		failed |= !ret[i].path;
	}
	c->ret->rulesets[set].rules = ret;
	c->ret->rulesets[set].n_rules = from->n_rules;
	c->ret->rulesets[set].ahead = from->ahead;
	return failed ? -ENOMEM : 0;
}

int selinux_verdicts(struct selinux_compiler *c)
{
	int r = selinux_sockets(c);

	for (size_t i = 0; r == 0 && i < c->n; i++) {
		struct selinux_ruleset *set = &c->ret->rulesets[i];

		set->classes = arena_array(&c->ret->arena, set->n_classes, sizeof(*set->classes));
		if (!set->classes)
			return -ENOMEM;
		r = rules_copy(c, i);
		for (size_t j = 0; r == 0 && j < set->n_classes; j++) {
			set->classes[j].set = set;
			r = class_decide(c, i, j);
			r = r ? r : selinux_network(c, i, j);
			r = r ? r : selinux_capabilities(c, i, j);
		}
		if (r == 0)
			ruleset_open(c, i);
	}
	return r;
}
