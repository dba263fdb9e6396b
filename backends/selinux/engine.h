/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SELinux backend, live: one module in the policy's store and in the kernel, roles on files,
 * and tasks that changed to the role of their workload.
 *
 * There is one engine at a time. What it did is taken back when it is closed: labels first, then
 * the module, then what is kept of both in /var/lib/karmor/selinux (state.h). Where workloads still
 * have tasks, everything stays; and nobody can open another engine until they have ended.
 */
#pragma once

#include <stdint.h>

#include "events.h"
#include "selinux.h"

#define SELINUX_CONTEXT_MAX 1024
#define SELINUX_RETIRED_MAX 4096

/* What was loaded once and may still be on a file or a task. */
struct selinux_before {
	enum selinux_old what;
	char *name, *example, *type, *copy;
	size_t set;
	bool directory; /* a label of directories */
	bool again;	/* was retired by an earlier change already */
};

struct selinux_workload {
	char *name, *namespace_name, *container, *labels;
	size_t ruleset;
};

/* Shared with children that were made before their workload was attached: who enters what. */
struct selinux_entrance {
	uint64_t names[SELINUX_RULESETS_MAX]; /* digest of a workload's name by ruleset; 0: none */
};

struct selinux_engine {
	struct karmor_engine base;
	const struct selinux_artifact *live, *staged;
	struct buf module, live_module; /* as text */
	struct selinux_before *before;
	size_t n_before, before_size;
	struct selinux_retired *retired; /* what the staged module has of them */
	size_t n_retired;
	struct selinux_workload *workloads;
	size_t n_workloads;
	struct selinux_entrance *entrance;
	struct selinux_events events;
	int poll; /* what events are waited for by: audit records can be had with a workload alone
		   */
	char own[SELINUX_CONTEXT_MAX]; /* of the launcher: user:role:type:range */
	uint64_t generation;
	int lock;
	int entry; /* in a child that is to enter: its own label's file; -1: not open */
};

/* live.c */
int selinux_open(struct karmor_engine **ret, struct karmor_diag *diag);
void selinux_close(struct karmor_engine *engine);
int selinux_event_fd(const struct karmor_engine *engine);
int selinux_read_events(struct karmor_engine *engine, karmor_event_fn *fn, void *data);

/* apply.c */
int selinux_stage(struct karmor_engine *engine, const struct karmor_artifact *artifact,
		  struct karmor_diag *diag);
int selinux_commit(struct karmor_engine *engine, struct karmor_diag *diag);
void selinux_abort(struct karmor_engine *engine);
/* Labels put back, the module removed, the state with it. 0, -EPERM, -EIO (message), -ENOMEM. */
int selinux_take_back(struct karmor_diag *diag);

/* retire.c: what the module has of those before it, for the artifact that is staged. */
int selinux_retire(struct selinux_engine *engine, struct karmor_diag *diag);
/* What is live becomes something before, and what nothing has any more is forgotten. */
void selinux_retire_live(struct selinux_engine *engine);
void selinux_before_free(struct selinux_engine *engine);
/* What a role is in what is live. False where it is none of ours. */
bool selinux_task_find(const struct selinux_engine *engine, const char *role, size_t len,
		       size_t *set, size_t *class);
bool selinux_file_find(const struct selinux_engine *engine, const char *role, size_t len,
		       size_t *label);

/* attach.c */
int selinux_attach(struct karmor_engine *engine, const struct karmor_workload *workload,
		   struct karmor_diag *diag);
int selinux_detach(struct karmor_engine *engine, const char *name, struct karmor_diag *diag);
void selinux_workload_drop(struct selinux_engine *engine, struct selinux_workload *workload);
int selinux_prepare(struct karmor_engine *engine);
int selinux_enter(struct karmor_engine *engine, const char *name);
int selinux_stats(const struct karmor_engine *engine, struct karmor_stats *ret);

/* tasks.c: how many have a role of ours that begins with @prefix; -EIO. */
#define SELINUX_TASK_PREFIX "karmor_w"
long selinux_tasks_count(const char *prefix);
long selinux_tasks(struct karmor_engine *engine, const char *name);
int selinux_confines(struct karmor_engine *engine, int pidfd);
