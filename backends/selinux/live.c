/* SPDX-License-Identifier: Apache-2.0 */
/* An engine: opened, closed, and what it tells of. */
#include "engine.h"

#include <errno.h>
#include <selinux/selinux.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>

#include "cleanup.h"
#include "diag.h"
#include "state.h"

static bool task_of(const char *role, size_t len, struct selinux_task *ret, void *data)
{
	const struct selinux_engine *engine = data;
	const struct selinux_workload *workload;

	if (!selinux_task_find(engine, role, len, &ret->set, &ret->class))
		return false;
	ret->artifact = engine->live;
	workload = selinux_workload_of(engine, ret->set);
	if (!workload || !workload->attached)
		return false;
	ret->workload = workload->name;
	ret->namespace_name = workload->namespace_name;
	ret->container = workload->container;
	ret->labels = workload->labels;
	return true;
}

static bool file_of(const char *role, size_t len, size_t *label, void *data)
{
	return selinux_file_find(data, role, len, label);
}

static const char *path_of(const char *inode, const char *name, void *data)
{
	struct selinux_engine *engine = data;
	const char *path;

	if (!engine->is_loaded)
		return NULL;
	path = selinux_inodes_find(&engine->inodes, SELINUX_STATE_JOURNAL,
				   strtoull(inode, NULL, 10), name);
	return path && selinux_trees_name(&engine->labelled, path, engine->path,
					  sizeof(engine->path))
		       ? engine->path
		       : NULL;
}

int selinux_event_fd(const struct karmor_engine *base)
{
	return ((const struct selinux_engine *)base)->poll;
}

int selinux_read_events(struct karmor_engine *base, karmor_event_fn *fn, void *data)
{
	struct selinux_engine *engine = (struct selinux_engine *)base;
	int r = selinux_files_follow(engine), n = 0;

	if (engine->events.audit.fd >= 0)
		n = selinux_events_read(&engine->events, fn, data);
	return n == 0 && r == -ENOMEM ? r : n;
}

static int own_read(struct selinux_engine *engine, struct karmor_diag *diag)
{
	char *context = NULL;
	int r = 0;

	if (is_selinux_enabled() != 1 || getcon_raw(&context) < 0) {
		diag_error(diag, NULL, "boot with lsm=...,selinux", "selinux: it is not active");
		return -EOPNOTSUPP;
	}
	if (strlen(context) < sizeof(engine->own)) {
		strcpy(engine->own, context);
	} else {
		diag_error(diag, NULL, NULL, "selinux: our own context is longer than %zu bytes",
			   sizeof(engine->own) - 1);
		r = -EOPNOTSUPP;
	}
	freecon(context);
	return r;
}

static void engine_free(struct selinux_engine *engine)
{
	while (engine->n_workloads)
		selinux_workload_drop(engine, &engine->workloads[engine->n_workloads - 1]);
	selinux_abort(&engine->base);
	selinux_events_close(&engine->events);
	selinux_inodes_done(&engine->inodes);
	selinux_before_free(engine);
	selinux_loaded_free(&engine->loaded);
	buf_done(&engine->module);
	buf_done(&engine->live_module);
	buf_done(&engine->kept);
	selinux_trees_close(&engine->labelled);
	selinux_later_stop(&engine->later);
	if (engine->entrance != MAP_FAILED)
		munmap(engine->entrance, sizeof(*engine->entrance));
	cleanup_close(&engine->poll);
	cleanup_close(&engine->lock);
	free(engine->workloads);
	free(engine);
}

int selinux_open(struct karmor_engine **ret, struct karmor_diag *diag)
{
	struct selinux_engine *engine = calloc(1, sizeof(*engine));
	int r;

	if (!engine)
		return -ENOMEM;
	engine->lock = engine->entry = engine->events.audit.fd = -1;
	engine->poll = epoll_create1(EPOLL_CLOEXEC);
	selinux_later_start(&engine->later, engine->poll);
	engine->events.roles = (struct selinux_roles){ task_of, file_of, path_of, engine };
	engine->entrance = mmap(NULL, sizeof(*engine->entrance), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	r = engine->entrance == MAP_FAILED || engine->poll < 0 ? -ENOMEM : own_read(engine, diag);
	if (r == 0) {
		engine->lock = selinux_state_lock(diag);
		r = engine->lock < 0 ? engine->lock : selinux_adopt(engine, diag);
	}
	if (r < 0) {
		engine_free(engine);
		return r;
	}
	*ret = &engine->base;
	return 0;
}

/* Whether a module has to stay: for tasks, which must stay confined, or for what lasts. */
static bool is_needed(struct selinux_engine *engine)
{
	for (size_t i = 0; i < engine->n_workloads; i++)
		if (engine->workloads[i].lasting)
			return true;
	return selinux_tasks_count(SELINUX_TASK_PREFIX) != 0;
}

void selinux_close(struct karmor_engine *base)
{
	struct selinux_engine *engine = (struct selinux_engine *)base;

	if (engine->has_module && !is_needed(engine))
		selinux_take_back(engine, NULL);
	engine_free(engine);
}
