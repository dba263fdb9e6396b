/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Repeats one kind of access and prints what one costs, in nanoseconds of the monotonic clock. In a
 * machine emulated with -icount that clock counts retired instructions, so that the figure repeats.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BATCHES 9

static int fd_of_file;

static void act_open3(void)
{
	close(open("/bench/b/f", O_RDONLY));
}

static void act_open8(void)
{
	close(open("/bench/b/c/d/e/g/h/f", O_RDONLY));
}

static void act_stat(void)
{
	struct stat st;

	stat("/bench/b/f", &st);
}

static void act_read(void)
{
	char byte;

	(void)!pread(fd_of_file, &byte, 1, 0);
}

static void act_write(void)
{
	(void)!pwrite(fd_of_file, "x", 1, 0);
}

static void act_create(void)
{
	close(open("/bench/b/new", O_WRONLY | O_CREAT, 0600));
	unlink("/bench/b/new");
}

static void act_socket(void)
{
	close(socket(AF_INET, SOCK_STREAM, 0));
}

static void act_exec(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execl("/bench/b/true", "true", NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

static const struct {
	const char *name;
	int count;
	void (*act)(void);
} acts[] = {
	{ "open3", 500, act_open3 },   { "open8", 500, act_open8 },  { "stat", 500, act_stat },
	{ "read", 1000, act_read },    { "write", 1000, act_write }, { "create", 100, act_create },
	{ "socket", 100, act_socket }, { "exec", 20, act_exec },
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

int main(int argc, char *argv[])
{
	double batch[BATCHES];

	if (argc == 1 && strstr(argv[0], "true"))
		return 0;
	fd_of_file = open("/bench/b/f", O_RDWR);
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		for (int b = 0; b < BATCHES; b++) {
			double start = now();

			for (int n = 0; n < acts[i].count; n++)
				acts[i].act();
			batch[b] = (now() - start) / acts[i].count;
		}
		qsort(batch, BATCHES, sizeof(batch[0]), compare);
		printf("%s\t%s\t%.0f\n", acts[i].name, argc > 1 ? argv[1] : "-",
		       batch[BATCHES / 2]);
		fflush(stdout);
	}
	return 0;
}
