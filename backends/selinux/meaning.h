/* SPDX-License-Identifier: Apache-2.0 */
/* Which rule of a workload's it was that SELinux decided by, and what of. */
#pragma once

#include <karmor/event.h>

#include "avc.h"
#include "selinux.h"

struct protection;

struct meaning {
	enum karmor_section section;
	enum karmor_op op;
	bool is_file;
	int kind; /* enum selinux_op, SELINUX_OPS: what protects labels; or a capability */
	const struct selinux_rule *rule; /* NULL: the posture, or what protects */
	const char *protects;		 /* what for */
	const struct protection *protection;
	const char *labelled; /* the path under which the file got its label; NULL: not known */
};

/* What kind of access it is; false where no rule is about such. */
bool meaning_read(const struct avc *avc, struct meaning *ret);
/*
 * Which rule decides of it for a class of sources; @label is the file's. False where it was not
 * the module that decided so.
 */
bool meaning_decide(const struct selinux_artifact *artifact, const struct selinux_class *class,
		    const struct avc *avc, size_t label, struct meaning *ret);
/* What it was that was accessed, and how; what is not known is said. */
void meaning_write(const struct meaning *meaning, struct avc *avc, struct buf *resource,
		   struct buf *data);
