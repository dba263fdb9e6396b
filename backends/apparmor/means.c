/* SPDX-License-Identifier: Apache-2.0 */
/* What the lines of a section mean to the parser, held against what eval says. */
#include <errno.h>
#include <stdlib.h>

#include "apparmor.h"
#include "cleanup.h"

#define EXEC_BITS (APPARMOR_EXEC | APPARMOR_EXEC << APPARMOR_OTHER_SHIFT)

/*
 * What the lines mean for one access: what the parser makes of priorities, denies and audits. Two
 * ways to go on after an exec are an error to it, even where the exec is denied.
 */
struct meaning {
	int priority[APPARMOR_BITS];
	uint8_t allow, deny, audit;
	struct meant_target {
		bool any, literal, mixed;
		uint16_t class;
	} targets[2]; /* of the owner's exec, and of others' */
};

static void mean_target(struct meant_target *target, const struct apparmor_line *line)
{
	bool first = !target->any || (line->literal && !target->literal);

	if (!first && target->literal && !line->literal)
		return;
	target->mixed = !first && (target->mixed || target->class != line->target);
	target->any = true;
	target->literal = line->literal;
	target->class = line->target;
}

static void mean_bit(struct meaning *meaning, unsigned i, const struct apparmor_line *line)
{
	uint8_t bit = (uint8_t)(1u << i);
	struct meant_target *target = &meaning->targets[i / APPARMOR_OTHER_SHIFT];

	if (line->priority < meaning->priority[i])
		return;
	if (line->priority > meaning->priority[i]) {
		meaning->priority[i] = line->priority;
		meaning->allow &= (uint8_t)~bit;
		meaning->deny &= (uint8_t)~bit;
		meaning->audit &= (uint8_t)~bit;
		if (bit & EXEC_BITS)
			*target = (struct meant_target){ 0 };
	}
	meaning->allow |= line->deny ? 0 : bit;
	meaning->deny |= line->deny ? bit : 0;
	meaning->audit |= line->audit ? bit : 0;
	if (!line->deny && bit & EXEC_BITS)
		mean_target(target, line);
}

static void mean_add(struct meaning *meaning, const struct apparmor_line *line)
{
	for (unsigned i = 0; i < APPARMOR_BITS; i++)
		if (line->perms & 1u << i)
			mean_bit(meaning, i, line);
}

/* Lines sorted by what they are about, so that a kind of path finds its own. */
struct lookup {
	const struct apparmor_line **by_id, **by_accept;
	size_t n_ids, n_accepts, *id_starts, *accept_starts;
};

/* Whether an exec leads where it should, if it is allowed; two places are none. */
static bool leads_there(const struct apparmor_effect *effect, const struct meaning *meaning)
{
	for (size_t i = 0; i < ARRAY_SIZE(meaning->targets); i++) {
		const struct meant_target *target = &meaning->targets[i];
		uint8_t bit = (uint8_t)(APPARMOR_EXEC << i * APPARMOR_OTHER_SHIFT);

		if (target->mixed ||
		    (effect->allow & meaning->allow & bit && target->class != effect->target))
			return false;
	}
	return true;
}

static bool means_the_same(const struct apparmor_effect *effect, const struct meaning *meaning)
{
	return meaning->allow == effect->allow && meaning->audit == effect->audit &&
	       leads_there(effect, meaning);
}

static int starts_make(const struct apparmor_section *s, enum apparmor_about about, size_t n,
		       size_t **starts, const struct apparmor_line ***lines)
{
	size_t *at = calloc(n + 2, sizeof(*at));
	const struct apparmor_line **ret = calloc(s->n_lines + 1, sizeof(*ret));

	*starts = at;
	*lines = ret;
	if (!at || !ret)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_lines; i++)
		if (s->lines[i].about == about)
			at[s->lines[i].id + 2]++;
	for (size_t i = 2; i < n + 2; i++)
		at[i] += at[i - 1];
	for (size_t i = 0; i < s->n_lines; i++)
		if (s->lines[i].about == about)
			ret[at[s->lines[i].id + 1]++] = &s->lines[i];
	return 0;
}

static void lookup_done(struct lookup *lookup)
{
	free(lookup->by_id);
	free(lookup->by_accept);
	free(lookup->id_starts);
	free(lookup->accept_starts);
}

static int lookup_make(struct lookup *lookup, const struct apparmor_section *s)
{
	int r = starts_make(s, APPARMOR_ABOUT_ID, s->n + s->n_sources, &lookup->id_starts,
			    &lookup->by_id);

	return r ? r
		 : starts_make(s, APPARMOR_ABOUT_ACCEPT, s->automaton->n_accepts,
			       &lookup->accept_starts, &lookup->by_accept);
}

static struct meaning accept_meaning(const struct apparmor_section *s, const struct lookup *lookup,
				     uint32_t accept)
{
	const struct automaton_accept *set = &s->automaton->accepts[accept];
	struct meaning ret = { 0 };

	for (unsigned i = 0; i < APPARMOR_BITS; i++)
		ret.priority[i] = -1;
	if (s->n_lines && s->lines[0].about == APPARMOR_ABOUT_ALL)
		mean_add(&ret, &s->lines[0]);
	for (size_t i = 0; i < set->n; i++)
		for (size_t j = lookup->id_starts[set->ids[i]];
		     j < lookup->id_starts[set->ids[i] + 1]; j++)
			mean_add(&ret, lookup->by_id[j]);
	for (size_t j = lookup->accept_starts[accept]; j < lookup->accept_starts[accept + 1]; j++)
		mean_add(&ret, lookup->by_accept[j]);
	ret.allow &= (uint8_t)~ret.deny;
	ret.audit &= ret.allow;
	return ret;
}

int apparmor_compare(struct apparmor_section *s, uint32_t *scratch, bool *broken, size_t *ret)
{
	_cleanup_(lookup_done) struct lookup lookup = { 0 };
	int r = lookup_make(&lookup, s);

	*ret = 0;
	for (uint32_t i = 0; r == 0 && i < s->automaton->n_accepts; i++) {
		struct apparmor_effect effect = apparmor_expect(s, i, scratch);
		struct meaning meaning = accept_meaning(s, &lookup, i);
		size_t n;

		if (means_the_same(&effect, &meaning))
			continue;
		++*ret;
		s->lost_sources |= broken && s->targets && !leads_there(&effect, &meaning);
		n = broken ? apparmor_accept_rules(s, i, scratch) : 0;
		for (size_t j = 0; j < n; j++)
			broken[scratch[j]] = true;
	}
	return r;
}
