/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two rulesets over the space of accesses that both together tell apart (space.h). The space finds
 * the candidates; what is told of each is what the evaluator says to it.
 */
#include <karmor/diff.h>

#include <errno.h>

#include "diag.h"
#include "pool.h"
#include "space.h"

struct diff {
	const struct karmor_ruleset *sets[2];
	karmor_change_fn *fn;
	void *data;
	struct karmor_diag *diag;
	struct pool outcomes;
};

/* Whether this outcome was told before; notes it. 0, 1 or an error. */
static int is_told(struct diff *diff, const struct space_point *point)
{
	uint32_t key[5] = { point->about.op }, known = (uint32_t)diff->outcomes.n_slices, number;
	int r;

	for (size_t i = 0; i < 2; i++) {
		const struct eval_verdict *verdict = &point->verdicts[i];

		key[1 + 2 * i] = verdict->action;
		key[2 + 2 * i] = verdict->rule
					 ? (uint32_t)(verdict->rule - diff->sets[i]->rules) + 2
					 : verdict->posture;
	}
	r = pool_find(&diff->outcomes, key, 5, &number);
	return r < 0 ? r : number < known;
}

static int tell(struct diff *diff, const struct space_point *point)
{
	struct karmor_change change =
		KARMOR_STRUCT(karmor_change, .before = KARMOR_STRUCT(karmor_verdict),
			      .after = KARMOR_STRUCT(karmor_verdict));
	int r;

	change.access = KARMOR_STRUCT(karmor_access, .op = point->about.op, .object = point->object,
				      .source = point->source, .not_owner = !point->about.owner);
	r = karmor_ruleset_eval(diff->sets[0], &change.access, &change.before, diff->diag);
	if (r == 0)
		r = karmor_ruleset_eval(diff->sets[1], &change.access, &change.after, diff->diag);
	if (r < 0)
		return r;
	if (change.before.action == point->verdicts[0].action &&
	    change.after.action == point->verdicts[1].action)
		return diff->fn(&change, diff->data);
	diag_error(diff->diag, NULL, NULL, "the evaluator and the automaton differ about \"%s\"",
		   point->object);
	return -EIO;
}

static int look(const struct space_point *point, void *data)
{
	struct diff *diff = data;
	int r;

	if (point->verdicts[0].action == point->verdicts[1].action)
		return 0;
	r = is_told(diff, point);
	if (r < 0)
		return r;
	return r ? 0 : tell(diff, point);
}

static int diff_section(struct diff *diff, enum karmor_section section)
{
	struct space *space;
	int r = space_new(diff->sets, 2, section, &space, diff->diag);

	if (r < 0)
		return r;
	r = space_walk(space, look, diff, diff->diag);
	space_free(space);
	return r;
}

int karmor_ruleset_diff(const struct karmor_ruleset *before, const struct karmor_ruleset *after,
			karmor_change_fn *fn, void *data, struct karmor_diag *diag)
{
	struct diff diff = {
		.sets = { before, after },
		.fn = fn,
		.data = data,
		.diag = diag,
		.outcomes = { .slices_max = SPACE_POINTS_MAX, .numbers_max = 5 * SPACE_POINTS_MAX },
	};
	int r = 0;

	if (before->root || after->root) {
		diag_error(diag, NULL, "make them without a root",
			   "rulesets are compared by the names that stand in their policies");
		return -EINVAL;
	}
	for (int section = KARMOR_PROCESS; r == 0 && section <= KARMOR_SYSCALLS; section++)
		r = diff_section(&diff, (enum karmor_section)section);
	pool_done(&diff.outcomes);
	return r;
}
