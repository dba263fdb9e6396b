/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What more than one engine knows of workloads: the file "state", by which who comes later knows
 * whose tasks there are, and what files and tasks still have from each module before. Lines of
 * words (words.h):
 *
 *   karmor-selinux 1
 *   boot ID
 *   generation NUMBER
 *   module DIGEST FRAME
 *   family NUMBER GROUP SLOT RULESET
 *   slot NAME LABEL MEANING
 *   has NAME
 *   workload NUMBER lasting|brief NAME
 *   file ROLE file|dir EXAMPLE
 *   task ROLE NUMBER EXAMPLE
 *   type NAME TYPE EXAMPLE COPY
 *
 * "-" is what is not known. It is written whole or not at all, before what it speaks of is in the
 * kernel or on a file, so that it may name what never came to be.
 */
#pragma once

#include "arena.h"
#include "engine.h"

#define SELINUX_BOOT_SIZE 64

struct selinux_kept {
	char boot[SELINUX_BOOT_SIZE]; /* tasks are this boot's */
	uint64_t generation;
	/* Of the module's text, as it is loaded and labels are for it; "": not known. */
	char module[SELINUX_DIGEST_SIZE];
	struct selinux_loaded loaded; /* what that is good for; borrowed */
	const struct selinux_workload *workloads;
	const struct selinux_before *before;
	size_t n_workloads, n_before;
};

/* The text, which is written to; strings are of the arena. 0; -EINVAL (damaged); -ENOMEM. */
int selinux_kept_parse(char *text, size_t len, struct arena *arena, struct selinux_kept *ret);
void selinux_kept_print(struct buf *buf, const struct selinux_kept *kept);
