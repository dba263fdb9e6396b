/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which policies apply to a workload: kinds, namespaces, labels and containers, with Kubernetes'
 * meaning of the operators.
 */
#pragma once

#include "ir.h"

struct select_label {
	const char *key, *value;
};

/* A karmor_subject, read. */
struct select_subject {
	bool everything, host;
	const struct select_label *labels;
	size_t n_labels;
	const char *namespace_name; /* never NULL */
	const char *container;	    /* NULL where it has none */
};

/* No more labels than this on one subject. */
#define SELECT_LABELS_MAX 1024

/*
 * Reads what selects out of @subject; strings live in @arena or in @subject. 0, -EINVAL (message)
 * or -ENOMEM.
 */
int select_read(struct arena *arena, const struct karmor_subject *subject,
		struct select_subject *ret, struct karmor_diag *diag);

/* A policy's selector for people, as kubectl -l takes it, with its containers. NULL: no memory. */
const char *select_text(struct arena *arena, const struct ir_selector *selector);

/* Finds a subject that @policy selects, of as few labels as can be. 0 or -ENOMEM. */
int select_example(struct arena *arena, struct ir_policy *policy);

bool select_matches(const struct ir_policy *policy, const struct select_subject *subject);

/* Whether a requirement of @policy, of one key, holds where that has @value; NULL: it has none. */
bool select_holds(const struct ir_policy *policy, const struct ir_requirement *r,
		  const char *value);
