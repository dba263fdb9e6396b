/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a task's label is always found. Before Linux 6.2 it is not found while another task was
 * preempted looking for its own, so that a labelled task would be taken for one that is not: only
 * with full preemption, which may be chosen at boot. What cannot be found out is taken for the
 * worse.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/utsname.h>

#include "buf.h"
#include "cleanup.h"
#include "kernel.h"

#define SYSLOG_ACTION_READ_ALL 3
#define SYSLOG_ACTION_SIZE_BUFFER 10

/* Whether @text says of a mode that it is the full one: 1 or 0; -1 where @text has no mode. */
typedef int mode_fn(const char *text);

static int mode_named(const char *text, const char *before)
{
	const char *mode = strstr(text, before);

	return mode ? strncmp(mode + strlen(before), "full", 4) == 0 : -1;
}

/* "none voluntary (full)" */
static int mode_of_debugfs(const char *text)
{
	return mode_named(text, "(");
}

static int mode_of_cmdline(const char *text)
{
	return strncmp(text, "preempt=", 8) == 0 ? mode_named(text, "preempt=")
						 : mode_named(text, " preempt=");
}

/* What the kernel does where nothing is said at boot. */
static int mode_of_config(const char *text)
{
	if (strncmp(text, "CONFIG_PREEMPT=y", 16) == 0)
		return 1;
	return strncmp(text, "CONFIG_PREEMPT_VOLUNTARY=y", 26) == 0 ||
			       strncmp(text, "CONFIG_PREEMPT_NONE=y", 21) == 0
		       ? 0
		       : -1;
}

/* Asks each line of a file. */
static int file_mode(const char *path, mode_fn *fn)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	int mode = -1;

	while (file && mode < 0 && getline(&line, &size, file) > 0)
		mode = fn(line);
	return mode;
}

static int log_mode(void)
{
	int size = klogctl(SYSLOG_ACTION_SIZE_BUFFER, NULL, 0), n = -1;
	_cleanup_free_ char *text = size > 0 ? malloc((size_t)size + 1) : NULL;

	if (text)
		n = klogctl(SYSLOG_ACTION_READ_ALL, text, size);
	if (n < 0)
		return -1;
	text[n] = '\0';
	return mode_named(text, "Dynamic Preempt: ");
}

static int config_mode(const char *release)
{
	_cleanup_buf_ struct buf path = { 0 };

	buf_printf(&path, "/boot/config-%s", release);
	return buf_failed(&path) ? -1 : file_mode(path.data, mode_of_config);
}

bool kernel_labels_unsound(void)
{
	struct utsname kernel;
	unsigned major, minor;
	int mode;

	if (uname(&kernel) < 0 || sscanf(kernel.release, "%u.%u", &major, &minor) != 2)
		return false;
	if (major > 6 || (major == 6 && minor >= 2))
		return false;
	if (!strstr(kernel.version, "PREEMPT_DYNAMIC"))
		return strstr(kernel.version, "PREEMPT") != NULL;
	mode = file_mode("/sys/kernel/debug/sched/preempt", mode_of_debugfs);
	if (mode < 0)
		mode = file_mode("/proc/cmdline", mode_of_cmdline);
	if (mode < 0)
		mode = log_mode();
	if (mode < 0)
		mode = config_mode(kernel.release);
	return mode != 0;
}
