/* SPDX-License-Identifier: Apache-2.0 */
/* One line of the journal of labels, and the handle that an object is told by in it. */
#pragma once

#include <fcntl.h>

#include "buf.h"
#include "journal.h"

#define JOURNAL_HEAD "karmor-labels 1\n"
#define JOURNAL_HANDLE_SIZE (12 + 2 * MAX_HANDLE_SZ + 1)

/*
 * A line without its end, which is written to. Strings are of the arena. *root is set if it is a
 * root's, else *entry is. 0, -EINVAL or -ENOMEM.
 */
int journal_line_parse(char *line, size_t len, struct arena *arena, struct journal_entry *entry,
		       const char **root);
void journal_line_print(struct buf *buf, const struct journal_entry *entry);
void journal_root_print(struct buf *buf, const char *root);

/* The handle of what @fd is, as text; "-" where there is none. */
void journal_handle(int fd, char ret[JOURNAL_HANDLE_SIZE]);
