/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modules into the kernel, and roles on files. The module comes first: what it calls a file by is
 * only then valid, and until the file has it, it is as it was. What files and tasks have from the
 * module before is in the new one (retire.c).
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

static int rulesets_check(const struct selinux_engine *engine, size_t n, struct karmor_diag *diag)
{
	for (size_t i = 0; i < engine->n_workloads; i++)
		if (engine->workloads[i].ruleset >= n) {
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
	r = selinux_retire(engine, diag);
	if (r)
		return r;
	selinux_write(&engine->module, engine->staged, engine->retired, engine->n_retired);
	return buf_failed(&engine->module) ? -ENOMEM : 0;
}

void selinux_abort(struct karmor_engine *base)
{
	struct selinux_engine *engine = (struct selinux_engine *)base;

	engine->staged = NULL;
	engine->n_retired = 0;
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
static int base_check(const struct selinux_engine *engine, struct karmor_diag *diag)
{
	const char *path = engine->live ? SELINUX_STATE_BASE : SELINUX_POLICY;
	_cleanup_buf_ struct buf policy = { 0 };
	char digest[SELINUX_DIGEST_SIZE];
	int r = selinux_file_read(path, &policy);

	if (r)
		return unreadable(diag, path, r);
	selinux_digest(policy.data, policy.len, digest);
	if (strcmp(digest, engine->staged->digest) != 0) {
		diag_error(
			diag, NULL, "try again",
			"selinux: the machine's policy changed since these were compiled for it");
		return -EINVAL;
	}
	return engine->live ? 0 : selinux_state_keep(policy.data, policy.len, diag);
}

/* The module that was live before; none: nothing. */
static void module_put_back(const struct selinux_engine *engine, struct karmor_diag *diag)
{
	int r = engine->live ? selinux_store_install(engine->live_module.data,
						     engine->live_module.len, diag)
			     : selinux_store_remove(diag);

	if (r)
		diag_error(diag, NULL, NULL,
			   "selinux: the module of these policies stays in the store");
	else if (!engine->live)
		selinux_state_remove();
}

/* What is the same already takes no time. */
static int module_load(const struct selinux_engine *engine, struct karmor_diag *diag)
{
	const struct buf *new = &engine->module, *old = &engine->live_module;
	int r;

	if (engine->live && new->len == old->len && memcmp(new->data, old->data, new->len) == 0)
		return 0;
	r = selinux_store_install(new->data, new->len, diag);
	if (r == 0)
		return 0;
	/* Where the store took it and the kernel did not, the store has it. */
	if (engine->live || selinux_store_has() != 0)
		module_put_back(engine, diag);
	else
		selinux_state_remove();
	return r == -ENOMEM ? r : -EIO;
}

/* A walk, and what of it is to be told. */
struct noted {
	struct selinux_walk walk;
	const struct selinux_artifact *artifact;
	struct buf missed; /* the first executable that is no source for the type that it has */
	size_t n_missed;
};

static bool role_of(const char *path, bool directory, char *role, size_t size, void *data)
{
	const struct noted *noted = data;

	return noted->walk.role(path, directory, role, size, noted->walk.data);
}

/* One that has a type which file contexts do not give it has no copy. */
static bool type_of(const char *path, const char *type, char *copy, size_t size, void *data)
{
	struct noted *noted = data;
	const struct selinux_artifact *a = noted->artifact;

	if (noted->walk.type(path, type, copy, size, noted->walk.data))
		return true;
	if (a->accept_kinds[automaton_run(a->automaton, path)] != a->accept_kinds[a->rest] &&
	    !noted->n_missed++) {
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

static int labels_set(const struct selinux_artifact *artifact, struct karmor_diag *diag)
{
	struct noted noted = { .artifact = artifact };
	struct selinux_walk walk;
	int r;

	selinux_walk_of(artifact, &noted.walk);
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
	buf_done(&noted.missed);
	return r;
}

int selinux_commit(struct karmor_engine *base, struct karmor_diag *diag)
{
	struct selinux_engine *engine = (struct selinux_engine *)base;
	int r = base_check(engine, diag);

	r = r ? r : module_load(engine, diag);
	if (r)
		return r;
	r = labels_set(engine->staged, diag);
	if (r) {
		module_put_back(engine, diag);
		return r == -EINVAL || r == -EOPNOTSUPP ? -EIO : r;
	}
	engine->live = engine->staged;
	engine->generation++;
	engine->events.generation = engine->generation;
	buf_done(&engine->live_module);
	engine->live_module = engine->module;
	engine->module = (struct buf){ 0 };
	selinux_abort(base);
	selinux_retire_live(engine);
	return 0;
}

int selinux_take_back(struct karmor_diag *diag)
{
	int r = selinux_labels_restore(SELINUX_STATE_JOURNAL, SELINUX_ATTRIBUTE, diag);

	r = r ? r : selinux_store_remove(diag);
	if (r == 0)
		selinux_state_remove();
	return r == 0 || r == -ENOMEM || r == -EPERM ? r : -EIO;
}
