/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SELinux backend, live: one module in the policy's store and in the kernel, roles on files,
 * and tasks that changed to the role of their workload.
 *
 * There is one engine at a time: a file's label says what the rules of all workloads make of it, so
 * that these have to be compiled together. What it did is taken back when it is closed: labels
 * first, then the module, then what is kept of both in /var/lib/karmor/selinux (state.h, kept.h).
 *
 * Where workloads still have tasks, or are to last, everything stays. The next engine takes the
 * lasting ones over. It knows what they are called and which roles they have, but not their rules,
 * which stay in force until all of them have others: nothing is loaded before. Nor is anything
 * before a workload is there for whom it would be.
 */
#pragma once

#include <limits.h>
#include <stdint.h>

#include "events.h"
#include "inodes.h"
#include "later.h"
#include "loaded.h"
#include "selinux.h"
#include "trees.h"

#define SELINUX_CONTEXT_MAX 4096 /* the kernel gives and takes no more than a page */
#define SELINUX_RETIRED_MAX 4096
/* Of rulesets, and of workloads of before. */
#define SELINUX_NUMBERS_MAX (2 * SELINUX_RULESETS_MAX)
#define SELINUX_NO_RULESET SIZE_MAX
#define SELINUX_NO_NUMBER UINT32_MAX

/* What was loaded once and may still be on a file or a task. */
struct selinux_before {
	enum selinux_old what;
	char *name, *example, *type, *copy;
	uint32_t number;
	bool directory; /* a label of directories */
	bool again;	/* was retired by an earlier change already */
	bool held;	/* by a task or a file, of what was looked for last */
};

struct selinux_workload {
	char *name, *namespace_name, *container, *labels;
	size_t ruleset;	 /* SELINUX_NO_RULESET: it is under rules of an engine before */
	uint32_t number; /* that its tasks' roles are called by; SELINUX_NO_NUMBER: not known yet */
	bool lasting;
	bool attached; /* here; else it is one of before */
};

/* Shared with children that were made before their workload was attached: who enters what. */
struct selinux_entrance {
	uint64_t names[SELINUX_RULESETS_MAX]; /* digest of a workload's name by ruleset; 0: none */
	uint32_t numbers[SELINUX_RULESETS_MAX];
};

struct selinux_engine {
	struct karmor_engine base;
	const struct selinux_artifact *live, *staged;
	bool is_loaded;		       /* what is live is in the kernel, and labels are for it */
	struct selinux_trees labelled; /* those labels; where it is */
	struct selinux_later later;    /* files that come to their names */
	size_t n_followed;	       /* labels set by that, since all was looked through */
	bool is_behind;		       /* some have not got their labels */
	uint64_t looked_ns;	       /* when all was looked through last, by what came */
	bool has_module;	       /* the kernel has one of ours, if not that of what is live */
	struct buf module, live_module;	       /* as text; of an engine before perhaps not known */
	char live_digest[SELINUX_DIGEST_SIZE]; /* of what is live, once it is written down, or "" */
	struct buf kept;		       /* what is written down of the rest */
	/* What the module is good for that is loaded, and the one that is made of what is staged.
	 * Where what is loaded is good for that, it has all that files and tasks have, and more. */
	struct selinux_loaded loaded, made;
	char kept_base[SELINUX_DIGEST_SIZE]; /* of the policy that is kept from before it; "": not
					      * known
					      */
	bool is_covered;		     /* it has: the staged one is not loaded */
	struct selinux_before *before;
	size_t n_before, before_size;
	bool is_unkept;			 /* some of files and executables are not written down */
	struct selinux_retired *retired; /* what the staged module has of them */
	size_t n_retired;
	struct selinux_spare spares[SELINUX_SPARES_MAX]; /* and of roles that nobody has yet */
	size_t n_spares;
	struct selinux_spare_file files[SELINUX_SPARE_FILES_MAX]; /* or no file */
	size_t n_files;
	struct selinux_workload *workloads;
	size_t n_workloads;
	struct selinux_entrance *entrance;
	struct selinux_events events;
	struct selinux_inodes inodes; /* for them */
	char path[PATH_MAX];	      /* the last that was found */
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
/* What is live into the kernel, where it is not; -EBUSY (message): rules of before would be lost;
 * -EAGAIN (message): the policy's store is another's. */
int selinux_load(struct selinux_engine *engine, struct karmor_diag *diag);
/* After what failed: what is written down is what there is, for who comes next; where there is no
 * module, nothing. */
void selinux_keep_back(struct selinux_engine *engine);
/* Labels put back, the module removed, the state with it. 0, -EPERM, -EIO (message), -ENOMEM. */
int selinux_take_back(const struct selinux_engine *engine, struct karmor_diag *diag);

/* files.c: roles on the files that @trees are about, and what comes to their names is followed. As
 * selinux_labels_set(). */
int selinux_files_label(struct selinux_engine *engine, const struct selinux_trees *trees,
			struct karmor_diag *diag);
/* After a failed change: what labels are for is followed again. 0 or -ENOMEM. */
int selinux_files_watch(struct selinux_engine *engine);
/* What came since has its roles then. As selinux_labels_set(), without messages: where it fails all
 * is looked through when labels are set again. */
int selinux_files_follow(struct selinux_engine *engine);

/* retire.c: what the module has of those before it, for the artifact that is staged. */
int selinux_retire(struct selinux_engine *engine, struct karmor_diag *diag);
/* The same of what is live, when something else will be. 0 or -ENOMEM. */
int selinux_remember(struct selinux_engine *engine, const struct selinux_artifact *artifact);
int selinux_before_take(struct selinux_engine *engine, const struct selinux_before *before);
/* Those but the first @n are forgotten: they were never loaded. */
void selinux_before_cut(struct selinux_engine *engine, size_t n);
/* Whether a role of files may still be on one; whether that is one of a label by its own name. */
bool selinux_before_has(const struct selinux_engine *engine, const char *name);
bool selinux_before_is(const struct selinux_engine *engine, const struct selinux_artifact *artifact,
		       size_t label);
/* What is live becomes something before, and what nothing has any more is forgotten. */
void selinux_retire_live(struct selinux_engine *engine);
void selinux_before_free(struct selinux_engine *engine);
/* What a role is in what is live. False where it is none of ours. */
bool selinux_task_find(const struct selinux_engine *engine, const char *role, size_t len,
		       size_t *set, size_t *class);
bool selinux_file_find(const struct selinux_engine *engine, const char *role, size_t len,
		       size_t *label);

/* attach.c, and who is there: workloads.c */
int selinux_attach(struct karmor_engine *engine, const struct karmor_workload *workload,
		   struct karmor_diag *diag);
int selinux_detach(struct karmor_engine *engine, const char *name, struct karmor_diag *diag);
int selinux_expect(struct karmor_engine *engine, const char *name, size_t ruleset);
struct selinux_workload *selinux_workload_find(const struct selinux_engine *engine,
					       const char *name);
/* That of a ruleset, attached or expected; NULL: none. */
struct selinux_workload *selinux_workload_of(const struct selinux_engine *engine, size_t ruleset);
/* Appends it, its strings copied; NULL when memory is out. */
struct selinux_workload *selinux_workload_add(struct selinux_engine *engine,
					      const struct selinux_workload *from);
void selinux_workload_drop(struct selinux_engine *engine, struct selinux_workload *workload);
/*
 * numbers.c: a number for each ruleset of @artifact: its workload's, or one that nobody has, if
 * possible one that is loaded and good for it. 0; -EBUSY (message); -ENOMEM.
 */
int selinux_numbers(struct selinux_engine *engine, const struct selinux_artifact *artifact,
		    struct karmor_diag *diag);
/* Whether somebody asked for the ruleset: it has rules, or a workload; or is of nobody yet, and
 * nothing that is loaded is good for who comes. */
bool selinux_is_asked(const struct selinux_engine *engine, const struct selinux_artifact *artifact,
		      size_t set);
/* Whether it has rulesets of nobody yet. */
bool selinux_has_ahead(const struct selinux_artifact *artifact);
bool selinux_number_taken(const struct selinux_engine *engine,
			  const struct selinux_artifact *artifact, uint32_t number);
/* Whether numbers are good for all rulesets that somebody asked for, by whom the same is said to
 * them. */
bool selinux_is_grouped(const struct selinux_engine *engine,
			const struct selinux_artifact *artifact);
/* Whether what is loaded is good for the artifact, which has numbers; then labels have the roles
 * that they take of it. 0, 1 or -ENOMEM. */
int selinux_covers(const struct selinux_engine *engine, const struct selinux_artifact *artifact);
/*
 * slots.c. Which group each ruleset is of, by ruleset; SELINUX_NO_GROUP: of none, as nobody asked
 * for it.
 *
 * Takes for each of the artifact's labels a role that is loaded and says of files what the label
 * does to all groups, the one that it has if possible. 1: all have one, and are called by that. 0:
 * some have none, and all are called as before. -ENOMEM.
 */
int selinux_slots_take(const struct selinux_engine *engine, const struct selinux_artifact *artifact,
		       const uint32_t *groups);
/* spares.c: the roles that labels of what is staged have in a module that is made of it: those that
 * they have, if any. */
void selinux_slots_name(const struct selinux_engine *engine);
/* Spare ones of tasks and of files for rulesets that are staged, where workloads come and go. */
void selinux_spares(struct selinux_engine *engine);
int selinux_pinned(struct karmor_engine *engine, karmor_pinned_fn *fn, void *data,
		   struct karmor_diag *diag);
/* Writes down what another engine is to know. 0, -EPERM, -EIO (message), -ENOMEM. */
int selinux_keep(struct selinux_engine *engine, bool is_whole, struct karmor_diag *diag);
/* What an engine left, which is taken over or back. */
int selinux_adopt(struct selinux_engine *engine, struct karmor_diag *diag);
int selinux_prepare(struct karmor_engine *engine);
int selinux_enter(struct karmor_engine *engine, const char *name);
int selinux_label(struct karmor_engine *engine, const char *name, const char *program, char *ret,
		  size_t size);
int selinux_entered(struct karmor_engine *engine, const char *name, pid_t pid,
		    struct karmor_diag *diag);
int selinux_stats(const struct karmor_engine *engine, struct karmor_stats *ret);

/* tasks.c: how many have a role of ours that begins with @prefix; -EIO. */
#define SELINUX_TASK_PREFIX "karmor_w"
long selinux_tasks_count(const char *prefix);
bool selinux_role_begins(const char *role, size_t len, const char *prefix);
/* Tells @fn the roles of all processes, some more than once. 0 or -EIO. */
typedef void selinux_role_fn(const char *role, size_t len, void *data);
int selinux_tasks_roles(selinux_role_fn *fn, void *data);
long selinux_workload_tasks(const struct selinux_workload *workload);
/* The context of a process. 0 or a negative errno. */
int selinux_process_context(const char *pid, char ret[SELINUX_CONTEXT_MAX]);
long selinux_tasks(struct karmor_engine *engine, const char *name);
int selinux_confines(struct karmor_engine *engine, const char *name, int pidfd);
