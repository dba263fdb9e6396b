/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the matchers of rules that allow lie to those of Audit rules. Of many rules few meet: each
 * meeting is a pair, once for every kind of path where they do.
 */
#include <errno.h>
#include <stdlib.h>

#include "apparmor.h"
#include "array.h"

#define PAIRS_MAX (1u << 22)

static enum karmor_action action_of(const struct apparmor_section *s, uint32_t id)
{
	return id < s->n ? s->set->rules[s->first + id].action : KARMOR_BLOCK;
}

static int pair_add(struct apparmor_relations *relations, uint32_t allow, uint32_t audit)
{
	if (relations->n == PAIRS_MAX)
		return -EINVAL;
	if (array_grow(&relations->pairs, relations->n, &relations->size,
		       sizeof(*relations->pairs)) < 0)
		return -ENOMEM;
	relations->pairs[relations->n++] = (uint64_t)allow << 32 | audit;
	return 0;
}

static int accept_add(struct apparmor_relations *relations, const struct apparmor_section *s,
		      const struct automaton_accept *accept)
{
	int r = 0;

	for (size_t i = 0; i < accept->n; i++)
		if (accept->ids[i] < s->n)
			relations->kinds[accept->ids[i]]++;
	for (size_t i = 0; i < accept->n; i++)
		for (size_t j = 0;
		     r == 0 && action_of(s, accept->ids[i]) == KARMOR_AUDIT && j < accept->n; j++)
			if (action_of(s, accept->ids[j]) == KARMOR_ALLOW)
				r = pair_add(relations, accept->ids[j], accept->ids[i]);
	return r;
}

static int pair_order(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int apparmor_relate(struct apparmor_relations *relations, const struct apparmor_section *s)
{
	int r = 0;

	relations->kinds = calloc(s->n + 1, sizeof(*relations->kinds));
	if (!relations->kinds)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < s->automaton->n_accepts; i++)
		r = accept_add(relations, s, &s->automaton->accepts[i]);
	if (relations->n)
		qsort(relations->pairs, relations->n, sizeof(*relations->pairs), pair_order);
	return r;
}

void apparmor_relations_done(struct apparmor_relations *relations)
{
	free(relations->pairs);
	free(relations->kinds);
}

bool apparmor_related(const struct apparmor_relations *relations, uint32_t allow, size_t *at,
		      struct apparmor_relation *ret)
{
	size_t low = *at, high = relations->n, first;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (relations->pairs[middle] >> 32 < allow)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == relations->n || relations->pairs[low] >> 32 != allow)
		return false;
	ret->audit = (uint32_t)relations->pairs[low];
	for (first = low; low < relations->n && relations->pairs[low] == relations->pairs[first];)
		low++;
	ret->allow_alone = relations->kinds[allow] > low - first;
	ret->audit_alone = relations->kinds[ret->audit] > low - first;
	*at = low;
	return true;
}
