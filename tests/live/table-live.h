/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables in a running kernel: rows that one workload can ask make a pass. table-plan.c makes passes
 * of rows, table-tree.c the root that a pass is in, table-label.c its labels, table-stage.c its
 * tasks, table-machine.c the machine for them, table-judge.c compares, and knows by table-report.c
 * what may differ.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <karmor/karmor.h>

#include "access.h"
#include "table-act.h"
#include "table.h"

/* A root of a pass's own, in which what its rows name is and nothing else. */
enum node_kind {
	NODE_ANY, /* a file, or a directory where something is below it */
	NODE_DIRECTORY,
	NODE_PROGRAM,
};

struct node {
	char *path;
	size_t len;
	enum node_kind kind;
};

struct tree {
	struct node *nodes;
	size_t n;
	char *path; /* where it is for us */
	int fd;
};

/* 0, -EEXIST (it cannot be in this tree) and then nothing was added, or -ENOMEM. */
int tree_add(struct tree *tree, const char *path, enum node_kind kind);
enum node_kind tree_kind(const struct tree *tree, const char *path);
bool tree_has_below(const struct tree *tree, const char *path);
/* Copies of these stand at programs: the first at the tree's source, else the second. */
struct programs {
	char *actor, *nothing;
};

/* Makes all of it below the new directory @path, what cannot be made left out. 0, a negative errno.
 */
int tree_make(struct tree *tree, const char *path, const char *source,
	      const struct programs *programs);
/* Gives files the types that the machine gives to such names. 0 or a negative errno. */
int tree_label(const struct tree *tree, const struct karmor_caps *caps);
/* Gives what stands at @path the label that what is applied has for it. 0 or a negative errno. */
int tree_label_again(const struct tree *tree, const struct karmor_artifact *artifact,
		     const char *path);
/* How many policies of SELinux the kernel was given; 0: it does not say. */
long label_policies(void);
/* Has @path there, or not, and it and its directory owned by @uid. 0 or a negative errno. */
int tree_prepare(const struct tree *tree, const char *path, bool there, uid_t uid);
void tree_drop(struct tree *tree);

enum row_state {
	ROW_OPEN,
	ROW_AGREES,
	ROW_DIFFERS,
	ROW_REPORTED, /* differs as the backend's report says, and no further */
	ROW_UNASKED,
};

struct live_row {
	const struct table_row *row;
	struct access access;
	struct karmor_verdict reference;
	bool is_directory; /* other rows name what is below it */
	enum row_state state;
	const char *reported; /* the report's words, of a row that differs as it says */
	char *why;
};

/* Says what became of a row; what was said first stays. */
void row_settle(struct live_row *row, enum row_state state, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* One system call for a row; several for a write, for there are many. */
struct deed {
	struct live_row *row;
	enum act_kind kind;
	int numbers[3];
	const char *path;   /* the row's object, where that is one */
	int control, error; /* without the policy, and under it; as in act_reply */
	pid_t pid;
	const struct shortcoming *shortcoming; /* that the report names and that is about it */
};

struct pass {
	struct live_row **rows;
	size_t n_rows;
	struct deed *deeds;
	size_t n_deeds;
	struct tree tree;
	const char *program; /* where the actor is: the rows' source, or where no rule looks */
	const struct karmor_policies *policies;
	struct karmor_ruleset *set, *audit;
	struct karmor_report *report;
	bool keeps_itself; /* the backend has rules of its own, that no report has a line for */
	char name[32];
	pid_t pid;
	int requests, replies;
	bool is_over; /* every row of it is settled */
};

/* Settles all rows of a pass that are open. */
void pass_settle(struct pass *pass, enum row_state state, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

struct plan {
	struct live_row *rows;
	size_t n_rows;
	struct pass *passes;
	size_t n_passes;
};

/* 0 or -ENOMEM. Rows that cannot be asked at all are settled. */
int plan_make(struct plan *plan, const struct table *table, struct asker *asker);
void plan_drop(struct plan *plan);

/*
 * Whether the reference evaluator says of the row, with @text in @column, what it says of the row.
 * 1, 0 or -ENOMEM.
 */
int row_is_like(const struct live_row *row, struct asker *asker, enum table_column column,
		const char *text);
/* How a row is done. The number of deeds, at most DEEDS_MAX; 0: none, and the row is settled. */
#define DEEDS_MAX 4
int deeds_make(struct live_row *row, const struct tree *tree, struct asker *asker,
	       struct deed deeds[DEEDS_MAX]);

/* What the kernel told. */
struct event {
	pid_t pid;
	enum karmor_op op;
	enum karmor_action action;
	bool denied;
	char *policy, *resource, *data;
};

struct events {
	struct event *events;
	size_t n, size;
};

void events_take(const struct karmor_event *event, void *data); /* data: struct events */
void events_drop(struct events *events);
/* Whether every event that a deed of the pass should have given has come. */
bool events_complete(const struct pass *pass, const struct events *events);
/* Settles every row of the pass that is open. */
void judge_pass(struct pass *pass, const struct events *events);
/* Settles what the backend said it does not support, and notes what it keeps approximately. */
void judge_report(struct pass *pass);

/* What is the same for all passes. */
struct stage {
	const struct karmor_backend *backend;
	struct karmor_caps *caps;
	struct karmor_engine *engine;
	struct karmor_artifact *artifact; /* what is applied */
	struct karmor_diag *diag;
	bool labels;	       /* the backend goes by labels of files, not by names */
	const char *directory; /* where roots are made */
	const struct programs *programs;
	pid_t other; /* a process of another user */
	/* Of changes of the rules of running workloads: for how many one was at most, and how many
	 * policies of SELinux one took at most. */
	size_t most_passes;
	long most_policies;
};

/* Says why @what is not, and gives an exit status. */
int stage_say(const char *what);
/* Files at the descriptors that every task of ours has. 0 or -1. */
int machine_files(void);
bool machine_set(const char *file, const char *value);
/* This machine as the acts need it, and a mount namespace of our own. 0 or an exit status. */
int machine_open(struct stage *stage);
void machine_close(struct stage *stage);
/* Prepares this machine, which is a test's own, and opens the engine. 0 or an exit status. */
int stage_open(struct stage *stage, const char *backend, const struct programs *programs);
void stage_close(struct stage *stage);
/* Asks the rows of @n passes, which are workloads at the same time. 0 or -ENOMEM. */
int stage_run(struct stage *stage, struct pass *passes, size_t n);
