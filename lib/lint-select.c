/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See lint.h: which policies select the same workloads. Requirements of different keys do not mind
 * each other, so that each key is looked at by itself, with the values that the selectors name, one
 * that they do not, and none: exact, but for the older form with more than one key, which is only
 * compared with its like.
 */
#include <string.h>

#include "lint.h"
#include "select.h"

#define ELSE "\n" /* no label and no namespace is this */

/* A key whose value two selectors may have an opinion about. */
struct key {
	const char *name;
	bool is_namespace;
};

static const struct key namespace_key = { "namespace", true };

static bool is_namespace(const struct ir_policy *policy, const struct ir_requirement *r)
{
	return policy->kind == KARMOR_CLUSTER_POLICY && !r->from_labels &&
	       strcmp(r->key, namespace_key.name) == 0;
}

static struct key key_of(const struct ir_policy *policy, const struct ir_requirement *r)
{
	return (struct key){ r->key, is_namespace(policy, r) };
}

static bool is_about(const struct ir_policy *policy, const struct ir_requirement *r,
		     const struct key *key)
{
	return !r->is_any && is_namespace(policy, r) == key->is_namespace &&
	       strcmp(r->key, key->name) == 0;
}

static bool fits(const struct ir_policy *policy, const struct key *key, const char *value)
{
	const struct ir_selector *selector = &policy->selector;

	if (key->is_namespace && policy->kind == KARMOR_POLICY &&
	    strcmp(policy->namespace_name, value) != 0)
		return false;
	for (size_t i = 0; i < selector->n_requirements; i++)
		if (is_about(policy, &selector->requirements[i], key) &&
		    !select_holds(policy, &selector->requirements[i], value))
			return false;
	return true;
}

/* What is asked of a value: @a's selector takes it, and @b's does (or, @differs, does not). */
struct question {
	const struct ir_policy *a, *b;
	struct key key;
	bool differs;
};

static bool answers(const struct question *question, const char *value)
{
	return fits(question->a, &question->key, value) &&
	       fits(question->b, &question->key, value) != question->differs;
}

static bool has_named_answer(const struct question *question, const struct ir_policy *policy)
{
	const struct ir_selector *selector = &policy->selector;

	for (size_t i = 0; i < selector->n_requirements; i++) {
		const struct ir_requirement *r = &selector->requirements[i];

		if (!is_about(policy, r, &question->key))
			continue;
		for (size_t j = 0; j < r->n_values; j++)
			if (answers(question, r->values[j]))
				return true;
	}
	return question->key.is_namespace && policy->kind == KARMOR_POLICY &&
	       answers(question, policy->namespace_name);
}

static bool has_answer(const struct question *question)
{
	return answers(question, ELSE) ||
	       (!question->key.is_namespace && answers(question, NULL)) ||
	       has_named_answer(question, question->a) || has_named_answer(question, question->b);
}

static bool names_container(const struct ir_selector *selector, const char *name)
{
	for (size_t i = 0; i < selector->n_containers; i++)
		if (strcmp(selector->containers[i], name) == 0)
			return true;
	return false;
}

static bool is_same_any(const struct ir_requirement *a, const struct ir_requirement *b)
{
	if (!a->is_any || a->n_values != b->n_values)
		return false;
	for (size_t i = 0; i < a->n_values; i++)
		if (strcmp(a->values[i], b->values[i]) != 0)
			return false;
	return true;
}

static bool has_same_any(const struct ir_selector *selector, const struct ir_requirement *r)
{
	for (size_t i = 0; i < selector->n_requirements; i++)
		if (is_same_any(&selector->requirements[i], r))
			return true;
	return false;
}

bool lint_implies(const struct ir_policy *a, const struct ir_policy *b)
{
	const struct ir_selector *x = &a->selector, *y = &b->selector;
	struct question question = { a, b, namespace_key, true };

	if ((a->kind == KARMOR_HOST_POLICY) != (b->kind == KARMOR_HOST_POLICY))
		return false;
	if (a->kind != KARMOR_HOST_POLICY && has_answer(&question))
		return false;
	for (size_t i = 0; i < y->n_requirements; i++) {
		if (y->requirements[i].is_any) {
			if (!has_same_any(x, &y->requirements[i]))
				return false;
			continue;
		}
		question.key = key_of(b, &y->requirements[i]);
		if (!question.key.is_namespace && has_answer(&question))
			return false;
	}
	if (y->n_containers && !x->n_containers)
		return false;
	for (size_t i = 0; y->n_containers && i < x->n_containers; i++)
		if (!names_container(y, x->containers[i]))
			return false;
	return true;
}

static bool requirements_meet(struct question *question, const struct ir_policy *of)
{
	const struct ir_selector *selector = &of->selector;

	for (size_t i = 0; i < selector->n_requirements; i++) {
		question->key = key_of(of, &selector->requirements[i]);
		if (!has_answer(question))
			return false;
	}
	return true;
}

bool lint_meets(const struct ir_policy *a, const struct ir_policy *b)
{
	const struct ir_selector *x = &a->selector, *y = &b->selector;
	struct question question = { a, b, namespace_key, false };

	if ((a->kind == KARMOR_HOST_POLICY) != (b->kind == KARMOR_HOST_POLICY))
		return false;
	if (a->kind != KARMOR_HOST_POLICY && !has_answer(&question))
		return false;
	if (!requirements_meet(&question, a) || !requirements_meet(&question, b))
		return false;
	for (size_t i = 0; y->n_containers && i < x->n_containers; i++)
		if (names_container(y, x->containers[i]))
			return true;
	return !x->n_containers || !y->n_containers;
}
