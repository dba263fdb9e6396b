/* SPDX-License-Identifier: Apache-2.0 */
/* An audit record of AppArmor's. */
#pragma once

#include "audit-record.h"

struct apparmor_record {
	struct audit_record base;
	/* Decoded, NUL-terminated; NULL where the record has none. */
	const char *verdict, *operation, *profile, *name, *comm, *requested, *denied, *family,
		*sock_type, *info;
	long pid, protocol, capability; /* -1 where there is none */
	long fsuid, ouid;
};

/* Whether @line, @len bytes, is a record of AppArmor's that could be read. */
bool record_read(struct apparmor_record *record, const char *line, size_t len);
