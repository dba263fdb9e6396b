/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks under tables: a workload has a slot, and its tasks have labels that name it.
 *
 * Slots are given and taken under the lock; a slot whose workload has no task left belongs to
 * whoever holds the lock next.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "adopt.h"
#include "cgroup.h"
#include "cleanup.h"
#include "demand.h"
#include "diag.h"
#include "engine.h"
#include "host.h"
#include "kept.h"
#include "links.h"
#include "names.h"
#include "others.h"

struct bpf_workload *bpf_workload_find(const struct bpf_engine *engine, const char *name)
{
	for (size_t i = 0; i < engine->n_workloads; i++)
		if (strcmp(engine->workloads[i].name, name) == 0)
			return &engine->workloads[i];
	return NULL;
}

static void slot_free(const struct kernel_maps *maps, uint32_t slot)
{
	struct abi_workload empty = { 0 };

	/* A task whose table is gone is denied everything. To take a ring out waits for the hooks
	 * that run. */
	if (slot == ABI_HOST_SLOT)
		host_release(maps);
	bpf_events_undirect(maps, slot);
	cgroup_forget(maps, slot);
	bpf_map_delete_elem(maps->tables, &slot);
	bpf_map_delete_elem(maps->links, &slot);
	bpf_map_update_elem(maps->workloads, &slot, &empty, BPF_ANY);
}

/* The count is below 0 where a task was enrolled and is gone before it was counted. */
static long tasks_of(const struct abi_workload *slot)
{
	return (int64_t)slot->tasks > 0 ? (long)slot->tasks : 0;
}

static bool is_dead(const struct abi_workload *slot)
{
	return slot->id && (int64_t)slot->tasks <= 0 && !cgroup_holds(slot);
}

int bpf_sweep(const struct kernel_maps *maps, struct karmor_diag *diag)
{
	bool alive = false;

	for (uint32_t i = 0; i < ABI_SLOTS; i++) {
		if (is_dead(&maps->slots[i]))
			slot_free(maps, i);
		else if (maps->slots[i].id)
			alive = true;
	}
	demand_settle(maps);
	return alive ? 0 : kernel_remove(diag);
}

/* A free slot, emptied of a dead workload where one was in it; the caller holds the lock. */
static int slot_take(const struct kernel_maps *maps, uint32_t *ret, struct karmor_diag *diag)
{
	for (uint32_t i = 0; i < ABI_WORKLOADS; i++)
		if (!maps->slots[i].id || is_dead(&maps->slots[i])) {
			if (maps->slots[i].id)
				slot_free(maps, i);
			*ret = i;
			return 0;
		}
	diag_error(diag, NULL, NULL, "bpf: all %u workloads of this node are in use",
		   ABI_WORKLOADS);
	return -EBUSY;
}

/*
 * Fills the slot, labels the task, and counts it last: a slot that never had a task is dead. The
 * count is added to, for the task may be gone by then.
 */
static int slot_fill(struct bpf_engine *engine, const struct bpf_workload *workload,
		     const struct karmor_workload *from, const struct cgroup_asked *asked,
		     struct karmor_diag *diag)
{
	const struct bpf_version version = bpf_version_of(engine, workload);
	struct abi_enrol enrol = { .id = workload->id, .slot = workload->slot };
	struct abi_workload slot = { .id = workload->id,
				     .holder = workload->holder,
				     .flags = (from->lasting ? ABI_LASTING : 0) |
					      (from->host ? ABI_HOST : 0),
				     .needs = version.set->needs };
	char name[ABI_NAME] = "";
	int r;

	r = demand_attach(slot.needs);
	if (r < 0)
		return r;
	r = bpf_events_direct(engine, workload->slot);
	if (r < 0)
		return r;
	r = bpf_links_publish(&engine->maps, workload, &version, 0, diag);
	r = r < 0 ? r : bpf_slot_publish(engine, workload);
	if (r < 0)
		return r;
	if (from->lasting)
		memcpy(name, from->name, strlen(from->name));
	if (bpf_map_update_elem(engine->maps.names, &workload->slot, name, BPF_ANY) < 0 ||
	    bpf_map_update_elem(engine->maps.workloads, &workload->slot, &slot, BPF_ANY) < 0)
		return -errno;
	if (from->host)
		return host_enforce(&engine->maps, from, workload->id);
	r = cgroup_register(&engine->maps, workload->slot, asked);
	if (r < 0)
		return r;
	if (from->pid || !(engine->maps.slots[workload->slot].flags & ABI_ENTERED)) {
		r = host_give(&engine->maps, from->pid, &enrol);
		if (r < 0)
			return r;
		__atomic_add_fetch(&engine->maps.slots[workload->slot].tasks, 1, __ATOMIC_SEQ_CST);
	}
	return from->running ? adopt_running(&engine->maps, workload->slot) : 0;
}

/*
 * Frees the slot of a workload that has no task: first nobody enters it any more. Publishing waits
 * for programs that run, so that whoever was on the way in is counted then. -EBUSY: somebody was,
 * and nothing has changed.
 */
static int slot_leave(struct bpf_engine *engine, const struct bpf_workload *workload)
{
	struct abi_workload *slot = &engine->maps.slots[workload->slot];
	struct cgroup_asked entered;
	int r = cgroup_registered(&engine->maps, workload->slot, &entered);

	if (r < 0)
		return r;
	if (entered.any) {
		cgroup_forget(&engine->maps, workload->slot);
		r = bpf_slot_publish(engine, workload);
	}
	if (r == 0 && (!tasks_of(slot) || slot->flags & ABI_HOST)) {
		slot_free(&engine->maps, workload->slot);
		return 0;
	}
	(void)!cgroup_register(&engine->maps, workload->slot, &entered);
	return r < 0 ? r : -EBUSY;
}

/* The slot of the lasting workload @name; -ENOENT. */
static int lasting_find(const struct kernel_maps *maps, const char *name, uint32_t *ret)
{
	char text[ABI_NAME];

	for (uint32_t i = 0; i < ABI_SLOTS; i++) {
		const struct abi_workload *slot = &maps->slots[i];

		if (!slot->id || is_dead(slot) || !(slot->flags & ABI_LASTING))
			continue;
		if (bpf_map_lookup_elem(maps->names, &i, text) < 0)
			return -errno;
		if (strcmp(text, name) == 0) {
			*ret = i;
			return 0;
		}
	}
	return -ENOENT;
}

int bpf_pinned(struct karmor_engine *base, karmor_pinned_fn *fn, void *data,
	       struct karmor_diag *diag)
{
	struct bpf_engine *engine = (struct bpf_engine *)base;
	_cleanup_close_ int lock = kernel_lock(diag);
	char text[ABI_NAME];

	if (lock < 0)
		return lock;
	for (uint32_t i = 0; i < ABI_SLOTS; i++) {
		const struct abi_workload *slot = &engine->maps.slots[i];

		if (!slot->id || is_dead(slot) || !(slot->flags & ABI_LASTING))
			continue;
		if (bpf_map_lookup_elem(engine->maps.names, &i, text) < 0)
			return bpf_error(-errno, diag, "read the name of a workload");
		fn(text, tasks_of(slot), data);
	}
	return 0;
}

int bpf_generation_of(const struct kernel_maps *maps, uint32_t slot, uint32_t *ret)
{
	_cleanup_close_ int fd = -1;
	struct abi_record header;
	uint32_t id, key = ABI_HEADER;

	if (bpf_map_lookup_elem(maps->tables, &slot, &id) < 0)
		return -errno;
	fd = bpf_map_get_fd_by_id(id);
	if (fd < 0 || bpf_map_lookup_elem(fd, &key, &header) < 0)
		return -errno;
	*ret = header.w[2];
	return 0;
}

uint32_t bpf_generation(const struct kernel_maps *maps)
{
	uint32_t ret = 0, generation;

	for (uint32_t i = 0; i < ABI_SLOTS; i++)
		if (maps->slots[i].id && bpf_generation_of(maps, i, &generation) == 0 &&
		    generation > ret)
			ret = generation;
	return ret;
}

/*
 * Takes over the workload in a slot: all but its table is made ready for the new one, whose
 * generation must be another than that in force, for by it tasks know that their source's class is
 * another.
 */
static int slot_adopt(struct bpf_engine *engine, struct bpf_workload *workload,
		      const struct cgroup_asked *asked, struct karmor_diag *diag)
{
	struct abi_workload *slot = &engine->maps.slots[workload->slot];
	struct bpf_version version = bpf_version_of(engine, workload);
	uint32_t in_force = 0;
	int r = bpf_generation_of(&engine->maps, workload->slot, &in_force);

	if (r == 0 && version.generation <= in_force) {
		r = bpf_renew(engine, workload->ruleset, in_force, diag);
		version = bpf_version_of(engine, workload);
	}
	if (r < 0)
		return r;
	slot->needs |= version.set->needs;
	r = demand_attach(slot->needs);
	if (r == 0)
		r = bpf_links_publish(&engine->maps, workload, &version, in_force, diag);
	r = r < 0 ? r : bpf_events_direct(engine, workload->slot);
	r = r < 0 ? r : cgroup_register(&engine->maps, workload->slot, asked);
	r = r < 0 ? r : bpf_slot_publish(engine, workload);
	if (r < 0)
		return r;
	workload->id = slot->id;
	slot->holder = workload->holder;
	slot->needs = version.set->needs;
	demand_settle(&engine->maps);
	return 0;
}

static char *copy(const char *text, bool *failed)
{
	char *ret = text ? strdup(text) : NULL;

	if (text && !ret)
		*failed = true;
	return ret;
}

static void workload_drop(struct bpf_engine *engine, struct bpf_workload *workload)
{
	cleanup_close(&workload->root);
	free(workload->name);
	free(workload->namespace_name);
	free(workload->container);
	free(workload->labels);
	*workload = engine->workloads[--engine->n_workloads];
}

static int root_open(pid_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	return open(pid ? path : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Appends the workload, its strings copied; takes @root. NULL when memory is out. */
static struct bpf_workload *workload_add(struct bpf_engine *engine,
					 const struct karmor_workload *from, int *root)
{
	struct bpf_workload *all =
		reallocarray(engine->workloads, engine->n_workloads + 1, sizeof(*all));
	struct bpf_workload *workload;
	bool failed = false;

	if (!all)
		return NULL;
	engine->workloads = all;
	workload = &all[engine->n_workloads++];
	*workload = (struct bpf_workload){
		.name = copy(from->name, &failed),
		.namespace_name = copy(from->namespace_name, &failed),
		.container = copy(from->container, &failed),
		.labels = copy(from->labels, &failed),
		.ruleset = from->ruleset,
		.root = TAKE_FD(*root),
	};
	if (getrandom(&workload->id, sizeof(workload->id), 0) != sizeof(workload->id) ||
	    !(workload->id &= ~1ull)) /* of a pair, as ABI_EXEMPT() has it */
		failed = true;
	workload->holder = workload->id;
	if (!failed)
		return workload;
	workload_drop(engine, workload);
	return NULL;
}

int bpf_pins_renew(struct bpf_engine *engine, struct karmor_diag *diag)
{
	struct kernel_maps maps;
	int r = kernel_open(&maps, diag);

	if (r < 0)
		return r;
	kernel_close(&engine->maps);
	engine->maps = maps;
	r = engine->keeps ? kept_process(&maps) : 0;
	return r < 0 ? bpf_error(r, diag, "keep the process from signals") : 0;
}

/* What stands in the way of a lasting workload of this name. */
static int lasting_check(const struct karmor_workload *from, struct karmor_diag *diag)
{
	if (strlen(from->name) < ABI_NAME)
		return from->host ? 0
				  : others_refuse(from->name, from->by_path && from->running, diag);
	diag_error(diag, NULL, NULL, "the name of workload \"%.32s...\" is longer than %d bytes",
		   from->name, KARMOR_WORKLOAD_NAME_MAX);
	return -EINVAL;
}

static int slot_take_over(struct bpf_engine *engine, struct bpf_workload *workload,
			  const struct karmor_workload *from, const struct cgroup_asked *asked,
			  struct karmor_diag *diag)
{
	int r = slot_adopt(engine, workload, asked, diag);

	if (r == 0 && from->host)
		r = host_enforce(&engine->maps, from, workload->id);
	else if (r == 0 && from->running)
		r = adopt_running(&engine->maps, workload->slot);
	return r;
}

/* The caller holds the lock. */
static int workload_enrol(struct bpf_engine *engine, struct bpf_workload *workload,
			  const struct karmor_workload *from, struct karmor_diag *diag)
{
	int r = from->lasting ? lasting_find(&engine->maps, from->name, &workload->slot) : -ENOENT;
	bool is_there = r == 0;
	struct cgroup_asked asked;

	if (r < 0 && r != -ENOENT)
		return bpf_error(r, diag, "read the name of a workload");
	if (is_there && (workload->slot == ABI_HOST_SLOT) != from->host)
		return host_refuse(from, diag);
	r = from->host ? host_check(from, diag) : 0;
	r = r < 0 ? r
		  : cgroup_check(&engine->maps, from, is_there ? (int64_t)workload->slot : -1,
				 &asked, diag);
	if (r < 0)
		return r;
	if (is_there)
		return slot_take_over(engine, workload, from, &asked, diag);
	r = from->host ? host_slot(&engine->maps, &workload->slot, diag)
		       : slot_take(&engine->maps, &workload->slot, diag);
	if (r < 0)
		return r;
	r = slot_fill(engine, workload, from, &asked, diag);
	if (r == 0)
		return 0;
	(void)!slot_leave(engine, workload);
	demand_settle(&engine->maps);
	return r == -ESRCH || r == -ENOENT ? -ENOENT : bpf_error(r, diag, "enrol the task");
}

int bpf_attach(struct karmor_engine *base, const struct karmor_workload *from,
	       struct karmor_diag *diag)
{
	struct bpf_engine *engine = (struct bpf_engine *)base;
	struct bpf_workload *workload;
	_cleanup_close_ int lock = -1, root = -1;
	int r;

	workload = bpf_workload_find(engine, from->name);
	if (workload)
		return from->host ? host_renew(engine, workload, from, diag)
				  : cgroup_renew(engine, workload, from, diag);
	if (!engine->live || from->ruleset >= engine->live->n_rulesets) {
		diag_error(diag, NULL, NULL, "no ruleset %zu for workload \"%s\"", from->ruleset,
			   from->name);
		return -EINVAL;
	}
	r = bpf_events_open(engine);
	if (r < 0)
		return bpf_error(r, diag, "make a ring buffer");
	lock = kernel_lock(diag);
	if (lock < 0)
		return lock;
	r = from->lasting ? lasting_check(from, diag) : 0;
	r = r < 0 ? r : bpf_pins_renew(engine, diag);
	if (r < 0)
		return r;
	root = root_open(from->pid);
	if (root < 0)
		return errno == ENOENT || errno == ESRCH
			       ? -ENOENT
			       : bpf_error(-errno, diag, "open the task's root");
	workload = workload_add(engine, from, &root);
	if (!workload)
		return -ENOMEM;
	r = workload_enrol(engine, workload, from, diag);
	if (r < 0)
		workload_drop(engine, workload);
	else
		others_release_unit(&engine->maps, workload->slot, from, diag);
	return r;
}

int bpf_detach(struct karmor_engine *base, const char *name, struct karmor_diag *diag)
{
	struct bpf_engine *engine = (struct bpf_engine *)base;
	struct bpf_workload *workload = bpf_workload_find(engine, name);
	_cleanup_close_ int lock = -1;
	int r;

	if (!workload)
		return 0;
	lock = kernel_lock(diag);
	if (lock < 0)
		return lock;
	r = bpf_tasks(base, name) > 0 && workload->slot != ABI_HOST_SLOT ? -EBUSY : 0;
	if (r == 0 && bpf_slot_held(engine, workload))
		r = slot_leave(engine, workload);
	if (r == -EBUSY)
		diag_error(diag, NULL, "end its tasks first",
			   "workload \"%s\" still has tasks, which cannot leave it", name);
	if (r < 0)
		return r == -EBUSY ? r : bpf_error(r, diag, "forget the workload");
	demand_settle(&engine->maps);
	workload_drop(engine, workload);
	return 0;
}

long bpf_tasks(struct karmor_engine *base, const char *name)
{
	struct bpf_engine *engine = (struct bpf_engine *)base;
	struct bpf_workload *workload = bpf_workload_find(engine, name);
	const struct abi_workload *slot;

	if (!workload)
		return -ENOENT;
	slot = &engine->maps.slots[workload->slot];
	return bpf_slot_held(engine, workload) ? tasks_of(slot) : 0;
}

int bpf_stats(const struct karmor_engine *base, struct karmor_stats *ret)
{
	const struct bpf_engine *engine = (const struct bpf_engine *)base;

	*ret = KARMOR_STRUCT(karmor_stats, .workloads = engine->n_workloads);
	for (size_t i = 0; i < engine->n_workloads; i++) {
		const struct abi_workload *slot = &engine->maps.slots[engine->workloads[i].slot];

		if (!bpf_slot_held(engine, &engine->workloads[i]))
			continue;
		ret->tasks += (uint64_t)tasks_of(slot);
		ret->events += slot->events;
		ret->lost += slot->lost;
		ret->refused += slot->refused + slot->missed;
	}
	return 0;
}
