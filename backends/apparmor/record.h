/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An audit record of AppArmor's, taken apart. It comes from the kernel, but names in it are
 * anybody's: what is not understood is left out, nothing is believed to be well formed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#define RECORD_TEXT_MAX 8192

struct apparmor_record {
	struct timespec time;
	/* Decoded, NUL-terminated; NULL where the record has none. */
	const char *verdict, *operation, *profile, *name, *comm, *requested, *denied, *family,
		*sock_type, *info;
	long pid, protocol, capability; /* -1 where there is none */
	long fsuid, ouid;
	char text[2 * RECORD_TEXT_MAX]; /* what the strings are in */
	size_t used;
};

/* Whether @line, @len bytes, is a record of AppArmor's that could be read. */
bool record_read(struct apparmor_record *record, const char *line, size_t len);
