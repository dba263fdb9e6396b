/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modules into the kernel, and roles on files. The module comes first: what it calls a file by is
 * only then valid, and until the file has it, it is as it was. What files and tasks have from the
 * module before is in the new one (retire.c). One is loaded when there is somebody for it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "diag.h"
#include "engine.h"
#include "guard.h"
#include "state.h"
#include "store.h"
#include "trees.h"

static int rulesets_check(const struct selinux_engine *engine, size_t n, struct karmor_diag *diag)
{
	for (size_t i = 0; i < engine->n_workloads; i++)
		if (engine->workloads[i].ruleset != SELINUX_NO_RULESET &&
		    engine->workloads[i].ruleset >= n) {
			diag_error(diag, NULL, NULL, "no ruleset %zu for workload \"%s\"",
				   engine->workloads[i].ruleset, engine->workloads[i].name);
			return -EINVAL;
		}
	return 0;
}

int selinux_stage(struct karmor_engine *base, const struct karmor_artifact *artifact,
		  struct karmor_diag *diag)
{
	struct selinux_engine *engine = (struct selinux_engine *)base;
	int r;

	selinux_abort(base);
	r = rulesets_check(engine, artifact->n_rulesets, diag);
	if (r)
		return r;
	engine->staged = (const struct selinux_artifact *)artifact;
	if (!engine->staged->digest) {
		diag_error(diag, NULL, "compile for what karmor_caps_probe() finds",
			   "selinux: these policies were compiled for karmor's own small policy, "
			   "not for this machine's");
		return -EINVAL;
	}
	return 0;
}

void selinux_abort(struct karmor_engine *base)
{
	struct selinux_engine *engine = (struct selinux_engine *)base;

	engine->staged = NULL;
	engine->n_retired = engine->n_spares = engine->n_files = 0;
	selinux_loaded_free(&engine->made);
	buf_reset(&engine->module);
}

static int unreadable(struct karmor_diag *diag, const char *path, int error)
{
	diag_error(diag, NULL, NULL, "selinux: cannot read %s: %s", path, strerror(-error));
	return error == -ENOMEM ? error : -EIO;
}

/*
 * Whether the module is made for the policy that it will be part of: the one that runs, or, where a
 * module is in that already, the one that was kept before it came.
 */
static int base_check(struct selinux_engine *engine, bool keep, struct karmor_diag *diag)
{
	const char *path = engine->has_module ? SELINUX_STATE_BASE : SELINUX_POLICY;
	_cleanup_buf_ struct buf policy = { 0 };
	char digest[SELINUX_DIGEST_SIZE];
	int r;

	/* It is ours alone to write. */
	if (engine->has_module && strcmp(engine->kept_base, engine->staged->digest) == 0)
		return 0;
	r = selinux_file_read(path, &policy);
	if (r)
		return unreadable(diag, path, r);
	selinux_digest(policy.data, policy.len, digest);
	if (strcmp(digest, engine->staged->digest) != 0) {
		diag_error(
			diag, NULL, "try again",
			"selinux: the machine's policy changed since these were compiled for it");
		return -EINVAL;
	}
	if (!engine->has_module && keep)
		r = selinux_state_write(SELINUX_STATE_BASE, policy.data, policy.len, diag);
	if (r == 0 && (engine->has_module || keep))
		strcpy(engine->kept_base, digest);
	return r;
}

/* What was written down is no more. */
static void state_remove(struct selinux_engine *engine)
{
	selinux_state_remove();
	buf_done(&engine->kept);
}

/* The module that was there before; none: nothing. */
static void module_put_back(struct selinux_engine *engine, struct karmor_diag *diag)
{
	const struct buf *old = &engine->live_module;
	int r = engine->has_module
			? old->len ? selinux_store_install(old->data, old->len, engine->lock, diag)
				   : -ENOENT
			: selinux_store_remove(engine->lock, diag);

	if (r) {
		diag_error(diag, NULL, NULL,
			   "selinux: the module of these policies stays in the store");
		buf_reset(&engine->live_module);
		*engine->live_digest = '\0';
		/* What is loaded is not known. */
		selinux_loaded_free(&engine->loaded);
	}
}

void selinux_keep_back(struct selinux_engine *engine)
{
	if (engine->has_module)
		(void)!selinux_keep(engine, true, NULL);
	else if (selinux_store_has() == 0)
		state_remove(engine);
}

/* What is there already takes no time. */
static int module_load(struct selinux_engine *engine, struct karmor_diag *diag)
{
	int r;

	if (engine->is_covered)
		return 0;
	r = selinux_store_install(engine->module.data, engine->module.len, engine->lock, diag);
	if (r == 0)
		return 0;
	/* Where the store took it and the kernel did not, the store has it. */
	if (r != -EAGAIN && (engine->has_module || selinux_store_has() != 0))
		module_put_back(engine, diag);
	return r == -ENOMEM || r == -EAGAIN ? r : -EIO;
}

/* Rules that nobody knows any more must not be lost to tasks that are under them. */
static int unknown_check(struct selinux_engine *engine, struct karmor_diag *diag)
{
	for (size_t i = engine->n_workloads; i-- > 0;) {
		struct selinux_workload *workload = &engine->workloads[i];

		if (workload->ruleset != SELINUX_NO_RULESET)
			continue;
		if (selinux_workload_tasks(workload) != 0) {
			diag_error(diag, NULL,
				   "take over all with karmor_engine_expect(), or end it",
				   "selinux: workload \"%s\" is under rules that an engine before "
				   "applied, and no others can be beside them",
				   workload->name);
			return -EBUSY;
		}
		selinux_workload_drop(engine, workload);
	}
	return 0;
}

/* What the staged module is to have beside what was compiled, with spare roles or without. */
static struct selinux_extra extra_of(const struct selinux_engine *engine)
{
	return (struct selinux_extra){ .retired = engine->retired,
				       .n_retired = engine->n_retired,
				       .spares = engine->spares,
				       .n_spares = engine->n_spares,
				       .files = engine->files,
				       .n_files = engine->n_files };
}

/* The text of a module, and what it is good for. */
static int module_write(struct selinux_engine *engine, struct karmor_diag *diag)
{
	struct selinux_extra extra;
	int r = selinux_retire(engine, diag);

	if (r)
		return r;
	selinux_spares(engine);
	extra = extra_of(engine);
	selinux_loaded_free(&engine->made);
	r = selinux_loaded_make(&engine->made, engine->staged, &extra);
	if (r)
		return r;
	buf_reset(&engine->module);
	selinux_write(&engine->module, engine->staged, &extra);
	return buf_failed(&engine->module) ? -ENOMEM : 0;
}

/* A module, where the one that is loaded will not do. */
static int module_make(struct selinux_engine *engine, struct karmor_diag *diag)
{
	int r = unknown_check(engine, diag);

	r = r ? r : selinux_numbers(engine, engine->staged, diag);
	if (r == 0 && engine->has_module && engine->live_module.len)
		r = selinux_covers(engine, engine->staged);
	if (r < 0)
		return r;
	engine->is_covered = r;
	if (!engine->is_covered)
		selinux_slots_name(engine);
	return engine->is_covered ? 0 : module_write(engine, diag);
}

/* The module is in the kernel, and labels are for it. Whether that is to be written down. */
static bool module_become(struct selinux_engine *engine)
{
	engine->live = engine->staged;
	engine->is_loaded = engine->has_module = true;
	if (engine->is_covered)
		return selinux_slots_given(&engine->loaded, engine->live);
	buf_done(&engine->live_module);
	engine->live_module = engine->module;
	*engine->live_digest = '\0';
	engine->module = (struct buf){ 0 };
	selinux_loaded_free(&engine->loaded);
	engine->loaded = engine->made;
	engine->made = (struct selinux_loaded){ 0 };
	return true;
}

/* What has its labels: with another module nothing has, nor where labels have other roles. */
static const struct selinux_trees *settled_of(const struct selinux_engine *engine)
{
	return engine->is_loaded && engine->is_covered && !engine->is_behind &&
			       !selinux_slots_moved(&engine->loaded, engine->staged)
		       ? &engine->labelled
		       : NULL;
}

static int commit_staged(struct selinux_engine *engine, struct karmor_diag *diag)
{
	_cleanup_(selinux_trees_close) struct selinux_trees trees = { 0 };
	bool is_new;
	int r = module_make(engine, diag);

	r = r ? r : base_check(engine, true, diag);
	r = r ? r : selinux_trees_open(&trees, engine->staged, settled_of(engine), diag);
	r = r ? r : selinux_remember(engine, engine->staged);
	if (r == 0 && (!engine->is_covered || engine->is_unkept))
		r = selinux_keep(engine, engine->is_covered, diag);
	r = r ? r : module_load(engine, diag);
	if (r)
		return r;
	/* Before rules about what is above them have a role there; and some may be new. */
	selinux_guard(true, diag);
	r = selinux_files_label(engine, &trees, diag);
	if (r) {
		/* Nobody starts by what was loaded until labels were set again. */
		selinux_loaded_free(&engine->loaded);
		if (!engine->is_covered)
			module_put_back(engine, diag);
		return r == -EINVAL || r == -EOPNOTSUPP ? -EIO : r;
	}
	is_new = module_become(engine);
	selinux_trees_close(&engine->labelled);
	engine->labelled = trees;
	selinux_trees_keep(&engine->labelled);
	trees = (struct selinux_trees){ 0 };
	selinux_retire_live(engine);
	/* Who attaches writes down the rest. What is in force is in force: where it cannot be
	 * written, who comes next may have to load it once more. */
	if (is_new)
		(void)!selinux_keep(engine, true, diag);
	return 0;
}

/* What an artifact's rulesets and labels are called. */
struct called {
	uint32_t *numbers;
	char (*names)[SELINUX_ID_SIZE];
};

static void called_done(struct called *called)
{
	free(called->numbers);
	free(called->names);
}

static int called_save(struct called *ret, const struct selinux_artifact *a)
{
	ret->numbers = calloc(a->base.n_rulesets + 1, sizeof(*ret->numbers));
	ret->names = calloc(a->n_labels + 1, sizeof(*ret->names));
	if (!ret->numbers || !ret->names)
		return -ENOMEM;
	memcpy(ret->numbers, a->numbers, a->base.n_rulesets * sizeof(*ret->numbers));
	for (size_t i = 0; i < a->n_labels; i++)
		memcpy(ret->names[i], a->labels[i].name, sizeof(ret->names[i]));
	return 0;
}

static void called_put_back(const struct called *called, const struct selinux_artifact *a)
{
	memcpy(a->numbers, called->numbers, a->base.n_rulesets * sizeof(*called->numbers));
	for (size_t i = 0; i < a->n_labels; i++)
		memcpy(a->labels[i].name, called->names[i], sizeof(called->names[i]));
}

/* Where it fails, roles on files and tasks are what they were, and what was not given is to spare
 * again. */
static int commit(struct selinux_engine *engine, struct karmor_diag *diag)
{
	_cleanup_(called_done) struct called called = { 0 };
	size_t n_before = engine->n_before;
	int r = called_save(&called, engine->staged);

	if (r)
		return r;
	r = commit_staged(engine, diag);
	if (r == 0)
		return 0;
	if (r == -EAGAIN)
		selinux_before_cut(engine, n_before);
	called_put_back(&called, engine->staged);
	if (engine->is_loaded && selinux_remember(engine, engine->live) == 0)
		selinux_retire_live(engine);
	if (engine->is_loaded && selinux_files_watch(engine) < 0)
		engine->is_behind = true;
	return r;
}

/* Whether there is somebody for whom a module would be, or may be. */
static bool is_wanted(const struct selinux_engine *engine)
{
	for (size_t i = 0; i < engine->n_workloads; i++)
		if (engine->workloads[i].ruleset != SELINUX_NO_RULESET)
			return true;
	return selinux_has_ahead(engine->staged);
}

int selinux_commit(struct karmor_engine *base, struct karmor_diag *diag)
{
	struct selinux_engine *engine = (struct selinux_engine *)base;
	int r = base_check(engine, false, diag);

	if (r)
		return r;
	r = is_wanted(engine) ? commit(engine, diag) : 0;
	if (r) {
		selinux_keep_back(engine);
		return r;
	}
	engine->is_loaded &= engine->live == engine->staged;
	engine->live = engine->staged;
	engine->generation++;
	engine->events.generation = engine->generation;
	selinux_abort(base);
	return 0;
}

int selinux_load(struct selinux_engine *engine, struct karmor_diag *diag)
{
	int r;

	engine->staged = engine->live;
	r = commit(engine, diag);
	selinux_abort(&engine->base);
	return r;
}

int selinux_take_back(const struct selinux_engine *engine, struct karmor_diag *diag)
{
	int r = selinux_labels_restore(SELINUX_STATE_JOURNAL, SELINUX_ATTRIBUTE, diag);

	r = r ? r : selinux_store_remove(engine->lock, diag);
	if (r == 0)
		selinux_state_remove();
	return r == 0 || r == -ENOMEM || r == -EPERM ? r : -EIO;
}
