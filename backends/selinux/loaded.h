/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the module in the kernel is good for. It has roles of tasks by numbers, those of workloads,
 * of workloads that have ended since, and spare ones; and roles of files, of which some are on
 * files and others to spare.
 *
 * Numbers whose rulesets were the same when it was made are a group: each role of files says the
 * same to all of them. A workload whose rules are good for a group where a number is free is
 * started without a change of the policy, and so is a change of what rules say of files made where
 * there are roles that say it (slots.c).
 */
#pragma once

#include "arena.h"
#include "selinux.h"

#define SELINUX_SPARES_MAX 128
#define SELINUX_SPARE_FILES_MAX 384

struct selinux_family {
	uint32_t number, group;		/* a group is called by one of its numbers */
	char slot[SELINUX_DIGEST_SIZE]; /* of rulesets that it is good for (digest.c) */
	char last[SELINUX_DIGEST_SIZE]; /* the ruleset that files' roles are for, or were */
};

/* A role of files. */
struct selinux_slot {
	char name[SELINUX_ID_SIZE];
	char of[SELINUX_ID_SIZE]; /* the label that is called by it; "": it is to spare */
	char meaning[SELINUX_DIGEST_SIZE];
};

struct selinux_loaded {
	char frame[SELINUX_DIGEST_SIZE]; /* what it has beside these; "": it is not known */
	struct selinux_family *families;
	struct selinux_slot *slots;
	char **names; /* of copied types, and of what is logged: sorted */
	size_t n_families, families_size, n_slots, slots_size, n_names, names_size;
};

void selinux_loaded_free(struct selinux_loaded *loaded);
/* Copies of what they are given. 0 or -ENOMEM. */
int selinux_loaded_family(struct selinux_loaded *loaded, const struct selinux_family *family);
int selinux_loaded_slot(struct selinux_loaded *loaded, const struct selinux_slot *slot);
int selinux_loaded_name(struct selinux_loaded *loaded, const char *name);
void selinux_loaded_sort(struct selinux_loaded *loaded);
/* What is logged is named by this, and the permission. */
#define SELINUX_LOG_PREFIX "karmor_log_"

/* What a module of @artifact with this beside would be. 0 or -ENOMEM; free it either way. */
int selinux_loaded_make(struct selinux_loaded *ret, const struct selinux_artifact *artifact,
			const struct selinux_extra *extra);

/* What @number stands for; NULL: for nothing. */
const struct selinux_family *selinux_loaded_find(const struct selinux_loaded *loaded,
						 uint32_t number);
/* Whether it stands for rulesets of this slot. */
bool selinux_loaded_has(const struct selinux_loaded *loaded, uint32_t number, const char *slot);
/* Whether it has what @artifact has beside rulesets and labels. 0, 1 or -ENOMEM. */
int selinux_loaded_frames(const struct selinux_loaded *loaded,
			  const struct selinux_artifact *artifact);

#define SELINUX_NO_GROUP UINT32_MAX

/* slots.c: whether a label that files have has another role by now. */
bool selinux_slots_moved(const struct selinux_loaded *loaded,
			 const struct selinux_artifact *artifact);
/* Labels are called as they were taken, and rulesets are in their groups. Whether any was not
 * before. */
bool selinux_slots_given(struct selinux_loaded *loaded, const struct selinux_artifact *artifact);
/* Adds the roles of files to what is made for a module. 0 or -ENOMEM. */
int selinux_slots_add(struct selinux_loaded *ret, const struct selinux_artifact *artifact,
		      const struct selinux_extra *extra);
