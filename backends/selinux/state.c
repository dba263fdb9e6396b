/* SPDX-License-Identifier: Apache-2.0 */
/* See state.h. */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "fs.h"

#define LOCK SELINUX_STATE_DIR "/lock"
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

/* Whose number is in the lock's file, for people. */
static long lock_holder(int fd)
{
	char text[32] = "";

	return pread(fd, text, sizeof(text) - 1, 0) > 0 ? strtol(text, NULL, 10) : 0;
}

int selinux_state_lock(struct karmor_diag *diag)
{
	_cleanup_close_ int fd = -1;
	int r = dirs_make(diag);

	if (r)
		return r;
	fd = open(LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return complain(diag, "open", LOCK);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return complain(diag, "lock", LOCK);
		diag_error(
			diag, NULL, "wait until it ends, or use bpf",
			"selinux: process %ld enforces by SELinux already, and one can at a time",
			lock_holder(fd));
		return -EBUSY;
	}
	if (ftruncate(fd, 0) < 0 || dprintf(fd, "%ld\n", (long)getpid()) < 0)
		return complain(diag, "write", LOCK);
	return TAKE_FD(fd);
}

bool selinux_state_there(void)
{
	return access(SELINUX_STATE_BASE, F_OK) == 0 || access(SELINUX_STATE_JOURNAL, F_OK) == 0;
}

static int whole_write(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = TEMP_FAILURE_RETRY(write(fd, bytes, len));

		if (n < 0)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return fsync(fd);
}

int selinux_state_keep(const char *base, size_t len, struct karmor_diag *diag)
{
	_cleanup_close_ int fd =
		open(ASIDE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	_cleanup_close_ int dir = open(SELINUX_STATE_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || dir < 0 || whole_write(fd, base, len) < 0 ||
	    rename(ASIDE, SELINUX_STATE_BASE) < 0 || fsync(dir) < 0)
		return complain(diag, "write", SELINUX_STATE_BASE);
	return 0;
}

void selinux_state_remove(void)
{
	unlink(SELINUX_STATE_BASE);
	unlink(ASIDE);
}
