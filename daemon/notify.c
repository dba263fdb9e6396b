/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See notify.h. The protocol is a datagram; a library of systemd's would be some hundred kilobytes
 * for it.
 */
#include "notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "scope.h"

#define FIRST_PASSED 3

void notify_send(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -1;
	size_t len = path ? strlen(path) : 0;

	if (!len || len >= sizeof(address.sun_path) || (*path != '/' && *path != '@'))
		return;
	memcpy(address.sun_path, path, len);
	if (*path == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		(void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
}

void notify_reloading(void)
{
	struct timespec now;
	char state[64];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld%06ld",
		 (long long)now.tv_sec, now.tv_nsec / 1000);
	notify_send(state);
}

/* A number of the environment that is meant for this process; 0 where there is none. */
static unsigned long long mine(const char *name, const char *pid_name)
{
	const char *text = getenv(name), *pid = getenv(pid_name);

	if (!text || (pid && strtoll(pid, NULL, 10) != getpid()))
		return 0;
	return strtoull(text, NULL, 10);
}

unsigned notify_watchdog_ms(void)
{
	unsigned long long us = mine("WATCHDOG_USEC", "WATCHDOG_PID");

	/* Twice in its time, as sd_watchdog_enabled(3) advises. */
	return us / 2000 > 3600000 ? 3600000 : (unsigned)(us / 2000);
}

int notify_socket(void)
{
	unsigned long long n = getenv("LISTEN_PID") ? mine("LISTEN_FDS", "LISTEN_PID") : 0;
	int listening = 0, domain = 0;
	socklen_t size = sizeof(int);

	if (n == 0)
		return -1;
	if (n > 1 || getsockopt(FIRST_PASSED, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) < 0 ||
	    getsockopt(FIRST_PASSED, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0 || !listening ||
	    domain != AF_UNIX)
		return -EINVAL;
	if (fcntl(FIRST_PASSED, F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(FIRST_PASSED, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return -EINVAL;
	return FIRST_PASSED;
}
