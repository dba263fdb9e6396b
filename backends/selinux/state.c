/* SPDX-License-Identifier: Apache-2.0 */
/* See state.h. */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "fs.h"

#define LOCK SELINUX_STATE_DIR "/lock"
#define WAIT_US 100000
#define WAITS_MAX 9000 /* as long as a transaction may take */
#define ASIDE SELINUX_STATE_DIR "/new"

int selinux_file_read(const char *path, struct buf *ret)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char part[65536];
	ssize_t len = -1;

	if (fd < 0)
		return -errno;
	while (ret->len <= FS_FILE_MAX && (len = read(fd, part, sizeof(part))) > 0)
		buf_add(ret, part, (size_t)len);
	if (buf_failed(ret))
		return -ENOMEM;
	return len == 0 ? 0 : -EIO;
}

static int complain(struct karmor_diag *diag, const char *what, const char *path)
{
	int r = fs_error(errno);

	diag_error(diag, NULL, NULL, "selinux: cannot %s %s: %s", what, path, strerror(errno));
	return r == -EPERM || r == -ENOMEM ? r : -EIO;
}

static int dirs_make(struct karmor_diag *diag)
{
	if ((mkdir("/var/lib/karmor", 0755) < 0 && errno != EEXIST) ||
	    (mkdir(SELINUX_STATE_DIR, 0700) < 0 && errno != EEXIST))
		return complain(diag, "make", SELINUX_STATE_DIR);
	return 0;
}

#define BUSY " changes the policy\n"

/* Whose number is in the lock's file, for people; and whether it was changing the policy. */
static long lock_holder(int fd, bool *busy)
{
	char text[64] = "", *end = text;
	long pid = pread(fd, text, sizeof(text) - 1, 0) > 0 ? strtol(text, &end, 10) : 0;

	*busy = strcmp(end, BUSY) == 0;
	return pid;
}

static int holder_write(int fd, bool busy)
{
	return ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0 ||
			       dprintf(fd, "%ld%s", (long)getpid(), busy ? BUSY : "\n") < 0
		       ? -1
		       : 0;
}

void selinux_state_busy(bool busy)
{
	_cleanup_close_ int fd = open(LOCK, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0)
		(void)holder_write(fd, busy);
}

/*
 * An engine that was killed may have left a transaction of the policy's store, which comes to its
 * end and has the lock until then.
 */
static int lock_take(int fd, long *holder)
{
	bool busy;

	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno != EWOULDBLOCK)
			return -1;
		*holder = lock_holder(fd, &busy);
		if (!busy || i == WAITS_MAX || kill((pid_t)*holder, 0) == 0 || errno != ESRCH) {
			errno = EWOULDBLOCK;
			return -1;
		}
		usleep(WAIT_US);
	}
	return 0;
}

int selinux_state_lock(struct karmor_diag *diag)
{
	_cleanup_close_ int fd = -1;
	int r = dirs_make(diag);
	long holder = 0;

	if (r)
		return r;
	fd = open(LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return complain(diag, "open", LOCK);
	if (lock_take(fd, &holder) < 0) {
		if (errno != EWOULDBLOCK)
			return complain(diag, "lock", LOCK);
		diag_error(
			diag, NULL,
			"wait until it ends, have it start the command if it is karmord, or use "
			"bpf",
			"selinux: process %ld enforces by SELinux already, and one can at a time: "
			"what a file's label says is made of the rules of all workloads",
			holder);
		return -EBUSY;
	}
	if (holder_write(fd, false) < 0)
		return complain(diag, "write", LOCK);
	return TAKE_FD(fd);
}

bool selinux_state_there(void)
{
	return access(SELINUX_STATE_BASE, F_OK) == 0 || access(SELINUX_STATE_JOURNAL, F_OK) == 0;
}

/* Not waited for: after another boot nothing of it is read. */
static int whole_write(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = TEMP_FAILURE_RETRY(write(fd, bytes, len));

		if (n < 0)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

int selinux_state_write(const char *path, const char *bytes, size_t len, struct karmor_diag *diag)
{
	_cleanup_close_ int fd =
		open(ASIDE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 || whole_write(fd, bytes, len) < 0 || rename(ASIDE, path) < 0)
		return complain(diag, "write", path);
	return 0;
}

void selinux_state_remove(void)
{
	static const char *const paths[] = { SELINUX_STATE_BASE, SELINUX_STATE_MODULE,
					     SELINUX_STATE_KEPT, ASIDE };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		unlink(paths[i]);
}
