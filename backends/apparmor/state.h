/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a workload by more than the process that attached it: the child that enters, and
 * whoever takes a lasting one over. A file in the engines' directory, named as its first profile;
 * written whole or not at all, and gone with the machine, as profiles are.
 */
#pragma once

#include "diag.h"
#include "engine.h"

#define STATE_DIR "/run/karmor/apparmor"
#define STATE_LABEL_MAX 4000
#define PROFILE_MAX (sizeof(ENGINE_PREFIX) + 2 * 17)

struct apparmor_state {
	char owner[17];	      /* the id of the engine that has it */
	size_t n_profiles;    /* that were ever loaded */
	size_t width, groups; /* of the stack; they never change */
	bool is_foreign; /* the stack is another build's, whose groups this one does not know */
	struct apparmor_tops tops;
	uint64_t signatures[APPARMOR_CLASSES_MAX]; /* by class; classes.c */
	char name[KARMOR_WORKLOAD_NAME_MAX + 1];   /* of a lasting workload; "" otherwise */
	char label[STATE_LABEL_MAX];		   /* that a task enters */
};

/* enter.c: a workload's profile, from its name alone. Async-signal-safe. */
void apparmor_workload_profile(const struct apparmor_engine *engine, const char *name, bool lasting,
			       char ret[PROFILE_MAX]);

/* What was attached last. */
struct apparmor_entrance {
	char profile[PROFILE_MAX];
	struct apparmor_state state;
};

/* 0; -ENOENT; -EIO (not written by us); another negative errno. Async-signal-safe. */
int state_read(const char *profile, struct apparmor_state *ret);
/* 0, or a negative errno with a message. The caller holds the lock. */
int state_write(const char *profile, const struct apparmor_state *state, struct karmor_diag *diag);
void state_remove(const char *profile);
/* The lock of all engines' files: a descriptor, or a negative errno with a message. */
int state_lock(struct karmor_diag *diag);
