/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of the journal, each one datagram of journald's native protocol
 * (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/). The socket is not connected: a journald that was
 * started anew is found.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

/* With its length, so that nothing in @value can begin another field. Of @name journald takes 64
 * bytes. */
void journal_put(FILE *out, const char *name, const char *value);

/* Without waiting, over a datagram socket. 0 or a negative errno. */
int journal_send(int fd, const char *path, const void *data, size_t size);
