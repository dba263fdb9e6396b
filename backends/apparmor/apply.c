/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles into the kernel: all workloads' new ones are compiled aside and loaded in one write,
 * which the kernel takes as a whole or not at all; running tasks follow at once.
 */
#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "diag.h"
#include "engine.h"
#include "parser.h"
#include "state.h"
#include "store.h"

struct apparmor_names apparmor_workload_names(const struct apparmor_workload *workload,
					      const struct apparmor_ruleset *set)
{
	return (struct apparmor_names){ .name = workload->profile,
					.n = workload->n_profiles,
					.width = workload->width,
					.groups = workload->groups,
					.narrow = set->narrow,
					.tops_end = workload->tops.loaded && set->n_profiles == 1 };
}

/* Each piece by itself, so that the store has those that did not change. */
int apparmor_workload_compile(const struct apparmor_engine *engine,
			      const struct karmor_artifact *artifact,
			      struct apparmor_workload *workload, struct karmor_diag *diag)
{
	const struct apparmor_ruleset *set = apparmor_ruleset_at(artifact, workload->ruleset);
	const struct apparmor_names names = apparmor_workload_names(workload, set);
	int r = 0;

	if (apparmor_groups(set) > names.groups) {
		diag_error(diag, NULL, "start it anew",
			   "workload \"%s\" was started under rules for fewer sources, and cannot "
			   "get %zu kinds of them",
			   workload->name, set->n_profiles - 1);
		return -EINVAL;
	}

	buf_reset(&workload->staged);
	for (size_t i = 0; r == 0 && i < apparmor_pieces(&names); i++) {
		_cleanup_buf_ struct buf text = { 0 };

		apparmor_write_piece(&text, &engine->mediates, set, &names, i);
		r = buf_failed(&text)
			    ? -ENOMEM
			    : store_compile(STORE_DIR, text.data, text.len, PARSER_FEATURES,
					    i > 0 && names.width, &workload->staged, diag);
	}
	if (r == -EINVAL && apparmor_width(set) > names.width)
		diag_note(diag, NULL, "start it anew",
			  "workload \"%s\" runs under a stack of %zu profiles; these rules ask "
			  "for %zu",
			  workload->name, names.width + 1, apparmor_width(set) + 1);
	return r;
}

int apparmor_workload_write(const struct apparmor_engine *engine,
			    const struct apparmor_workload *workload, struct karmor_diag *diag)
{
	const struct apparmor_names names = { .name = workload->profile,
					      .width = workload->width,
					      .groups = workload->groups };
	struct apparmor_state state = { .n_profiles = workload->n_profiles,
					.width = workload->width,
					.groups = workload->groups,
					.tops = apparmor_tops_now(workload) };
	_cleanup_buf_ struct buf label = { 0 };

	apparmor_label(&label, &names, 0);
	if (buf_failed(&label) || label.len >= sizeof(state.label))
		return buf_failed(&label) ? -ENOMEM : -EINVAL;
	strcpy(state.label, label.data);
	if (workload->n_signatures)
		memcpy(state.signatures, workload->signatures,
		       workload->n_signatures * sizeof(*workload->signatures));
	strcpy(state.owner, engine->id);
	strcpy(state.name, workload->lasting ? workload->name : "");
	strcpy(engine->entrance->profile, workload->profile);
	engine->entrance->state = state;
	return state_write(workload->profile, &state, diag);
}

static int check_rulesets(const struct apparmor_engine *engine, size_t n, struct karmor_diag *diag)
{
	for (size_t i = 0; i < engine->n_workloads; i++)
		if (engine->workloads[i].ruleset >= n) {
			diag_error(diag, NULL, NULL, "no ruleset %zu for workload \"%s\"",
				   engine->workloads[i].ruleset, engine->workloads[i].name);
			return -EINVAL;
		}
	return 0;
}

/* Whether the workload gets other rules than it has. */
static bool is_changing(const struct apparmor_engine *engine,
			const struct karmor_artifact *artifact,
			const struct apparmor_workload *workload)
{
	return apparmor_ruleset_at(artifact, workload->ruleset) !=
	       apparmor_ruleset_at(engine->live, workload->ruleset);
}

int apparmor_stage(struct karmor_engine *base, const struct karmor_artifact *artifact,
		   struct karmor_diag *diag)
{
	struct apparmor_engine *engine = (struct apparmor_engine *)base;
	int r;

	apparmor_abort(base);
	apparmor_workloads_yield(engine);
	r = check_rulesets(engine, artifact->n_rulesets, diag);
	if (r)
		return r;
	engine->staged = artifact;
	for (size_t i = 0; r == 0 && i < engine->n_workloads; i++)
		if (is_changing(engine, engine->staged, &engine->workloads[i]))
			r = apparmor_workload_compile(engine, engine->staged, &engine->workloads[i],
						      diag);
	return r;
}

void apparmor_abort(struct karmor_engine *base)
{
	struct apparmor_engine *engine = (struct apparmor_engine *)base;

	engine->staged = NULL;
	for (size_t i = 0; i < engine->n_workloads; i++) {
		buf_done(&engine->workloads[i].staged);
		engine->workloads[i].staged = (struct buf){ 0 };
	}
}

/* One more class may be entered from now on, or another one: that is known before it can be. */
static int workload_grow(struct apparmor_engine *engine, struct apparmor_workload *workload,
			 const struct apparmor_ruleset *set, struct karmor_diag *diag)
{
	int r = apparmor_signatures_set(workload, set->signatures, set->n_profiles);

	if (r < 0 || (r == 0 && set->n_profiles <= workload->n_profiles &&
		      !apparmor_tops_now(workload).loaded))
		return r;
	if (set->n_profiles > workload->n_profiles)
		workload->n_profiles = set->n_profiles;
	return apparmor_workload_write(engine, workload, diag);
}

/* Of a workload that gets other rules, where that is another text. */
static int workload_stage(struct apparmor_engine *engine, struct apparmor_workload *workload,
			  struct buf *binary, struct karmor_diag *diag)
{
	if (!workload->staged.len)
		return 0;
	buf_add(binary, workload->staged.data, workload->staged.len);
	apparmor_tops_loading(workload);
	return workload_grow(engine, workload,
			     apparmor_ruleset_at(engine->staged, workload->ruleset), diag);
}

static int workload_check(struct apparmor_workload *workload, const struct apparmor_ruleset *set,
			  struct karmor_diag *diag)
{
	int r = apparmor_tops_check(workload, set, diag);

	return r ? r : apparmor_classes_check(workload, set, diag);
}

static int changes_check(const struct apparmor_engine *engine, struct karmor_diag *diag)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < engine->n_workloads; i++)
		if (is_changing(engine, engine->staged, &engine->workloads[i]))
			r = workload_check(
				&engine->workloads[i],
				apparmor_ruleset_at(engine->staged, engine->workloads[i].ruleset),
				diag);
	return r;
}

/* What was noted of classes that were not loaded is forgotten. */
static void workloads_restore(struct apparmor_engine *engine)
{
	for (size_t i = 0; i < engine->n_workloads; i++) {
		struct apparmor_workload *workload = &engine->workloads[i];
		const struct apparmor_ruleset *live =
			apparmor_ruleset_at(engine->live, workload->ruleset);
		bool written = apparmor_tops_loaded(workload, false);

		if (apparmor_signatures_set(workload, live->signatures, live->n_profiles) > 0 ||
		    written)
			(void)!apparmor_workload_write(engine, workload, NULL);
	}
}

/* Who has followed is known again; where it cannot be written it counts as having followed. */
static void workloads_settle(struct apparmor_engine *engine)
{
	for (size_t i = 0; i < engine->n_workloads; i++)
		if (apparmor_tops_loaded(&engine->workloads[i], true))
			(void)!apparmor_workload_write(engine, &engine->workloads[i], NULL);
}

/* All workloads that get other rules in one write. */
static int staged_load(struct apparmor_engine *engine, struct karmor_diag *diag)
{
	_cleanup_buf_ struct buf binary = { 0 };
	int r = changes_check(engine, diag);

	if (r)
		return r;
	for (size_t i = 0; r == 0 && i < engine->n_workloads; i++)
		if (is_changing(engine, engine->staged, &engine->workloads[i]))
			r = workload_stage(engine, &engine->workloads[i], &binary, diag);
	if (r == 0 && buf_failed(&binary))
		r = -ENOMEM;
	if (r == 0 && binary.len)
		r = profiles_replace(&binary, diag);
	if (r) {
		workloads_restore(engine);
		return r;
	}
	workloads_settle(engine);
	apparmor_stacks_tell(engine, diag);
	return 0;
}

int apparmor_commit(struct karmor_engine *base, struct karmor_diag *diag)
{
	struct apparmor_engine *engine = (struct apparmor_engine *)base;
	_cleanup_close_ int lock = state_lock(diag);
	int r;

	if (lock < 0)
		return lock;
	apparmor_workloads_yield(engine);
	r = staged_load(engine, diag);
	if (r)
		return r;
	engine->live = engine->staged;
	engine->generation++;
	apparmor_abort(base);
	return 0;
}
