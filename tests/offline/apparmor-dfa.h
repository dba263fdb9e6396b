/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What apparmor_parser made of profile text, asked as the kernel asks it: the automata of the
 * binary, read and walked here, so that a verdict needs no AppArmor in the kernel.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dfa {
	const uint8_t *accept, *accept2, *base, *def, *next, *check, *classes;
	size_t n_states, n_next;
};

#define DFA_TARGETS_MAX 16

struct dfa_profile {
	const char *name;
	struct dfa file, policy;
	uint64_t caps_allow, caps_audit;
	const char *targets[DFA_TARGETS_MAX];
	size_t n_targets;
};

enum dfa_perm {
	DFA_EXEC = 1,
	DFA_WRITE = 2,
	DFA_READ = 4,
};

struct dfa_answer {
	bool allow, audit;
	bool quiet;	    /* denied without a record */
	const char *target; /* of an exec: the profile it leads to; NULL: the same */
};

/* The profiles of @data, which must outlive them; at most @max, how many there are, or -EINVAL. */
long dfa_read(const uint8_t *data, size_t len, struct dfa_profile *ret, size_t max);

struct dfa_answer dfa_path(const struct dfa_profile *profile, const char *path, enum dfa_perm perm,
			   bool owner);
struct dfa_answer dfa_socket(const struct dfa_profile *profile, unsigned family, unsigned type);
struct dfa_answer dfa_capability(const struct dfa_profile *profile, unsigned capability);
