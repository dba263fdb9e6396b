/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of a node share: its beginning (node-open.c), its policies (node-policies.c), how
 * a workload comes in (node-entry.c, node-prepare.c), what is tried again (node-again.c), and its
 * life (node.c). */
#pragma once

#include "node.h"

#define NODE_ENTER_FIX                                                                             \
	"boot with bpf in lsm=; or start it by karmor run, or in a container that is prepared"
#define ENTERED_LATER                                                                              \
	"what enters workload \"%s\" later, as runc exec does, is not under its policies"

/* Puts workloads under the postures of the configuration, or (-EBUSY) leaves them under theirs. */
int node_follow(struct node *node, json_t *messages);
/* Postures of workloads that come under @config; NULL when memory is out. */
json_t *node_postures(const struct config *config);
/* Applies the policies in force for the workloads that there are now. */
int node_publish(struct node *node, json_t *messages);
/* What the policies that @workload was published under mean for an access of its; @policy: the name
 * of the one that decided. 0 or a negative errno. */
int node_ask(const struct workload *workload, const struct karmor_access *access,
	     enum karmor_action *ret, char *policy, size_t size);
/* Whether others' tasks can be put under the backend: 0 or -EOPNOTSUPP, told. */
int node_check_entry(const struct node *node, const struct workload *workload, json_t *messages);
/* Whether some backend enrols who enters a workload later by its cgroup. */
bool node_has_cgroups(const struct node *node);
/* *ret: an object of the names that the kernel holds, each with how many tasks it has; NULL where
 * the backend holds none. 0 or a negative errno. */
int node_pinned(struct node *node, json_t **ret);
/* Puts @workload into a free slot. 0, -EBUSY (none is free), -ENOMEM. */
int node_slot_add(struct node *node, struct workload *workload);
/* Takes it out and frees it. */
void node_slot_drop(struct node *node, struct workload *workload);
/* Puts its task under the ruleset of its slot, or takes it over. */
int node_enrol(struct node *node, struct workload *workload);
/* The same for one of before that could not be taken over when it was to be. */
int node_enrol_again(struct node *node, struct workload *workload);
/* Tries again, in a while, what waits for a task to end. */
void node_again(struct node *node);
/* Tries again soon, if something waits: a workload has ended. */
void node_again_soon(struct node *node);
/* A loop_fn. */
void node_on_again(uint32_t events, void *data);
/* Waits for its task's end. */
int node_watch(struct node *node, struct workload *workload);
/* Forgets the workload of that name, if there is one and it has no task. 0 or -EEXIST. */
int node_forget(struct node *node, const char *name);
/* node-prepare.c: whether the task of @workload may be waited for: 0 or -EOPNOTSUPP, told. */
int node_check_prepared(const struct node *node, const struct workload *workload, json_t *messages);
/* Puts @workload, which has a task, in the place of the one that was prepared for it. */
void node_prepared_become(struct node *node, struct workload *prepared, struct workload *workload);
/* For how long a prepared workload still waits for its task; 0: it does not, or is none. */
unsigned node_prepared_left(struct workload *workload);
/* A loop_fn: workloads whose first task has ended. */
void node_on_ending(uint32_t events, void *data);
