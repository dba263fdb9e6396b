/* SPDX-License-Identifier: Apache-2.0 */
/* See table-live.h: what the acts need of this machine, which is a test's own. */
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "table-live.h"

/* What the kernel lets nobody do by default, or asks no capability for. */
static struct {
	const char *file, *value;
	char old[64];
} settings[] = {
	{ .file = "/proc/sys/kernel/perf_event_paranoid", .value = "2" },
	{ .file = "/proc/sys/net/core/bpf_jit_limit", .value = "1" },
	{ .file = "/proc/sys/net/ipv4/ping_group_range", .value = "0 2147483647" },
};

bool machine_set(const char *file, const char *value)
{
	_cleanup_close_ int fd = open(file, O_WRONLY | O_CLOEXEC);
	ssize_t len = (ssize_t)strlen(value);

	return fd >= 0 && write(fd, value, (size_t)len) == len;
}

static void keep_setting(size_t i)
{
	_cleanup_close_ int fd = open(settings[i].file, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, settings[i].old, sizeof(settings[i].old) - 1) < 0)
		settings[i].old[0] = '\0';
}

/* A row that needs what cannot be set is not asked: its control fails. */
static void settings_change(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		keep_setting(i);
		(void)machine_set(settings[i].file, settings[i].value);
	}
}

static void settings_restore(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		if (*settings[i].old)
			(void)machine_set(settings[i].file, settings[i].old);
}

/* A file without a name at a descriptor that every task of ours has. */
static int place_file(int number, uid_t uid, gid_t gid)
{
	_cleanup_close_ int fd = memfd_create("table", MFD_CLOEXEC);

	return fd < 0 || fchown(fd, uid, gid) < 0 || dup2(fd, number) < 0 ? -1 : 0;
}

static pid_t start_other(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (setresgid(1, 1, 1) < 0 || setresuid(1, 1, 1) < 0)
			_exit(1);
		/* A change of user forgets it. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

/* Some that Debian's kernels load for nobody who does not ask for them by name. */
static void modules_load(void)
{
	(void)!system("modprobe -qa sctp dccp_ipv4 dccp_ipv6");
}

/* By default the kernel queues 64 records, and one task of ours makes more before it sends any. */
static void records_queue(void)
{
	(void)!system("auditctl -b 8192 > /dev/null 2>&1");
}

int machine_open(struct stage *stage)
{
	if (setgroups(0, NULL) < 0)
		return stage_say("cannot leave groups");
	stage->other = start_other();
	if (stage->other < 0)
		return stage_say("cannot fork");
	/* What is mounted goes with us. */
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return stage_say("cannot leave the mount namespace");
	umask(0);
	modules_load();
	if (stage->labels)
		records_queue();
	settings_change();
	return 0;
}

int machine_files(void)
{
	return place_file(ACT_FD_OTHERS, 1, 1) < 0 || place_file(ACT_FD_GROUP, 0, 1) < 0 ? -1 : 0;
}

void machine_close(struct stage *stage)
{
	settings_restore();
	if (stage->other > 0) {
		kill(stage->other, SIGKILL);
		waitpid(stage->other, NULL, 0);
	}
}
