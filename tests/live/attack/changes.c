/* SPDX-License-Identifier: Apache-2.0 */
/* Changing a file that may only be read. */
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "attack.h"

#define FIXED "vault/fixed"
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_file_setattr
#define SYS_file_setattr 469
#endif
#define URING_FTRUNCATE 55 /* IORING_OP_FTRUNCATE, Linux 6.9 */

static int prepare_fixed(void)
{
	if (write_file("out/other", "nothing\n", 0644) < 0)
		return -1;
	return write_file(FIXED, SECRET, 0644);
}

static int opened(int flags)
{
	int fd = open(FIXED, flags | O_CLOEXEC, 0644);

	return fd < 0 ? -1 : fd;
}

static int done(int r)
{
	return r < 0 ? -1 : 0;
}

static int by_write(void)
{
	int fd = opened(O_WRONLY);

	return fd < 0 ? -1 : done((int)write(fd, "x", 1));
}

static int by_append(void)
{
	int fd = opened(O_WRONLY | O_APPEND);

	return fd < 0 ? -1 : done((int)write(fd, "x", 1));
}

static int by_read_write(void)
{
	int fd = opened(O_RDWR);

	return fd < 0 ? -1 : done((int)pwrite(fd, "x", 1, 0));
}

static int by_open_truncate(void)
{
	/* Without a right to write there is still one to truncate. */
	return done(opened(O_RDONLY | O_TRUNC));
}

static int by_create(void)
{
	return done(opened(O_WRONLY | O_CREAT | O_TRUNC));
}

static int by_truncate(void)
{
	return truncate(FIXED, 0);
}

static int by_ftruncate(void)
{
	int fd = opened(O_RDWR);

	return fd < 0 ? -1 : ftruncate(fd, 0);
}

static int by_fallocate(void)
{
	int fd = opened(O_RDWR);

	return fd < 0 ? -1 : fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4);
}

static int by_mapping(void)
{
	int fd = opened(O_RDWR);
	char *text = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0);

	if (text == MAP_FAILED)
		return -1;
	text[0] = 'x';
	return 0;
}

static int by_splice(void)
{
	int ends[2], fd;

	if (pipe(ends) < 0 || write(ends[1], "x", 1) < 0)
		return -1;
	fd = opened(O_WRONLY);
	if (fd < 0)
		return -1;
	return done((int)splice(ends[0], NULL, fd, NULL, 1, 0));
}

static int by_copy_range(void)
{
	int from = open("out/other", O_RDONLY | O_CLOEXEC), fd = opened(O_WRONLY);

	return fd < 0 ? -1 : done((int)copy_file_range(from, NULL, fd, NULL, 4, 0));
}

static int by_reopen(void)
{
	char path[64];
	int fd = opened(O_RDONLY);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return fd < 0 ? -1 : done(open(path, O_WRONLY | O_CLOEXEC));
}

static int flags_change(int fd)
{
	int flags;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return -1;
	flags |= FS_NOATIME_FL;
	return ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

static int by_mode_three(void)
{
	/* An access mode that is neither, for ioctl. */
	return flags_change(opened(3));
}

static int by_unlink(void)
{
	return unlink(FIXED);
}

static int by_rename(void)
{
	return rename(FIXED, "out/moved");
}

static int by_rename_over(void)
{
	return rename("out/other", FIXED);
}

static int by_exchange(void)
{
	return done((int)syscall(SYS_renameat2, AT_FDCWD, "out/other", AT_FDCWD, FIXED,
				 RENAME_EXCHANGE));
}

static int by_rename_dir(void)
{
	return rename("vault", "moved");
}

static int by_link(void)
{
	return link(FIXED, "out/hard");
}

static int by_chmod(void)
{
	return chmod(FIXED, 0666);
}

static int by_fchmod(void)
{
	int fd = opened(O_RDONLY);

	return fd < 0 ? -1 : fchmod(fd, 0666);
}

static int by_fchmodat2(void)
{
	int fd = opened(O_PATH), r = (int)syscall(SYS_fchmodat2, fd, "", 0666, AT_EMPTY_PATH);

	return r < 0 && errno == ENOSYS ? lacks("fchmodat2") : r;
}

static int by_chown(void)
{
	return chown(FIXED, 1, 1);
}

static int by_fchown(void)
{
	int fd = opened(O_RDONLY);

	return fd < 0 ? -1 : fchown(fd, 1, 1);
}

static int by_lchown(void)
{
	return lchown(FIXED, 1, 1);
}

static int by_utimes(void)
{
	struct timespec times[2] = { { 1, 0 }, { 1, 0 } };

	return utimensat(AT_FDCWD, FIXED, times, 0);
}

static int by_futimens(void)
{
	struct timespec times[2] = { { 1, 0 }, { 1, 0 } };
	int fd = opened(O_RDONLY);

	return fd < 0 ? -1 : futimens(fd, times);
}

static int by_setxattr(void)
{
	return setxattr(FIXED, "trusted.attack", "x", 1, 0);
}

static int by_fsetxattr(void)
{
	int fd = opened(O_RDONLY);

	return fd < 0 ? -1 : fsetxattr(fd, "trusted.attack", "x", 1, 0);
}

static int xattr_made(void)
{
	return setxattr(FIXED, "trusted.attack", "x", 1, 0);
}

static int by_removexattr(void)
{
	return removexattr(FIXED, "trusted.attack");
}

static int by_acl(void)
{
	/* Version 2: the owner, user 1, the group, the mask, others. */
	static const struct {
		unsigned version;
		struct {
			unsigned short tag, perm;
			unsigned id;
		} entries[5];
	} acl = { 2,
		  { { 1, 6, -1U }, { 2, 6, 1 }, { 4, 4, -1U }, { 16, 6, -1U }, { 32, 4, -1U } } };

	return setxattr(FIXED, "system.posix_acl_access", &acl, sizeof(acl), 0);
}

static int by_flags(void)
{
	return flags_change(opened(O_RDONLY));
}

static int by_project(void)
{
	struct fsxattr attributes = { 0 };
	int fd = opened(O_RDONLY);

	if (fd < 0 || ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0)
		return -1;
	attributes.fsx_xflags |= FS_XFLAG_NOATIME;
	return ioctl(fd, FS_IOC_FSSETXATTR, &attributes);
}

static int by_setattr(void)
{
	struct {
		unsigned long long flags;
		unsigned extent, extents, project, cow;
	} attributes = { FS_XFLAG_NOATIME, 0, 0, 0, 0 };
	int r = (int)syscall(SYS_file_setattr, AT_FDCWD, FIXED, &attributes, sizeof(attributes), 0);

	return r < 0 && errno == ENOSYS ? lacks("file_setattr") : r;
}

static int by_uring_unlink(void)
{
	struct uring_request request = { .opcode = IORING_OP_UNLINKAT,
					 .fd = AT_FDCWD,
					 .address = FIXED };

	return done(uring(0, &request));
}

static int by_uring_rename(void)
{
	struct uring_request request = { .opcode = IORING_OP_RENAMEAT,
					 .fd = AT_FDCWD,
					 .address = FIXED,
					 .length = (unsigned)AT_FDCWD,
					 .offset = (unsigned long)"out/moved" };

	return done(uring(0, &request));
}

static int by_uring_link(void)
{
	struct uring_request request = { .opcode = IORING_OP_LINKAT,
					 .fd = AT_FDCWD,
					 .address = FIXED,
					 .length = (unsigned)AT_FDCWD,
					 .offset = (unsigned long)"out/hard" };

	return done(uring(0, &request));
}

static int by_uring_truncate(void)
{
	struct uring_request request = { .opcode = URING_FTRUNCATE, .fd = opened(O_RDWR) };

	return request.fd < 0 ? -1 : done(uring(0, &request));
}

static int received_writable(void)
{
	int fd = helper_fd('w', at(FIXED));

	return fd < 0 ? -1 : done((int)write(fd, "x", 1));
}

static int fetched_writable(void)
{
	int number = helper_fd('k', at(FIXED));
	int pidfd = (int)syscall(SYS_pidfd_open, helper_pid(), 0);

	return done((int)syscall(SYS_pidfd_getfd, pidfd, number, 0));
}

static int by_raw_disk(void)
{
	struct stat st;

	if (stat(".", &st) < 0 || mknod("out/disk", S_IFBLK | 0600, st.st_dev) < 0)
		return -1;
	return done(open("out/disk", O_RDWR | O_CLOEXEC));
}

/* The kernel writes a core where the core pattern says, here "core" in the working directory. */
static int core_made(void)
{
	return rename(FIXED, "vault/core");
}

static int by_core_dump(void)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	struct stat before, after;
	int status;
	pid_t pid;

	if (stat("vault/core", &before) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		if (chdir("vault") < 0 || setrlimit(RLIMIT_CORE, &limit) < 0)
			_exit(1);
		abort();
	}
	waitpid(pid, &status, 0);
	if (stat("vault/core", &after) == 0 && after.st_ino == before.st_ino &&
	    after.st_size == before.st_size)
		return fail(EACCES);
	return 0;
}

static const struct attack attacks[] = {
	{ "write", by_write },
	{ "append", by_append },
	{ "read-write", by_read_write },
	{ "open-truncate", by_open_truncate },
	{ "create", by_create },
	{ "truncate", by_truncate },
	{ "ftruncate", by_ftruncate },
	{ "fallocate", by_fallocate },
	{ "mapping", by_mapping },
	{ "splice", by_splice },
	{ "copy-range", by_copy_range },
	{ "reopen", by_reopen },
	{ "mode-three", by_mode_three },
	{ "unlink", by_unlink },
	{ "rename", by_rename },
	{ "rename-over", by_rename_over },
	{ "exchange", by_exchange },
	{ "rename-dir", by_rename_dir },
	{ "link", by_link },
	{ "chmod", by_chmod },
	{ "fchmod", by_fchmod },
	{ "fchmodat2", by_fchmodat2 },
	{ "chown", by_chown },
	{ "fchown", by_fchown },
	{ "lchown", by_lchown },
	{ "utimes", by_utimes },
	{ "futimens", by_futimens },
	{ "setxattr", by_setxattr },
	{ "fsetxattr", by_fsetxattr },
	{ "removexattr", by_removexattr, xattr_made },
	{ "acl", by_acl },
	{ "flags", by_flags },
	{ "project", by_project },
	{ "setattr", by_setattr },
	{ "uring-unlink", by_uring_unlink },
	{ "uring-rename", by_uring_rename },
	{ "uring-link", by_uring_link },
	{ "uring-truncate", by_uring_truncate },
	{ "received-writable", received_writable },
	{ "fetched-writable", fetched_writable },
	{ "raw-disk", by_raw_disk },
	{ "core-dump", by_core_dump, core_made },
	{ NULL },
};

const struct group group_changes = { "changes", attacks, prepare_fixed };
