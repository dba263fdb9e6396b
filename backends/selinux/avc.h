/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of SELinux's decisions, taken apart, and with them what the audit system says of the
 * system call that they were made in, where it does: SYSCALL, CWD and PATH records of the same
 * serial, that come after.
 */
#pragma once

#include <sys/types.h>

#include "audit-record.h"

struct avc {
	struct audit_record base;
	/* Decoded, NUL-terminated; NULL where the record has none. */
	const char *perms; /* "read open" */
	const char *comm, *name, *path, *dev, *inode, *subject, *object, *class, *op;
	long pid, capability, permissive; /* -1 where there is none */
	bool granted;
	/* Of the other records. */
	const char *exe, *cwd, *found; /* found: the path by which the object was named */
	long ppid, uid;
};

/* The permission that stands for a program whose domain no workload may have. */
#define AVC_NO_DOMAIN "transition"

/* Whether @line, @len bytes, a record of @type (AUDIT_AVC, AUDIT_SELINUX_ERR), is such a decision
 * that could be read. */
bool avc_read(struct avc *avc, unsigned type, const char *line, size_t len);

/* Another record of the event, of @type. Whether it was of the same serial. */
bool avc_add(struct avc *avc, unsigned type, const char *line, size_t len);

/*
 * The path of the object, added to the record's text where it has to be put together. NULL: it
 * cannot be known, and what there is of it is name.
 */
const char *avc_path(struct avc *avc);

/* The role of a context, "user:role:type:range", *len bytes of it; NULL where it has none. */
const char *avc_role(const char *context, size_t *len);
