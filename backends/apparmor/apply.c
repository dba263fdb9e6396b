/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles into the kernel, and tasks under them.
 *
 * All workloads' new profiles are compiled aside and loaded in one write, which the kernel takes as
 * a whole or not at all; running tasks follow at once. A task gets in only by itself, as it starts:
 * the child changes to the profile before its execve, so that this one is decided like any other
 * and leads to the profile of the command's class.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "diag.h"
#include "engine.h"
#include "parser.h"

static const char *const own_label[] = { "/proc/thread-self/attr/apparmor/current",
					 "/proc/thread-self/attr/current" };

#define COMMAND "changeprofile "
#define PROFILE_MAX (sizeof(ENGINE_PREFIX) + 2 * 17)

/*
 * A workload's profile, from its name alone: the child that enters was made before the workload was
 * attached. Async-signal-safe.
 */
static void profile_name(const struct apparmor_engine *engine, const char *name,
			 char ret[PROFILE_MAX])
{
	static const char digits[] = "0123456789abcdef";
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */
	size_t at = strlen(ENGINE_PREFIX), len = strlen(engine->id);

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 0x100000001b3;
	memcpy(ret, ENGINE_PREFIX, at);
	memcpy(ret + at, engine->id, len);
	at += len;
	ret[at++] = '-';
	for (int shift = 60; shift >= 0; shift -= 4)
		ret[at++] = digits[hash >> shift & 0xf];
	ret[at] = '\0';
}

static void workload_write(const struct apparmor_engine *engine, struct buf *buf,
			   const struct apparmor_artifact *artifact,
			   const struct apparmor_workload *workload)
{
	apparmor_write(buf, &engine->mediates, &artifact->rulesets[workload->ruleset],
		       workload->profile, workload->n_profiles);
}

static int compile_text(const struct buf *text, struct buf *ret, struct karmor_diag *diag)
{
	if (buf_failed(text))
		return -ENOMEM;
	return parser_run(text->data, text->len, PARSER_FEATURES, ret, diag);
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

int apparmor_stage(struct karmor_engine *base, const struct karmor_artifact *artifact,
		   struct karmor_diag *diag)
{
	struct apparmor_engine *engine = (struct apparmor_engine *)base;
	_cleanup_buf_ struct buf text = { 0 };
	int r = check_rulesets(engine, artifact->n_rulesets, diag);

	apparmor_abort(base);
	if (r)
		return r;
	engine->staged = (const struct apparmor_artifact *)artifact;
	for (size_t i = 0; i < engine->n_workloads; i++)
		workload_write(engine, &text, engine->staged, &engine->workloads[i]);
	if (engine->n_workloads)
		r = compile_text(&text, &engine->binary, diag);
	return r;
}

void apparmor_abort(struct karmor_engine *base)
{
	struct apparmor_engine *engine = (struct apparmor_engine *)base;

	engine->staged = NULL;
	buf_done(&engine->binary);
	engine->binary = (struct buf){ 0 };
}

int apparmor_commit(struct karmor_engine *base, struct karmor_diag *diag)
{
	struct apparmor_engine *engine = (struct apparmor_engine *)base;
	int r = engine->n_workloads ? profiles_replace(&engine->binary, diag) : 0;

	if (r)
		return r;
	for (size_t i = 0; i < engine->n_workloads; i++) {
		struct apparmor_workload *workload = &engine->workloads[i];
		size_t n = engine->staged->rulesets[workload->ruleset].n_profiles;

		workload->n_profiles = n > workload->n_profiles ? n : workload->n_profiles;
	}
	engine->live = engine->staged;
	engine->generation++;
	apparmor_abort(base);
	return 0;
}

static struct apparmor_workload *workload_find(const struct apparmor_engine *engine,
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
	*class = label[len] == '.' ? strtoul(label + len + 1, NULL, 10) : 0;
	return label[len] == '.' || label[len] == '\0';
}

void apparmor_workload_drop(struct apparmor_engine *engine, struct apparmor_workload *workload)
{
	free(workload->name);
	free(workload->namespace_name);
	free(workload->container);
	free(workload->labels);
	free(workload->profile);
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
	profile_name(engine, from->name, profile);
	*workload = (struct apparmor_workload){
		.name = copy(from->name, &failed),
		.namespace_name = copy(from->namespace_name, &failed),
		.container = copy(from->container, &failed),
		.labels = copy(from->labels, &failed),
		.ruleset = from->ruleset,
		.profile = copy(profile, &failed),
	};
	if (!failed)
		return workload;
	apparmor_workload_drop(engine, workload);
	return NULL;
}

static int workload_load(struct apparmor_engine *engine, struct apparmor_workload *workload,
			 struct karmor_diag *diag)
{
	_cleanup_buf_ struct buf text = { 0 }, binary = { 0 };
	int r;

	workload_write(engine, &text, engine->live, workload);
	r = compile_text(&text, &binary, diag);
	r = r ? r : profiles_replace(&binary, diag);
	if (r == 0)
		workload->n_profiles = engine->live->rulesets[workload->ruleset].n_profiles;
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

	if (workload_find(engine, from->name))
		return 0;
	if (!engine->live || from->ruleset >= engine->live->base.n_rulesets) {
		diag_error(diag, NULL, NULL, "no ruleset %zu for workload \"%s\"", from->ruleset,
			   from->name);
		return -EINVAL;
	}
	if (kill(from->pid, 0) < 0 && errno == ESRCH)
		return -ENOENT;
	r = apparmor_events_open(engine);
	if (r < 0) {
		diag_error(diag, NULL, NULL, "apparmor: cannot read audit records: %s",
			   strerror(-r));
		return r == -EPERM ? r : -EIO;
	}
	workload = workload_add(engine, from);
	if (!workload)
		return -ENOMEM;
	r = workload_load(engine, workload, diag);
	if (r)
		apparmor_workload_drop(engine, workload);
	return r == -EINVAL ? -EIO : r;
}

static void workload_unload(const struct apparmor_workload *workload)
{
	for (size_t class = 0; class < workload->n_profiles; class ++) {
		_cleanup_buf_ struct buf name = { 0 };

		buf_printf(&name, class ? "%s.%zu" : "%s", workload->profile, class);
		if (!buf_failed(&name))
			(void)!profiles_remove(name.data);
	}
}

int apparmor_detach(struct karmor_engine *base, const char *name, struct karmor_diag *diag)
{
	struct apparmor_engine *engine = (struct apparmor_engine *)base;
	struct apparmor_workload *workload = workload_find(engine, name);

	if (!workload)
		return 0;
	if (profiles_tasks(workload->profile) != 0) {
		diag_error(diag, NULL, "end its tasks first",
			   "workload \"%s\" still has tasks, which cannot leave it", name);
		return -EBUSY;
	}
	workload_unload(workload);
	apparmor_workload_drop(engine, workload);
	return 0;
}

int apparmor_enter(struct karmor_engine *base, const char *name)
{
	const struct apparmor_engine *engine = (const struct apparmor_engine *)base;
	char command[sizeof(COMMAND) + PROFILE_MAX] = COMMAND;
	size_t len = strlen(command);
	int r = -ENOENT;

	profile_name(engine, name, command + len);
	len = strlen(command);
	for (size_t i = 0; r == -ENOENT && i < ARRAY_SIZE(own_label); i++) {
		int fd = open(own_label[i], O_WRONLY | O_CLOEXEC);

		if (fd < 0)
			continue;
		r = write(fd, command, len) == (ssize_t)len ? 0 : -errno;
		close(fd);
	}
	return r;
}

long apparmor_tasks(struct karmor_engine *base, const char *name)
{
	const struct apparmor_workload *workload =
		workload_find((struct apparmor_engine *)base, name);

	return workload ? profiles_tasks(workload->profile) : -ENOENT;
}

int apparmor_stats(const struct karmor_engine *base, struct karmor_stats *ret)
{
	const struct apparmor_engine *engine = (const struct apparmor_engine *)base;

	*ret = KARMOR_STRUCT(karmor_stats, .workloads = engine->n_workloads,
			     .events = engine->events, .lost = engine->lost);
	for (size_t i = 0; i < engine->n_workloads; i++) {
		long n = profiles_tasks(engine->workloads[i].profile);

		ret->tasks += n > 0 ? (uint64_t)n : 0;
	}
	return 0;
}
