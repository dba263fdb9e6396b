/* SPDX-License-Identifier: Apache-2.0 */
#include "record.h"

#include "cleanup.h"

static const struct audit_field fields[] = {
	{ "apparmor", AUDIT_TEXT, offsetof(struct apparmor_record, verdict) },
	{ "operation", AUDIT_TEXT, offsetof(struct apparmor_record, operation) },
	{ "profile", AUDIT_UNTRUSTED, offsetof(struct apparmor_record, profile) },
	{ "name", AUDIT_UNTRUSTED, offsetof(struct apparmor_record, name) },
	{ "comm", AUDIT_UNTRUSTED, offsetof(struct apparmor_record, comm) },
	{ "requested_mask", AUDIT_TEXT, offsetof(struct apparmor_record, requested) },
	{ "denied_mask", AUDIT_TEXT, offsetof(struct apparmor_record, denied) },
	{ "family", AUDIT_TEXT, offsetof(struct apparmor_record, family) },
	{ "sock_type", AUDIT_TEXT, offsetof(struct apparmor_record, sock_type) },
	{ "info", AUDIT_TEXT, offsetof(struct apparmor_record, info) },
	{ "pid", AUDIT_NUMBER, offsetof(struct apparmor_record, pid) },
	{ "protocol", AUDIT_NUMBER, offsetof(struct apparmor_record, protocol) },
	{ "capability", AUDIT_NUMBER, offsetof(struct apparmor_record, capability) },
	{ "fsuid", AUDIT_NUMBER, offsetof(struct apparmor_record, fsuid) },
	{ "ouid", AUDIT_NUMBER, offsetof(struct apparmor_record, ouid) },
};

bool record_read(struct apparmor_record *record, const char *line, size_t len)
{
	const char *at = audit_record_start(&record->base, fields, ARRAY_SIZE(fields), line, len);
	struct audit_word word;

	while (at && audit_word_next(&at, line + len, &word))
		audit_word_take(&record->base, fields, ARRAY_SIZE(fields), &word);
	return record->verdict && record->operation && record->profile;
}
