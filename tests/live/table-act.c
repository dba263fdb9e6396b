/* SPDX-License-Identifier: Apache-2.0 */
/* See table-act.h. */
#include "table-act.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SYSCALL_SECONDS 2 /* after which a call that waits is broken off: it was made */
#define MODE 0777

static int error_of(long result)
{
	return result < 0 ? errno : 0;
}

static int do_open(const char *path, int flags)
{
	return error_of(open(path, flags | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
}

/* What is executed does nothing, the actor too where it is not told to serve. */
static int do_exec(const char *path)
{
	char *argv[] = { (char *)(uintptr_t)path, NULL };
	char *envp[] = { NULL };

	return error_of(execve(path, argv, envp));
}

/* Every argument is one that no call can use, but for the paths. */
static int do_syscall(const struct act_request *request)
{
	long args[6];
	pid_t self = getpid();

	for (int i = 0; i < 6; i++)
		args[i] = request->numbers[1] & 1 << i ? (long)request->path : -1;
	alarm(SYSCALL_SECONDS);
	setsid();
	syscall(request->numbers[0], args[0], args[1], args[2], args[3], args[4], args[5]);
	if (getpid() != self)
		_exit(0);
	return 0;
}

static int act(const struct act_request *request)
{
	const char *path = request->path;

	switch ((enum act_kind)request->kind) {
	case ACT_EXEC:
		return do_exec(path);
	case ACT_READ:
		return do_open(path, O_RDONLY);
	case ACT_WRITE:
		return do_open(path, O_WRONLY);
	case ACT_TRUNCATE:
		return error_of(truncate(path, 0));
	case ACT_UNLINK:
		return error_of(unlink(path));
	case ACT_MKNOD:
		return error_of(mknod(path, S_IFREG | MODE, 0));
	case ACT_CHMOD:
		return error_of(chmod(path, MODE));
	case ACT_RMDIR:
		return error_of(rmdir(path));
	case ACT_MKDIR:
		return error_of(mkdir(path, MODE));
	case ACT_SOCKET:
		return error_of(
			socket(request->numbers[0], request->numbers[1], request->numbers[2]));
	case ACT_CAPABILITY:
		return act_capability(request);
	case ACT_SYSCALL:
		return do_syscall(request);
	case ACT_BECOME:
		break;
	}
	return ENOSYS;
}

/* A child that says nothing has become another program, or has ended in a system call. */
static struct act_reply answer(const struct act_request *request)
{
	struct act_reply reply = { .pid = -1 };
	int report[2];

	if (pipe2(report, O_CLOEXEC) < 0) {
		reply.error = errno;
		return reply;
	}
	reply.pid = fork();
	if (reply.pid == 0) {
		int error = act(request);

		_exit(write(report[1], &error, sizeof(error)) < 0);
	}
	if (reply.pid < 0)
		reply.error = errno;
	close(report[1]);
	if (reply.pid > 0 && read(report[0], &reply.error, sizeof(reply.error)) < 0)
		reply.error = errno;
	close(report[0]);
	if (reply.pid > 0)
		waitpid(reply.pid, NULL, 0);
	return reply;
}

static bool read_request(struct act_request *request)
{
	char *at = (char *)request;
	size_t left = sizeof(*request);

	while (left) {
		ssize_t n = read(STDIN_FILENO, at, left);

		if (n <= 0)
			return false;
		at += n;
		left -= (size_t)n;
	}
	return true;
}

int act_serve(struct act_request *last)
{
	struct act_reply reply = { .pid = getpid() };

	umask(0);
	/* Says that it is there. */
	while (write(STDOUT_FILENO, &reply, sizeof(reply)) == sizeof(reply)) {
		if (!read_request(last))
			return -1;
		if (last->kind == ACT_BECOME)
			return 0;
		reply = answer(last);
	}
	return -1;
}
