/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A workload: who it is, what first task it has, and the record by which a restarted daemon knows
 * it again.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct karmor_ruleset;
struct loop_source;
struct node;

#define WORKLOAD_ROOT_SIZE 32

struct workload {
	char *name, *namespace_name, *container, *labels, *pod, *image;
	pid_t pid;
	unsigned long long started; /* of that task, by its clock: tells it from a later one */
	int pidfd;		    /* -1: it is gone, or not known */
	int root;		    /* its root directory */
	int other;		    /* pidfd of one that is left after it; -1: not watched */
	struct loop_source *source; /* of pidfd, or of that */
	struct node *node;
	size_t slot;
	bool attached, adopted;
	bool is_waiting;   /* to become its program; node-entry.c */
	bool no_new_privs; /* it is started under that */
	bool must;	   /* be enforced, or not run, whatever is configured */
	bool is_prepared;  /* its task is to come; node-prepare.c */
	uint64_t expires;  /* until then, by the clock that nobody sets, in ms; 0: not yet known */
	char *cgroup;	   /* by which tasks enter it later; NULL: there is none of its own */
	bool is_unit;	   /* of a service manager: whatever is at the path of the cgroup */
	bool is_removed;   /* its rules were taken out: no policy selects it; node-remove.c */
	bool is_host;	   /* what is in no workload; host.c */
	json_t *postures;  /* of karmord.yaml, as it is under them: "posture" and "audit" */
	struct karmor_ruleset *set;	   /* of what selects it; NULL: to be made */
	char set_root[WORKLOAD_ROOT_SIZE]; /* where its names were looked up */
};

/* Strings of @fields: name, and where they are known namespace, container, labels, pod, image; and
 * the number pid. 0; -EINVAL with *wrong, the field at fault; -ESRCH: no such task; -ENOMEM. */
int workload_new(const json_t *fields, struct workload **ret, const char **wrong);
/* The same of one that has no task yet: without a pid, and where they are known the path "root" and
 * the flag noNewPrivileges. */
int workload_new_ahead(const json_t *fields, struct workload **ret, const char **wrong);
void workload_free(struct workload *workload); /* accepts NULL */

/* Makes it a unit's, whose cgroup has this path from the root of version 2, or (NULL) no unit's any
 * more, into which nobody comes. 0 or -ENOMEM. */
int workload_unit(struct workload *workload, const char *cgroup);

/* Whether they are the same but for their task; and gives each what else the other is. */
bool workload_is_like(const struct workload *a, const struct workload *b);
void workload_exchange(struct workload *a, struct workload *b);

/* The record, an object, for workload_known(). */
json_t *workload_record(const struct workload *workload);
/*
 * A workload out of a record: its task is looked for, and only by its time of start known to be the
 * same; it may be gone. 0, -EINVAL (no record), -ENOMEM.
 */
int workload_known(const json_t *record, struct workload **ret);

/* Whether its first task is known and lives. */
bool workload_lives(const struct workload *workload);
/* Where its names are looked up, for karmor_subject.root. */
void workload_root(const struct workload *workload, char ret[WORKLOAD_ROOT_SIZE]);
/* Its root may be another since: names are looked up anew. */
void workload_root_renew(struct workload *workload);
/* Takes @set, whose names were looked up in @root, or NULL, in the place of what there is. */
void workload_rule(struct workload *workload, struct karmor_ruleset *set, const char *root);
/* Puts @postures, which are shared, in the place of what there is. */
void workload_posture(struct workload *workload, json_t *postures);
/* How many select it, as far as that is known. */
json_int_t workload_policies(const struct workload *workload);
json_int_t workload_rules(const struct workload *workload);
/* For people and programs. */
json_t *workload_json(const struct workload *workload, long tasks);
