/* SPDX-License-Identifier: Apache-2.0 */
/* See process.h. */
#include "process.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"

long process_number(int pidfd)
{
	_cleanup_fclose_ FILE *file = NULL;
	char line[128], path[64];
	long pid = 0;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "Pid:", 4) == 0)
			pid = strtol(line + 4, NULL, 10);
	return pid;
}

/* What was found by its number was that process only if it still is there. */
static bool is_there(int pidfd)
{
	struct pollfd ended = { .fd = pidfd, .events = POLLIN };

	return poll(&ended, 1, 0) == 0;
}

static int process_is(const char *pid, process_fn *fn, void *data)
{
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, atoi(pid), 0);
	int r = pidfd < 0 ? 0 : fn(pidfd, data);

	if (r < 0)
		return r;
	return r && is_there(pidfd) ? TAKE_FD(pidfd) : -ENOENT;
}

int process_find(process_fn *fn, void *data)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int r = -ENOENT;

	if (!proc)
		return -errno;
	while (r == -ENOENT && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			r = process_is(entry->d_name, fn, data);
	closedir(proc);
	return r;
}
