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

static void stranded_done(struct plan_stranded *stranded)
{
	karmor_artifact_free(stranded->part);
	karmor_artifact_free(stranded->bridge);
	*stranded = (struct plan_stranded){ 0 };
}

static void plan_close(struct karmor_engine *base)
{
	struct plan_engine *engine = plan_engine_of(base);

	for (size_t i = 0; i < engine->n_parts; i++) {
		karmor_engine_close(engine->parts[i]);
		stranded_done(&engine->stranded[i]);
	}
	cleanup_close(&engine->events);
	free(engine);
}

const struct plan_artifact *plan_engine_live(const struct karmor_engine *base, bool *is_all)
{
	const struct plan_engine *engine = plan_engine_of(base);

	*is_all = base->backend == &plan_backend && engine->is_all;
	return *is_all ? engine->live : NULL;
}

static bool has_other_keeper(uint8_t a, uint8_t b)
{
	return a != b && a != PLAN_NOBODY && b != PLAN_NOBODY;
}

/* A section that changed hands without a bridge would for a moment be with nobody. */
static bool is_alike(const struct plan_artifact *a, const struct plan_artifact *b)
{
	for (size_t i = 0; i < a->base.n_rulesets && i < b->base.n_rulesets; i++)
		for (size_t section = 0; section < PLAN_SECTIONS; section++) {
			uint8_t keeper = a->keepers[i][section];

			if (has_other_keeper(keeper, b->keepers[i][section]) && !b->bridges[keeper])
				return false;
		}
	return true;
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

/* What a part has until all others have what is theirs. */
static const struct karmor_artifact *first_of(const struct plan_artifact *artifact, size_t i)
{
	return artifact->bridges[i] ? artifact->bridges[i] : artifact->parts[i];
}

static int plan_stage(struct karmor_engine *base, const struct karmor_artifact *from,
		      struct karmor_diag *diag)
{
	struct plan_engine *engine = plan_engine_of(base);
	const struct plan_artifact *artifact = (const struct plan_artifact *)from;
	int r = 0;

	if (!is_for(engine, artifact)) {
		diag_error(diag, NULL, "open an engine of the new plan",
			   "the new policies give a section to another backend");
		return -EOPNOTSUPP;
	}
	engine->staged = artifact;
	for (size_t i = 0; r == 0 && i < engine->n_parts; i++)
		r = engine->parts[i]->backend->stage(engine->parts[i], first_of(artifact, i), diag);
	return r;
}

static void plan_abort(struct karmor_engine *base)
{
	struct plan_engine *engine = plan_engine_of(base);

	engine->staged = NULL;
	for (size_t i = 0; i < engine->n_parts; i++)
		engine->parts[i]->backend->abort(engine->parts[i]);
}

/* The part goes on with the new set, which the caller has no more use for. */
static void strand(struct plan_engine *engine, size_t i)
{
	struct plan_stranded *stranded = &engine->stranded[i];

	*stranded = (struct plan_stranded){ .part = engine->staged->parts[i],
					    .bridge = engine->staged->bridges[i] };
	artifact_hold(stranded->part);
	if (stranded->bridge)
		artifact_hold(stranded->bridge);
}

/* Puts the old set back in the parts before @n, which have the new one. */
static void take_back(struct plan_engine *engine, size_t n, struct karmor_diag *diag)
{
	for (size_t i = 0; i < n; i++) {
		stranded_done(&engine->stranded[i]);
		if (engine->live &&
		    karmor_engine_apply(engine->parts[i], engine->live->parts[i], diag) == 0)
			continue;
		strand(engine, i);
		if (engine->live)
			diag_error(diag, NULL, NULL, "%s holds the new policies already",
				   engine->parts[i]->backend->title);
	}
}

/* Each section is with its new keeper by now. */
static int bridges_leave(struct plan_engine *engine, struct karmor_diag *diag)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < engine->n_parts; i++)
		if (engine->staged->bridges[i])
			r = karmor_engine_apply(engine->parts[i], engine->staged->parts[i], diag);
	if (r < 0)
		take_back(engine, engine->n_parts, diag);
	return r;
}

static int plan_commit(struct karmor_engine *base, struct karmor_diag *diag)
{
	struct plan_engine *engine = plan_engine_of(base);
	int r;

	for (size_t i = 0; i < engine->n_parts; i++) {
		r = engine->parts[i]->backend->commit(engine->parts[i], diag);
		if (r == 0)
			continue;
		take_back(engine, i, diag);
		return r;
	}
	r = bridges_leave(engine, diag);
	if (r < 0)
		return r;
	for (size_t i = 0; i < engine->n_parts; i++)
		stranded_done(&engine->stranded[i]);
	engine->live = engine->staged;
	engine->staged = NULL;
	return 0;
}

static int plan_event_fd(const struct karmor_engine *base)
{
	return plan_engine_of(base)->events;
}

static int plan_read_events(struct karmor_engine *base, karmor_event_fn *fn, void *data)
{
	struct plan_engine *engine = plan_engine_of(base);
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
	struct plan_engine *engine = plan_engine_of(base);

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
	.keeps_host = true,
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
	.pinned = plan_pinned,
	.expect = plan_expect,
	.label = plan_label,
	.entered = plan_entered,
	.confines = plan_confines,
	.keep = plan_keep,
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

/* Opens @backend as the next part. */
static int part_open(struct plan_engine *engine, const struct karmor_backend *backend,
		     struct karmor_diag *diag)
{
	int r = karmor_engine_open(backend, &engine->parts[engine->n_parts], diag);

	engine->n_parts += r == 0;
	return r;
}

static struct plan_engine *engine_new(void)
{
	struct plan_engine *engine = calloc(1, sizeof(*engine));

	if (engine)
		*engine = (struct plan_engine){ .base.backend = &plan_backend, .events = -1 };
	return engine;
}

/* All parts are open, or @r says why not. */
static int engine_begin(struct plan_engine *engine, int r, struct karmor_engine **ret)
{
	if (r == 0)
		r = events_open(engine);
	if (r == 0)
		*ret = &engine->base;
	else
		plan_close(&engine->base);
	return r;
}

int karmor_plan_open(const struct karmor_plan *plan, struct karmor_engine **ret,
		     struct karmor_diag *diag)
{
	struct plan_engine *engine = engine_new();
	const struct karmor_backend *backend;
	int r = 0;

	if (!engine)
		return -ENOMEM;
	while (r == 0 && (backend = karmor_plan_backend(plan, engine->n_parts)))
		r = part_open(engine, backend, diag);
	return engine_begin(engine, r, ret);
}

int karmor_plan_open_all(const struct karmor_caps *const *caps, size_t n_caps,
			 struct karmor_engine **ret, struct karmor_diag *diag)
{
	struct plan_engine *engine;
	int r = plan_check_caps(caps, n_caps, diag);

	if (r < 0)
		return r;
	engine = engine_new();
	if (!engine)
		return -ENOMEM;
	engine->is_all = true;
	for (size_t i = 0; r == 0 && i < n_caps; i++)
		r = part_open(engine, caps[i]->backend, diag);
	return engine_begin(engine, r, ret);
}
