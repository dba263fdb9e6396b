/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of tables and random questions, asked of what a backend made of their policies. Whoever
 * links this says what that is, and what it answers.
 */
#pragma once

#include <karmor/karmor.h>

#include "eval.h"

/* What one backend made of a ruleset; to be had from whoever links this. */
struct judged;
/* What was made as far as it went, also where it failed; @about is printed with what differs. */
int judged_make(const char *about, const struct karmor_ruleset *set, struct judged **ret,
		struct karmor_diag *diag);
void judged_ask(const char *about, struct judged *judged, const struct access *access);
/* The text that was made, or NULL. */
const char *judged_text(const struct judged *judged);
void judged_free(struct judged *judged); /* may be NULL */

/* Policies under judgement; {0} is none. */
struct judge {
	struct karmor_policies *policies;
	struct karmor_ruleset *set;
	struct judged *judged;
};

extern struct judge_total {
	size_t rows, differ, reported, unasked;
} judge_total;

/* Counts and prints what differs; VERBOSE prints the text that was made, too. */
void judge_differs(const char *about, const char *what, const struct judged *judged);
/* Makes what is to be asked of one or two policies; says so where it cannot. */
bool judge_begin(struct judge *judge, const char *about, const char *text, const char *posture);
void judge_ask(const struct judge *judge, const char *place, const struct karmor_access *question);
void judge_done(struct judge *judge);

/* Each row of a table; 0 or a negative errno, with a message. */
int judge_table(const char *name);
/* One random policy or two, and questions about them. */
void judge_random(unsigned long number);
/* The last line, and the program's exit status. @r: of what went before. */
int judge_finish(int r);
