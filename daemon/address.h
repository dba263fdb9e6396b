/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses that nobody but this node can reach. */
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

union loopback {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* "127.0.0.1:PORT" or "[::1]:PORT". 0 or -EINVAL. */
int address_parse(const char *text, union loopback *ret, socklen_t *size);
