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
#include "labels.h"
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
	} else if (!engine->has_module) {
		state_remove(engine);
	}
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
	if (engine->has_module || selinux_store_has() != 0)
		module_put_back(engine, diag);
	else
		state_remove(engine);
	return r == -ENOMEM ? r : -EIO;
}

/* A walk, and what of it is to be told. */
struct noted {
	struct selinux_walk walk;
	const struct selinux_trees *trees;
	struct buf missed; /* the first executable that is no source for the type that it has */
	struct buf shared; /* the first of which rules say something else by another name */
	size_t n_missed;
	bool has_shared;
};

static bool role_of(const char *path, bool directory, char *role, size_t size, void *data)
{
	struct noted *noted = data;

	if (!noted->walk.role(path, directory, role, size, noted->walk.data))
		return false;
	if (!noted->has_shared && selinux_is_shared(noted->trees, path, directory)) {
		noted->has_shared = true;
		buf_escape(&noted->shared, path, strlen(path));
	}
	return true;
}

/* One that has a type which file contexts do not give it has no copy. */
static bool type_of(const char *path, const char *type, char *copy, size_t size, void *data)
{
	struct noted *noted = data;
	if (noted->walk.type(path, type, copy, size, noted->walk.data))
		return true;
	if (selinux_is_source(noted->trees, path) && !noted->n_missed++) {
		buf_escape(&noted->missed, path, strlen(path));
		buf_printf(&noted->missed, " (%s)", type);
	}
	return false;
}

static bool descend(const char *path, void *data)
{
	const struct noted *noted = data;

	return noted->walk.descend(path, noted->walk.data);
}

static int labels_set(const struct selinux_trees *trees, struct karmor_diag *diag)
{
	struct noted noted = { .trees = trees };
	struct selinux_walk walk;
	int r;

	selinux_walk_of(trees, &noted.walk);
	walk = noted.walk;
	walk.role = role_of;
	walk.type = type_of;
	walk.descend = descend;
	walk.data = &noted;
	r = selinux_labels_set(SELINUX_STATE_JOURNAL, &walk, NULL, diag);
	if (r == 0 && noted.n_missed)
		diag_warning(diag, NULL, "give them the types of the policy: restorecon -F",
			     "selinux: fromSource does not hold for files whose type is not that "
			     "of file_contexts, as %s",
			     buf_failed(&noted.missed) ? "one" : noted.missed.data);
	if (r == 0 && noted.has_shared)
		diag_warning(diag, NULL, "let the rules say the same of all its names",
			     "selinux: workloads have files under several names, and a file has "
			     "the role of the innermost, as %s",
			     buf_failed(&noted.shared) ? "one" : noted.shared.data);
	buf_done(&noted.missed);
	buf_done(&noted.shared);
	return r;
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
	r = selinux_remember(engine, engine->staged);
	return r || engine->is_covered ? r : module_write(engine, diag);
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
	return engine->is_loaded && engine->is_covered &&
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
	if (r == 0 && (!engine->is_covered || engine->is_unkept))
		r = selinux_keep(engine, engine->is_covered, diag);
	r = r ? r : module_load(engine, diag);
	if (r)
		return r;
	r = labels_set(&trees, diag);
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

/* Where it fails, roles on files are what they were. */
static int commit(struct selinux_engine *engine, struct karmor_diag *diag)
{
	int r = commit_staged(engine, diag);

	if (r && engine->is_loaded && engine->live != engine->staged)
		(void)!selinux_remember(engine, engine->live);
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

	if (r == 0 && is_wanted(engine))
		r = commit(engine, diag);
	if (r)
		return r;
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
