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
/* Of a file of any kind, and of a directory. */
struct gathered ask_file(const char *subject, const char *object, enum karmor_op op);
struct gathered ask_directory(const char *subject, const char *object, enum karmor_op op);
