/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backend contract. A backend is a folder with one `const struct karmor_backend backend_<name>`
 * and a word in backends/meson.build; generic code calls it through this table and never asks which
 * one it is.
 */
#pragma once

#include <karmor/engine.h>

#include "caps.h"
#include "report.h"
#include "ruleset.h"

/* First member of every backend's own artifact. */
struct karmor_artifact {
	const struct karmor_backend *backend;
	size_t n_rulesets;
	struct ruleset_mark **marks; /* of what it was made of; compile.c's, or the plan's */
	unsigned holds;		     /* beside the owner's; of artifact_hold() */
};

/* Whether ruleset @i of @artifact, which may be NULL, was made of @set. */
bool artifact_has(const struct karmor_artifact *artifact, size_t i,
		  const struct karmor_ruleset *set);
/* Those of rulesets, held, to be given to artifact_marks_free(); NULL when memory is out. */
struct ruleset_mark **artifact_marks(const struct karmor_ruleset *const *sets, size_t n);
void artifact_marks_free(struct ruleset_mark **marks, size_t n); /* accepts NULL */

/*
 * What a backend that compiles each ruleset by itself makes of one: the first member of its own
 * type. Artifacts share it.
 */
struct compiled_ruleset {
	unsigned holders; /* artifacts */
	struct arena arena;
};

/* An artifact of such a backend. */
struct rulesets_artifact {
	struct karmor_artifact base;
	struct compiled_ruleset **rulesets; /* base.n_rulesets of them */
};

/* How it does that. */
struct rulesets_compiler {
	size_t size; /* of its own type */
	/* Fills in what is zeroed, and adds the report's lines. 0, -EINVAL or -ENOMEM. */
	int (*make)(const struct karmor_ruleset *set, const struct karmor_caps *caps,
		    struct compiled_ruleset *ret, struct karmor_report *report,
		    struct karmor_diag *diag);
	void (*done)(struct compiled_ruleset *ruleset); /* may: what is not in its arena */
};

/* The compile and artifact_free of such a backend. rulesets.c */
int rulesets_compile(const struct rulesets_compiler *compiler,
		     const struct karmor_ruleset *const *sets, size_t n,
		     const struct karmor_artifact *previous, const struct karmor_caps *caps,
		     struct karmor_artifact **ret, struct karmor_report *report,
		     struct karmor_diag *diag);
void rulesets_artifact_free(const struct rulesets_compiler *compiler,
			    struct karmor_artifact *artifact); /* accepts NULL */

static inline struct compiled_ruleset *rulesets_at(const struct karmor_artifact *artifact, size_t i)
{
	return ((const struct rulesets_artifact *)artifact)->rulesets[i];
}

/* One more karmor_artifact_free() than before is what ends it. From any thread. */
void artifact_hold(struct karmor_artifact *artifact);

/* First member of every backend's own engine. */
struct karmor_engine {
	const struct karmor_backend *backend;
};

struct karmor_backend {
	const char *name;    /* the CLI word, the folder and the test's name */
	const char *title;   /* as people write it: "BPF-LSM" */
	bool enforces;	     /* false: accepts everything and enforces nothing */
	bool enrols_cgroups; /* attach knows a workload's cgroup; it is not asked for one otherwise
			      */
	bool prepares;	     /* it makes something of rulesets that nobody is under */
	bool keeps_host;     /* attach knows the node itself as a workload; of its rules the report
				says otherwise that they are not kept */

	/* Pure of effects that last. Fill in what this machine lets us enforce, or why not; must.
	 */
	int (*probe)(struct karmor_caps *caps, struct karmor_diag *diag);
	/* Fill in the caps of a machine on which everything works; must. */
	int (*full)(struct karmor_caps *caps);
	/* Pure. The artifact is the caller's; must. What @previous, which may be NULL, has
	 * (artifact_has) may be shared with it. Of all other sets there is a report line for every
	 * rule, in order. */
	int (*compile)(const struct karmor_ruleset *const *sets, size_t n,
		       const struct karmor_artifact *previous, const struct karmor_caps *caps,
		       struct karmor_artifact **ret, struct karmor_report *report,
		       struct karmor_diag *diag);
	/* Readable form of an artifact, the same for the same input; must. 0 or -EIO. */
	int (*print)(const struct karmor_artifact *artifact, FILE *out);
	void (*artifact_free)(struct karmor_artifact *artifact); /* must; never NULL */

	int (*open)(struct karmor_engine **ret,
		    struct karmor_diag *diag);	     /* must; base is filled in for it */
	void (*close)(struct karmor_engine *engine); /* must */
	/* May fail freely: nothing is live yet; must. The artifact is borrowed until another one
	 * is committed, the abort, or the close. */
	int (*stage)(struct karmor_engine *engine, const struct karmor_artifact *artifact,
		     struct karmor_diag *diag);
	/* One step; on failure the old set is in force; must. */
	int (*commit)(struct karmor_engine *engine, struct karmor_diag *diag);
	/* Forgets what was staged; must; called after a failed stage or commit as well. */
	void (*abort)(struct karmor_engine *engine);
	/* Idempotent by workload name; must. */
	int (*attach)(struct karmor_engine *engine, const struct karmor_workload *workload,
		      struct karmor_diag *diag);
	int (*detach)(struct karmor_engine *engine, const char *name, struct karmor_diag *diag);
	/* May: where a change costs much, which lasting workload is to be attached under which
	 * ruleset of what is applied next. One that is not there is no failure. */
	int (*expect)(struct karmor_engine *engine, const char *name, size_t ruleset);
	/* May: each lasting workload that is pinned. */
	int (*pinned)(struct karmor_engine *engine, karmor_pinned_fn *fn, void *data,
		      struct karmor_diag *diag);
	/* May: in the child, before attach: what another backend's policy could deny it after.
	 * Async-signal-safe. */
	int (*prepare)(struct karmor_engine *engine);
	/* In the child, after attach and before its execve; must. Async-signal-safe. */
	int (*enter)(struct karmor_engine *engine, const char *name);
	/* May: what a task that becomes @program (NULL: any) is started under by others; NULL
	 * where it needs nothing. */
	int (*label)(struct karmor_engine *engine, const char *name, const char *program, char *ret,
		     size_t size);
	/* With label: whether a task that others started so is as if it had entered. */
	int (*entered)(struct karmor_engine *engine, const char *name, pid_t pid,
		       struct karmor_diag *diag);
	/* May: whether a process is in the workload @name, or (NULL) in any of this backend's: 1, 0
	 * or -EIO. Without an engine, which a name needs, what can be told without one. A process
	 * that has ended is the caller's to see. */
	int (*confines)(struct karmor_engine *engine, const char *name, int pidfd);
	/* May: keeps a path from workloads, beside what is kept anyway. */
	int (*keep)(struct karmor_engine *engine, const char *path, struct karmor_diag *diag);
	/* Tasks of a workload, or -ENOENT; must. */
	long (*tasks)(struct karmor_engine *engine, const char *name);

	int (*event_fd)(const struct karmor_engine *engine); /* may: no events when NULL */
	int (*read_events)(struct karmor_engine *engine, karmor_event_fn *fn, void *data);
	int (*stats)(const struct karmor_engine *engine, struct karmor_stats *ret); /* may */
};
