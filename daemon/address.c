/* SPDX-License-Identifier: Apache-2.0 */
/* See address.h. */
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

/* 1 to 65535, in digits alone; 0: it is none. */
static in_port_t port_parse(const char *text)
{
	unsigned long port = 0;

	if (!*text || strlen(text) > 5 || strspn(text, "0123456789") != strlen(text))
		return 0;
	for (; *text; text++)
		port = port * 10 + (unsigned long)(*text - '0');
	return port > 65535 ? 0 : (in_port_t)port;
}

int address_parse(const char *text, union loopback *ret, socklen_t *size)
{
	static const char v4[] = "127.0.0.1:", v6[] = "[::1]:";
	in_port_t port;

	if (strncmp(text, v4, strlen(v4)) == 0) {
		port = port_parse(text + strlen(v4));
		ret->v4 = (struct sockaddr_in){ .sin_family = AF_INET,
						.sin_port = htons(port),
						.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		*size = sizeof(ret->v4);
	} else if (strncmp(text, v6, strlen(v6)) == 0) {
		port = port_parse(text + strlen(v6));
		ret->v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
						 .sin6_port = htons(port),
						 .sin6_addr = IN6ADDR_LOOPBACK_INIT };
		*size = sizeof(ret->v6);
	} else {
		return -EINVAL;
	}
	return port ? 0 : -EINVAL;
}
