/* SPDX-License-Identifier: Apache-2.0 */
/* What a row's policies became under SELinux, and the contexts that it is asked with. */
#pragma once

#include "buf.h"
#include "judge.h"
#include "selinux/base.h"
#include "selinux/selinux.h"

#define DOMAIN "unconfined_t"
#define UNCONFINED "unconfined_u:unconfined_r:" DOMAIN ":s0" /* no workload's */

struct judged {
	const struct karmor_ruleset *set;
	struct karmor_artifact *artifact;
	struct karmor_report *report;
	struct base *base;
	struct buf text;
	bool *unsupported; /* by rule */
};

static inline const struct selinux_artifact *artifact_of(const struct judged *j)
{
	return (const struct selinux_artifact *)j->artifact;
}

static inline const struct selinux_ruleset *ruleset_of(const struct judged *j)
{
	return &artifact_of(j)->rulesets[0];
}

/* The class of sources of an executable; of none, the first. */
unsigned class_of(const struct judged *j, const char *source);
void subject_write(struct buf *buf, const struct judged *j, unsigned class);
void object_write(struct buf *buf, const struct judged *j, const char *path, size_t label);
/* Whether an exec by each class gives a source the role that is its class's. */
bool leads(const struct judged *j, const char *source, unsigned class);
/* Whether a source that is no path matches @source, which has a type that was not copied for it. */
bool is_of_another_type(const struct judged *j, const char *source);
