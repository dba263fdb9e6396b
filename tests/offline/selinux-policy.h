/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A binary SELinux policy, asked by libsepol as a kernel's security server would be: one at a time,
 * for libsepol keeps it to itself.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 0, or -1 where it cannot be read. */
int policy_use(const void *image, size_t len);
void policy_drop(void);

/* A context's number, or 0: the policy does not have it. */
uint32_t policy_context(const char *context);

struct policy_answer {
	bool known; /* the policy has the permission, and both contexts */
	bool allowed;
	bool logged; /* as it came out: an allowed one is granted aloud, a denied one is told of */
};

/* All permissions of the blank-separated list together; *split where they are not answered alike.
 */
struct policy_answer policy_ask(const char *subject, const char *object, const char *class,
				const char *perms, bool *split);

/* What a program of context @object makes of a task's context; malloc'ed, or NULL. */
char *policy_exec(const char *subject, const char *object);

/* Bits of a class by number: allowed, granted aloud, denied aloud. 0, or -1. */
struct policy_bits {
	uint32_t allowed, auditallow, auditdeny;
};
int policy_bits(uint32_t subject, uint32_t object, unsigned class, struct policy_bits *ret);
unsigned policy_class(const char *name); /* 0: there is none */
