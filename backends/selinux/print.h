/* SPDX-License-Identifier: Apache-2.0 */
/* Between print.c, print-tasks.c and rules.c: a module that is being written. */
#pragma once

#include "selinux.h"

struct writer {
	struct buf *buf;
	const struct selinux_artifact *artifact;
	size_t set, class; /* whose constraints are being written */
	const struct selinux_extra *extra;
};

/* Goes over the classes of all rulesets: for (print_first(w); print_next(w);). */
static inline void print_first(struct writer *w)
{
	w->set = 0;
	w->class = SIZE_MAX;
}
bool print_next(struct writer *w);

/* Whether it is what a role or a type of before is now. */
static inline bool print_is_now(const struct selinux_retired *retired, enum selinux_old what,
				size_t set, size_t now)
{
	return retired->what == what && retired->set == set && retired->now == now;
}

void print_heading(const struct writer *w, const char *text);
/* All users of the policy may have the roles. */
void print_users(const struct writer *w, const char *roles);
/* The attribute of a class's roles; a statement that has that of @w's between @before and @after.
 */
void print_class(const struct writer *w, size_t set, size_t class);
void print_with_class(const struct writer *w, const char *before, const char *after);
/* The roles of a file, and those that are the same now: "a b". */
void print_label_roles(const struct writer *w, size_t label);

/* print-tasks.c: roles of tasks, and executables that rules name as sources. */
void print_tasks(struct writer *w);
void print_sources(const struct writer *w);
/* rules.c: constraints of all classes; what is logged of a type's tasks. */
void print_denials(struct writer *w);
void print_logs(struct writer *w, const char *domain);
/* Tells @fn what is logged of any class, until that does not return 0, which is returned. */
typedef int print_logged_fn(const char *what, void *data);
int print_logged(const struct selinux_artifact *artifact, print_logged_fn *fn, void *data);
