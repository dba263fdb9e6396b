/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables into the kernel.
 *
 * A table is filled aside and becomes a workload's in one store into the map of tables; the store
 * returns after every running hook has left the old one, so that its return is the proof, and that
 * no hook sees more than one change (ASK_ANEW in bpf/hook.bpf.h builds on that).
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cleanup.h"
#include "demand.h"
#include "diag.h"
#include "engine.h"
#include "links.h"
#include "names.h"

void bpf_tables_close(struct bpf_loaded *tables, size_t n)
{
	for (size_t i = 0; tables && i < n; i++)
		cleanup_close(&tables[i].fd);
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

static int rulesets_check(const struct bpf_engine *engine, size_t n, struct karmor_diag *diag)
{
	for (size_t i = 0; i < engine->n_workloads; i++)
		if (engine->workloads[i].ruleset >= n) {
			diag_error(diag, NULL, NULL, "no ruleset %zu for workload \"%s\"",
				   engine->workloads[i].ruleset, engine->workloads[i].name);
			return -EINVAL;
		}
	return 0;
}

static bool is_live(const struct bpf_engine *engine, const struct karmor_artifact *artifact,
		    size_t i)
{
	return engine->live && i < engine->live->n_rulesets &&
	       bpf_ruleset_at(engine->live, i) == bpf_ruleset_at(artifact, i);
}

/* The table of a ruleset that is in force already, or one of a generation of its own, by which a
 * task knows that its class is another, be it for another workload that it is of. */
static int table_stage(struct bpf_engine *engine, size_t i, bool anew)
{
	struct bpf_loaded *ret = &engine->staged_tables[i];

	if (is_live(engine, engine->staged, i) && !anew && !engine->is_unsure) {
		*ret = engine->live_tables[i];
		ret->fd = fcntl(ret->fd, F_DUPFD_CLOEXEC, 3);
		return ret->fd < 0 ? -errno : 0;
	}
	ret->generation = ++engine->generation;
	ret->fd = table_make(bpf_ruleset_at(engine->staged, i), ret->generation);
	return ret->fd < 0 ? ret->fd : 0;
}

#define NO_RULESET SIZE_MAX

/* @anew: a ruleset that has another table, be it in force already. */
static int stage(struct bpf_engine *engine, const struct karmor_artifact *artifact, size_t anew,
		 struct karmor_diag *diag)
{
	size_t n = artifact->n_rulesets;

	bpf_abort(&engine->base);
	engine->staged_tables = malloc((n ? n : 1) * sizeof(*engine->staged_tables));
	if (!engine->staged_tables)
		return -ENOMEM;
	engine->staged = artifact;
	for (size_t i = 0; i < n; i++)
		engine->staged_tables[i].fd = -1;
	for (size_t i = 0; i < n; i++) {
		int r = table_stage(engine, i, i == anew);

		if (r < 0)
			return bpf_error(r, diag, "make a table of rules");
	}
	return 0;
}

int bpf_stage(struct karmor_engine *base, const struct karmor_artifact *artifact,
	      struct karmor_diag *diag)
{
	struct bpf_engine *engine = (struct bpf_engine *)base;
	int r = rulesets_check(engine, artifact->n_rulesets, diag);

	/* What is taken over later has another one then. */
	if (!engine->live && !engine->generation)
		engine->generation = bpf_generation(&engine->maps);
	return r < 0 ? r : stage(engine, artifact, NO_RULESET, diag);
}

void bpf_abort(struct karmor_engine *base)
{
	struct bpf_engine *engine = (struct bpf_engine *)base;

	bpf_tables_close(engine->staged_tables, engine->staged ? engine->staged->n_rulesets : 0);
	engine->staged_tables = NULL;
	engine->staged = NULL;
}

bool bpf_is_changing(const struct bpf_engine *engine, size_t ruleset)
{
	return ruleset >= engine->staged->n_rulesets ||
	       engine->staged_tables[ruleset].generation != engine->live_tables[ruleset].generation;
}

bool bpf_slot_held(const struct bpf_engine *engine, const struct bpf_workload *workload)
{
	const struct abi_workload *slot = &engine->maps.slots[workload->slot];

	return slot->id == workload->id && slot->holder == workload->holder;
}

struct bpf_version bpf_version_of(const struct bpf_engine *engine,
				  const struct bpf_workload *workload)
{
	return (struct bpf_version){ bpf_ruleset_at(engine->live, workload->ruleset),
				     engine->live_tables[workload->ruleset].generation };
}

int bpf_slot_publish(struct bpf_engine *engine, const struct bpf_workload *workload)
{
	int fd = engine->live_tables[workload->ruleset].fd;

	return bpf_map_update_elem(engine->maps.tables, &workload->slot, &fd, BPF_ANY) < 0 ? -errno
											   : 0;
}

/* Whether the workload, which is still ours, gets another table. */
static bool is_changing(const struct bpf_engine *engine, const struct bpf_workload *workload)
{
	return bpf_slot_held(engine, workload) && bpf_is_changing(engine, workload->ruleset);
}

/* What @workload's rules to come protect under other names, beside what those in force do. */
static int links_stage(struct bpf_engine *engine, const struct bpf_workload *workload,
		       struct karmor_diag *diag)
{
	size_t ruleset = workload->ruleset;
	const struct bpf_version version = { bpf_ruleset_at(engine->staged, ruleset),
					     engine->staged_tables[ruleset].generation };
	uint32_t in_force = 0;
	/* What live_tables say may not be it, where a publication failed half-way. */
	int r = bpf_generation_of(&engine->maps, workload->slot, &in_force);

	return r < 0 ? r : bpf_links_publish(&engine->maps, workload, &version, in_force, diag);
}

/*
 * What the workloads' tables need of the programs, noted before what is new is published: whoever
 * sweeps meanwhile leaves it attached.
 */
static int needs_note(struct bpf_engine *engine, const struct karmor_artifact *artifact, bool add)
{
	uint64_t all = 0;

	for (size_t i = 0; i < engine->n_workloads; i++) {
		const struct bpf_workload *workload = &engine->workloads[i];
		struct abi_workload *slot = &engine->maps.slots[workload->slot];
		uint64_t needs = bpf_ruleset_at(artifact, workload->ruleset)->needs;

		if (!bpf_slot_held(engine, workload))
			continue;
		slot->needs = add ? slot->needs | needs : needs;
		all |= needs;
	}
	return demand_attach(all);
}

/*
 * The tables of all workloads that get another one. Every call that changes the map waits for a
 * grace period (6.1 for one for each slot), so that all but one slot go in one batch. A batch may
 * return before the hooks have left the old tables; the call for the last slot does not.
 */
static int tables_publish(struct bpf_engine *engine, const struct bpf_loaded *tables,
			  uint32_t *slots, int *fds)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	uint32_t n = 0, batch;

	for (size_t i = 0; i < engine->n_workloads; i++)
		if (is_changing(engine, &engine->workloads[i])) {
			slots[n] = engine->workloads[i].slot;
			fds[n++] = tables[engine->workloads[i].ruleset].fd;
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

/*
 * The tables in force again, after a publication that failed half-way. The hooks that saw it must
 * not see this change as well: the store that would have been its last has never been, so that its
 * table in force changes nothing, and is waited for.
 */
static int tables_restore(struct bpf_engine *engine, uint32_t *slots, int *fds)
{
	size_t last = engine->n_workloads - 1;
	int r;

	while (last && !is_changing(engine, &engine->workloads[last]))
		last--;
	r = bpf_slot_publish(engine, &engine->workloads[last]);
	return r < 0 ? r : tables_publish(engine, engine->live_tables, slots, fds);
}

static int publish_all(struct bpf_engine *engine, struct karmor_diag *diag)
{
	_cleanup_free_ uint32_t *slots = calloc(engine->n_workloads + 1, sizeof(*slots));
	_cleanup_free_ int *fds = calloc(engine->n_workloads + 1, sizeof(*fds));
	int r = slots && fds ? needs_note(engine, engine->staged, true) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < engine->n_workloads; i++)
		if (is_changing(engine, &engine->workloads[i]))
			r = links_stage(engine, &engine->workloads[i], diag);
	if (r == 0) {
		r = tables_publish(engine, engine->staged_tables, slots, fds);
		engine->is_unsure |= r < 0 && tables_restore(engine, slots, fds) < 0;
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
	engine->is_unsure = false;
	bpf_tables_close(engine->live_tables, engine->live ? engine->live->n_rulesets : 0);
	engine->live = engine->staged;
	engine->live_tables = engine->staged_tables;
	engine->staged = NULL;
	engine->staged_tables = NULL;
	return 0;
}

int bpf_renew(struct bpf_engine *engine, size_t ruleset, uint32_t above, struct karmor_diag *diag)
{
	int r;

	if (engine->generation < above)
		engine->generation = above;
	r = stage(engine, engine->live, ruleset, diag);
	r = r < 0 ? r : bpf_commit_locked(engine, diag);
	if (r < 0)
		bpf_abort(&engine->base);
	return r;
}

int bpf_commit(struct karmor_engine *base, struct karmor_diag *diag)
{
	struct bpf_engine *engine = (struct bpf_engine *)base;
	_cleanup_close_ int lock = engine->n_workloads ? kernel_lock(diag) : -1;

	if (engine->n_workloads && lock < 0)
		return lock;
	return bpf_commit_locked(engine, diag);
}
