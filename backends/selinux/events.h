/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decisions that SELinux logged to events. The roles of a record say which workload's class of
 * sources it was and what the rules make of the file, so the rule is known whatever the path: what
 * compiled the rules wrote down which of them decides.
 *
 * A record of a file mostly has its last name alone. Its path is that of the record where it has
 * one; else the one by which the program named it, where the kernel audits system calls. Else it is
 * that of the rule, where an exact path decides, or the one that was written down when the file got
 * its label, and it may have been moved since ("path=rule", "path=label" in the event's data). Else
 * the event has the last name ("path=unknown").
 */
#pragma once

#include <karmor/event.h>

#include "audit.h"
#include "meaning.h"

#define SELINUX_PENDING 16

/* Whose record it is. Strings are borrowed until the next call. */
struct selinux_task {
	const struct selinux_artifact *artifact;
	size_t set, class;
	const char *workload, *namespace_name, *container, *labels;
};

/* What roles mean; that of a file may be SELINUX_NO_LABEL. False: it is none of ours. */
struct selinux_roles {
	bool (*task)(const char *role, size_t len, struct selinux_task *ret, void *data);
	bool (*file)(const char *role, size_t len, size_t *label, void *data);
	/* What the workload calls a file of this inode and last name; NULL: it is not known. Valid
	 * until the next call. May be NULL. */
	const char *(*path)(const char *inode, const char *name, void *data);
	void *data;
};

struct selinux_pending {
	struct avc avc;
	struct meaning meaning;
};

struct selinux_events {
	struct audit audit;
	struct selinux_roles roles;
	uint64_t generation, told, lost_told; /* told: how many */
	/* Decisions that wait for what else the kernel says of their system call, oldest first. */
	struct selinux_pending *pending;
	size_t first, n_pending; /* a ring: their strings are within them */
};

/* Which ruleset's roles have the number. */
bool selinux_set_find(const struct selinux_artifact *artifact, size_t number, size_t *set);
/* The artifact's own roles. False where @role is no such. */
bool selinux_role_task(const struct selinux_artifact *artifact, const char *role, size_t len,
		       size_t *set, size_t *class);
bool selinux_role_file(const struct selinux_artifact *artifact, const char *role, size_t len,
		       size_t *label);

/* @bind: see audit_listen(). 0 or a negative errno; selinux_events_close() takes what was not
 * opened too. */
int selinux_events_open(struct selinux_events *events, audit_bind_fn *bind, void *data);
void selinux_events_close(struct selinux_events *events);
/* How many events were told of, -EIO or -ENOMEM. */
int selinux_events_read(struct selinux_events *events, karmor_event_fn *fn, void *data);

/* The parts of it: a record, and the end of records. As selinux_events_read(). */
int selinux_events_take(struct selinux_events *events, unsigned type, const char *text, size_t len,
			karmor_event_fn *fn, void *data);
int selinux_events_flush(struct selinux_events *events, karmor_event_fn *fn, void *data);
