/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See eval.h. Precedence is the order of set->rules (ruleset.c sorts it once): here a lower index
 * wins, and nothing else is compared.
 */
#include "eval.h"

#include <errno.h>
#include <string.h>

#include "match.h"
#include "resolve.h"
#include "sized.h"

/* The best rule so far of each kind; NULL: none. */
struct best {
	const struct ruleset_rule *decides, *logs;
};

bool eval_speaks(enum karmor_action action, bool read_only, bool owner_only,
		 const struct eval_access *access)
{
	bool granted = (!read_only || access->op == KARMOR_READ) && (!owner_only || access->owner);

	if (action == KARMOR_ALLOW)
		return granted;
	return !granted || (!read_only && !owner_only);
}

static void consider(struct best *best, const struct ruleset_rule *rule,
		     const struct eval_access *access)
{
	const struct ruleset_rule **slot =
		rule->action == KARMOR_AUDIT ? &best->logs : &best->decides;

	if (*slot && *slot < rule)
		return;
	if (eval_speaks(rule->action, rule->ir->read_only, rule->ir->owner_only, access))
		*slot = rule;
}

static struct eval_verdict verdict(enum karmor_action action, const struct ruleset_rule *rule,
				   bool posture)
{
	return (struct eval_verdict){ .action = action, .rule = rule, .posture = posture };
}

static struct eval_verdict undecided(const struct karmor_ruleset *set,
				     const struct eval_access *access,
				     const struct ruleset_rule *logs)
{
	bool listed = set->allow_list[access->section] && !access->exempt;

	if (listed && set->posture[access->section] == KARMOR_POSTURE_BLOCK)
		return verdict(KARMOR_BLOCK, NULL, true);
	if (logs)
		return verdict(KARMOR_AUDIT, logs, false);
	return listed ? verdict(KARMOR_AUDIT, NULL, true) : verdict(KARMOR_ALLOW, NULL, false);
}

static struct eval_verdict conclude(const struct karmor_ruleset *set,
				    const struct eval_access *access, const struct best *best)
{
	if (!best->decides)
		return undecided(set, access, best->logs);
	if (best->decides->action == KARMOR_BLOCK)
		return verdict(KARMOR_BLOCK, best->decides, false);
	if (best->logs)
		return verdict(KARMOR_AUDIT, best->logs, false);
	return verdict(KARMOR_ALLOW, best->decides, false);
}

struct eval_verdict eval_choose(const struct karmor_ruleset *set, const struct eval_access *access,
				const uint32_t *matched, size_t n)
{
	struct best best = { 0 };

	for (size_t i = 0; i < n; i++)
		consider(&best, &set->rules[matched[i]], access);
	return conclude(set, access, &best);
}

size_t eval_section(const struct karmor_ruleset *set, enum karmor_section section, size_t *n)
{
	*n = set->sections[section].n;
	return set->sections[section].first;
}

bool eval_matches_socket(const struct ruleset_rule *rule, int family, int type, int number)
{
	return rule->ir->section == KARMOR_NETWORK &&
	       match_protocol(rule->ir->protocol, family, type, number);
}

bool eval_matches_capability(const struct ruleset_rule *rule, unsigned capability)
{
	return rule->ir->section == KARMOR_CAPABILITIES && rule->ir->capability == capability;
}

static bool matches_file(const struct ruleset_rule *rule, const struct access *access)
{
	bool matches = match_path(rule->match, rule->path, rule->recursive, access->path);

	for (size_t i = 0; !matches && i < rule->n_others; i++)
		matches = strcmp(rule->others[i], access->path) == 0;
	if (!matches)
		return false;
	return !rule->multi_call || strcmp(rule->name, access->name) == 0;
}

static bool matches_syscall(const struct ruleset_rule *rule, const struct access *access)
{
	bool named = false;

	for (size_t i = 0; i < rule->ir->n_syscalls && !named; i++)
		named = strcmp(rule->ir->syscalls[i], access->syscall) == 0;
	if (!named || rule->match == IR_SYSCALL)
		return named;
	return access->path && match_path(rule->match, rule->path, rule->recursive, access->path);
}

static bool matches_object(const struct ruleset_rule *rule, const struct access *access)
{
	switch (access->section) {
	case KARMOR_PROCESS:
	case KARMOR_FILE:
		return matches_file(rule, access);
	case KARMOR_NETWORK:
		return eval_matches_socket(rule, access->family, access->type, access->number);
	case KARMOR_CAPABILITIES:
		return eval_matches_capability(rule, access->capability);
	case KARMOR_SYSCALLS:
		return matches_syscall(rule, access);
	}
	return false;
}

bool eval_matches(const struct ruleset_rule *rule, const struct access *access)
{
	return rule->ir->section == access->section && matches_object(rule, access) &&
	       match_source(rule, access->source);
}

struct eval_verdict eval_ask(const struct karmor_ruleset *set, const struct access *access)
{
	struct eval_access about = {
		.section = access->section,
		.op = access->op,
		.owner = access->owner,
		.exempt = access->section == KARMOR_NETWORK && match_family_exempt(access->family),
	};
	struct best best = { 0 };
	size_t n, first = eval_section(set, access->section, &n);

	for (size_t i = first; i < first + n; i++) {
		const struct ruleset_rule *rule = &set->rules[i];

		/* What comes later can no longer win. */
		if (rule->action == KARMOR_AUDIT ? best.logs : best.decides)
			continue;
		if (eval_matches(rule, access))
			consider(&best, rule, &about);
	}
	return conclude(set, &about, &best);
}

static int fill(const struct eval_verdict *verdict, struct karmor_verdict *ret)
{
	const struct ruleset_rule *rule = verdict->rule;
	const struct place *place = rule ? &rule->ir->place : NULL;
	struct karmor_verdict ours = {
		.action = verdict->action,
		.policy = rule		     ? rule->ir->policy->name
			  : verdict->posture ? "DefaultPosture"
					     : "-",
		.file = place && place->source ? place->source->name : NULL,
		.line = place && place->source ? place->line : 0,
		.rule = rule ? rule->ir->locator : NULL,
	};

	return SIZED_WRITE(ret, &ours);
}

KARMOR_API int karmor_ruleset_eval(const struct karmor_ruleset *set,
				   const struct karmor_access *question, struct karmor_verdict *ret,
				   struct karmor_diag *diag)
{
	struct arena arena = { 0 };
	struct eval_verdict verdict;
	struct karmor_access asked;
	struct access access;
	int r = SIZED_READ(&asked, question);

	if (r == 0)
		r = access_read(&asked, &access, diag);
	if (r == 0 && set->root)
		r = resolve_access(&arena, set->root, &access, diag);
	if (r == 0) {
		verdict = eval_ask(set, &access);
		r = fill(&verdict, ret);
	}
	arena_done(&arena);
	return r;
}
