/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the module in the kernel is good for. It has roles of tasks by numbers, each number for
 * rulesets of one digest (digest.c): those of workloads, of workloads that have ended since, and
 * spare ones. A workload whose rules have a number there that nobody has is started without a
 * change of the policy.
 */
#pragma once

#include "arena.h"
#include "selinux.h"

#define SELINUX_SPARES_MAX 128

struct selinux_family {
	uint32_t number;
	char digest[SELINUX_DIGEST_SIZE]; /* of the ruleset */
	bool is_idle;			  /* nobody asked for it: it is there, or is not */
};

struct selinux_loaded {
	char frame[SELINUX_DIGEST_SIZE]; /* what it has beside these; "": it is not known */
	struct selinux_family *families;
	char **names; /* of files' roles and of copied types: sorted */
	size_t n_families, families_size, n_names, names_size;
};

void selinux_loaded_free(struct selinux_loaded *loaded);
/* Copies of what they are given. 0 or -ENOMEM. */
int selinux_loaded_family(struct selinux_loaded *loaded, uint32_t number, const char *digest);
int selinux_loaded_name(struct selinux_loaded *loaded, const char *name);
void selinux_loaded_sort(struct selinux_loaded *loaded);

/* What a module of @artifact with these spares would be. 0 or -ENOMEM; free it either way. */
int selinux_loaded_make(struct selinux_loaded *ret, const struct selinux_artifact *artifact,
			const struct selinux_extra *extra);

/* Whether @number stands for rulesets of this digest. */
bool selinux_loaded_has(const struct selinux_loaded *loaded, uint32_t number, const char *digest);
/* Whether some number does. */
bool selinux_loaded_knows(const struct selinux_loaded *loaded, const char *digest);
/* Whether it is as good as @needed would be, to every task and file. */
bool selinux_loaded_covers(const struct selinux_loaded *loaded,
			   const struct selinux_loaded *needed);
