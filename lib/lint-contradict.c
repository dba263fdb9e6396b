/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See lint.h: an Allow and a Block with the same matcher and sources, in policies that may select
 * the same workload. Matchers are compared as they read ("/a/" and then "**" is a directory); that
 * one rule is wider than another is no contradiction.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "lint.h"
#include "match.h"

/* A matcher as it reads, and what it stands for in comparing. */
struct reading {
	enum ir_match match;
	bool recursive;
	const char *path; /* "" for what is no path */
	unsigned number;  /* protocol or capability */
};

struct item {
	const struct ir_rule *rule;
	size_t number; /* of the rule */
	struct reading is;
	struct reading *sources; /* sorted, rule->n_sources */
};

static int compare_numbers(unsigned a, unsigned b)
{
	return (a > b) - (a < b);
}

static int compare_readings(const void *left, const void *right)
{
	const struct reading *a = left, *b = right;
	int r = compare_numbers(a->match, b->match);

	r = r ? r : compare_numbers(a->recursive, b->recursive);
	r = r ? r : compare_numbers(a->number, b->number);
	return r ? r : strcmp(a->path, b->path);
}

static int compare_items(const void *left, const void *right)
{
	const struct item *a = left, *b = right;
	int r = compare_numbers(a->rule->section, b->rule->section);

	r = r ? r : compare_readings(&a->is, &b->is);
	r = r ? r : compare_numbers((unsigned)a->rule->n_sources, (unsigned)b->rule->n_sources);
	for (size_t i = 0; r == 0 && i < a->rule->n_sources; i++)
		r = compare_readings(&a->sources[i], &b->sources[i]);
	return r;
}

static int read_sources(struct lint *lint, struct item *item)
{
	size_t n = item->rule->n_sources;
	int r = 0;

	item->sources = arena_array(&lint->arena, n, sizeof(*item->sources));
	if (!item->sources)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct ir_source *source = &item->rule->sources[i];

		item->sources[i] =
			(struct reading){ source->match, source->recursive, source->path, 0 };
		r = match_read(&lint->arena, &item->sources[i].match, &item->sources[i].recursive,
			       &item->sources[i].path);
	}
	qsort(item->sources, n, sizeof(*item->sources), compare_readings);
	return r;
}

static int read_item(struct lint *lint, const struct ir_rule *rule, size_t number,
		     struct item *item)
{
	bool is_protocol = rule->section == KARMOR_NETWORK;

	*item = (struct item){ .rule = rule, .number = number };
	item->is = (struct reading){ rule->match, rule->recursive, rule->path ? rule->path : "",
				     is_protocol ? rule->protocol : rule->capability };
	if (rule->path &&
	    match_read(&lint->arena, &item->is.match, &item->is.recursive, &item->is.path) < 0)
		return -ENOMEM;
	return read_sources(lint, item);
}

/* Whether both have something to say about one access. */
static bool speak_together(const struct ir_rule *a, const struct ir_rule *b)
{
	for (int i = 0; i < 4; i++) {
		struct eval_access access = { .section = a->section,
					      .op = i & 1 ? KARMOR_READ : KARMOR_WRITE,
					      .owner = i & 2 };

		if (eval_speaks(a->action, a->read_only, a->owner_only, &access) &&
		    eval_speaks(b->action, b->read_only, b->owner_only, &access))
			return true;
	}
	return false;
}

static bool always_meet(const struct ir_policy *a, const struct ir_policy *b)
{
	return a == b || lint_implies(a, b);
}

static int tell(struct lint *lint, const struct item *allow, const struct item *block)
{
	bool always = always_meet(allow->rule->policy, block->rule->policy);
	const char *name = lint_name(lint, block->rule);

	if (!name)
		return -ENOMEM;
	lint->told[allow->number] |= always;
	return lint_add(lint, &allow->rule->path_place,
			arena_printf(&lint->arena, "this Allow contradicts %s%s: Block wins", name,
				     always ? "" : " where both policies select a workload"),
			"remove one of them");
}

/* Items that are equal but for what they say. */
static int check_run(struct lint *lint, const struct item *items, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct ir_rule *allow = items[i].rule;

		if (allow->action != KARMOR_ALLOW)
			continue;
		for (size_t j = 0; r == 0 && j < n; j++) {
			const struct ir_rule *block = items[j].rule;

			if (block->action != KARMOR_BLOCK || !speak_together(allow, block) ||
			    !lint_meets(allow->policy, block->policy))
				continue;
			r = tell(lint, &items[i], &items[j]);
			break;
		}
	}
	return r;
}

static int fill(struct lint *lint, struct item *items, size_t *n)
{
	const struct karmor_policies *load = lint->policies;
	int r = 0;

	for (size_t i = 0; i < load->n; i++) {
		const struct ir_policy *policy = load->policies[i];

		for (size_t j = 0; r == 0 && j < policy->n_rules; j++)
			if (policy->rules[j].action != KARMOR_AUDIT)
				r = read_item(lint, &policy->rules[j], lint->first_rules[i] + j,
					      &items[(*n)++]);
	}
	return r;
}

int lint_contradictions(struct lint *lint)
{
	_cleanup_free_ struct item *items = calloc(lint->policies->n_rules + 1, sizeof(*items));
	size_t n = 0, end;
	int r = items ? fill(lint, items, &n) : -ENOMEM;

	if (r < 0)
		return r;
	qsort(items, n, sizeof(*items), compare_items);
	for (size_t i = 0; r == 0 && i < n; i = end) {
		for (end = i + 1; end < n && compare_items(&items[i], &items[end]) == 0;)
			end++;
		r = check_run(lint, items + i, end - i);
	}
	return r;
}
