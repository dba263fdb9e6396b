/* SPDX-License-Identifier: Apache-2.0 */
/* One place where events go. Each kind begins with this, and has a file sink-<kind>.c. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "loop.h"

struct sink {
	const char *name; /* as the log and the metrics call it */
	/*
	 * Takes the event, also as @line of @len bytes without its end, whole or not at all. Does
	 * not wait. 0 or a negative errno.
	 */
	int (*write)(struct sink *sink, json_t *event, const char *line, size_t len);
	void (*reopen)(struct sink *sink); /* NULL: nothing to do */
	void (*close)(struct sink *sink);  /* and frees it */
	unsigned long long written, lost;
	unsigned long long untold; /* lost ones that are not told there yet */
	long long said;		   /* when the log was told last: seconds of the monotonic clock */
};

/* These return 0 or a negative errno. Paths are copied. */

/* Lines in a file of @max bytes at most; @count older ones are PATH.1 (the newest) and so on. */
int sink_file_new(const char *path, uint64_t max, uint64_t count, struct sink **ret);
/* journald, by its native protocol: a field for each of the event's. */
int sink_journal_new(const char *path, struct sink **ret);
/* Lines on descriptor @fd, which stays the caller's. */
int sink_output_new(int fd, struct loop *loop, struct sink **ret);
