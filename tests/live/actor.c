/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One access a call, done with plain system calls, and its outcome on standard output: "ok" or the
 * name of the errno. Static, so that a copy of it under any name is a source of its own and needs
 * no library.
 *
 * `actor batch` reads accesses from standard input, one a line, performs each in a child of its
 * own, and prints one outcome a line: a table's rows without an exec between them.
 *
 * Exit status: 0 the access passed, 1 it was denied or failed, 2 wrong use.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int do_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	return fd < 0 ? -1 : close(fd);
}

static int do_read(char *argv[])
{
	return do_open(argv[0], O_RDONLY);
}

static int do_write(char *argv[])
{
	return do_open(argv[0], O_WRONLY);
}

static int do_create(char *argv[])
{
	return do_open(argv[0], O_WRONLY | O_CREAT | O_EXCL);
}

static int do_truncate(char *argv[])
{
	return truncate(argv[0], 0);
}

static int do_unlink(char *argv[])
{
	return unlink(argv[0]);
}

static int do_mkdir(char *argv[])
{
	return mkdir(argv[0], 0700);
}

static int do_rmdir(char *argv[])
{
	return rmdir(argv[0]);
}

static int do_chmod(char *argv[])
{
	return chmod(argv[0], 0644);
}

static int do_chown(char *argv[])
{
	return chown(argv[0], 0, 0);
}

static int do_rename(char *argv[])
{
	return rename(argv[0], argv[1]);
}

static int do_link(char *argv[])
{
	return link(argv[0], argv[1]);
}

static int do_symlink(char *argv[])
{
	return symlink(argv[0], argv[1]);
}

static int do_bind(char *argv[])
{
	return mount(argv[0], argv[1], NULL, MS_BIND, NULL);
}

static int do_tmpfs(char *argv[])
{
	return mount("none", argv[0], "tmpfs", 0, NULL);
}

/* TYPE DIR; by mount(2), which mount(8) may not use. */
static int do_mount(char *argv[])
{
	return mount("none", argv[1], argv[0], 0, NULL);
}

/* Replaces the process: what exec itself says; the program's own status is its own. */
static int do_exec(char *argv[])
{
	execv(argv[0], argv);
	return -1;
}

/* The same in a child, so that the outcome of exec can be told from the program's. */
static int do_spawn(char *argv[])
{
	int report[2], status, error = 0;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		close(STDIN_FILENO);
		close(STDOUT_FILENO);
		close(STDERR_FILENO);
		execv(argv[0], argv);
		error = errno;
		if (write(report[1], &error, sizeof(error)) < 0)
			_exit(3);
		_exit(3);
	}
	close(report[1]);
	if (read(report[0], &error, sizeof(error)) < 0)
		return -1;
	waitpid(pid, &status, 0);
	errno = error;
	return error ? -1 : 0;
}

/* Starts `PROGRAM batch`, which waits for its input, traced where @traced; 0 or what failed. */
static int start(char *program, int traced, pid_t *pid)
{
	char batch[] = "batch", *argv[] = { program, batch, NULL };
	int report[2], input[2], error = 0;

	if (pipe2(report, O_CLOEXEC) < 0 || pipe2(input, O_CLOEXEC) < 0)
		return errno;
	*pid = fork();
	if (*pid == 0) {
		dup2(input[0], STDIN_FILENO);
		if (!traced || ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0)
			execv(program, argv);
		error = errno;
		if (write(report[1], &error, sizeof(error)) < 0)
			_exit(3);
		_exit(3);
	}
	close(report[1]);
	return read(report[0], &error, sizeof(error)) < 0 ? errno : error;
}

static int end(pid_t pid, int error)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	errno = error;
	return error ? -1 : 0;
}

/* Traces a child that has become another program. */
static int do_seize(char *argv[])
{
	pid_t pid;
	int error = start(argv[0], 0, &pid);

	if (!error && ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0)
		error = errno;
	return end(pid, error);
}

/* Traces a child that then becomes another program. */
static int do_traced(char *argv[])
{
	pid_t pid;
	int error = start(argv[0], 1, &pid);

	return end(pid, error);
}

/* Asks the parent to trace it, whoever that is. */
static int do_traceme(char *argv[])
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 ? -1 : raise(SIGUSR1);
}

/* FAMILY TYPE PROTOCOL, as numbers. */
static int do_socket(char *argv[])
{
	int fd = socket(atoi(argv[0]), atoi(argv[1]), atoi(argv[2]));

	return fd < 0 ? -1 : close(fd);
}

/* A refused connection on loopback is a connection that the policy let pass. */
static int do_connect(char *argv[])
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)atoi(argv[0])) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		return -1;
	return connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != ECONNREFUSED ? -1
											    : 0;
}

/* PORT on loopback. */
static int do_listen(char *argv[])
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)atoi(argv[0])) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ? -1 : listen(fd, 1);
}

/* CAP_SYS_ADMIN, and nothing else that a policy speaks of. */
static int do_hostname(char *argv[])
{
	return sethostname("actor", 5);
}

/* CAP_NET_ADMIN. */
static int do_netadmin(char *argv[])
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), big = 1 << 20;

	return fd < 0 ? -1 : setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big));
}

/* CAP_SYS_CHROOT. */
static int do_chroot(char *argv[])
{
	return chroot("/");
}

static const struct {
	const char *name;
	int args;
	int (*act)(char *argv[]);
} acts[] = {
	{ "read", 1, do_read },		{ "write", 1, do_write },   { "create", 1, do_create },
	{ "truncate", 1, do_truncate }, { "unlink", 1, do_unlink }, { "mkdir", 1, do_mkdir },
	{ "rmdir", 1, do_rmdir },	{ "chmod", 1, do_chmod },   { "chown", 1, do_chown },
	{ "rename", 2, do_rename },	{ "link", 2, do_link },	    { "symlink", 2, do_symlink },
	{ "bind", 2, do_bind },		{ "tmpfs", 1, do_tmpfs },   { "mount", 2, do_mount },
	{ "exec", 1, do_exec },		{ "spawn", 1, do_spawn },   { "socket", 3, do_socket },
	{ "connect", 1, do_connect },	{ "seize", 1, do_seize },   { "traced", 1, do_traced },
	{ "traceme", 0, do_traceme },	{ "listen", 1, do_listen }, { "hostname", 0, do_hostname },
	{ "netadmin", 0, do_netadmin }, { "chroot", 0, do_chroot },
};

/* @words end with NULL. 0 passed, 1 not, 2 there is no such act. */
static int act(int n, char *words[])
{
	for (size_t i = 0; n > 0 && i < sizeof(acts) / sizeof(acts[0]); i++) {
		int r;

		if (strcmp(words[0], acts[i].name) != 0 || n - 1 < acts[i].args)
			continue;
		r = acts[i].act(words + 1);
		puts(r < 0 ? strerrorname_np(errno) : "ok");
		return r < 0 ? 1 : 0;
	}
	return 2;
}

static int batch(void)
{
	char line[8192], *words[8];

	while (fgets(line, sizeof(line), stdin)) {
		char *rest = line;
		int n = 0;
		pid_t pid;

		line[strcspn(line, "\n")] = '\0';
		while (n < 7 && (words[n] = strsep(&rest, " ")))
			n++;
		words[n] = NULL;
		fflush(stdout);
		pid = fork();
		if (pid == 0) {
			int r = act(n, words);

			if (r == 2)
				puts("wrong use");
			fflush(stdout);
			_exit(r);
		}
		if (pid < 0 || waitpid(pid, NULL, 0) < 0)
			puts(strerrorname_np(errno));
	}
	return 0;
}

int main(int argc, char *argv[])
{
	int r = argc == 2 && strcmp(argv[1], "batch") == 0 ? batch() : act(argc - 1, argv + 1);

	if (r != 2)
		return r;
	fprintf(stderr, "usage: actor ACT ARG...; ACT is one of");
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		fprintf(stderr, " %s", acts[i].name);
	fputc('\n', stderr);
	return 2;
}
