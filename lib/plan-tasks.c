/* SPDX-License-Identifier: Apache-2.0 */
/* Several backends as one engine: its workloads, which are in all of them, and their tasks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "cleanup.h"
#include "diag.h"
#include "plan.h"

int plan_detach(struct karmor_engine *base, const char *name, struct karmor_diag *diag)
{
	struct plan_engine *engine = plan_engine_of(base);
	int r = 0;

	/* Whoever still sees a task keeps all the others, too. */
	for (size_t i = 0; i < engine->n_parts; i++)
		if (karmor_engine_tasks(engine->parts[i], name) > 0)
			return karmor_engine_detach(engine->parts[i], name, diag);
	for (size_t i = 0; r == 0 && i < engine->n_parts; i++)
		r = karmor_engine_detach(engine->parts[i], name, diag);
	return r;
}

struct sought {
	const char *name;
	bool found;
};

static void pinned_seek(const char *name, long tasks, void *data)
{
	struct sought *sought = data;

	(void)tasks;
	sought->found |= strcmp(name, sought->name) == 0;
}

/* Whether the part has the lasting workload, be it from before: 1, 0 or a negative errno. */
static int part_holds(struct karmor_engine *part, const char *name, struct karmor_diag *diag)
{
	struct sought sought = { .name = name };
	int r = karmor_engine_pinned(part, pinned_seek, &sought, diag);

	return r < 0 ? r : sought.found;
}

/*
 * The node itself is with those alone that know it. What has no task yet is with those alone whose
 * label its first task is to be started under. Who comes later by its cgroup has that label from
 * who starts it.
 */
static int part_attach(struct karmor_engine *part, const struct karmor_workload *workload,
		       struct karmor_diag *diag)
{
	struct karmor_workload asked = *workload;
	int r = 1;

	if (asked.host)
		r = part->backend->keeps_host;
	else if (part->backend->label && !asked.running && !asked.by_path)
		asked.cgroup = NULL;
	else if (!part->backend->label && asked.lasting && !asked.pid && !asked.cgroup)
		r = part_holds(part, asked.name, diag);
	return r > 0 ? karmor_engine_attach(part, &asked, diag) : r;
}

int plan_attach(struct karmor_engine *base, const struct karmor_workload *workload,
		struct karmor_diag *diag)
{
	struct plan_engine *engine = plan_engine_of(base);
	bool kept = !workload->host;
	int r = 0;

	for (size_t i = 0; i < engine->n_parts; i++)
		kept |= engine->parts[i]->backend->keeps_host;
	if (!kept) {
		diag_error(diag, NULL, "add bpf to them",
			   "these backends confine workloads alone, and not the node itself");
		return -EOPNOTSUPP;
	}
	for (size_t i = 0; i < engine->n_parts && workload->lasting; i++)
		if (!engine->parts[i]->backend->pinned) {
			diag_error(diag, NULL, NULL, "%s keeps no lasting workloads",
				   engine->parts[i]->backend->title);
			return -EOPNOTSUPP;
		}
	for (size_t i = 0; r == 0 && i < engine->n_parts; i++)
		r = part_attach(engine->parts[i], workload, diag);
	return r;
}

int plan_expect(struct karmor_engine *base, const char *name, size_t ruleset)
{
	struct plan_engine *engine = plan_engine_of(base);
	int r = 0;

	for (size_t i = 0; r == 0 && i < engine->n_parts; i++)
		r = karmor_engine_expect(engine->parts[i], name, ruleset);
	return r;
}

int plan_prepare(struct karmor_engine *base)
{
	struct plan_engine *engine = plan_engine_of(base);
	int r = 0;

	for (size_t i = 0; r == 0 && i < engine->n_parts; i++)
		r = karmor_engine_prepare(engine->parts[i]);
	return r;
}

int plan_enter(struct karmor_engine *base, const char *name)
{
	struct plan_engine *engine = plan_engine_of(base);
	int r = 0;

	for (size_t i = 0; r == 0 && i < engine->n_parts; i++)
		r = karmor_engine_enter(engine->parts[i], name);
	return r;
}

/* One label is all that a task can be started under. */
int plan_label(struct karmor_engine *base, const char *name, const char *program, char *ret,
	       size_t size)
{
	struct plan_engine *engine = plan_engine_of(base);
	int r = -EOPNOTSUPP;

	for (size_t i = 0; r == -EOPNOTSUPP && i < engine->n_parts; i++)
		r = karmor_engine_label_of(engine->parts[i], name, program, ret, size);
	return r;
}

int plan_entered(struct karmor_engine *base, const char *name, pid_t pid, struct karmor_diag *diag)
{
	struct plan_engine *engine = plan_engine_of(base);
	int ret = -EOPNOTSUPP;

	for (size_t i = 0; i < engine->n_parts; i++) {
		int r = karmor_engine_entered(engine->parts[i], name, pid, diag);

		if (r < 0 && r != -EOPNOTSUPP)
			return r;
		ret = r == 0 ? 0 : ret;
	}
	return ret;
}

int plan_confines(struct karmor_engine *base, const char *name, int pidfd)
{
	struct plan_engine *engine = plan_engine_of(base);
	int r = 0;

	for (size_t i = 0; engine && r == 0 && i < engine->n_parts; i++)
		if (engine->parts[i]->backend->confines)
			r = engine->parts[i]->backend->confines(engine->parts[i], name, pidfd);
	return r;
}

/* One that keeps it will do: a task is in all parts. */
int plan_keep(struct karmor_engine *base, const char *path, struct karmor_diag *diag)
{
	struct plan_engine *engine = plan_engine_of(base);
	int ret = -EOPNOTSUPP;

	for (size_t i = 0; i < engine->n_parts; i++) {
		int r = karmor_engine_keep(engine->parts[i], path, diag);

		if (r < 0 && r != -EOPNOTSUPP)
			return r;
		ret = r == 0 ? 0 : ret;
	}
	return ret;
}

/* A task may have left one part's count already. */
long plan_tasks(struct karmor_engine *base, const char *name)
{
	struct plan_engine *engine = plan_engine_of(base);
	long ret = -ENOENT;

	for (size_t i = 0; i < engine->n_parts; i++) {
		long n = karmor_engine_tasks(engine->parts[i], name);

		ret = n > ret ? n : ret;
	}
	return ret;
}

struct pin {
	char *name;
	long tasks;
};

struct pins {
	struct pin *all;
	size_t n, size;
	int result;
};

static void pins_add(const char *name, long tasks, void *data)
{
	struct pins *pins = data;
	char *copy = strdup(name);

	if (!copy || array_grow(&pins->all, pins->n, &pins->size, sizeof(*pins->all)) < 0) {
		free(copy);
		pins->result = -ENOMEM;
		return;
	}
	pins->all[pins->n++] = (struct pin){ copy, tasks };
}

/* Of one name, that which counts the most tasks comes first. */
static int compare_pins(const void *a, const void *b)
{
	const struct pin *left = a, *right = b;
	int r = strcmp(left->name, right->name);

	return r ? r : (left->tasks < right->tasks) - (left->tasks > right->tasks);
}

/* What any of them has. */
int plan_pinned(struct karmor_engine *base, karmor_pinned_fn *fn, void *data,
		struct karmor_diag *diag)
{
	struct plan_engine *engine = plan_engine_of(base);
	struct pins pins = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < engine->n_parts; i++)
		r = karmor_engine_pinned(engine->parts[i], pins_add, &pins, diag);
	r = r == 0 ? pins.result : r;
	if (pins.n)
		qsort(pins.all, pins.n, sizeof(*pins.all), compare_pins);
	for (size_t i = 0; i < pins.n; i++) {
		if (r == 0 && (!i || strcmp(pins.all[i].name, pins.all[i - 1].name) != 0))
			fn(pins.all[i].name, pins.all[i].tasks, data);
		if (i)
			free(pins.all[i - 1].name);
	}
	if (pins.n)
		free(pins.all[pins.n - 1].name);
	free(pins.all);
	return r;
}
