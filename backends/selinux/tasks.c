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

/* Tells @fn the role of a process, unless it is gone. 0 or -EIO. */
static int process_tell(const char *pid, selinux_role_fn *fn, void *data)
{
	char context[SELINUX_CONTEXT_MAX];
	int r = selinux_process_context(pid, context);
	const char *role;
	size_t len;

	if (r)
		return r == -ENOENT || r == -ESRCH || r == -EINVAL ? 0 : -EIO;
	role = avc_role(context, &len);
	if (role)
		fn(role, len, data);
	return 0;
}

static int scan(selinux_role_fn *fn, void *data)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int r = 0;

	if (!proc)
		return -EIO;
	while (r == 0 && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			r = process_tell(entry->d_name, fn, data);
	closedir(proc);
	return r;
}

int selinux_tasks_roles(selinux_role_fn *fn, void *data)
{
	int r = 0;

	for (int i = 0; r == 0 && i < SCANS; i++)
		r = scan(fn, data);
	return r;
}

bool selinux_role_begins(const char *role, size_t len, const char *prefix)
{
	return len >= strlen(prefix) && memcmp(role, prefix, strlen(prefix)) == 0;
}

struct counted {
	const char *prefix;
	long n;
};

static void count(const char *role, size_t len, void *data)
{
	struct counted *counted = data;

	counted->n += selinux_role_begins(role, len, counted->prefix);
}

long selinux_tasks_count(const char *prefix)
{
	struct counted counted = { prefix, 0 };
	int r = 0;

	for (int i = 0; r == 0 && counted.n == 0 && i < SCANS; i++)
		r = scan(count, &counted);
	return r ? r : counted.n;
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
	struct counted counted = { prefix, 0 };
	long pid = process_number(pidfd);
	int r;

	if (pid <= 0)
		return pid < 0 ? 0 : -EIO;
	if (name && (!workload || !prefix_of(workload, prefix)))
		return 0;
	snprintf(text, sizeof(text), "%ld", pid);
	r = process_tell(text, count, &counted);
	return r ? r : counted.n > 0;
}
