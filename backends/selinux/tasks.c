/* SPDX-License-Identifier: Apache-2.0 */
/* Who is in a workload, by the role that tasks have. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "avc.h"
#include "cleanup.h"
#include "engine.h"
#include "process.h"

#define SCANS 3 /* a task that is made while /proc is read may be missed once */

int selinux_process_context(const char *pid, char ret[SELINUX_CONTEXT_MAX])
{
	_cleanup_close_ int fd = -1;
	char path[64];
	ssize_t n;

	if (snprintf(path, sizeof(path), "/proc/%.32s/attr/current", pid) >= (int)sizeof(path))
		return -EIO;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, ret, SELINUX_CONTEXT_MAX - 1);
	if (n < 0)
		return -errno;
	ret[n] = '\0';
	return 0;
}

/* Whether a process has a role that begins with @prefix: 1, 0 (or it is gone), -EIO. */
static int process_has(const char *pid, const char *prefix)
{
	char context[SELINUX_CONTEXT_MAX];
	int r = selinux_process_context(pid, context);
	const char *role;
	size_t len;

	if (r)
		return r == -ENOENT || r == -ESRCH || r == -EINVAL ? 0 : -EIO;
	role = avc_role(context, &len);
	return role && len >= strlen(prefix) && memcmp(role, prefix, strlen(prefix)) == 0;
}

static long scan(const char *prefix)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	long n = 0;

	if (!proc)
		return -EIO;
	while (n >= 0 && (entry = readdir(proc))) {
		int r = isdigit((unsigned char)entry->d_name[0])
				? process_has(entry->d_name, prefix)
				: 0;

		n = r < 0 ? r : n + r;
	}
	closedir(proc);
	return n;
}

long selinux_tasks_count(const char *prefix)
{
	long n = 0;

	for (int i = 0; n == 0 && i < SCANS; i++)
		n = scan(prefix);
	return n;
}

/* What the roles of its tasks begin with; whether it has any. */
static bool prefix_of(const struct selinux_workload *workload, char ret[SELINUX_NAME_SIZE])
{
	snprintf(ret, SELINUX_NAME_SIZE, SELINUX_TASK_PREFIX "%u_", workload->number);
	return workload->number != SELINUX_NO_NUMBER;
}

long selinux_workload_tasks(const struct selinux_workload *workload)
{
	char prefix[SELINUX_NAME_SIZE];

	return prefix_of(workload, prefix) ? selinux_tasks_count(prefix) : 0;
}

long selinux_tasks(struct karmor_engine *base, const char *name)
{
	const struct selinux_workload *workload =
		selinux_workload_find((const struct selinux_engine *)base, name);

	return workload && workload->attached ? selinux_workload_tasks(workload) : -ENOENT;
}

int selinux_confines(struct karmor_engine *base, const char *name, int pidfd)
{
	const struct selinux_workload *workload =
		base && name ? selinux_workload_find((const struct selinux_engine *)base, name)
			     : NULL;
	char text[32], prefix[SELINUX_NAME_SIZE] = SELINUX_TASK_PREFIX;
	long pid = process_number(pidfd);

	if (pid <= 0)
		return pid < 0 ? 0 : -EIO;
	if (name && (!workload || !prefix_of(workload, prefix)))
		return 0;
	snprintf(text, sizeof(text), "%ld", pid);
	return process_has(text, prefix);
}
