/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: access [--landlock] COLUMN [ROW...]
 *
 * Repeats one kind of access and prints what one costs, in nanoseconds of the monotonic clock. In a
 * machine emulated with -icount that clock counts retired instructions, so that the figure repeats.
 * Static, so that a copy of it is a program to execute.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BATCHES 9

#define WEB_PORT 8080 /* as tests/bench/guest.sh tells nginx */

static int fd_of_file, fd_of_listener;
static struct sockaddr_in address = { .sin_family = AF_INET };
static pid_t web_server;

static void check(int ret, const char *what)
{
	if (ret >= 0)
		return;
	perror(what);
	exit(EXIT_FAILURE);
}

static void act_open3(void)
{
	int fd = open("/bench/b/f", O_RDONLY);

	check(fd, "open");
	close(fd);
}

static void act_open8(void)
{
	int fd = open("/bench/b/c/d/e/g/h/f", O_RDONLY);

	check(fd, "open");
	close(fd);
}

static void act_stat(void)
{
	struct stat st;

	check(stat("/bench/b/f", &st), "stat");
}

static void act_read(void)
{
	char byte;

	check((int)pread(fd_of_file, &byte, 1, 0), "read");
}

static void act_write(void)
{
	check((int)pwrite(fd_of_file, "x", 1, 0), "write");
}

static void act_create(void)
{
	int fd = open("/bench/b/new", O_WRONLY | O_CREAT, 0600);

	check(fd, "create");
	close(fd);
	check(unlink("/bench/b/new"), "unlink");
}

static void act_rename(void)
{
	check(rename("/bench/b/r", "/bench/b/s"), "rename");
	check(rename("/bench/b/s", "/bench/b/r"), "rename");
}

static void act_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	check(fd, "socket");
	close(fd);
}

static void act_connect(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), other;

	check(connect(fd, (struct sockaddr *)&address, sizeof(address)), "connect");
	other = accept(fd_of_listener, NULL, NULL);
	check(other, "accept");
	close(fd);
	close(other);
}

static void run(const char *program, const char *const *arguments)
{
	pid_t pid = vfork();
	int status;

	if (pid == 0) {
		execv(program, (char *const *)(uintptr_t)arguments);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1, program);
}

static void act_exec(void)
{
	run("/bench/b/true", (const char *const[]){ "true", NULL });
}

static void shell(const char *command)
{
	run("/bin/sh", (const char *const[]){ "sh", "-c", command, NULL });
}

static void act_find(void)
{
	shell("find /bench/tree -type f -exec cat {} + > /dev/null");
}

static void act_copy(void)
{
	shell("cp -r /bench/tree /bench/out/copy && rm -r /bench/out/copy");
}

static void act_git(void)
{
	shell("git -C /bench/repo --no-optional-locks status > /dev/null");
}

static void act_compile(void)
{
	shell("tcc -c -o /bench/out/unit.o /bench/unit.c");
}

static int web_connect(void)
{
	struct sockaddr_in web = { .sin_family = AF_INET, .sin_port = htons(WEB_PORT) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	web.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	check(fd, "socket");
	if (connect(fd, (struct sockaddr *)&web, sizeof(web)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void web_stop(void)
{
	kill(web_server, SIGTERM);
	waitpid(web_server, NULL, 0);
}

/* Confined as this program is, which is its client. */
static void web_start(void)
{
	int fd;

	web_server = fork();
	check(web_server, "fork");
	if (web_server == 0) {
		execl("/usr/sbin/nginx", "nginx", "-c", "/bench/nginx.conf", "-p", "/bench/out",
		      NULL);
		_exit(127);
	}
	while ((fd = web_connect()) < 0) {
		check(waitpid(web_server, NULL, WNOHANG) == 0 ? 0 : -1, "nginx");
		usleep(1000);
	}
	close(fd);
	atexit(web_stop);
}

static void act_web(void)
{
	static const char request[] = "GET /1/1 HTTP/1.0\r\n\r\n";
	char answer[4096];
	ssize_t n, len = 0;
	int fd;

	if (!web_server)
		web_start();
	fd = web_connect();
	check(fd, "connect");
	check((int)write(fd, request, sizeof(request) - 1), "write");
	while ((n = read(fd, answer + len, sizeof(answer) - (size_t)len)) > 0)
		len += n;
	close(fd);
	check(len > 15 && memcmp(answer, "HTTP/1.1 200 OK", 15) == 0 ? 0 : -1, "nginx's answer");
}

static const struct {
	const char *name;
	int count;
	void (*act)(void);
} acts[] = {
	{ "open3", 500, act_open3 },	{ "open8", 500, act_open8 },
	{ "stat", 500, act_stat },	{ "read", 1000, act_read },
	{ "write", 1000, act_write },	{ "create", 100, act_create },
	{ "rename", 100, act_rename },	{ "socket", 100, act_socket },
	{ "connect", 20, act_connect }, { "exec", 20, act_exec },
	{ "find+cat", 1, act_find },	{ "cp+rm", 1, act_copy },
	{ "git-status", 1, act_git },	{ "compile", 1, act_compile },
	{ "web", 20, act_web },
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void listen_up(void)
{
	socklen_t len = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd_of_listener = socket(AF_INET, SOCK_STREAM, 0);
	check(bind(fd_of_listener, (struct sockaddr *)&address, sizeof(address)), "bind");
	check(listen(fd_of_listener, 8), "listen");
	check(getsockname(fd_of_listener, (struct sockaddr *)&address, &len), "getsockname");
}

/* What Landlock can say: everything below a directory is allowed, here all of it and ten more. */
static void landlock_allow(int ruleset, const char *path)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = (1 << 13) - 1 };

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	check(rule.parent_fd, path);
	check((int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0),
	      "landlock_add_rule");
	close(rule.parent_fd);
}

static void landlock(void)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = (1 << 13) - 1 };
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	char path[32];

	check(ruleset, "landlock_create_ruleset");
	landlock_allow(ruleset, "/");
	for (int i = 0; i < 10; i++) {
		snprintf(path, sizeof(path), "/bench/l%d", i);
		mkdir(path, 0700);
		landlock_allow(ruleset, path);
	}
	check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl");
	check((int)syscall(SYS_landlock_restrict_self, ruleset, 0), "landlock_restrict_self");
	close(ruleset);
}

static int is_wanted(const char *name, char *rows[])
{
	if (!*rows)
		return 1;
	for (; *rows; rows++)
		if (strcmp(*rows, name) == 0)
			return 1;
	return 0;
}

static void measure(const char *column, size_t i)
{
	int batches = acts[i].count > 1 ? BATCHES : 3;
	double batch[BATCHES];

	for (int b = 0; b < batches; b++) {
		double start = now();

		for (int n = 0; n < acts[i].count; n++)
			acts[i].act();
		batch[b] = (now() - start) / acts[i].count;
	}
	qsort(batch, (size_t)batches, sizeof(batch[0]), compare);
	printf("%s\t%s\t%.0f\n", acts[i].name, column, batch[batches / 2]);
	fflush(stdout);
}

int main(int argc, char *argv[])
{
	if (strstr(argv[0], "true"))
		return 0;
	if (argc > 1 && strcmp(argv[1], "--landlock") == 0) {
		landlock();
		argv++;
		argc--;
	}
	if (argc < 2)
		return EXIT_FAILURE;
	fd_of_file = open("/bench/b/f", O_RDWR);
	check(fd_of_file, "/bench/b/f");
	listen_up();
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (is_wanted(acts[i].name, argv + 2))
			measure(argv[1], i);
	return 0;
}
