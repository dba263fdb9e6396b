/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A few files with labels of the test's own: an attribute stands for SELinux's, and what they are
 * to have is a list of rules. Root, for links and devices take only trusted attributes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <check.h>

#include "cleanup.h"
#include "selinux/labels.h"

#define ATTRIBUTE "trusted.karmor_test"
#define A "karmor_oa_r"
#define B "karmor_ob_r"
#define CONTEXT(role) "system_u:" role ":etc_t:s0"

DEFINE_CLEANUP(diag, struct karmor_diag, karmor_diag_free)

/* What a path, below the test's directory, is to have. */
struct rule {
	const char *path;
	bool below;
	const char *role;
};

extern char tree_root[];	      /* the directory */
extern char tree_journal[];	      /* beside it */
extern const struct rule *tree_rules; /* those in force */
extern size_t tree_n_rules;
extern const struct rule tree_usual[2];
/* By role, or NULL: whether it denies all that another does. */
extern bool (*tree_exceeds)(const char *role, const char *other, bool directory, void *data);
extern const bool *tree_settled; /* by root, or NULL */
extern bool tree_copies;	 /* "kind0" is to have a copy of its type */
extern struct selinux_labels_result tree_result;

/* A fixture: an empty directory; and what is left of it. */
void tree_setup(void);
void tree_teardown(void);
/* Whether there can be such files here. */
bool tree_can(void);

/* Names are within the directory: "" is itself. */
char *tree_path(const char *name);
void tree_add(const char *name, mode_t mode);
void tree_make(void); /* some of each kind */
void tree_move(const char *from, const char *to);
void tree_delete(const char *name);
void tree_label(const char *name, const char *text, size_t len);
void tree_relabel(const char *name, const char *text); /* with an end, as the kernel writes it */
void tree_is(const char *name, const char *text);      /* NULL: it has none */
char *tree_list(size_t *len);			       /* everything, with its label's bytes */

/* What the rules in force make of these. */
struct selinux_walk tree_walk(const char *const *roots, size_t n);
int tree_set_at(const char *const *roots, size_t n, size_t limit, struct karmor_diag *diag);
void tree_set(const struct rule *rules, size_t n);
void tree_restore(void);
/* Adds a role to a buf: selinux_labels_role_fn. */
int tree_role(const char *name, void *data);
