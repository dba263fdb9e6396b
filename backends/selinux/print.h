/* SPDX-License-Identifier: Apache-2.0 */
/* Between print.c and rules.c: a module that is being written. */
#pragma once

#include "selinux.h"

struct writer {
	struct buf *buf;
	const struct selinux_artifact *artifact;
	size_t set, class; /* whose constraints are being written */
};

void print_heading(const struct writer *w, const char *text);
/* The role of tasks of a class; a statement that has that of @w's between @before and @after. */
void print_role(const struct writer *w, size_t set, size_t class);
void print_with_role(const struct writer *w, const char *before, const char *after);

/* rules.c: constraints of all classes; what is logged of a type's tasks. */
void print_denials(struct writer *w);
void print_logs(struct writer *w, const char *domain);
