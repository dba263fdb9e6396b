/* SPDX-License-Identifier: Apache-2.0 */
/* The same attempt over and over, and what goes on beside it. Each says how often it got past. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attack.h"

/* FILE COUNT: opens it so often. */
int flood_opens(const char *file, long count)
{
	long past = 0;

	for (long i = 0; i < count; i++)
		past += read_path(file) == 0;
	printf("%ld of %ld past\n", past, count);
	return 0;
}

static volatile sig_atomic_t told_to_stop;

static void stop(int signal)
{
	told_to_stop = signal;
}

/* How many renames there were, in a file "count" of the directory that both are in. */
static volatile long *counter(int flags, int protection)
{
	int fd = open("count", flags | O_CLOEXEC, 0644);
	void *ret = MAP_FAILED;

	if (fd >= 0 && (!(flags & O_CREAT) || ftruncate(fd, sizeof(long)) == 0))
		ret = mmap(NULL, sizeof(long), protection, MAP_SHARED, fd, 0);
	close(fd);
	return ret == MAP_FAILED ? NULL : ret;
}

/* DIR: moves a/x to b/y and back until it is told to stop; a/x and b/y hold a secret. */
int flood_renames(const char *dir)
{
	volatile long *renames;

	signal(SIGTERM, stop);
	if (chdir(dir) < 0 || mkdir("a", 0755) < 0 || mkdir("a/x", 0755) < 0 ||
	    write_file("a/x/secret", SECRET, 0644) < 0)
		return 2;
	renames = counter(O_RDWR | O_CREAT, PROT_READ | PROT_WRITE);
	if (!renames || mkdir("b", 0755) < 0)
		return 2;
	while (!told_to_stop) {
		if (rename("a/x", "b/y") < 0 || rename("b/y", "a/x") < 0)
			return 2;
		*renames += 2;
	}
	return 0;
}

/* DIR COUNT: opens what is moved, by both names, until it was moved so often; it is there by one of
 * them. */
int flood_race(const char *dir, long count)
{
	long opens = 0, past = 0, there = 0;
	volatile long *renames;

	if (chdir(dir) < 0)
		return 2;
	renames = counter(O_RDONLY, PROT_READ);
	if (!renames)
		return 2;
	for (long first = *renames; *renames - first < count; opens++) {
		int r = read_path(opens & 1 ? "a/x/secret" : "b/y/secret");

		past += r == 0;
		there += r == 0 || errno != ENOENT;
	}
	printf("%ld past, %s\n", past, there ? "some there" : "none there");
	fprintf(stderr, "%ld opens\n", opens);
	return 0;
}

/* So many at once: a machine that is out of memory ends the test, and says nothing of labels. */
#define ALIVE_MAX 1000

struct bomb {
	long left, past, alive;
};

/* Where there are too many, those that others started end, and the first one waits for them. */
static bool is_crowded(const struct bomb *bomb)
{
	return __atomic_load_n(&bomb->alive, __ATOMIC_SEQ_CST) >= ALIVE_MAX;
}

static void explode(struct bomb *bomb, const char *file, bool first)
{
	for (;;) {
		pid_t pid;

		if (is_crowded(bomb)) {
			if (!first)
				return;
			usleep(1000);
			continue;
		}
		if (__atomic_fetch_sub(&bomb->left, 1, __ATOMIC_SEQ_CST) <= 0)
			return;
		/* Counted before it is there: who waits for all must not miss one that has yet to
		 * run. */
		__atomic_fetch_add(&bomb->alive, 1, __ATOMIC_SEQ_CST);
		pid = fork();
		if (pid < 0) {
			__atomic_fetch_sub(&bomb->alive, 1, __ATOMIC_SEQ_CST);
			__atomic_fetch_add(&bomb->left, 1, __ATOMIC_SEQ_CST);
			usleep(1000);
		}
		if (pid != 0)
			continue;
		if (read_path(file) == 0)
			__atomic_fetch_add(&bomb->past, 1, __ATOMIC_SEQ_CST);
		explode(bomb, file, false);
		__atomic_fetch_sub(&bomb->alive, 1, __ATOMIC_SEQ_CST);
		_exit(0);
	}
}

/* FILE COUNT: so many tasks, each of which forks on; each tries with its first instruction. */
int flood_forks(const char *file, long count)
{
	struct bomb *bomb = mmap(NULL, sizeof(*bomb), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (bomb == MAP_FAILED)
		return 2;
	bomb->left = count;
	signal(SIGCHLD, SIG_IGN);
	fflush(stdout);
	explode(bomb, file, true);
	while (__atomic_load_n(&bomb->alive, __ATOMIC_SEQ_CST) > 0)
		usleep(1000);
	printf("%ld of %ld past\n", bomb->past, count);
	return 0;
}

/*
 * FILE COUNT: so many tasks that stay until the last is there, so that what each one needs of the
 * kernel's memory adds up. One that could not be made is counted.
 */
int flood_hoard(const char *file, long count)
{
	struct bomb *bomb = mmap(NULL, sizeof(*bomb), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long refused = 0;
	int ends[2];
	char none;
	pid_t pid;

	if (bomb == MAP_FAILED || pipe(ends) < 0)
		return 2;
	fflush(stdout);
	for (long i = 0; i < count; i++) {
		pid = fork();
		refused += pid < 0;
		if (pid != 0)
			continue;
		close(ends[1]);
		if (open(file, O_RDONLY) >= 0)
			__atomic_add_fetch(&bomb->past, 1, __ATOMIC_SEQ_CST);
		__atomic_add_fetch(&bomb->alive, 1, __ATOMIC_SEQ_CST);
		_exit(read(ends[0], &none, 1) != 0);
	}
	while (__atomic_load_n(&bomb->alive, __ATOMIC_SEQ_CST) < count - refused)
		usleep(1000);
	close(ends[1]);
	while (wait(NULL) > 0)
		;
	printf("%ld past, %s refused\n", bomb->past, refused ? "some" : "none");
	fprintf(stderr, "%ld of %ld refused\n", refused, count);
	return 0;
}
