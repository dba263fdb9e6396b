/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workloads and their tasks. A task gets in only by itself, as it starts: the child changes to the
 * profile before its execve, so that this one is decided like any other and leads to the profile of
 * the command's class.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "diag.h"
#include "engine.h"
#include "state.h"

/* Whether a lasting workload is still this engine's. */
static bool is_held(const struct apparmor_engine *engine, const struct apparmor_workload *workload)
{
	struct apparmor_state state;

	return !workload->lasting ||
	       (state_read(workload->profile, &state) == 0 && strcmp(state.owner, engine->id) == 0);
}

void apparmor_workloads_yield(struct apparmor_engine *engine)
{
	for (size_t i = engine->n_workloads; i-- > 0;)
		if (!is_held(engine, &engine->workloads[i]))
			apparmor_workload_drop(engine, &engine->workloads[i]);
}

struct apparmor_workload *apparmor_workload_find(const struct apparmor_engine *engine,
						 const char *name)
{
	for (size_t i = 0; i < engine->n_workloads; i++)
		if (strcmp(engine->workloads[i].name, name) == 0)
			return &engine->workloads[i];
	return NULL;
}

bool apparmor_workload_has(const struct apparmor_workload *workload, const char *label,
			   size_t *class)
{
	size_t len = strlen(workload->profile);

	if (strncmp(label, workload->profile, len) != 0)
		return false;
	*class = 0;
	if (label[len] == '.') /* .N, or .nN on top */
		*class = strtoul(label + len + 1 + (label[len + 1] == 'n'), NULL, 10);
	return label[len] == '.' || label[len] == '\0';
}

void apparmor_workload_drop(struct apparmor_engine *engine, struct apparmor_workload *workload)
{
	free(workload->name);
	free(workload->namespace_name);
	free(workload->container);
	free(workload->labels);
	free(workload->profile);
	free(workload->signatures);
	buf_done(&workload->staged);
	*workload = engine->workloads[--engine->n_workloads];
}

static char *copy(const char *text, bool *failed)
{
	char *ret = text ? strdup(text) : NULL;

	*failed |= text && !ret;
	return ret;
}

/* Appends the workload, its strings copied; NULL when memory is out. */
static struct apparmor_workload *workload_add(struct apparmor_engine *engine,
					      const struct karmor_workload *from)
{
	struct apparmor_workload *all =
		reallocarray(engine->workloads, engine->n_workloads + 1, sizeof(*all));
	char profile[PROFILE_MAX];
	struct apparmor_workload *workload;
	bool failed = false;

	if (!all)
		return NULL;
	engine->workloads = all;
	workload = &all[engine->n_workloads++];
	apparmor_workload_profile(engine, from->name, from->lasting, profile);
	*workload = (struct apparmor_workload){
		.name = copy(from->name, &failed),
		.namespace_name = copy(from->namespace_name, &failed),
		.container = copy(from->container, &failed),
		.labels = copy(from->labels, &failed),
		.ruleset = from->ruleset,
		.profile = copy(profile, &failed),
		.lasting = from->lasting,
	};
	if (!failed)
		return workload;
	apparmor_workload_drop(engine, workload);
	return NULL;
}

/*
 * The profiles of a lasting workload that is there already are replaced as a whole: its tasks go on
 * under the new ones, in the stack that they entered.
 */
static int workload_adopt(struct apparmor_engine *engine, struct apparmor_workload *workload,
			  struct karmor_diag *diag)
{
	struct apparmor_state state;
	int r = workload->lasting ? state_read(workload->profile, &state) : -ENOENT;

	if (r == -ENOENT)
		return 0;
	if (r < 0) {
		diag_error(diag, NULL, NULL,
			   "apparmor: cannot read the file of workload \"%s\": %s", workload->name,
			   strerror(-r));
		return -EIO;
	}
	if (strcmp(state.name, workload->name) != 0) {
		diag_error(diag, NULL, "give it another name",
			   "the profile of workload \"%s\" is that of workload \"%s\"",
			   workload->name, state.name);
		return -EBUSY;
	}
	if (state.is_foreign) {
		diag_error(diag, NULL, "start it anew",
			   "workload \"%s\" is under a stack of profiles of an older karmor, and "
			   "stays as it is",
			   workload->name);
		return -EBUSY;
	}
	workload->width = state.width;
	workload->groups = state.groups;
	apparmor_tops_adopt(workload, &state.tops);
	workload->n_profiles =
		state.n_profiles > workload->n_profiles ? state.n_profiles : workload->n_profiles;
	r = apparmor_signatures_set(workload, state.signatures, workload->n_profiles);
	return r < 0 ? r : 0;
}

/* Its file and its profiles, which are as they are where nothing is staged. */
static int workload_put(struct apparmor_engine *engine, struct apparmor_workload *workload,
			struct karmor_diag *diag)
{
	int r;

	if (!workload->staged.len)
		return apparmor_workload_write(engine, workload, diag);
	apparmor_tops_loading(workload);
	r = apparmor_workload_write(engine, workload, diag);
	r = r ? r : profiles_replace(&workload->staged, diag);
	if (apparmor_tops_loaded(workload, r == 0))
		(void)!apparmor_workload_write(engine, workload, NULL);
	return r;
}

/* A lasting one is the engine's that holds the lock from looking at it to its being loaded. */
static int workload_load(struct apparmor_engine *engine, struct apparmor_workload *workload,
			 struct karmor_diag *diag)
{
	const struct apparmor_ruleset *set = apparmor_ruleset_at(engine->live, workload->ruleset);
	_cleanup_close_ int lock = -1;
	int r = 0;

	workload->n_profiles = set->n_profiles;
	workload->width = apparmor_width(set);
	workload->groups = apparmor_groups(set);
	if (workload->lasting) {
		lock = state_lock(diag);
		r = lock < 0 ? lock : workload_adopt(engine, workload, diag);
		r = r ? r : apparmor_classes_check(workload, set, diag);
	}
	r = r ? r : apparmor_workload_compile(engine, engine->live, workload, diag);
	r = r ? r : apparmor_tops_check(workload, set, diag);
	if (r == 0 && lock < 0) {
		lock = state_lock(diag);
		r = lock < 0 ? lock : 0;
	}
	if (r == 0) {
		r = apparmor_signatures_set(workload, set->signatures, set->n_profiles);
		r = r < 0 ? r : 0;
	}
	r = r ? r : workload_put(engine, workload, diag);
	buf_done(&workload->staged);
	workload->staged = (struct buf){ 0 };
	return r;
}

/*
 * Makes the workload's profiles. Nothing can put a running task under one but the task: @from->pid
 * is to enter.
 */
int apparmor_attach(struct karmor_engine *base, const struct karmor_workload *from,
		    struct karmor_diag *diag)
{
	struct apparmor_engine *engine = (struct apparmor_engine *)base;
	struct apparmor_workload *workload;
	int r;

	if (apparmor_workload_find(engine, from->name))
		return 0;
	if (!engine->live || from->ruleset >= engine->live->n_rulesets) {
		diag_error(diag, NULL, NULL, "no ruleset %zu for workload \"%s\"", from->ruleset,
			   from->name);
		return -EINVAL;
	}
	if (from->pid && kill(from->pid, 0) < 0 && errno == ESRCH)
		return -ENOENT;
	r = audit_listen(&engine->audit, NULL, NULL);
	if (r < 0) {
		diag_error(diag, NULL, NULL, "apparmor: cannot read audit records: %s",
			   strerror(-r));
		return r == -EPERM ? r : -EIO;
	}
	if (from->lasting && strlen(from->name) > KARMOR_WORKLOAD_NAME_MAX) {
		diag_error(diag, NULL, NULL,
			   "the name of workload \"%.32s...\" is longer than %d bytes", from->name,
			   KARMOR_WORKLOAD_NAME_MAX);
		return -EINVAL;
	}
	workload = workload_add(engine, from);
	if (!workload)
		return -ENOMEM;
	r = workload_load(engine, workload, diag);
	if (r)
		apparmor_workload_drop(engine, workload);
	return r == -EINVAL ? -EIO : r;
}

int apparmor_pinned(struct karmor_engine *engine, karmor_pinned_fn *fn, void *data,
		    struct karmor_diag *diag)
{
	DIR *dir = opendir(STATE_DIR);
	struct apparmor_state state;
	struct dirent *entry;

	if (!dir) {
		diag_error(diag, NULL, NULL, "cannot read %s: %s", STATE_DIR, strerror(errno));
		return errno == EPERM || errno == EACCES ? -EPERM : -EIO;
	}
	while ((entry = readdir(dir)))
		if (strncmp(entry->d_name, LASTING_PREFIX, strlen(LASTING_PREFIX)) == 0 &&
		    state_read(entry->d_name, &state) == 0)
			fn(state.name, profiles_tasks(entry->d_name), data);
	closedir(dir);
	return 0;
}

int apparmor_detach(struct karmor_engine *base, const char *name, struct karmor_diag *diag)
{
	struct apparmor_engine *engine = (struct apparmor_engine *)base;
	_cleanup_close_ int lock = -1;
	struct apparmor_workload *workload;

	apparmor_workloads_yield(engine);
	workload = apparmor_workload_find(engine, name);
	if (!workload)
		return 0;
	lock = state_lock(diag);
	if (lock < 0)
		return lock;
	if (profiles_tasks(workload->profile) != 0) {
		diag_error(diag, NULL, "end its tasks first",
			   "workload \"%s\" still has tasks, which cannot leave it", name);
		return -EBUSY;
	}
	if (is_held(engine, workload)) {
		profiles_remove(workload->profile);
		state_remove(workload->profile);
	}
	apparmor_workload_drop(engine, workload);
	return 0;
}

long apparmor_tasks(struct karmor_engine *base, const char *name)
{
	const struct apparmor_workload *workload =
		apparmor_workload_find((struct apparmor_engine *)base, name);

	return workload ? profiles_tasks(workload->profile) : -ENOENT;
}

int apparmor_stats(const struct karmor_engine *base, struct karmor_stats *ret)
{
	const struct apparmor_engine *engine = (const struct apparmor_engine *)base;

	*ret = KARMOR_STRUCT(karmor_stats, .workloads = engine->n_workloads,
			     .events = engine->events, .lost = engine->audit.lost);
	for (size_t i = 0; i < engine->n_workloads; i++) {
		long n = profiles_tasks(engine->workloads[i].profile);

		ret->tasks += n > 0 ? (uint64_t)n : 0;
	}
	return 0;
}
