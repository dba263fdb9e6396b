/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node: one engine, the policies in force, and the workloads under them.
 *
 * Each workload has a slot, and the artifact a ruleset for each slot: what is applied is always all
 * of it, in one step for each workload, or nothing. A slot that is empty has a ruleset of nothing.
 */
#pragma once

#include <errno.h>
#include <jansson.h>

#include "compiled.h"
#include "config.h"
#include "document.h"
#include "loop.h"
#include "workload.h"

/* What the kernel side has place for. */
#define NODE_WORKLOADS_MAX 4096
/* Rules that nobody is under yet, but may come to be. */
#define NODE_AHEAD_MAX 64

typedef void node_event_fn(const struct karmor_event *event, const struct workload *workload,
			   void *data);

struct node_ahead {
	struct karmor_ruleset *sets[NODE_AHEAD_MAX + 1]; /* the last of no policy */
	size_t n;
};

/* What is tried again as long as a task is in the way; node-again.c. */
struct node_again {
	struct loop_source *timer;
	unsigned ms;	/* until the next time; 0: nothing waits */
	bool is_change; /* of policies, and not workloads alone */
	bool is_config; /* of postures */
	void (*change)(void *data);
	void *data;
};

struct node {
	const struct config *config; /* borrowed, may be exchanged */
	struct loop *loop;
	/* Those that enforce, all of them at once, and the first of them. */
	struct karmor_caps *caps[KARMOR_PLAN_BACKENDS_MAX];
	size_t n_caps;
	const struct karmor_backend *backend;
	char names[128]; /* "apparmor,bpf", as karmord.yaml has them, or "bpf" */
	char title[128]; /* "AppArmor, BPF-LSM" */
	json_t *others;	 /* records of workloads that another list of backends enforces; NULL: none
			  */
	struct karmor_engine *engine;
	bool must_enter; /* tasks by themselves: a workload is attached before it has one */
	bool prepares;	 /* some backend makes something of rules that nobody is under yet */
	struct karmor_diag *diag;
	struct documents in_force;
	struct karmor_policies *policies; /* in_force, loaded */
	struct compiled compiled;	  /* in_force, for the workloads that there are */
	/* What the rulesets of workloads were made of; and that of an empty slot, of nothing. */
	const struct karmor_policies *ruled;
	json_t *postures;  /* of workloads that come */
	bool is_following; /* as is tried for the others */
	struct karmor_policies *none;
	struct karmor_ruleset *nothing;
	struct node_ahead ahead;
	bool is_ahead_failed; /* since policies changed: they are tried once */
	uint64_t generation;  /* how often policies or workloads changed */
	unsigned apply_us;    /* what the last change took */
	/* Workloads that could not be enrolled, and changes of policies that were refused. */
	unsigned long long hook_errors, apply_errors;
	struct workload **slots;
	size_t n_slots;
	struct loop_source *events, *ending, *floods;
	struct node_again again;
	node_event_fn *fn;
	void *data;
};

/* Whether what failed is tried again: a task was in its way, or another program. */
static inline bool node_may_later(int r)
{
	return r == -EBUSY || r == -EAGAIN;
}

/* Messages are added to @messages by all of these; codes are those of the library. */

/* Chooses the backend, in the order of the configuration, and opens it. */
int node_open(struct node *node, const struct config *config, struct loop *loop, node_event_fn *fn,
	      void *data, json_t *messages);
/*
 * Keeps from all workloads what @config names, and @path, the configuration itself. Not every
 * backend can; what is not there, or cannot be kept, is told and no failure.
 */
void node_keep(struct node *node, const char *path, json_t *messages);
/* Knows the workloads of before again, which go on as they were until policies are applied. */
int node_remember(struct node *node, json_t *messages);
/*
 * Takes those over, under the policies that are in force. How many cannot be: one that is only in
 * the way of itself stays as it is until it can, the others are forgotten.
 */
size_t node_adopt(struct node *node, json_t *messages);
/* A change that was refused for the sake of a task is made by @again.change, later. */
void node_change_again(struct node *node);
void node_close(struct node *node);

/* The configuration is another: workloads come under its postures. Where some cannot follow yet all
 * stay under theirs, whatever else changes, and it is tried again; those that start get the new. */
int node_configure(struct node *node, json_t *messages);
/* Makes exactly @want the policies in force, or changes nothing. */
int node_apply(struct node *node, const struct documents *want, json_t *messages);
/* Takes @workload, also on failure. -EEXIST: another one has its name. */
int node_attach(struct node *node, struct workload *workload, json_t *messages);
/* The same with the task's next execve, before the new program's first instruction. */
int node_await(struct node *node, struct workload *workload, json_t *messages);
/*
 * For a workload that has no task yet, of which node_await() is to be told: *label is what its
 * first task, of which @program may be known, must be started under; empty where it needs nothing,
 * and then nothing is kept. Takes @workload. One that no task comes for is forgotten.
 */
int node_prepare(struct node *node, struct workload *workload, const char *program, char *label,
		 size_t size, json_t *messages);
/* Some child, a task that is waited for among them, stopped or ended. */
void node_on_children(struct node *node);
/* Forgets a workload that has no task; one that has some is forgotten with its last. -ENOENT. */
int node_detach(struct node *node, const char *name);
struct workload *node_find(const struct node *node, const char *name);
size_t node_workloads(const struct node *node);
/* Delivers what has arrived. */
void node_read_events(struct node *node);

/* Takes out what is enforced: tasks that there are go on without rules. -EBUSY: some cannot yet. */
int node_remove(struct node *node, json_t *messages);
