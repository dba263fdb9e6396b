/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One process's part of the kernel side: its tables, its workloads and its ring.
 */
#pragma once

#include "backend.h"
#include "bpf.h"
#include "kernel.h"

struct ring_buffer;

/* A workload that this engine attached. Strings are its own. */
struct bpf_workload {
	char *name, *namespace_name, *container, *labels;
	uint32_t slot;
	uint64_t id;
	uint64_t holder; /* ours: another engine may take the workload over */
	size_t ruleset;
	int root; /* O_PATH of its root directory: where the names of its rules are looked up */
};

/* The map of a ruleset, and the generation that it was filled with. */
struct bpf_loaded {
	int fd;
	uint32_t generation;
};

/* A ruleset and the generation of its table, which is never 0. */
struct bpf_version {
	const struct bpf_ruleset *set;
	uint32_t generation;
};

struct bpf_engine {
	struct karmor_engine base;
	struct kernel_maps maps;
	bool keeps;				     /* no workload signals this process */
	const struct karmor_artifact *live, *staged; /* borrowed */
	/* Of each ruleset; live->base.n_rulesets of them. One that did not change has the same. */
	struct bpf_loaded *live_tables, *staged_tables;
	uint32_t generation; /* the highest; also of what was not published */
	bool is_unsure;	     /* what slots have may not be live_tables: none of these is kept */
	struct bpf_workload *workloads;
	size_t n_workloads;
	int ring; /* map; -1 until something is attached, as are the next */
	struct ring_buffer *reader;
	int folds, told;	 /* maps: events by kind, and how many of each were told */
	int poll, timer;	 /* readable where there is something to read; a second after */
	struct bpf_names *names; /* of rules that are not in force any more */
	/* While events are read. */
	karmor_event_fn *fn;
	void *data;
};

/* See struct karmor_backend. */
int bpf_stage(struct karmor_engine *engine, const struct karmor_artifact *artifact,
	      struct karmor_diag *diag);
int bpf_commit(struct karmor_engine *engine, struct karmor_diag *diag);
void bpf_abort(struct karmor_engine *engine);
int bpf_attach(struct karmor_engine *engine, const struct karmor_workload *workload,
	       struct karmor_diag *diag);
int bpf_pinned(struct karmor_engine *engine, karmor_pinned_fn *fn, void *data,
	       struct karmor_diag *diag);
int bpf_detach(struct karmor_engine *engine, const char *name, struct karmor_diag *diag);
int bpf_confines(struct karmor_engine *engine, const char *name, int pidfd);
long bpf_tasks(struct karmor_engine *engine, const char *name);
int bpf_stats(const struct karmor_engine *engine, struct karmor_stats *ret);
int bpf_event_fd(const struct karmor_engine *engine);
int bpf_read_events(struct karmor_engine *engine, karmor_event_fn *fn, void *data);

/* NULL where this engine attached none of that name. */
struct bpf_workload *bpf_workload_find(const struct bpf_engine *engine, const char *name);

/* Opens the ring and its reader, once. 0, -ENOMEM or -EIO. */
int bpf_events_open(struct bpf_engine *engine);
void bpf_events_close(struct bpf_engine *engine);

/* Lets the kernel side send the events of a slot here; 0 or a negative errno. */
int bpf_events_direct(const struct bpf_engine *engine, uint32_t slot);
void bpf_events_undirect(const struct kernel_maps *maps, uint32_t slot);

/* One event that stands for @count, to whoever reads; @size bytes at @record. 0 or -ENOMEM. */
int bpf_event_deliver(struct bpf_engine *engine, const struct abi_event *record, size_t size,
		      uint64_t count);

/* Tells what was folded since it was told last: how many events it told of, or a negative errno. */
int bpf_folds_tell(struct bpf_engine *engine);

/* Waits a while for tasks of this engine's workloads that have ended and still count. */
void bpf_await_ended(struct bpf_engine *engine);

/* Frees the slots of workloads whose last task is gone, whoever attached them, and the pins with
 * the last. */
int bpf_sweep(const struct kernel_maps *maps, struct karmor_diag *diag);
void bpf_tables_close(struct bpf_loaded *tables, size_t n);

/*
 * What was opened may have been taken out since, by another engine that was the last to have a
 * workload: then its programs are not attached any more. The caller holds the lock.
 */
int bpf_pins_renew(struct bpf_engine *engine, struct karmor_diag *diag);

/*
 * Whether the slot is still this workload's and ours: once its last task is gone, another may have
 * it, and a lasting one may have been taken over.
 */
bool bpf_slot_held(const struct bpf_engine *engine, const struct bpf_workload *workload);

/* Whether a ruleset in force gets another table, or none, by what is staged. */
bool bpf_is_changing(const struct bpf_engine *engine, size_t ruleset);

/* bpf_commit() for who holds the lock. */
int bpf_commit_locked(struct bpf_engine *engine, struct karmor_diag *diag);

/*
 * Gives a ruleset that is in force a table of a generation above @above, for who holds the lock.
 */
int bpf_renew(struct bpf_engine *engine, size_t ruleset, uint32_t above, struct karmor_diag *diag);

/* The highest generation of a table that some workload has, whoever attached it. */
uint32_t bpf_generation(const struct kernel_maps *maps);
/* That of the table which the kernel has in @slot. 0 or a negative errno. */
int bpf_generation_of(const struct kernel_maps *maps, uint32_t slot, uint32_t *ret);

/* What is in force for the workload. */
struct bpf_version bpf_version_of(const struct bpf_engine *engine,
				  const struct bpf_workload *workload);

/* Makes the table of its ruleset the workload's. 0 or a negative errno. */
int bpf_slot_publish(struct bpf_engine *engine, const struct bpf_workload *workload);

/* Says that @what failed, and makes of @r what may be returned. */
int bpf_error(int r, struct karmor_diag *diag, const char *what);
