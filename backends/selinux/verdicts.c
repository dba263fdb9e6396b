/* SPDX-License-Identifier: Apache-2.0 */
/* What eval says of each kind of path, for each class of sources of each ruleset. */
#include <errno.h>
#include <stdlib.h>

#include "cleanup.h"
#include "selinux.h"

static const struct {
	enum karmor_section section;
	enum karmor_op op;
} ops[] = {
	[SELINUX_EXEC] = { KARMOR_PROCESS, KARMOR_EXEC },
	[SELINUX_READ] = { KARMOR_FILE, KARMOR_READ },
	[SELINUX_WRITE] = { KARMOR_FILE, KARMOR_WRITE },
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

static void accept_decide(const struct selinux_compiler *c, size_t set, size_t class, size_t accept,
			  uint32_t *matched)
{
	struct selinux_class *ret = &c->ret->rulesets[set].classes[class];

	for (int op = 0; op < SELINUX_OPS; op++) {
		struct eval_access about = { .section = ops[op].section,
					     .op = ops[op].op,
					     .owner = true };
		size_t n = matched_find(c, set, class, about.section,
					&c->ret->automaton->accepts[accept], matched);
		struct eval_verdict verdict = eval_choose(c->sets[set], &about, matched, n);

		ret->verdicts[op][accept] = (uint8_t)verdict.action;
		if (op == SELINUX_EXEC)
			ret->exact[accept] = verdict.rule && verdict.rule->match == IR_PATH;
	}
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
		if (!ret->verdicts[op])
			return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		accept_decide(c, set, class, i, matched);
	return 0;
}

int selinux_verdicts(struct selinux_compiler *c)
{
	int r = selinux_sockets(c);

	for (size_t i = 0; r == 0 && i < c->n; i++) {
		struct selinux_ruleset *set = &c->ret->rulesets[i];

		set->classes = arena_array(&c->ret->arena, set->n_classes, sizeof(*set->classes));
		if (!set->classes)
			return -ENOMEM;
		for (size_t j = 0; r == 0 && j < set->n_classes; j++) {
			r = class_decide(c, i, j);
			r = r ? r : selinux_network(c, i, j);
			r = r ? r : selinux_capabilities(c, i, j);
		}
	}
	return r;
}
