/* SPDX-License-Identifier: Apache-2.0 */
/* An operation as the permissions that a kernel asks a policy for. */
#pragma once

#include <karmor/ruleset.h>

#include "selinux-policy.h"

/* An answer under way: of many permissions, which have to agree. */
struct gathered {
	struct policy_answer answer;
	bool any, split;
};

/* Adds the permissions of a class to what was asked. */
void ask_gather(struct gathered *g, const char *subject, const char *object, const char *class,
		const char *perms);
/* The same of a task's own, without what a machine's policy itself denies the domain. */
void ask_own(struct gathered *g, const char *subject, const char *domain, const char *class,
	     const char *perms);
/* Of a file of any kind, and of a directory. */
struct gathered ask_file(const char *subject, const char *object, enum karmor_op op);
/*
 * What the kernel asks of a program beside its exec: it is read by who executes it and by the role
 * that it leads to, which maps it to be executed as well.
 */
struct gathered ask_program_read(const char *subject, const char *object);
struct gathered ask_program_mapped(const char *subject, const char *object);
struct gathered ask_directory(const char *subject, const char *object, enum karmor_op op);
