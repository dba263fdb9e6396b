/* SPDX-License-Identifier: Apache-2.0 */
/*
 * storm FILE SECONDS: some processes open FILE over and over, others fork over and over, all on one
 * processor, and every child opens it too. One more is woken over and over, as a real-time task
 * where it may be one: so the others are preempted wherever they are, and what runs then opens it
 * as well. Says how many opens and forks there were and how many of the opens passed: a label that
 * is lost for a moment or for good, and a hook that is passed over, show here.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READERS 4
#define FORKERS 4

static struct counts {
	unsigned long opens, passed, forks, escaped;
} * counts;

static void attempt(const char *path, unsigned long *tries, unsigned long *passed)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	__atomic_add_fetch(tries, 1, __ATOMIC_RELAXED);
	if (fd < 0)
		return;
	__atomic_add_fetch(passed, 1, __ATOMIC_RELAXED);
	close(fd);
}

static void reader(const char *path, time_t end)
{
	while (time(NULL) < end)
		attempt(path, &counts->opens, &counts->passed);
	exit(0);
}

static void forker(const char *path, time_t end)
{
	while (time(NULL) < end) {
		pid_t pid = fork();

		if (pid == 0) {
			attempt(path, &counts->forks, &counts->escaped);
			_exit(0);
		}
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
	exit(0);
}

static void waker(const char *path, time_t end)
{
	sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){ .sched_priority = 1 });
	while (time(NULL) < end) {
		usleep(2000);
		attempt(path, &counts->opens, &counts->passed);
	}
	exit(0);
}

int main(int argc, char *argv[])
{
	cpu_set_t first;
	time_t end;

	if (argc != 3) {
		fprintf(stderr, "usage: storm FILE SECONDS\n");
		return 2;
	}
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (counts == MAP_FAILED || sched_setaffinity(0, sizeof(first), &first) < 0) {
		perror("storm");
		return 2;
	}
	end = time(NULL) + atoi(argv[2]);
	for (int i = 0; i < READERS + FORKERS; i++)
		if (fork() == 0)
			(i < READERS ? reader : forker)(argv[1], end);
	if (fork() == 0)
		waker(argv[1], end);
	while (wait(NULL) > 0)
		;
	fprintf(stderr, "storm: %lu opens, %lu forks\n", counts->opens, counts->forks);
	if (!counts->opens || !counts->forks)
		return 2;
	printf("%s %s\n", counts->passed ? "passed" : "denied",
	       counts->escaped ? "passed" : "denied");
	return 0;
}
