/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks that run in a cgroup when it becomes a workload's. Root, in a virtual machine. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"

#define THREADS 4

/* What threads and processes of a test share: what they are to do, and what came of it. */
static struct shared {
	atomic_int ready, turn, attached, stop;
	atomic_int could[2];	 /* threads that could read SECRET, OTHER in this turn */
	atomic_int said;	 /* that have tried */
	atomic_int kept;	 /* that could still read what they had opened */
	atomic_long early, late; /* tries before and after the attach that could */
	atomic_long tries;	 /* after it */
} * shared;

static void shared_make(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
}

static bool can_read(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void await(const atomic_int *what, int wanted)
{
	while (atomic_load(what) < wanted && !atomic_load(&shared->stop))
		usleep(1000);
}

/* Opens before the workload is there; then tries in each turn. */
static void *thread(void *nothing)
{
	int fd = open(SECRET, O_RDONLY | O_CLOEXEC);
	char byte;

	atomic_fetch_add(&shared->ready, 1);
	for (int turn = 1; await(&shared->turn, turn), !atomic_load(&shared->stop); turn++) {
		shared->could[0] += can_read(SECRET);
		shared->could[1] += can_read(OTHER);
		shared->kept += pread(fd, &byte, 1, 0) == 1;
		atomic_fetch_add(&shared->said, 1);
	}
	return nothing;
}

static pid_t start_threads(const char *cgroup)
{
	pthread_t threads[THREADS - 1];
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	cgroup_move(cgroup);
	for (int i = 0; i < THREADS - 1; i++)
		if (pthread_create(&threads[i], NULL, thread, NULL) != 0)
			_exit(9);
	thread(NULL);
	_exit(0);
}

/* How many of its threads can read SECRET now; all can read OTHER and what they opened before. */
static int turn(int number)
{
	shared->could[0] = shared->could[1] = shared->kept = shared->said = 0;
	atomic_store(&shared->turn, number);
	await(&shared->said, THREADS);
	ck_assert_int_eq(shared->could[1], THREADS);
	ck_assert_int_eq(shared->kept, THREADS);
	return shared->could[0];
}

/* What becomes of threads in @cgroup when @workload is attached; then it is empty again. */
static void check_threads(const char *cgroup, const struct karmor_workload *workload, int tasks)
{
	pid_t pid;

	shared_make();
	pid = start_threads(cgroup);
	await(&shared->ready, THREADS);
	ck_assert_int_eq(turn(1), THREADS);
	ck_assert_int_eq(karmor_engine_attach(engine, workload, diag), 0);
	ck_assert_int_eq(karmor_engine_tasks(engine, workload->name), tasks);
	ck_assert_int_eq(turn(2), THREADS - tasks);
	atomic_store(&shared->stop, 1);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	wait_empty(workload->name);
	ck_assert_int_eq(karmor_engine_detach(engine, workload->name, diag), 0);
	munmap(shared, sizeof(*shared));
}

static struct karmor_workload with_running(void)
{
	struct karmor_workload ret = by_cgroup;

	ret.running = true;
	return ret;
}

START_TEST(all_threads_that_run_in_a_cgroup_are_enrolled)
{
	const struct karmor_workload running = with_running();

	check_threads(OURS, &running, THREADS);
	check_threads(BELOW, &running, THREADS);
	check_threads(OTHERS, &running, 0);
	check_threads(OURS, &by_cgroup, 0);
}
END_TEST

/* A task of another workload that runs there goes on as that. */
START_TEST(no_task_is_taken_from_another_workload)
{
	struct karmor_workload running = with_running(), first = by_cgroup;
	pid_t pid;

	first.name = "first";
	first.cgroup = OURS "/below";
	first.running = true;
	shared_make();
	pid = start_threads(BELOW);
	await(&shared->ready, THREADS);
	ck_assert_int_eq(karmor_engine_attach(engine, &first, diag), 0);
	ck_assert_int_eq(karmor_engine_attach(engine, &running, diag), 0);
	ck_assert_int_eq(karmor_engine_tasks(engine, first.name), THREADS);
	ck_assert_int_eq(karmor_engine_tasks(engine, running.name), 0);
	atomic_store(&shared->stop, 1);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	wait_empty(first.name);
	ck_assert_int_eq(karmor_engine_detach(engine, first.name, diag), 0);
	ck_assert_int_eq(karmor_engine_detach(engine, running.name, diag), 0);
	munmap(shared, sizeof(*shared));
}
END_TEST

START_TEST(who_takes_a_workload_over_may_ask_for_running_tasks)
{
	const struct karmor_workload running = with_running();
	pid_t pid;

	shared_make();
	ck_assert_int_eq(karmor_engine_attach(engine, &by_cgroup, diag), 0);
	pid = start_threads(OURS);
	await(&shared->ready, THREADS);
	ck_assert_int_eq(turn(1), THREADS);
	karmor_engine_close(engine);
	ck_assert_int_eq(karmor_engine_open(backend, &engine, diag), 0);
	ck_assert_int_eq(karmor_engine_apply(engine, applied.artifact, diag), 0);
	ck_assert_int_eq(karmor_engine_attach(engine, &running, diag), 0);
	ck_assert_int_eq(karmor_engine_tasks(engine, running.name), THREADS);
	ck_assert_int_eq(turn(2), 0);
	atomic_store(&shared->stop, 1);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	wait_empty(running.name);
	ck_assert_int_eq(karmor_engine_detach(engine, running.name, diag), 0);
	munmap(shared, sizeof(*shared));
}
END_TEST

/* Whether it was attached is asked first: a try that began before is none after it. */
static void try_once(void)
{
	int attached = atomic_load(&shared->attached);

	if (attached)
		atomic_fetch_add(&shared->tries, 1);
	if (can_read(SECRET))
		atomic_fetch_add(attached ? &shared->late : &shared->early, 1);
}

static void *try_in_thread(void *nothing)
{
	try_once();
	return nothing;
}

/* Each process lives as long as it takes to fork the next. */
static void storm_chain(void)
{
	pid_t pid = 0;

	while (!atomic_load(&shared->stop)) {
		pid = fork();
		if (pid > 0)
			_exit(0);
		try_once();
	}
	_exit(0);
}

static void storm_threads(void)
{
	pthread_t other;

	while (!atomic_load(&shared->stop))
		if (pthread_create(&other, NULL, try_in_thread, NULL) == 0)
			pthread_join(other, NULL);
	_exit(0);
}

/* Ends with the last of them, none of which is waited for by its parent. */
static pid_t storm_start(int chains)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	signal(SIGCHLD, SIG_IGN);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (int i = 0; i < chains + 1; i++) {
		if (fork() != 0)
			continue;
		cgroup_move(OURS);
		atomic_fetch_add(&shared->ready, 1);
		if (i < chains)
			storm_chain();
		else
			storm_threads();
	}
	while (wait(NULL) > 0 || errno == EINTR)
		;
	_exit(0);
}

static void await_long(const atomic_long *what, long wanted)
{
	while (atomic_load(what) < wanted)
		usleep(1000);
}

START_TEST(no_fork_escapes_while_running_tasks_are_enrolled)
{
	const struct karmor_workload running = with_running();
	int rounds = getenv("KARMOR_LONG") ? 1000 : 8;
	long early = 0, tries = 0;

	for (int i = 0; i < rounds; i++) {
		pid_t pid;

		shared_make();
		pid = storm_start(1 + i % 4);
		await_long(&shared->early, 20);
		ck_assert_int_eq(karmor_engine_attach(engine, &running, diag), 0);
		atomic_store(&shared->attached, 1);
		await_long(&shared->tries, 60);
		atomic_store(&shared->stop, 1);
		ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
		ck_assert_int_eq(shared->late, 0);
		early += shared->early;
		tries += shared->tries;
		wait_empty(running.name);
		ck_assert_int_eq(karmor_engine_detach(engine, running.name, diag), 0);
		munmap(shared, sizeof(*shared));
	}
	printf("# %d rounds: %ld reads before, %ld tries after\n", rounds, early, tries);
}
END_TEST

static void refuse_running(struct karmor_workload workload, int error)
{
	karmor_diag_clear(diag);
	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), error);
	ck_assert_int_eq(karmor_diag_count(diag, KARMOR_ERROR), 1);
}

START_TEST(running_tasks_need_a_cgroup_that_names_them)
{
	struct karmor_workload running = with_running();

	running.cgroup = NULL;
	running.pid = getpid();
	refuse_running(running, -EINVAL);
}
END_TEST

void running_tests(TCase *tcase)
{
	tcase_add_test(tcase, all_threads_that_run_in_a_cgroup_are_enrolled);
	tcase_add_test(tcase, no_task_is_taken_from_another_workload);
	tcase_add_test(tcase, who_takes_a_workload_over_may_ask_for_running_tasks);
	tcase_add_test(tcase, no_fork_escapes_while_running_tasks_are_enrolled);
	tcase_add_test(tcase, running_tasks_need_a_cgroup_that_names_them);
}
