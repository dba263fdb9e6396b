/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls as a library would not make them: by number, through int 0x80, with arguments that
 * cannot be read. Static and at low addresses, so that ia32 calls can be given its memory.
 *
 * Each prints "ok" or the name of the errno; the exit status is 0 either way, 2 for wrong use.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char text[4096];

static long done(long r)
{
	if (r >= 0)
		return r;
	errno = (int)-r;
	return -1;
}

#ifdef __x86_64__
static long int80(long number, long b, long c, long d)
{
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"(number), "b"(b), "c"(c), "d"(d) : "memory");
	return done((int)r);
}
#else
static long int80(long number, long b, long c, long d)
{
	return done(-ENOSYS);
}
#endif

/* NUMBER [PATH]: by int 0x80, with the path as its first argument. */
static long do_int80(char *argv[])
{
	if (argv[1])
		snprintf(text, sizeof(text), "%s", argv[1]);
	return int80(atol(argv[0]), argv[1] ? (long)(intptr_t)text : 0, 0, 0);
}

/* SOCKETCALL: ia32's call in one, here to make a socket of AF_UNIX. */
static long do_socketcall(char *argv[])
{
	static uint32_t arguments[] = { 1, 1, 0 };

	return int80(102, atol(argv[0]), (long)(intptr_t)arguments, 0);
}

/* NUMBER: natively, without an argument. */
static long do_number(char *argv[])
{
	return syscall(atol(argv[0]), 0, 0, 0);
}

/* DIR NAME: removes a name of a directory that is open. */
static long do_unlinkat(char *argv[])
{
	return unlinkat(open(argv[0], O_PATH | O_DIRECTORY), argv[1], 0);
}

/* DIR NAME: removes a name of the working directory. */
static long do_relative(char *argv[])
{
	return chdir(argv[0]) < 0 ? -1 : unlink(argv[1]);
}

/* DIR NAME: the same after chroot. */
static long do_chrooted(char *argv[])
{
	return chroot(argv[0]) < 0 || chdir("/") < 0 ? -1 : unlink(argv[1]);
}

/* FILE: changes its mode by descriptor. */
static long do_fchmod(char *argv[])
{
	return fchmod(open(argv[0], O_RDONLY), 0600);
}

/* An argument that is not in memory yet: a page of a file that nobody read. */
static long do_absent(char *argv[])
{
	int fd = open(argv[0], O_RDONLY);
	char *path = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);

	return path == MAP_FAILED ? -1 : unlink(path);
}

/* N: nanoseconds of one of so many getppid(), which are instructions under tests/vm/run --icount.
 */
static long do_price(char *argv[])
{
	struct timespec from, to;
	long n = atol(argv[0]);

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (long i = 0; i < n; i++)
		syscall(SYS_getppid);
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("%ld ", ((to.tv_sec - from.tv_sec) * 1000000000 + to.tv_nsec - from.tv_nsec) / n);
	return 0;
}

#define STORM_CALLERS 4

static void storm_call(long n)
{
	while (n-- > 0)
		syscall(SYS_getpriority, 0, 0);
}

/*
 * N: so often by each of several on one processor, the last of them idle, while a real-time task
 * that calls as well preempts them wherever they are.
 */
static long do_storm(char *argv[])
{
	const struct sched_param none = { 0 }, realtime = { .sched_priority = 1 };
	long n = atol(argv[0]), waker = n / 20;
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first) < 0)
		return -1;
	for (int i = 0; i < STORM_CALLERS; i++)
		if (fork() == 0) {
			if (i == STORM_CALLERS - 1)
				sched_setscheduler(0, SCHED_IDLE, &none);
			storm_call(n);
			_exit(0);
		}
	sched_setscheduler(0, SCHED_FIFO, &realtime);
	for (long i = 0; i < waker; i++) {
		usleep(1000);
		storm_call(1);
	}
	while (wait(NULL) > 0)
		;
	printf("%ld ", STORM_CALLERS * n + waker);
	return 0;
}

static const struct {
	const char *name;
	int args;
	long (*call)(char *argv[]);
} calls[] = {
	{ "int80", 1, do_int80 },	{ "socketcall", 1, do_socketcall },
	{ "number", 1, do_number },	{ "unlinkat", 2, do_unlinkat },
	{ "relative", 2, do_relative }, { "chrooted", 2, do_chrooted },
	{ "fchmod", 1, do_fchmod },	{ "absent", 1, do_absent },
	{ "price", 1, do_price },	{ "storm", 1, do_storm },
};

int main(int argc, char *argv[])
{
	for (size_t i = 0; argc > 1 && i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (strcmp(argv[1], calls[i].name) != 0 || argc - 2 < calls[i].args)
			continue;
		puts(calls[i].call(argv + 2) < 0 ? strerrorname_np(errno) : "ok");
		return 0;
	}
	fputs("usage: caller CALL ARGUMENT...\n", stderr);
	return 2;
}
