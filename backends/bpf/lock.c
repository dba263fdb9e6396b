/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock of all that karmor runs on a node. Whoever may open its file may hold it for ever, so
 * that waiting has an end, and the holder is named.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"
#include "diag.h"
#include "kernel.h"

#define LOCK_FILE LOCK_DIR "/lock"
/* Loading takes the longest: seconds, many of them where a machine is emulated. */
#define WAIT_MS 60000
#define STEP_MS 20

/* Who holds it, by the kernel's list; 0 where that is not known. */
static pid_t lock_holder(int fd)
{
	_cleanup_fclose_ FILE *locks = fopen("/proc/locks", "re");
	_cleanup_free_ char *line = NULL;
	unsigned long inode;
	unsigned from, to;
	struct stat st;
	size_t size = 0;
	int pid;

	if (!locks || fstat(fd, &st) < 0)
		return 0;
	while (getline(&line, &size, locks) > 0)
		if (sscanf(line, "%*u: FLOCK %*s %*s %d %x:%x:%lu", &pid, &from, &to, &inode) ==
			    4 &&
		    inode == st.st_ino && makedev(from, to) == st.st_dev)
			return pid;
	return 0;
}

/* Waits for the lock. 0 or a negative errno, -EBUSY where somebody keeps it. */
static int lock_take(int fd)
{
	for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; waited += STEP_MS) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (waited >= WAIT_MS)
			return -EBUSY;
		usleep(STEP_MS * 1000);
	}
	return 0;
}

static void holder_tell(int fd, struct karmor_diag *diag)
{
	pid_t pid = lock_holder(fd);

	if (pid > 0)
		diag_error(diag, NULL, "wait for it or end it, then try again",
			   "process %d has held \"%s\" for %d seconds", (int)pid, LOCK_FILE,
			   WAIT_MS / 1000);
	else
		diag_error(diag, NULL, "end who holds it, which fuser(1) tells",
			   "somebody has held \"%s\" for %d seconds", LOCK_FILE, WAIT_MS / 1000);
}

int kernel_lock(struct karmor_diag *diag)
{
	_cleanup_close_ int fd = -1;
	int r = mkdir(LOCK_DIR, 0755) < 0 && errno != EEXIST ? -errno : 0;

	if (r == 0) {
		fd = open(LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		r = fd < 0 ? -errno : lock_take(fd);
	}
	if (r == 0)
		return TAKE_FD(fd);
	if (r == -EBUSY) {
		holder_tell(fd, diag);
		return r;
	}
	diag_error(diag, NULL, NULL, "cannot lock \"%s\": %s", LOCK_FILE, strerror(-r));
	return r == -EACCES || r == -EPERM ? -EPERM : -EIO;
}
