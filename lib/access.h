/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions as text, read: what karmor_access says as numbers and names that matching takes.
 *
 * Reads only; whether the object exists, or what its name resolves to, is not asked here.
 */
#pragma once

#include <karmor/ruleset.h>

struct access {
	enum karmor_section section;
	enum karmor_op op;
	const char *path;   /* process, file and a syscall's; NULL without one */
	const char *name;   /* the last component of the path as it was asked for: multi-call */
	const char *source; /* NULL: not known */
	bool owner;
	int family, type,
		number; /* network; AF_UNSPEC, 0 and -1 where the question leaves it open */
	unsigned capability;
	char syscall[64];
};

enum karmor_section access_section(enum karmor_op op);

/* Strings stay the question's; a syscall's path is within its object. 0 or -EINVAL (message). */
int access_read(const struct karmor_access *question, struct access *ret, struct karmor_diag *diag);

/* Whether @path is absolute and normal, and no longer than the language has it; else why not. */
bool access_is_path(const char *path, const char **why);
