/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See lint.h. Policies that select just the same are looked at together, with all that apply
 * wherever they do: what holds there holds of each of their workloads, for further policies can
 * only take more from a rule. Findings are sorted at the end, as a reader goes through the files.
 */
#include "lint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "cleanup.h"
#include "diag.h"

int lint_add(struct lint *lint, const struct place *place, const char *text, const char *fix)
{
	if (!text ||
	    array_grow(&lint->findings, lint->n_findings, &lint->size, sizeof(*lint->findings)) < 0)
		return -ENOMEM;
	lint->findings[lint->n_findings] =
		(struct lint_finding){ *place, text, fix, lint->n_findings };
	lint->n_findings++;
	return 0;
}

const char *lint_name(struct lint *lint, const struct ir_rule *rule)
{
	return arena_printf(&lint->arena, "\"%s\" of policy \"%s\" (%s:%u)", rule->locator,
			    rule->policy->name, rule->place.source->name, rule->place.line);
}

size_t lint_rule_number(const struct lint *lint, const struct ir_rule *rule)
{
	const struct karmor_policies *load = lint->policies;

	for (size_t i = 0; i < load->n; i++)
		if (load->policies[i] == rule->policy)
			return lint->first_rules[i] + (size_t)(rule - rule->policy->rules);
	return 0;
}

static bool selects_the_same(const struct ir_policy *a, const struct ir_policy *b)
{
	return lint_implies(a, b) && lint_implies(b, a);
}

static int prepare(struct lint *lint)
{
	const struct karmor_policies *load = lint->policies;
	size_t n_rules = 0;

	lint->groups = arena_array(&lint->arena, load->n, sizeof(*lint->groups));
	lint->first_rules = arena_array(&lint->arena, load->n, sizeof(*lint->first_rules));
	lint->told = arena_array(&lint->arena, load->n_rules, sizeof(*lint->told));
	lint->in_scope = arena_array(&lint->arena, load->n, sizeof(*lint->in_scope));
	if (!lint->groups || !lint->first_rules || !lint->told || !lint->in_scope)
		return -ENOMEM;
	for (size_t i = 0; i < load->n; i++) {
		lint->groups[i] = i;
		for (size_t j = 0; j < i && lint->groups[i] == i; j++)
			if (lint->groups[j] == j &&
			    selects_the_same(load->policies[i], load->policies[j]))
				lint->groups[i] = j;
		lint->first_rules[i] = n_rules;
		n_rules += load->policies[i]->n_rules;
	}
	return 0;
}

static int scope_open(struct lint *lint, struct lint_scope *scope)
{
	const struct karmor_policies *load = lint->policies;
	const struct ir_policy *of = load->policies[scope->group];
	struct karmor_subject subject = KARMOR_STRUCT(
		karmor_subject, .everything = true, .host = of->kind == KARMOR_HOST_POLICY,
		.posture = "file=block,network=block,capabilities=block");

	scope->load.policies = calloc(load->n, sizeof(*scope->load.policies));
	if (!scope->load.policies)
		return -ENOMEM;
	for (size_t i = 0; i < load->n; i++) {
		lint->in_scope[i] =
			lint->groups[i] == scope->group || lint_implies(of, load->policies[i]);
		if (lint->in_scope[i])
			scope->load.policies[scope->load.n++] = load->policies[i];
	}
	return karmor_ruleset_new(&scope->load, &subject, &scope->set, lint->diag);
}

static void scope_close(struct lint_scope *scope)
{
	karmor_ruleset_free(scope->set);
	free(scope->load.policies);
}

/* Notes which rules win and which are before those that do not. */
static int note(const struct space_point *point, void *data)
{
	struct lint_section *section = data;
	const struct ruleset_rule *rules = section->scope->set->rules, *best[2] = { NULL, NULL };

	for (size_t i = 0; i < point->n_matched[0]; i++) {
		const struct ruleset_rule *rule = &rules[point->matched[0][i]];
		bool logs = rule->action == KARMOR_AUDIT;

		if (!eval_speaks(rule->action, rule->ir->read_only, rule->ir->owner_only,
				 &point->about))
			continue;
		if (best[logs])
			section->by[rule - rules - section->first] = best[logs];
		else
			best[logs] = rule;
	}
	if (best[0] && best[0]->action == KARMOR_BLOCK && best[1]) {
		section->by[best[1] - rules - section->first] = best[0];
		best[1] = NULL;
	}
	for (int i = 0; i < 2; i++)
		if (best[i])
			section->decides[best[i] - rules - section->first] = true;
	section->is_open |= point->verdicts[0].posture;
	return 0;
}

static int check_space(struct lint *lint, struct lint_section *section)
{
	int r = space_walk(section->space, note, section, lint->diag);

	if (r == 0)
		r = lint_shadows(lint, section);
	return r ? r : lint_list(lint, section);
}

static int check_section(struct lint *lint, const struct lint_scope *scope,
			 enum karmor_section which)
{
	const struct karmor_ruleset *sets[] = { scope->set };
	size_t n, first = eval_section(scope->set, which, &n);
	_cleanup_free_ bool *decides = calloc(n + 1, sizeof(*decides));
	_cleanup_free_ const struct ruleset_rule **by = calloc(n + 1, sizeof(*by));
	struct lint_section section = {
		.scope = scope, .first = first, .decides = decides, .by = by
	};
	struct space *space;
	int r;

	if (!decides || !by)
		return -ENOMEM;
	if (!n)
		return 0;
	r = space_new(sets, 1, which, &space, lint->diag);
	if (r < 0)
		return r;
	section.space = space;
	r = check_space(lint, &section);
	space_free(space);
	return r;
}

/* A bound in one section is told, and says nothing about the next. */
static int check_group(struct lint *lint, size_t group)
{
	struct lint_scope scope = { .group = group };
	int ret = scope_open(lint, &scope);

	for (int s = KARMOR_PROCESS; scope.set && ret != -ENOMEM && s <= KARMOR_SYSCALLS; s++) {
		int r = check_section(lint, &scope, (enum karmor_section)s);

		ret = r ? r : ret;
	}
	scope_close(&scope);
	return ret;
}

static int check(struct lint *lint)
{
	int ret = prepare(lint), r;

	ret = ret ? ret : lint_contradictions(lint);
	ret = ret ? ret : lint_rules(lint);
	for (size_t i = 0; ret != -ENOMEM && i < lint->policies->n; i++) {
		if (lint->groups[i] != i)
			continue;
		r = check_group(lint, i);
		ret = r ? r : ret;
	}
	return ret;
}

static int compare_numbers(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

static int compare(const void *left, const void *right)
{
	const struct lint_finding *a = left, *b = right;
	int r = strcmp(a->place.source->name, b->place.source->name);

	r = r ? r : compare_numbers(a->place.line, b->place.line);
	r = r ? r : compare_numbers(a->place.column, b->place.column);
	return r ? r : compare_numbers(a->number, b->number);
}

static void tell(struct lint *lint)
{
	if (lint->n_findings)
		qsort(lint->findings, lint->n_findings, sizeof(*lint->findings), compare);
	for (size_t i = 0; i < lint->n_findings; i++)
		diag_warning(lint->diag, &lint->findings[i].place, lint->findings[i].fix, "%s",
			     lint->findings[i].text);
}

/* A posture is read where rulesets are made. */
static int check_posture(const char *posture, struct karmor_diag *diag)
{
	const struct karmor_policies nothing = { 0 };
	struct karmor_subject subject =
		KARMOR_STRUCT(karmor_subject, .everything = true, .posture = posture);
	struct karmor_ruleset *set;
	int r = karmor_ruleset_new(&nothing, &subject, &set, diag);

	if (r == 0)
		karmor_ruleset_free(set);
	return r;
}

int karmor_policies_lint(const struct karmor_policies *policies, const char *posture,
			 struct karmor_diag *diag)
{
	struct lint lint = { .policies = policies,
			     .posture = posture ? posture : "",
			     .diag = diag };
	int r = check_posture(posture, diag);

	if (r == 0)
		r = check(&lint);
	if (r != -ENOMEM)
		tell(&lint);
	arena_done(&lint.arena);
	free(lint.findings);
	return r;
}
