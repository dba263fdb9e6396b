/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: ways WAY ARG...
 *
 * Ways to a file beside those of the actor: by mapping, without a name, and changes of what is not
 * its content. Prints "ok" or the errno's name, and exits like the actor.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ACL "system.posix_acl_access"

static int do_map(char *argv[])
{
	int fd = open(argv[0], O_RDONLY | O_CLOEXEC);
	void *at =
		fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	return at == MAP_FAILED ? -1 : 0;
}

static int do_protect(char *argv[])
{
	int fd = open(argv[0], O_RDONLY | O_CLOEXEC);
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);

	return at == MAP_FAILED ? -1 : mprotect(at, 4096, PROT_READ | PROT_EXEC);
}

static int copy(const char *from, int to)
{
	int fd = open(from, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;

	while (fd >= 0 && n > 0)
		n = sendfile(to, fd, NULL, 1 << 20);
	return fd < 0 || n < 0 ? -1 : 0;
}

/* Executes "/proc/self/fd/N true" in a child: 0 where it could be executed. */
static int run_descriptor(int fd)
{
	char number[32], way[] = "ways", *argv[] = { way, NULL }, *envp[] = { NULL };
	int status, reopened, report[2], error = 0;
	pid_t pid;

	/* What is open for writing is not executed. */
	snprintf(number, sizeof(number), "/proc/self/fd/%d", fd);
	reopened = open(number, O_RDONLY | O_CLOEXEC);
	if (reopened < 0 || pipe2(report, O_CLOEXEC) < 0)
		return -1;
	close(fd);
	pid = fork();
	if (pid == 0) {
		close(STDERR_FILENO);
		fexecve(reopened, argv, envp);
		error = errno;
		_exit(write(report[1], &error, sizeof(error)) < 0 ? 3 : 4);
	}
	close(report[1]);
	if (read(report[0], &error, sizeof(error)) < 0 || waitpid(pid, &status, 0) < 0)
		return -1;
	errno = error;
	return error ? -1 : 0;
}

static int do_memfd(char *argv[])
{
	int fd = memfd_create("copy", 0);

	return fd < 0 || copy(argv[0], fd) < 0 ? -1 : run_descriptor(fd);
}

/* PROGRAM DIR */
static int do_tmpfile(char *argv[])
{
	int fd = open(argv[1], O_TMPFILE | O_RDWR, 0700);

	return fd < 0 || copy(argv[0], fd) < 0 ? -1 : run_descriptor(fd);
}

/* PROGRAM PATH: a copy at PATH that is unlinked before it runs. */
static int do_deleted(char *argv[])
{
	int fd = open(argv[1], O_CREAT | O_EXCL | O_RDWR, 0700);

	return fd < 0 || copy(argv[0], fd) < 0 || unlink(argv[1]) < 0 ? -1 : run_descriptor(fd);
}

static int do_setxattr(char *argv[])
{
	return setxattr(argv[0], "trusted.way", "x", 1, 0);
}

static int do_removexattr(char *argv[])
{
	return removexattr(argv[0], "trusted.way");
}

/* By a descriptor that was opened to read. */
static int do_fsetxattr(char *argv[])
{
	int fd = open(argv[0], O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -1 : fsetxattr(fd, "trusted.way", "x", 1, 0);
}

/* Owner, group and others may read, and so may user 1. */
static int do_setacl(char *argv[])
{
	static const uint32_t acl[] = { 2,	    1 | 6 << 16,  0xffffffff, 2 | 4 << 16,
					1,	    4 | 4 << 16,  0xffffffff, 16 | 4 << 16,
					0xffffffff, 32 | 4 << 16, 0xffffffff };

	return setxattr(argv[0], ACL, acl, sizeof(acl), 0);
}

static int do_removeacl(char *argv[])
{
	return removexattr(argv[0], ACL);
}

static int do_utimes(char *argv[])
{
	static const struct timespec times[] = { { 1, 0 }, { 1, 0 } };

	return utimensat(AT_FDCWD, argv[0], times, 0);
}

static int do_touch(char *argv[])
{
	return utimensat(AT_FDCWD, argv[0], NULL, 0);
}

/* Sets the flags that the file has. */
static int do_setflags(char *argv[])
{
	int fd = open(argv[0], O_RDONLY | O_CLOEXEC), flags = 0;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return -1;
	return ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

/* TYPE DIR: by fsopen and its like, as mount(8) does. */
static int do_fsmount(char *argv[])
{
	int fs = (int)syscall(SYS_fsopen, argv[0], 0), fd;

	if (fs < 0 || syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	fd = (int)syscall(SYS_fsmount, fs, 0, 0);
	return fd < 0 ? -1
		      : (int)syscall(SYS_move_mount, fd, "", AT_FDCWD, argv[1],
				     MOVE_MOUNT_F_EMPTY_PATH);
}

/* FROM TO: a copy of a mount. */
static int do_clone(char *argv[])
{
	int fd = (int)syscall(SYS_open_tree, AT_FDCWD, argv[0], OPEN_TREE_CLONE);

	return fd < 0 ? -1
		      : (int)syscall(SYS_move_mount, fd, "", AT_FDCWD, argv[1],
				     MOVE_MOUNT_F_EMPTY_PATH);
}

static int do_move(char *argv[])
{
	return (int)syscall(SYS_move_mount, AT_FDCWD, argv[0], AT_FDCWD, argv[1], 0);
}

static const struct {
	const char *name;
	int args;
	int (*act)(char *argv[]);
} ways[] = {
	{ "map", 1, do_map },
	{ "protect", 1, do_protect },
	{ "memfd", 1, do_memfd },
	{ "tmpfile", 2, do_tmpfile },
	{ "deleted", 2, do_deleted },
	{ "setxattr", 1, do_setxattr },
	{ "fsetxattr", 1, do_fsetxattr },
	{ "removexattr", 1, do_removexattr },
	{ "setacl", 1, do_setacl },
	{ "removeacl", 1, do_removeacl },
	{ "utimes", 1, do_utimes },
	{ "touch", 1, do_touch },
	{ "setflags", 1, do_setflags },
	{ "fsmount", 2, do_fsmount },
	{ "clone", 2, do_clone },
	{ "move", 2, do_move },
};

int main(int argc, char *argv[])
{
	for (size_t i = 0; argc > 1 && i < sizeof(ways) / sizeof(ways[0]); i++) {
		int r;

		if (strcmp(argv[1], ways[i].name) != 0 || argc - 2 < ways[i].args)
			continue;
		r = ways[i].act(argv + 2);
		puts(r < 0 ? strerrorname_np(errno) : "ok");
		return r < 0 ? 1 : 0;
	}
	return 2;
}
