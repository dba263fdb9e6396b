/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The AppArmor backend, live: profiles of our own names in the kernel, tasks under them, and the
 * audit records of what they were denied.
 *
 * Every workload has profiles of its own, karmor-<engine>-<digest of its name>, and one more for
 * each class of sources and each part of many rules. They are loaded from memory and stand in no
 * directory that anything else reads. An engine has the lowest free number, so that the next one's
 * profiles are found in the store (store.h), and holds a lock on /run/karmor/apparmor/<engine>
 * while it lives; whoever opens one next removes the profiles of engines that are gone, once they
 * have no task. A profile with tasks is never removed, for that would leave them unconfined.
 *
 * The profiles of a lasting workload are karmor-lasting-<digest>; its file (state.h) says which
 * engine has it. They go with detach, and with the machine.
 */
#pragma once

#include "apparmor.h"
#include "audit.h"
#include "sha256.h"

#define ENGINE_PREFIX "karmor-"
#define LASTING_PREFIX ENGINE_PREFIX "lasting-"

/* Profiles on top of others' (apparmor.h). */
struct apparmor_tops {
	bool loaded;   /* some were, so that tasks may be under one */
	bool followed; /* those that are have followed a change, and follow no other */
	uint8_t digest[SHA256_SIZE]; /* of all profiles, as they are loaded; 0: not known */
};

struct apparmor_workload {
	char *name, *namespace_name, *container, *labels;
	size_t ruleset;
	char *profile;	      /* of class 0 */
	size_t n_profiles;    /* that were ever loaded for it: tasks may be in any */
	size_t width, groups; /* of the stack that its tasks entered */
	uint64_t *signatures; /* by class: what was loaded last for it; 0: nothing yet */
	size_t n_signatures;
	bool lasting;
	struct buf staged; /* its profiles, compiled */
	struct apparmor_tops tops, staged_tops;
	bool is_loading;
	bool changed, has_stack; /* since its tasks could be there; follow.c */
};

struct apparmor_entrance;

struct apparmor_engine {
	struct karmor_engine base;
	const struct karmor_artifact *live, *staged;
	struct apparmor_workload *workloads;
	size_t n_workloads;
	uint64_t generation;
	struct apparmor_mediates mediates; /* this kernel */
	char id[17];
	int lock;  /* held on the engine's own file */
	int entry; /* in a child that is to enter: its own label's file; -1: not open */
	struct apparmor_entrance *entrance; /* shared with children */

	struct audit audit;
	uint64_t events, lost_told;
};

/* probe.c: what this kernel mediates beside files; all false where AppArmor is not there. */
struct apparmor_mediates apparmor_kernel(void);
int apparmor_probe(struct karmor_caps *caps, struct karmor_diag *diag);

/* profiles.c */
int profiles_replace(const struct buf *binary, struct karmor_diag *diag);
/* Those whose names begin with @prefix, then end or go on with "."; no task may be under one. */
void profiles_remove(const char *prefix);
/* Calls @fn for each loaded profile of ours. 0, what @fn returned, or a negative errno. */
typedef int profiles_fn(const char *profile, void *data);
int profiles_each(profiles_fn *fn, void *data);
/* Calls @fn for the label of each process, more than once, as tasks fork meanwhile. 0, what @fn
 * returned, or -EIO. */
int profiles_labels(profiles_fn *fn, void *data);
/* How many tasks are under profiles that begin with @prefix, then end or go on with ".". */
long profiles_tasks(const char *prefix);
/* The engine's id and its lock; removes what dead engines left. */
int profiles_claim(struct apparmor_engine *engine, struct karmor_diag *diag);
void profiles_release(struct apparmor_engine *engine, bool empty);

/* apply.c */
int apparmor_stage(struct karmor_engine *engine, const struct karmor_artifact *artifact,
		   struct karmor_diag *diag);
int apparmor_commit(struct karmor_engine *engine, struct karmor_diag *diag);
void apparmor_abort(struct karmor_engine *engine);
/* attach.c */
int apparmor_attach(struct karmor_engine *engine, const struct karmor_workload *workload,
		    struct karmor_diag *diag);
int apparmor_pinned(struct karmor_engine *engine, karmor_pinned_fn *fn, void *data,
		    struct karmor_diag *diag);
int apparmor_detach(struct karmor_engine *engine, const char *name, struct karmor_diag *diag);
int apparmor_prepare(struct karmor_engine *engine);
int apparmor_enter(struct karmor_engine *engine, const char *name);
long apparmor_tasks(struct karmor_engine *engine, const char *name);
int apparmor_stats(const struct karmor_engine *engine, struct karmor_stats *ret);
/* Compiles the workload's profiles. */
int apparmor_workload_compile(const struct apparmor_engine *engine,
			      const struct karmor_artifact *artifact,
			      struct apparmor_workload *workload, struct karmor_diag *diag);
/* Its file, and what a child that enters it goes by. */
int apparmor_workload_write(const struct apparmor_engine *engine,
			    const struct apparmor_workload *workload, struct karmor_diag *diag);

/* Drops lasting workloads that another engine took over. */
void apparmor_workloads_yield(struct apparmor_engine *engine);
struct apparmor_workload *apparmor_workload_find(const struct apparmor_engine *engine,
						 const char *name);
void apparmor_workload_drop(struct apparmor_engine *engine, struct apparmor_workload *workload);
/* Whether a label, which may be a stack, has a profile that begins with @prefix, then ends or goes
 * on with "-" or ".". */
bool apparmor_label_has(const char *label, const char *prefix);
/* How the profiles that @set gives the workload are called. */
struct apparmor_names apparmor_workload_names(const struct apparmor_workload *workload,
					      const struct apparmor_ruleset *set);
/* Whether @label is a profile of @workload; its class then. */
bool apparmor_workload_has(const struct apparmor_workload *workload, const char *label,
			   size_t *class);

/* classes.c: whether no task is in a class that comes to be another one: 0, or -EBUSY with a
 * message; and what the first @n classes are from now on: 1 where that is another, 0, or -ENOMEM.
 */
int apparmor_classes_check(const struct apparmor_workload *workload,
			   const struct apparmor_ruleset *set, struct karmor_diag *diag);
int apparmor_signatures_set(struct apparmor_workload *workload, const uint64_t *signatures,
			    size_t n);

/*
 * follow.c: tasks under a profile on top of others', and what was compiled for @set. What is loaded
 * already is dropped; where they could not follow: -EBUSY with a message. What is left is loaded
 * between the next two, whose answer is whether the workload's file is another then; meanwhile
 * nobody knows who has followed. Of one that is taken over @tops is known.
 */
void apparmor_tops_adopt(struct apparmor_workload *workload, const struct apparmor_tops *tops);
int apparmor_tops_check(struct apparmor_workload *workload, const struct apparmor_ruleset *set,
			struct karmor_diag *diag);
void apparmor_tops_loading(struct apparmor_workload *workload);
bool apparmor_tops_loaded(struct apparmor_workload *workload, bool made);
/* What was staged is loaded: tells of other tasks that may not have followed. */
void apparmor_stacks_tell(struct apparmor_engine *engine, struct karmor_diag *diag);
struct apparmor_tops apparmor_tops_now(const struct apparmor_workload *workload);

/* program.c: tasks that others start. */
int apparmor_task_label(struct karmor_engine *engine, const char *name, const char *program,
			char *ret, size_t size);
int apparmor_entered(struct karmor_engine *engine, const char *name, pid_t pid,
		     struct karmor_diag *diag);

/* self.c: by its label, which needs no engine. */
int apparmor_confines(struct karmor_engine *engine, const char *name, int pidfd);

/* events.c */
int apparmor_event_fd(const struct karmor_engine *engine);
int apparmor_read_events(struct karmor_engine *engine, karmor_event_fn *fn, void *data);
