/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's audit records, as any number of readers gets them: by multicast, so that auditd,
 * where there is one, gets them as well. Needs CAP_AUDIT_READ in the initial user namespace.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct audit {
	int fd;		  /* -1: not open */
	uint64_t lost;	  /* records that did not get here */
	uint32_t dropped; /* the kernel's own count when last asked */
	bool asked;
};

/* Binds a socket, as bind(2) does, perhaps as somebody else. 0 or a negative errno. */
typedef int audit_bind_fn(int fd, const struct sockaddr *address, socklen_t len, void *data);

/* @bind: NULL where the caller itself may. Nothing is done where it is open. 0 or a negative errno.
 */
int audit_listen(struct audit *audit, audit_bind_fn *bind, void *data);
void audit_unlisten(struct audit *audit);

/* A record of type @type (linux/audit.h); @text is not terminated. What it returns is counted, a
 * negative errno ends the reading. */
typedef int audit_fn(unsigned type, const char *text, size_t len, void *data);

/* Reads what there is, and what the kernel has made and not sent yet. The sum of what @fn returned,
 * its negative errno, or -EIO. */
int audit_read(struct audit *audit, audit_fn *fn, void *data);
