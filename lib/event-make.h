/* SPDX-License-Identifier: Apache-2.0 */
/* What events are made of: what a rule says for people, and what procfs knows of a task. */
#pragma once

#include <karmor/event.h>

#include "arena.h"
#include "buf.h"
#include "ruleset.h"

/* Of a rule, kept where an artifact outlives its rulesets. ""
 * where it says nothing. */
struct told {
	const char *policy, *file, *locator, *written, *message, *tags;
	unsigned severity;
};

/* *failed is set where memory is out. */
struct told told_copy(struct arena *arena, const struct ir_rule *ir, bool *failed);
struct told told_keep(struct arena *arena, const struct told *told, bool *failed);
void told_write(struct karmor_event *event, const struct told *told);

/* Where what procfs says of a task is kept as long as its event. */
struct event_texts {
	struct buf source, parent, cwd;
	char tty[16];
};

void event_texts_done(struct event_texts *texts);

/*
 * What procfs knows of the task @pid, if it still is the one that was called @comm: the parent, the
 * executables of both, its directory and terminal, its numbers in its own pid namespace, and, with
 * @uid, whose it is.
 */
void event_task(struct karmor_event *event, long pid, const char *comm, bool uid,
		struct event_texts *texts);
