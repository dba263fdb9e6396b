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
	size_t ruleset;
	int root; /* O_PATH of its root directory: where the names of its rules are looked up */
};

struct bpf_engine {
	struct karmor_engine base;
	struct kernel_maps maps;
	const struct bpf_artifact *live, *staged; /* borrowed */
	int *live_tables, *staged_tables; /* map of each ruleset; live->base.n_rulesets of them */
	uint32_t generation;
	struct bpf_workload *workloads;
	size_t n_workloads;
	int ring; /* map; -1 until something is attached */
	struct ring_buffer *reader;
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
long bpf_tasks(struct karmor_engine *engine, const char *name);
int bpf_stats(const struct karmor_engine *engine, struct karmor_stats *ret);
int bpf_event_fd(const struct karmor_engine *engine);
int bpf_read_events(struct karmor_engine *engine, karmor_event_fn *fn, void *data);

/* Opens the ring and its reader, once. 0, -ENOMEM or -EIO. */
int bpf_events_open(struct bpf_engine *engine);
void bpf_events_close(struct bpf_engine *engine);

/* Frees the slots of workloads whose last task is gone, whoever attached them, and the pins with
 * the last. */
int bpf_sweep(const struct kernel_maps *maps, struct karmor_diag *diag);
void bpf_tables_close(int *tables, size_t n);
