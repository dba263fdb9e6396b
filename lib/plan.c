/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See <karmor/plan.h>. Each backend's report on the whole rulesets says how it would keep each
 * section; then each gets rulesets of the sections that are its own, and what is reported is what
 * it says of those.
 */
#include "plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "diag.h"
#include "sized.h"

DEFINE_CLEANUP(report, struct karmor_report, karmor_report_free)
DEFINE_CLEANUP(artifact, struct karmor_artifact, karmor_artifact_free)
DEFINE_CLEANUP(plan, struct karmor_plan, karmor_plan_free)

/* Where a line of the plan's report is. */
struct line {
	uint8_t part;
	size_t at;
};

struct karmor_plan {
	struct plan_artifact artifact;
	struct karmor_report *reports[KARMOR_PLAN_BACKENDS_MAX]; /* by part */
	struct line *lines;
	size_t n_lines;
};

/* How many of a section's rules a backend does not keep as they are written, the worst first, and
 * in how many ways. */
struct score {
	size_t unsupported, narrower, approximated, holes, reasons;
};

/* Under way; a candidate is a place in the caller's order. */
struct planner {
	const struct karmor_ruleset *const *sets;
	size_t n;
	const struct karmor_caps *const *caps;
	size_t n_caps;
	struct score (*best)[PLAN_SECTIONS];
	uint8_t (*candidates)[PLAN_SECTIONS]; /* by ruleset and section: who is best */
	bool any;			      /* some backend could compile the whole */
	bool all;			      /* each backend has a part, be it without rules */
	const struct plan_artifact *live;     /* what the plan will follow upon, or NULL */
	/* Rulesets that are not as they are in that already, and which of all they are. */
	const struct karmor_ruleset **fresh;
	size_t *places, n_fresh;
	struct karmor_plan *plan;
	struct karmor_diag *diag;
};

int plan_check_caps(const struct karmor_caps *const *caps, size_t n, struct karmor_diag *diag)
{
	if (!n || n > KARMOR_PLAN_BACKENDS_MAX) {
		diag_error(diag, NULL, NULL, "a plan is for 1 to %d backends, not %zu",
			   KARMOR_PLAN_BACKENDS_MAX, n);
		return -EINVAL;
	}
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			if (caps[i]->backend == caps[j]->backend) {
				diag_error(diag, NULL, "name each backend once",
					   "\"%s\" is in the plan twice", caps[i]->backend->name);
				return -EINVAL;
			}
	return 0;
}

/* "; " parts them; @holes: but those that say that it is kept wider. */
static size_t reasons_count(const char *reason, bool holes)
{
	size_t n = 0;

	for (const char *at = reason; at;) {
		n += !holes || strncmp(at, "wider: ", 7) != 0;
		at = strstr(at, "; ");
		at = at ? at + 2 : NULL;
	}
	return n;
}

static void score_add(struct score *score, const struct karmor_report_line *line)
{
	score->unsupported += line->fidelity == KARMOR_UNSUPPORTED;
	score->narrower += line->narrower;
	score->approximated += line->fidelity == KARMOR_APPROXIMATED;
	if (line->fidelity != KARMOR_APPROXIMATED)
		return;
	score->holes += reasons_count(line->reason, true);
	score->reasons += reasons_count(line->reason, false);
}

static bool is_better(const struct score *a, const struct score *b)
{
	if (a->unsupported != b->unsupported)
		return a->unsupported < b->unsupported;
	if (a->narrower != b->narrower)
		return a->narrower < b->narrower;
	if (a->approximated != b->approximated)
		return a->approximated < b->approximated;
	if (a->holes != b->holes)
		return a->holes < b->holes;
	return a->reasons < b->reasons;
}

/* What the report says of each section of @set, whose first line is @at; the next one's. */
static size_t score_set(const struct karmor_ruleset *set, const struct karmor_report *report,
			size_t at, struct score ret[PLAN_SECTIONS])
{
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);

	for (size_t j = 0; j < set->n_rules && karmor_report_at(report, at, &line) == 0; j++, at++)
		score_add(&ret[set->rules[j].ir->section], &line);
	return at;
}

/* Gives a candidate the sections that it keeps better than all before it. */
static void compare(struct planner *planner, size_t candidate, const struct karmor_report *report)
{
	size_t at = 0;

	for (size_t i = 0; i < planner->n_fresh; i++) {
		struct score scores[PLAN_SECTIONS] = { 0 };

		at = score_set(planner->fresh[i], report, at, scores);
		for (size_t section = 0; section < PLAN_SECTIONS; section++) {
			if (planner->any &&
			    !is_better(&scores[section], &planner->best[i][section]))
				continue;
			planner->best[i][section] = scores[section];
			planner->candidates[planner->places[i]][section] = (uint8_t)candidate;
		}
	}
	planner->any = true;
}

/* Whether the best there is leaves nothing to wish for. */
static bool is_kept(const struct planner *planner)
{
	for (size_t i = 0; planner->any && i < planner->n_fresh; i++)
		for (size_t section = 0; section < PLAN_SECTIONS; section++)
			if (planner->best[i][section].unsupported ||
			    planner->best[i][section].approximated)
				return false;
	return planner->any;
}

/* A candidate that cannot compile the whole is none; the last to fail says why where all do. */
static int try_candidate(struct planner *planner, size_t candidate)
{
	_cleanup_(cleanup_artifact) struct karmor_artifact *artifact = NULL;
	_cleanup_(cleanup_report) struct karmor_report *report = NULL;
	bool last = candidate + 1 == planner->n_caps && !planner->any;
	int r = karmor_compile(planner->fresh, planner->n_fresh, planner->caps[candidate],
			       &artifact, &report, last ? planner->diag : NULL);

	if (r == -EINVAL && !last)
		return 0;
	if (r == 0)
		compare(planner, candidate, report);
	return r;
}

/* A part's place in what is in force is the candidate's. */
static void fresh_find(struct planner *planner)
{
	for (size_t i = 0; i < planner->n; i++) {
		if (planner->live && artifact_has(&planner->live->base, i, planner->sets[i])) {
			memcpy(planner->candidates[i], planner->live->keepers[i],
			       sizeof(planner->candidates[i]));
			continue;
		}
		planner->fresh[planner->n_fresh] = planner->sets[i];
		planner->places[planner->n_fresh++] = i;
	}
}

static int choose(struct planner *planner)
{
	int r = 0;

	planner->best = calloc(planner->n + 1, sizeof(*planner->best));
	planner->candidates = calloc(planner->n + 1, sizeof(*planner->candidates));
	planner->fresh = calloc(planner->n + 1, sizeof(*planner->fresh));
	planner->places = calloc(planner->n + 1, sizeof(*planner->places));
	if (!planner->best || !planner->candidates || !planner->fresh || !planner->places)
		return -ENOMEM;
	fresh_find(planner);
	if (planner->live && !planner->n_fresh)
		return 0;
	for (size_t i = 0; r == 0 && i < planner->n_caps && !is_kept(planner); i++)
		r = try_candidate(planner, i);
	return r;
}

/* The ruleset with those sections alone; its strings are the ruleset's. */
static int set_part(const struct karmor_ruleset *set, const bool takes[PLAN_SECTIONS],
		    struct karmor_ruleset **ret)
{
	struct karmor_ruleset *part = calloc(1, sizeof(*part));

	*ret = part;
	if (!part)
		return -ENOMEM;
	part->rules = arena_array(&part->arena, set->n_rules + 1, sizeof(*part->rules));
	if (!part->rules)
		return -ENOMEM;
	part->mark = mark_hold(set->mark);
	part->n_policies = set->n_policies;
	part->host = set->host;
	part->ahead = set->ahead;
	part->no_new_privs = set->no_new_privs;
	part->root = set->root;
	memcpy(part->posture, set->posture, sizeof(part->posture));
	for (size_t i = 0; i < set->n_rules; i++) {
		enum karmor_section section = set->rules[i].ir->section;

		if (!takes[section])
			continue;
		if (!part->sections[section].n++)
			part->sections[section].first = part->n_rules;
		part->rules[part->n_rules++] = set->rules[i];
		part->allow_list[section] = set->allow_list[section];
	}
	return 0;
}

static bool keeps_something(const struct planner *planner, uint8_t candidate)
{
	for (size_t i = 0; i < planner->n; i++)
		for (size_t j = 0; j < planner->sets[i]->n_rules; j++)
			if (planner->candidates[i][planner->sets[i]->rules[j].ir->section] ==
			    candidate)
				return true;
	return false;
}

static void sets_free(struct karmor_ruleset **sets, size_t n)
{
	for (size_t i = 0; sets && i < n; i++)
		karmor_ruleset_free(sets[i]);
	free(sets);
}

/* Whether the part at @at has the section in what the plan follows upon. */
static bool had(const struct planner *planner, size_t at, size_t set, size_t section)
{
	return planner->live && set < planner->live->base.n_rulesets &&
	       planner->live->keepers[set][section] == at;
}

/*
 * What @candidate compiles: its own sections, and of a bridge those that it had as well. Of a
 * ruleset that is in force the sections that it has there are its own.
 */
static int part_compile(const struct planner *planner, uint8_t candidate, bool is_bridge,
			struct karmor_artifact **ret, struct karmor_report **report)
{
	struct karmor_ruleset **sets = calloc(planner->n + 1, sizeof(*sets));
	const struct karmor_artifact *previous =
		planner->live ? planner->live->parts[candidate] : NULL;
	int r = sets ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < planner->n; i++) {
		bool takes[PLAN_SECTIONS];

		for (size_t section = 0; section < PLAN_SECTIONS; section++)
			takes[section] = planner->candidates[i][section] == candidate ||
					 (is_bridge && had(planner, candidate, i, section));
		r = set_part(planner->sets[i], takes, &sets[i]);
	}
	if (r == 0)
		r = karmor_compile_next(previous, (const struct karmor_ruleset *const *)sets,
					planner->n, planner->caps[candidate], ret, report,
					planner->diag);
	sets_free(sets, planner->n);
	return r;
}

/* A section without rules is nobody's. */
static void keepers_note(struct planner *planner, uint8_t candidate, uint8_t part)
{
	for (size_t i = 0; i < planner->n; i++)
		for (size_t j = 0; j < planner->sets[i]->n_rules; j++) {
			enum karmor_section section = planner->sets[i]->rules[j].ir->section;

			if (planner->candidates[i][section] == candidate)
				planner->plan->artifact.keepers[i][section] = part;
		}
}

static int part_make(struct planner *planner, uint8_t candidate)
{
	struct plan_artifact *artifact = &planner->plan->artifact;
	size_t at = artifact->n_parts;
	int r = part_compile(planner, candidate, false, &artifact->parts[at],
			     &planner->plan->reports[at]);

	if (r)
		return r;
	artifact->n_parts++;
	keepers_note(planner, candidate, (uint8_t)at);
	return 0;
}

/* Whether the part has something in force that is another's from now on. */
static bool loses(const struct planner *planner, size_t at)
{
	const struct plan_artifact *artifact = &planner->plan->artifact;

	for (size_t i = 0; i < planner->n; i++)
		for (size_t section = 0; section < PLAN_SECTIONS; section++)
			if (had(planner, at, i, section) && artifact->keepers[i][section] != at &&
			    artifact->keepers[i][section] != PLAN_NOBODY)
				return true;
	return false;
}

/* Where all have a part, a part's place is the candidate's. */
static int bridges_make(struct planner *planner)
{
	struct plan_artifact *artifact = &planner->plan->artifact;
	int r = 0;

	for (size_t i = 0; r == 0 && planner->all && i < artifact->n_parts; i++) {
		_cleanup_(cleanup_report) struct karmor_report *report = NULL;

		if (loses(planner, i))
			r = part_compile(planner, (uint8_t)i, true, &artifact->bridges[i], &report);
	}
	return r;
}

/* Where there is no rule at all, the first candidate has it. */
static int parts_make(struct planner *planner)
{
	struct plan_artifact *artifact = &planner->plan->artifact;
	int r = 0;

	artifact->base = (struct karmor_artifact){
		.backend = &plan_backend,
		.n_rulesets = planner->n,
		.marks = artifact_marks(planner->sets, planner->n),
	};
	artifact->keepers = calloc(planner->n + 1, sizeof(*artifact->keepers));
	if (!artifact->base.marks || !artifact->keepers)
		return -ENOMEM;
	memset(artifact->keepers, PLAN_NOBODY, planner->n * sizeof(*artifact->keepers));
	for (size_t i = 0; r == 0 && i < planner->n_caps; i++)
		if (planner->all || keeps_something(planner, (uint8_t)i))
			r = part_make(planner, (uint8_t)i);
	if (r == 0 && !artifact->n_parts)
		r = part_make(planner, planner->n ? planner->candidates[0][0] : 0);
	return r;
}

/* Each part's report has its rules in the order that they have in the whole. */
static int lines_make(struct planner *planner)
{
	size_t at[KARMOR_PLAN_BACKENDS_MAX] = { 0 }, n = 0;
	struct karmor_plan *plan = planner->plan;

	for (size_t i = 0; i < planner->n_fresh; i++)
		n += planner->fresh[i]->n_rules;
	plan->lines = calloc(n + 1, sizeof(*plan->lines));
	if (!plan->lines)
		return -ENOMEM;
	for (size_t i = 0; i < planner->n_fresh; i++)
		for (size_t j = 0; j < planner->fresh[i]->n_rules; j++) {
			enum karmor_section section = planner->fresh[i]->rules[j].ir->section;
			uint8_t part = plan->artifact.keepers[planner->places[i]][section];

			plan->lines[plan->n_lines++] = (struct line){ part, at[part]++ };
		}
	return 0;
}

static int plan_make(struct planner *planner, struct karmor_plan **ret)
{
	_cleanup_(cleanup_plan) struct karmor_plan *plan = calloc(1, sizeof(*plan));
	int r = plan ? plan_check_caps(planner->caps, planner->n_caps, planner->diag) : -ENOMEM;

	planner->plan = plan;
	if (r == 0)
		r = choose(planner);
	if (r == 0)
		r = parts_make(planner);
	if (r == 0)
		r = bridges_make(planner);
	if (r == 0)
		r = lines_make(planner);
	free(planner->best);
	free(planner->candidates);
	free(planner->fresh);
	free(planner->places);
	if (r == 0)
		*ret = TAKE_PTR(plan);
	return r;
}

int karmor_plan_new(const struct karmor_ruleset *const *sets, size_t n,
		    const struct karmor_caps *const *caps, size_t n_caps, struct karmor_plan **ret,
		    struct karmor_diag *diag)
{
	struct planner planner = {
		.sets = sets, .n = n, .caps = caps, .n_caps = n_caps, .diag = diag
	};

	return plan_make(&planner, ret);
}

int karmor_plan_next(const struct karmor_engine *engine, const struct karmor_ruleset *const *sets,
		     size_t n, const struct karmor_caps *const *caps, size_t n_caps,
		     struct karmor_plan **ret, struct karmor_diag *diag)
{
	struct planner planner = {
		.sets = sets, .n = n, .caps = caps, .n_caps = n_caps, .diag = diag
	};

	planner.live = plan_engine_live(engine, &planner.all);
	return planner.all ? plan_make(&planner, ret) : -EINVAL;
}

void karmor_plan_free(struct karmor_plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < KARMOR_PLAN_BACKENDS_MAX; i++) {
		karmor_artifact_free(plan->artifact.parts[i]);
		karmor_artifact_free(plan->artifact.bridges[i]);
		karmor_report_free(plan->reports[i]);
	}
	artifact_marks_free(plan->artifact.base.marks, plan->artifact.base.n_rulesets);
	free(plan->artifact.keepers);
	free(plan->lines);
	free(plan);
}

const struct karmor_backend *karmor_plan_backend(const struct karmor_plan *plan, size_t i)
{
	return i < plan->artifact.n_parts ? plan->artifact.parts[i]->backend : NULL;
}

const struct karmor_artifact *karmor_plan_artifact(const struct karmor_plan *plan)
{
	return &plan->artifact.base;
}

int karmor_plan_at(const struct karmor_plan *plan, size_t i, struct karmor_report_line *ret,
		   const struct karmor_backend **keeper)
{
	if (i >= plan->n_lines)
		return -ENOENT;
	*keeper = karmor_plan_backend(plan, plan->lines[i].part);
	return karmor_report_at(plan->reports[plan->lines[i].part], plan->lines[i].at, ret);
}
