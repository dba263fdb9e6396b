/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several backends as one engine: what is asked of it is asked of each of them. A task is under a
 * policy when all have it; a failure takes back what those before had done.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "cleanup.h"
#include "diag.h"
#include "plan.h"

struct plan_engine {
	struct karmor_engine base;
	struct karmor_engine *parts[KARMOR_PLAN_BACKENDS_MAX];
	size_t n_parts;
	const struct plan_artifact *live, *staged;
	int events; /* an epoll of the parts' descriptors */
};

static struct plan_engine *of(const struct karmor_engine *base)
{
	return (struct plan_engine *)(uintptr_t)base;
}

static void plan_close(struct karmor_engine *base)
{
	struct plan_engine *engine = of(base);

	for (size_t i = 0; i < engine->n_parts; i++)
		karmor_engine_close(engine->parts[i]);
	cleanup_close(&engine->events);
	free(engine);
}

/* A section that changed hands would for a moment be with nobody. */
static bool is_alike(const struct plan_artifact *a, const struct plan_artifact *b)
{
	size_t n =
		a->base.n_rulesets < b->base.n_rulesets ? a->base.n_rulesets : b->base.n_rulesets;

	return memcmp(a->keepers, b->keepers, n * sizeof(*a->keepers)) == 0;
}

static bool is_for(const struct plan_engine *engine, const struct plan_artifact *artifact)
{
	if (artifact->n_parts != engine->n_parts)
		return false;
	for (size_t i = 0; i < engine->n_parts; i++)
		if (artifact->parts[i]->backend != engine->parts[i]->backend)
			return false;
	return !engine->live || is_alike(engine->live, artifact);
}

static int plan_stage(struct karmor_engine *base, const struct karmor_artifact *from,
		      struct karmor_diag *diag)
{
	struct plan_engine *engine = of(base);
	const struct plan_artifact *artifact = (const struct plan_artifact *)from;
	int r = 0;

	if (!is_for(engine, artifact)) {
		diag_error(diag, NULL, "open an engine of the new plan",
			   "the new policies give a section to another backend");
		return -EOPNOTSUPP;
	}
	engine->staged = artifact;
	for (size_t i = 0; r == 0 && i < engine->n_parts; i++)
		r = engine->parts[i]->backend->stage(engine->parts[i], artifact->parts[i], diag);
	return r;
}

static void plan_abort(struct karmor_engine *base)
{
	struct plan_engine *engine = of(base);

	engine->staged = NULL;
	for (size_t i = 0; i < engine->n_parts; i++)
		engine->parts[i]->backend->abort(engine->parts[i]);
}

/* Puts the old set back in the parts before @n. */
static void take_back(struct plan_engine *engine, size_t n, struct karmor_diag *diag)
{
	for (size_t i = 0; engine->live && i < n; i++)
		if (karmor_engine_apply(engine->parts[i], engine->live->parts[i], diag) < 0)
			diag_error(diag, NULL, NULL, "%s holds the new policies already",
				   engine->parts[i]->backend->title);
}

static int plan_commit(struct karmor_engine *base, struct karmor_diag *diag)
{
	struct plan_engine *engine = of(base);

	for (size_t i = 0; i < engine->n_parts; i++) {
		int r = engine->parts[i]->backend->commit(engine->parts[i], diag);

		if (r == 0)
			continue;
		take_back(engine, i, diag);
		return r;
	}
	engine->live = engine->staged;
	engine->staged = NULL;
	return 0;
}

static int plan_detach(struct karmor_engine *base, const char *name, struct karmor_diag *diag)
{
	struct plan_engine *engine = of(base);
	int r = 0;

	/* Whoever still sees a task keeps all the others, too. */
	for (size_t i = 0; i < engine->n_parts; i++)
		if (karmor_engine_tasks(engine->parts[i], name) > 0)
			return karmor_engine_detach(engine->parts[i], name, diag);
	for (size_t i = 0; r == 0 && i < engine->n_parts; i++)
		r = karmor_engine_detach(engine->parts[i], name, diag);
	return r;
}

static int plan_attach(struct karmor_engine *base, const struct karmor_workload *workload,
		       struct karmor_diag *diag)
{
	struct plan_engine *engine = of(base);
	int r = 0;

	for (size_t i = 0; i < engine->n_parts && workload->lasting; i++)
		if (!engine->parts[i]->backend->pinned) {
			diag_error(diag, NULL, NULL, "%s keeps no lasting workloads",
				   engine->parts[i]->backend->title);
			return -EOPNOTSUPP;
		}
	for (size_t i = 0; r == 0 && i < engine->n_parts; i++)
		r = karmor_engine_attach(engine->parts[i], workload, diag);
	return r;
}

static int plan_prepare(struct karmor_engine *base)
{
	struct plan_engine *engine = of(base);
	int r = 0;

	for (size_t i = 0; r == 0 && i < engine->n_parts; i++)
		r = karmor_engine_prepare(engine->parts[i]);
	return r;
}

static int plan_enter(struct karmor_engine *base, const char *name)
{
	struct plan_engine *engine = of(base);
	int r = 0;

	for (size_t i = 0; r == 0 && i < engine->n_parts; i++)
		r = karmor_engine_enter(engine->parts[i], name);
	return r;
}

/* A task may have left one part's count already. */
static long plan_tasks(struct karmor_engine *base, const char *name)
{
	struct plan_engine *engine = of(base);
	long ret = -ENOENT;

	for (size_t i = 0; i < engine->n_parts; i++) {
		long n = karmor_engine_tasks(engine->parts[i], name);

		ret = n > ret ? n : ret;
	}
	return ret;
}

static int plan_event_fd(const struct karmor_engine *base)
{
	return of(base)->events;
}

static int plan_read_events(struct karmor_engine *base, karmor_event_fn *fn, void *data)
{
	struct plan_engine *engine = of(base);
	int n = 0;

	for (size_t i = 0; i < engine->n_parts; i++) {
		int r = karmor_engine_read_events(engine->parts[i], fn, data);

		if (r < 0)
			return r;
		n += r;
	}
	return n;
}

/* Workloads and their tasks are the same ones in each part. */
static int plan_stats(const struct karmor_engine *base, struct karmor_stats *ret)
{
	struct plan_engine *engine = of(base);

	*ret = KARMOR_STRUCT(karmor_stats);
	for (size_t i = 0; i < engine->n_parts; i++) {
		struct karmor_stats stats = KARMOR_STRUCT(karmor_stats);
		int r = karmor_engine_stats(engine->parts[i], &stats);

		if (r < 0)
			return r;
		ret->workloads = stats.workloads;
		ret->tasks = stats.tasks > ret->tasks ? stats.tasks : ret->tasks;
		ret->events += stats.events;
		ret->lost += stats.lost;
		ret->refused += stats.refused;
	}
	return 0;
}

static int plan_print(const struct karmor_artifact *base, FILE *out)
{
	const struct plan_artifact *artifact = (const struct plan_artifact *)base;
	int r = 0;

	for (size_t i = 0; r == 0 && i < artifact->n_parts; i++)
		r = karmor_artifact_print(artifact->parts[i], out);
	return r;
}

/* A plan's artifact is the plan's. */
static void plan_artifact_free(struct karmor_artifact *artifact)
{
	(void)artifact;
}

const struct karmor_backend plan_backend = {
	.name = "plan",
	.title = "plan",
	.enforces = true,
	.enrols_cgroups = true, /* its parts are asked */
	.print = plan_print,
	.artifact_free = plan_artifact_free,
	.close = plan_close,
	.stage = plan_stage,
	.commit = plan_commit,
	.abort = plan_abort,
	.attach = plan_attach,
	.detach = plan_detach,
	.prepare = plan_prepare,
	.enter = plan_enter,
	.tasks = plan_tasks,
	.event_fd = plan_event_fd,
	.read_events = plan_read_events,
	.stats = plan_stats,
};

/* Parts without events add nothing. */
static int events_open(struct plan_engine *engine)
{
	engine->events = epoll_create1(EPOLL_CLOEXEC);
	if (engine->events < 0)
		return -EIO;
	for (size_t i = 0; i < engine->n_parts; i++) {
		struct epoll_event event = { .events = EPOLLIN };
		int fd = karmor_engine_event_fd(engine->parts[i]);

		if (fd >= 0 && epoll_ctl(engine->events, EPOLL_CTL_ADD, fd, &event) < 0)
			return errno == ENOMEM ? -ENOMEM : -EIO;
	}
	return 0;
}

int karmor_plan_open(const struct karmor_plan *plan, struct karmor_engine **ret,
		     struct karmor_diag *diag)
{
	struct plan_engine *engine = calloc(1, sizeof(*engine));
	const struct karmor_backend *backend;
	int r = 0;

	if (!engine)
		return -ENOMEM;
	*engine = (struct plan_engine){ .base.backend = &plan_backend, .events = -1 };
	while (r == 0 && (backend = karmor_plan_backend(plan, engine->n_parts))) {
		r = karmor_engine_open(backend, &engine->parts[engine->n_parts], diag);
		engine->n_parts += r == 0;
	}
	if (r == 0)
		r = events_open(engine);
	if (r == 0)
		*ret = &engine->base;
	else
		plan_close(&engine->base);
	return r;
}
