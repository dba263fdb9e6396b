/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cgroups as the kernel side knows them: by their id and, where whatever is at a path counts, by
 * that (see cgroup.h and bpf/named.bpf.c).
 */
#include <bpf/bpf.h>
#include <errno.h>

#include "adopt.h"
#include "cgroup.h"
#include "cleanup.h"
#include "demand.h"
#include "engine.h"
#include "others.h"
#include "place.h"

#define TRIES 100 /* of a cgroup that is removed and made again all the time */

static int place_put(const struct kernel_maps *maps, uint64_t id, const struct abi_cgroup *place)
{
	return bpf_map_update_elem(maps->cgroups, &id, place, BPF_ANY) < 0 ? -errno : 0;
}

/* Makes @id the workload's, where it had @before. Whether nobody else did meanwhile. */
static bool place_move(const struct kernel_maps *maps, uint32_t slot, uint64_t before, uint64_t id)
{
	if (!__atomic_compare_exchange_n(&maps->slots[slot].cgroup, &before, id, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return false;
	if (before)
		bpf_map_delete_elem(maps->cgroups, &before);
	return true;
}

/*
 * What is at the path is registered here, and what is made there later by the kernel side, which
 * has the path already: one that is made meanwhile is known to both.
 */
static int path_register(const struct kernel_maps *maps, uint32_t slot,
			 const struct abi_named *named)
{
	struct abi_workload *workload = &maps->slots[slot];
	uint64_t key = place_key(named->path), before, id;
	int r = demand_attach(BPF_NEED_NAMED);

	if (r == 0 && bpf_map_update_elem(maps->named, &key, named, BPF_ANY) < 0)
		r = -errno;
	if (r < 0)
		return r;
	workload->path = key;
	for (int i = 0; i < TRIES; i++) {
		before = __atomic_load_n(&workload->cgroup, __ATOMIC_SEQ_CST);
		r = cgroup_at((const char *)named->path, &id);
		if (r == 0 && id)
			r = place_put(maps, id, &named->place);
		if (r < 0 || id == before)
			return r;
		place_move(maps, slot, before, id);
	}
	return -EAGAIN;
}

int cgroup_register(const struct kernel_maps *maps, uint32_t slot, const struct cgroup_asked *asked)
{
	struct abi_workload *workload = &maps->slots[slot];
	struct abi_named named = asked->named;
	int r;

	if (!asked->any)
		return 0;
	if (!asked->id && !named.path[0]) {
		cgroup_forget(maps, slot);
		return 0;
	}
	if (workload->path && workload->path != place_key(named.path))
		cgroup_forget(maps, slot);
	named.place.enrol = (struct abi_enrol){ .id = workload->id, .slot = slot };
	r = demand_attach(BPF_NEED_ENTER);
	if (r < 0)
		return r;
	workload->flags |= ABI_ENTERED;
	if (named.path[0])
		return path_register(maps, slot, &named);
	r = place_put(maps, asked->id, &named.place);
	if (r == 0 && workload->cgroup != asked->id)
		place_move(maps, slot, workload->cgroup, asked->id);
	return r;
}

void cgroup_forget(const struct kernel_maps *maps, uint32_t slot)
{
	struct abi_workload *workload = &maps->slots[slot];
	uint64_t cgroup;

	if (workload->path)
		bpf_map_delete_elem(maps->named, &workload->path);
	workload->path = 0;
	cgroup = __atomic_exchange_n(&workload->cgroup, 0, __ATOMIC_SEQ_CST);
	if (cgroup)
		bpf_map_delete_elem(maps->cgroups, &cgroup);
	workload->flags &= ~(uint64_t)ABI_ENTERED;
}

int cgroup_registered(const struct kernel_maps *maps, uint32_t slot, struct cgroup_asked *ret)
{
	const struct abi_workload *workload = &maps->slots[slot];

	*ret = (struct cgroup_asked){ .any = workload->path || workload->cgroup,
				      .id = workload->cgroup };
	if (workload->path)
		return bpf_map_lookup_elem(maps->named, &workload->path, &ret->named) < 0 ? -errno
											  : 0;
	return ret->id && bpf_map_lookup_elem(maps->cgroups, &ret->id, &ret->named.place) < 0
		       ? -errno
		       : 0;
}

int cgroup_renew(struct bpf_engine *engine, const struct bpf_workload *workload,
		 const struct karmor_workload *from, struct karmor_diag *diag)
{
	_cleanup_close_ int lock = -1;
	struct cgroup_asked asked;
	int r;

	if (!from->cgroup)
		return 0;
	lock = kernel_lock(diag);
	if (lock < 0)
		return lock;
	if (!bpf_slot_held(engine, workload))
		return -ENOENT;
	r = cgroup_check(&engine->maps, from, workload->slot, &asked, diag);
	if (r < 0)
		return r;
	r = cgroup_register(&engine->maps, workload->slot, &asked);
	/* Whoever was on the way in by another is there then. */
	r = r < 0 ? r : bpf_slot_publish(engine, workload);
	if (r == 0 && from->running)
		r = adopt_running(&engine->maps, workload->slot);
	demand_settle(&engine->maps);
	if (r == 0)
		others_release_unit(&engine->maps, workload->slot, from, diag);
	return r < 0 ? bpf_error(r, diag, "register the cgroup") : 0;
}
