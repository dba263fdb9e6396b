/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables into the kernel.
 *
 * A table is filled aside and becomes a workload's in one store into the map of tables; the store
 * returns after every running hook has left the old one, so that its return is the proof.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cleanup.h"
#include "demand.h"
#include "diag.h"
#include "engine.h"
#include "links.h"
#include "names.h"

void bpf_tables_close(int *tables, size_t n)
{
	for (size_t i = 0; tables && i < n; i++)
		cleanup_close(&tables[i]);
	free(tables);
}

static int table_fill(int fd, const struct bpf_ruleset *set, uint32_t generation)
{
	size_t size = set->n_records * sizeof(*set->records);
	struct abi_record *records = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (records == MAP_FAILED)
		return -errno;
	memcpy(records, set->records, size);
	records[ABI_HEADER].w[2] = generation;
	munmap(records, size);
	return 0;
}

static int table_make(const struct bpf_ruleset *set, uint32_t generation)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_INNER_MAP | BPF_F_MMAPABLE);
	_cleanup_close_ int fd = -1;
	int r;

	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "karmor_table", sizeof(uint32_t),
			    sizeof(struct abi_record), (uint32_t)set->n_records, &opts);
	if (fd < 0)
		return -errno;
	r = table_fill(fd, set, generation);
	return r < 0 ? r : TAKE_FD(fd);
}

int bpf_error(int r, struct karmor_diag *diag, const char *what)
{
	diag_error(diag, NULL, NULL, "bpf: cannot %s: %s", what, strerror(-r));
	return r == -ENOMEM || r == -EPERM ? r : -EIO;
}

int bpf_stage(struct karmor_engine *base, const struct karmor_artifact *artifact,
	      struct karmor_diag *diag)
{
	struct bpf_engine *engine = (struct bpf_engine *)base;
	size_t n = artifact->n_rulesets;

	bpf_abort(base);
	for (size_t i = 0; i < engine->n_workloads; i++)
		if (engine->workloads[i].ruleset >= n) {
			diag_error(diag, NULL, NULL, "no ruleset %zu for workload \"%s\"",
				   engine->workloads[i].ruleset, engine->workloads[i].name);
			return -EINVAL;
		}
	engine->staged_tables = malloc((n ? n : 1) * sizeof(*engine->staged_tables));
	if (!engine->staged_tables)
		return -ENOMEM;
	engine->staged = (const struct bpf_artifact *)artifact;
	for (size_t i = 0; i < n; i++)
		engine->staged_tables[i] = -1;
	for (size_t i = 0; i < n; i++) {
		int fd = table_make(&engine->staged->rulesets[i], engine->generation + 1);

		if (fd < 0)
			return bpf_error(fd, diag, "make a table of rules");
		engine->staged_tables[i] = fd;
	}
	return 0;
}

void bpf_abort(struct karmor_engine *base)
{
	struct bpf_engine *engine = (struct bpf_engine *)base;

	bpf_tables_close(engine->staged_tables,
			 engine->staged ? engine->staged->base.n_rulesets : 0);
	engine->staged_tables = NULL;
	engine->staged = NULL;
}

bool bpf_slot_held(const struct bpf_engine *engine, const struct bpf_workload *workload)
{
	const struct abi_workload *slot = &engine->maps.slots[workload->slot];

	return slot->id == workload->id && slot->holder == workload->holder;
}

int bpf_slot_publish(struct bpf_engine *engine, const int *tables,
		     const struct bpf_workload *workload)
{
	int fd = tables[workload->ruleset];

	return bpf_map_update_elem(engine->maps.tables, &workload->slot, &fd, BPF_ANY) < 0 ? -errno
											   : 0;
}

/* What @workload's rules to come protect under other names, beside what those in force do. */
static int links_stage(struct bpf_engine *engine, const struct bpf_workload *workload,
		       struct karmor_diag *diag)
{
	const struct bpf_version version = { &engine->staged->rulesets[workload->ruleset],
					     engine->generation + 1 };

	return bpf_links_publish(&engine->maps, workload, &version, engine->generation, diag);
}

/*
 * What the workloads' tables need of the programs, noted before what is new is published: whoever
 * sweeps meanwhile leaves it attached.
 */
static int needs_note(struct bpf_engine *engine, const struct bpf_artifact *artifact, bool add)
{
	uint64_t all = 0;

	for (size_t i = 0; i < engine->n_workloads; i++) {
		const struct bpf_workload *workload = &engine->workloads[i];
		struct abi_workload *slot = &engine->maps.slots[workload->slot];
		uint64_t needs = artifact->rulesets[workload->ruleset].needs;

		if (!bpf_slot_held(engine, workload))
			continue;
		slot->needs = add ? slot->needs | needs : needs;
		all |= needs;
	}
	return demand_attach(all);
}

/*
 * The tables of all workloads that are still ours. Every call that changes the map waits for a
 * grace period (6.1 for one for each slot), so that all but one slot go in one batch. A batch may
 * return before the hooks have left the old tables; the call for the last slot does not.
 */
static int tables_publish(struct bpf_engine *engine, const int *tables, uint32_t *slots, int *fds)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	uint32_t n = 0, batch;

	for (size_t i = 0; i < engine->n_workloads; i++)
		if (bpf_slot_held(engine, &engine->workloads[i])) {
			slots[n] = engine->workloads[i].slot;
			fds[n++] = tables[engine->workloads[i].ruleset];
		}
	if (!n)
		return 0;
	batch = n - 1;
	if (batch && bpf_map_update_batch(engine->maps.tables, slots, fds, &batch, &opts) < 0)
		return -errno;
	return bpf_map_update_elem(engine->maps.tables, &slots[n - 1], &fds[n - 1], BPF_ANY) < 0
		       ? -errno
		       : 0;
}

static int publish_all(struct bpf_engine *engine, struct karmor_diag *diag)
{
	_cleanup_free_ uint32_t *slots = calloc(engine->n_workloads + 1, sizeof(*slots));
	_cleanup_free_ int *fds = calloc(engine->n_workloads + 1, sizeof(*fds));
	int r = slots && fds ? needs_note(engine, engine->staged, true) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < engine->n_workloads; i++)
		if (bpf_slot_held(engine, &engine->workloads[i]))
			r = links_stage(engine, &engine->workloads[i], diag);
	if (r == 0) {
		r = tables_publish(engine, engine->staged_tables, slots, fds);
		if (r < 0)
			(void)tables_publish(engine, engine->live_tables, slots, fds);
	}
	if (engine->n_workloads) {
		(void)needs_note(engine, r < 0 ? engine->live : engine->staged, false);
		demand_settle(&engine->maps);
	}
	return r;
}

int bpf_commit_locked(struct bpf_engine *engine, struct karmor_diag *diag)
{
	int r = names_keep(engine);

	r = r < 0 ? r : publish_all(engine, diag);
	if (r < 0)
		return bpf_error(r, diag, "publish a table of rules");
	bpf_tables_close(engine->live_tables, engine->live ? engine->live->base.n_rulesets : 0);
	engine->live = engine->staged;
	engine->live_tables = engine->staged_tables;
	engine->staged = NULL;
	engine->staged_tables = NULL;
	engine->generation++;
	return 0;
}

int bpf_commit(struct karmor_engine *base, struct karmor_diag *diag)
{
	struct bpf_engine *engine = (struct bpf_engine *)base;
	_cleanup_close_ int lock = engine->n_workloads ? kernel_lock(diag) : -1;

	if (engine->n_workloads && lock < 0)
		return lock;
	return bpf_commit_locked(engine, diag);
}
