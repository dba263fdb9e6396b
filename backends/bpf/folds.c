/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events that were folded: what the kernel side counted and did not send is told as one event for
 * each kind, with its count. Counts that a running program may add to are never removed, so that
 * they add up exactly; those of rules that are gone are, once they are told.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "engine.h"

/* Whether no event of this kind can come any more. */
static bool is_over(const struct bpf_engine *engine, const struct abi_fold_key *key)
{
	for (size_t i = 0; i < engine->n_workloads; i++)
		if (engine->workloads[i].id == key->workload)
			return key->generation &&
			       key->generation !=
				       bpf_version_of(engine, &engine->workloads[i]).generation;
	return true;
}

static int fold_deliver(struct bpf_engine *engine, const struct abi_fold_key *key,
			const struct abi_fold *fold, uint64_t count)
{
	struct abi_event record = {
		.time = fold->time,
		.workload = key->workload,
		.lost = engine->maps.slots[key->slot % ABI_SLOTS].lost,
		.slot = key->slot,
		.generation = key->generation,
		.verdict = key->verdict,
		.pid = fold->pid,
		.tgid = fold->tgid,
		.ppid = fold->ppid,
		.uid = fold->uid,
		.error = key->error,
		.family = key->family,
		.op = key->op,
		.hook = key->hook,
		.section = key->section,
	};

	memcpy(record.comm, fold->comm, sizeof(record.comm));
	return bpf_event_deliver(engine, &record, sizeof(record), count);
}

/* How many events of the kind were told of now. */
static int64_t fold_tell(struct bpf_engine *engine, const struct abi_fold_key *key)
{
	struct abi_fold fold;
	uint64_t told = 0;
	int r;

	if (bpf_map_lookup_elem(engine->folds, key, &fold) < 0)
		return 0;
	(void)bpf_map_lookup_elem(engine->told, key, &told);
	if (fold.folded == told)
		return 0;
	if (bpf_map_update_elem(engine->told, key, &fold.folded, BPF_ANY) < 0)
		return -errno;
	r = fold_deliver(engine, key, &fold, fold.folded - told);
	return r < 0 ? r : (int64_t)(fold.folded - told);
}

int bpf_folds_tell(struct bpf_engine *engine)
{
	struct abi_fold_key key, next;
	int64_t n = 0, r;
	bool more = bpf_map_get_next_key(engine->folds, NULL, &next) == 0;

	while (more) {
		key = next;
		more = bpf_map_get_next_key(engine->folds, &key, &next) == 0;
		r = fold_tell(engine, &key);
		if (r < 0)
			return (int)r;
		n += r;
		if (is_over(engine, &key)) {
			bpf_map_delete_elem(engine->folds, &key);
			bpf_map_delete_elem(engine->told, &key);
		}
	}
	return n > INT32_MAX ? INT32_MAX : (int)n;
}
