/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See attack.h.
 *
 *	attack list GROUP		the names of its attacks
 *	attack prepare GROUP BASE	makes BASE/NAME for each, before the policy
 *	attack run GROUP RULE BASE	tries each: a line "NAME OUTCOME WANTED" for each, where the
 *					outcome is past, stopped ERRNO, lacks REASON or broken WHY;
 *					RULE is none, path, pattern, dir or allow
 *	attack one GROUP NAME BASE	one, for a debugger
 *	attack serve SOCKET		the helper that is in no workload
 *	attack opens|race|forks WHERE COUNT, attack renames DIR		see floods.c
 *	attack cat PATH, attack true	what a program that is attacked does
 */
#include "attack.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Emulation is slow; an attempt that hangs is broken. */
#define SECONDS 60

static const struct group *const groups[] = { &group_names,   &group_mounts,   &group_tasks,
					      &group_changes, &group_programs, &group_sources,
					      &group_sockets, &group_keys,     &group_lengths };

static const struct {
	const char *name;
	unsigned rule;
} rules[] = { { "none", 0 },
	      { "path", RULE_PATH },
	      { "pattern", RULE_PATTERN },
	      { "dir", RULE_DIR },
	      { "allow", RULE_ALLOW } };

/* Between the parent and what it forked, however often that forks again. */
static struct shared {
	int done, result, error;
	char reason[64];
} * shared;

const char *self;

int lacks(const char *reason)
{
	snprintf(shared->reason, sizeof(shared->reason), "%s", reason);
	errno = ENOSYS;
	return -1;
}

void share_end(int r)
{
	shared->error = errno;
	shared->result = r;
	shared->done = 1;
	_exit(r < 0);
}

int shared_result(pid_t pid)
{
	int status;

	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, __WALL) < 0)
		if (errno != EINTR)
			break;
	/* A child of a child may be what answers. */
	for (int i = 0; i < 500 && !shared->done; i++)
		usleep(10000);
	if (!shared->done)
		return fail(ECHILD);
	shared->done = 0;
	errno = shared->error;
	return shared->result;
}

int in_child(int (*act)(void))
{
	pid_t pid = fork();

	if (pid == 0)
		share_end(act());
	return shared_result(pid);
}

static const struct group *group_find(const char *name)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (strcmp(groups[i]->name, name) == 0)
			return groups[i];
	return NULL;
}

static int list(const struct group *group)
{
	for (const struct attack *a = group->attacks; a->name; a++)
		puts(a->name);
	return 0;
}

static int enter(const char *base, const char *name)
{
	if (chdir(base) < 0 || chdir(name) < 0) {
		perror(name);
		return -1;
	}
	return 0;
}

static int prepare(const struct group *group, const char *base)
{
	for (const struct attack *a = group->attacks; a->name; a++) {
		if (chdir(base) < 0 || mkdir(a->name, 0755) < 0 || enter(base, a->name) < 0 ||
		    mkdir("vault", 0755) < 0 || mkdir("bin", 0755) < 0 || mkdir("out", 0755) < 0) {
			perror(a->name);
			return 2;
		}
		if ((group->prepare && group->prepare() < 0) || (a->prepare && a->prepare() < 0)) {
			perror(a->name);
			return 2;
		}
	}
	return 0;
}

static void print_outcome(const struct attack *attack, int status, unsigned rule)
{
	const char *wanted = !rule || attack->past & rule ? "past" : "stopped";

	printf("%s ", attack->name);
	if (!shared->done)
		printf("broken status %d", status);
	else if (shared->reason[0])
		printf("lacks %s", shared->reason);
	else if (shared->result == 0)
		printf("past");
	else
		printf("stopped %s", strerrorname_np(shared->error));
	printf("\t%s\n", wanted);
	fflush(stdout);
}

static void try(const struct attack *attack, const char *base, unsigned rule)
{
	int status = 0;
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		int r;

		setpgid(0, 0);
		alarm(SECONDS);
		if (enter(base, attack->name) < 0)
			_exit(3);
		r = attack->act();
		share_end(r);
	}
	waitpid(pid, &status, 0);
	kill(-pid, SIGKILL);
	print_outcome(attack, status, rule);
}

static int run(const struct group *group, const char *rule, const char *base)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (strcmp(rules[i].name, rule) != 0)
			continue;
		for (const struct attack *a = group->attacks; a->name; a++)
			try(a, base, rules[i].rule);
		return 0;
	}
	return 2;
}

static int one(const struct group *group, const char *name, const char *base)
{
	for (const struct attack *a = group->attacks; a->name; a++) {
		if (strcmp(a->name, name) != 0)
			continue;
		try(a, base, 0);
		return 0;
	}
	return 2;
}

static int cat(const char *path)
{
	char text[256];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	/* Whoever wants to be this program has the time to. */
	if (n < 0 && strcmp(path, "-") == 0)
		n = read(STDIN_FILENO, text, sizeof(text));
	return n < 0 || write(STDOUT_FILENO, text, (size_t)n) != n;
}

static int usage(void)
{
	fputs("usage: attack list GROUP | prepare GROUP BASE | run GROUP RULE BASE |\n"
	      "              one GROUP NAME BASE | serve SOCKET | cat PATH | true\n",
	      stderr);
	return 2;
}

int main(int argc, char *argv[])
{
	static char path[4096];
	const struct group *group = argc > 2 ? group_find(argv[2]) : NULL;

	if (argc == 2 && strcmp(argv[1], "true") == 0)
		return 0;
	if (argc == 3 && strcmp(argv[1], "cat") == 0)
		return cat(argv[2]);
	if (readlink("/proc/self/exe", path, sizeof(path) - 1) < 0)
		return 2;
	self = path;
	if (argc == 4 && strcmp(argv[1], "opens") == 0)
		return flood_opens(argv[2], atol(argv[3]));
	if (argc == 4 && strcmp(argv[1], "race") == 0)
		return flood_race(argv[2], atol(argv[3]));
	if (argc == 4 && strcmp(argv[1], "forks") == 0)
		return flood_forks(argv[2], atol(argv[3]));
	if (argc == 4 && strcmp(argv[1], "hoard") == 0)
		return flood_hoard(argv[2], atol(argv[3]));
	if (argc == 3 && strcmp(argv[1], "renames") == 0)
		return flood_renames(argv[2]);
	if (argc == 3 && strcmp(argv[1], "serve") == 0)
		return helper_serve(argv[2]);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (!group || shared == MAP_FAILED)
		return usage();
	if (argc == 3 && strcmp(argv[1], "list") == 0)
		return list(group);
	if (argc == 4 && strcmp(argv[1], "prepare") == 0)
		return prepare(group, argv[3]);
	if (argc == 5 && strcmp(argv[1], "run") == 0)
		return run(group, argv[3], argv[4]);
	if (argc == 5 && strcmp(argv[1], "one") == 0)
		return one(group, argv[3], argv[4]);
	return usage();
}
