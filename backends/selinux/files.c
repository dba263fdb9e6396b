/* SPDX-License-Identifier: Apache-2.0 */
/* Roles on the files that rules of what is in force are about: when it comes into force, and when
 * files come to its names later. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "diag.h"
#include "engine.h"
#include "labels.h"
#include "state.h"

/* A walk, and what of it is to be told. */
struct noted {
	struct selinux_walk walk;
	const struct selinux_trees *trees;
	struct buf missed; /* the first executable that is no source for the type that it has */
	struct buf shared; /* the first of which rules say something else by another name */
	size_t n_missed;
	bool has_shared;
};

static void noted_done(struct noted *noted)
{
	buf_done(&noted->missed);
	buf_done(&noted->shared);
}

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

/* The walk of @walk, with what is told of it. */
static void noted_begin(struct noted *noted, const struct selinux_trees *trees,
			struct selinux_walk *walk)
{
	*noted = (struct noted){ .trees = trees };
	selinux_walk_of(trees, &noted->walk);
	*walk = noted->walk;
	walk->role = role_of;
	walk->type = type_of;
	walk->descend = descend;
	walk->data = noted;
}

static void noted_tell(const struct noted *noted, struct karmor_diag *diag)
{
	if (noted->n_missed)
		diag_warning(diag, NULL, "give them the types of the policy: restorecon -F",
			     "selinux: fromSource does not hold for files whose type is not that "
			     "of file_contexts, as %s",
			     buf_failed(&noted->missed) ? "one" : noted->missed.data);
	if (noted->has_shared)
		diag_warning(diag, NULL, "let the rules say the same of all its names",
			     "selinux: workloads have files under several names, and a file has "
			     "the role of the innermost, as %s",
			     buf_failed(&noted->shared) ? "one" : noted->shared.data);
}

int selinux_files_label(struct selinux_engine *engine, const struct selinux_trees *trees,
			struct karmor_diag *diag)
{
	_cleanup_(noted_done) struct noted noted;
	struct selinux_walk walk;
	int r;

	noted_begin(&noted, trees, &walk);
	r = selinux_later_watch(&engine->later, &walk, diag);
	r = r ? r : selinux_labels_set(SELINUX_STATE_JOURNAL, &walk, NULL, diag);
	if (r == 0) {
		noted_tell(&noted, diag);
		engine->is_behind = false;
	}
	return r;
}

/* What is gone meanwhile stays in the journal until all is looked through, so that happens after as
 * many. */
#define FOLLOWED_MAX 4096
/* Where that failed it is tried again, with what comes, after as long. */
#define BEHIND_NS UINT64_C(60000000000)

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

/* Labels for what came, or, where @found is NULL, for whatever may have; what had its labels has
 * them. */
static int found_label(struct selinux_engine *engine, const struct later_found *found)
{
	struct selinux_labels_result result = { 0 };
	struct selinux_trees *trees = &engine->labelled;
	struct selinux_walk walk;
	int r = selinux_roots_settle(trees, found ? trees : NULL, NULL);

	selinux_walk_of(trees, &walk);
	walk.follows = true;
	walk.only = found ? (const char *const *)found->paths : NULL;
	walk.n_only = found ? found->n : 0;
	r = r ? r : selinux_labels_set(SELINUX_STATE_JOURNAL, &walk, &result, NULL);
	selinux_trees_keep(trees);
	engine->n_followed = found ? engine->n_followed + result.changed : 0;
	/* A change of the rules says what it is then. */
	if (!found)
		engine->is_behind = r < 0 || result.missed;
	return r;
}

static int all_label(struct selinux_engine *engine)
{
	int r = found_label(engine, NULL);

	engine->looked_ns = now();
	return r;
}

int selinux_files_watch(struct selinux_engine *engine)
{
	struct selinux_trees *trees = &engine->labelled;
	struct selinux_walk walk;
	int r = selinux_roots_settle(trees, trees, NULL);

	selinux_walk_of(trees, &walk);
	r = r ? r : selinux_later_watch(&engine->later, &walk, NULL);
	selinux_trees_keep(trees);
	return r;
}

/* Whether what is known to have come is not all that may have. */
static bool is_all(const struct selinux_engine *engine, const struct later_found *found)
{
	return found->all || engine->n_followed > FOLLOWED_MAX ||
	       (found->any && engine->is_behind && now() - engine->looked_ns > BEHIND_NS);
}

int selinux_files_follow(struct selinux_engine *engine)
{
	_cleanup_(selinux_later_done) struct later_found found = { 0 };
	uint64_t since = now();
	struct selinux_walk walk;
	int r;

	if (!engine->is_loaded) {
		selinux_later_stop(&engine->later);
		return 0;
	}
	selinux_walk_of(&engine->labelled, &walk);
	r = selinux_later_read(&engine->later, &walk, &found);
	/* First, and alone where all is too much. */
	if (r == 0 && found.n)
		r = found_label(engine, &found);
	if (r != -ENOMEM && is_all(engine, &found))
		r = all_label(engine);
	if (found.any)
		selinux_later_pause(&engine->later, now() - since);
	engine->is_behind |= r < 0;
	return r;
}
