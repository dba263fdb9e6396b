/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile as it is written: print.c writes it, of lines that print-lines.c has and names that
 * names.c has.
 */
#pragma once

#include "apparmor.h"

struct writer {
	struct buf *buf;
	const struct apparmor_mediates *mediates;
	const struct apparmor_ruleset *set;
	const struct apparmor_names *names;
	size_t part;	/* of a stack; 0: the class's own profile */
	size_t group;	/* whose profile it is; 0: that of no group */
	bool open;	/* others of the stack decide */
	bool top;	/* it is on top of class 0's (apparmor.h) */
	size_t class;	/* whose profile it is */
	size_t written; /* what it is named after; another where there are more names than classes
			 */
	uint32_t commented; /* the rule whose lines are being written */
};

/* Which of the stack's profiles is being written. */
size_t writer_place(const struct writer *w);
/* The name of the profile that is written. */
void writer_name(struct writer *w);
/* What it leads to for a task that comes to be of @class, and whether that is itself. */
void writer_target(struct writer *w, size_t class);
bool writer_stays(const struct writer *w, size_t class);
/* All that a task of @class is under, as the kernel writes it. */
void writer_stack(struct writer *w, size_t class);

/* What the lines that follow are for, unless it is said already. */
void writer_comment(struct writer *w, uint32_t rule);
/* Accesses of the owner and of others are written together where they are the same. */
void writer_path(struct writer *w, const struct apparmor_line *line);
void writer_network(struct writer *w, const struct apparmor_profile *profile);
void writer_capabilities(struct writer *w, const struct apparmor_profile *profile);
