/* SPDX-License-Identifier: Apache-2.0 */
/* Engines that come and go, and processes that are killed at any instant. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <time.h>

#include "lasting.h"
#include "slots.h"

/* Opens, enforces and closes; the status says whether all was as it should be. */
static int come_and_go(const struct set *a, int times)
{
	for (int i = 0; i < times; i++) {
		struct karmor_engine *engine = engine_open(a);
		struct task reader = start_reader(engine, "reader");
		bool good = strcmp(ask(&reader), "ynny") == 0;

		end(&reader);
		karmor_engine_close(engine);
		if (!good)
			return 1;
	}
	return 0;
}

START_TEST(engines_that_come_and_go_at_the_same_time_enforce_and_leave_nothing)
{
	struct set a = compile(A);
	int times = is_long() ? 50 : 3, status;
	pid_t pids[2];

	for (size_t i = 0; i < 2; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(come_and_go(&a, times));
	}
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	/* Whoever closed while the other's last task was still exiting left it to the next. */
	karmor_engine_close(engine_open(&a));
	ck_assert(eventually(is_gone, NULL));
}
END_TEST

/* As a task is whose exit went unseen: it counts until the kernel frees it. */
START_TEST(a_task_that_ended_and_still_counts_is_waited_for)
{
	struct set a = compile(A);
	struct karmor_engine *engine = engine_open(&a);
	struct task reader = start_reader(engine, "reader");
	pid_t pid;

	end(&reader);
	ck_assert_int_eq(slots_add(1), 0);
	pid = fork();
	if (pid == 0) {
		usleep(300000);
		_exit(slots_add(-1) < 0);
	}
	karmor_engine_close(engine);
	ck_assert(is_gone(NULL));
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

/* Starts `karmor run -- reader read ONLY_A`, its standard output a pipe. */
static pid_t run_start(int *from)
{
	int out[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid;

	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		dup2(null, STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execl(karmor, "karmor", "run", "-p", policy_file, "--", "/bin/sh", "-c",
		      "read x < " ONLY_A " && echo open", NULL);
		_exit(127);
	}
	close(null);
	close(out[1]);
	*from = out[0];
	return pid;
}

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Runs one to its end, or kills it after @us: whether what it ran was confined, if it ran. */
static bool run_once(long us)
{
	char text[64];
	int from;
	pid_t pid = run_start(&from);
	struct task task = { .from = from };

	if (us >= 0) {
		usleep((useconds_t)us);
		kill(pid, SIGKILL);
	}
	waitpid(pid, NULL, 0);
	/* Ends when the last that it started has ended. */
	answer(&task, text, sizeof(text));
	close(from);
	return strcmp(text, "open") != 0;
}

static void kill_at_random(int times)
{
	long begin = milliseconds(), whole;

	ck_assert(run_once(-1));
	whole = milliseconds() - begin + 1;
	srand(20261125);
	for (int i = 0; i < times; i++)
		ck_assert_msg(run_once(rand() % (whole * 1000)), "killed run %d: the file was read",
			      i);
	ck_assert(run_once(-1));
}

START_TEST(runs_that_are_killed_leave_no_slot_and_confine_what_they_started)
{
	struct set a = compile(A);
	struct karmor_engine *engine = engine_open(&a);
	struct task reader = start_reader(engine, "reader");

	ck_assert(can_read(ONLY_A)); /* control */
	kill_at_random(is_long() ? 500 : 20);
	/* What a killed one left is taken by who looks for a slot, or by who closes last. */
	ck_assert(run_once(-1));
	ck_assert_int_eq(slots_used(), 1);
	ck_assert_str_eq(ask(&reader), "ynny");
	end(&reader);
	karmor_engine_close(engine);
	ck_assert(run_once(-1));
	ck_assert(eventually(is_gone, NULL));
}
END_TEST

START_TEST(runs_that_are_killed_while_they_load_leave_nothing)
{
	kill_at_random(is_long() ? 100 : 3);
	ck_assert(eventually(is_gone, NULL));
}
END_TEST

void death_tests(TCase *tcase)
{
	tcase_add_test(tcase, a_task_that_ended_and_still_counts_is_waited_for);
	tcase_add_test(tcase, engines_that_come_and_go_at_the_same_time_enforce_and_leave_nothing);
	tcase_add_test(tcase, runs_that_are_killed_leave_no_slot_and_confine_what_they_started);
	tcase_add_test(tcase, runs_that_are_killed_while_they_load_leave_nothing);
}
