/* SPDX-License-Identifier: Apache-2.0 */
/* One engine in a kernel, and a task that does as it is told. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract.h"

struct karmor_engine *engine;
struct compiled applied;

void note(const struct karmor_event *event, void *data)
{
	struct seen *seen = data;

	if (!event->denied)
		return;
	seen->denials++;
	seen->generation = event->generation;
	snprintf(seen->policy, sizeof(seen->policy), "%s", event->policy ? event->policy : "");
	snprintf(seen->rule, sizeof(seen->rule), "%s", event->rule ? event->rule : "");
}

void engine_setup(void)
{
	karmor_diag_clear(diag);
	if (karmor_engine_open(backend, &engine, diag) < 0) {
		karmor_diag_print(diag, stderr, false);
		ck_abort_msg("the engine does not open");
	}
	applied = compile(POLICY("first", SECRET), 1);
	ck_assert_int_eq(karmor_engine_apply(engine, applied.artifact, diag), 0);
}

void engine_teardown(void)
{
	karmor_engine_close(engine);
	engine = NULL;
	compiled_free(&applied);
	applied = (struct compiled){ 0 };
}

pid_t start_workload(struct karmor_workload workload, int *to, int *from)
{
	static char sh[] = "/bin/sh", c[] = "-c",
		    script[] = "while read f; do if read x < $f; then printf y; else printf n; fi "
			       "2> /dev/null; done";
	char *argv[] = { sh, c, script, NULL };
	int in[2], out[2], old_in = dup(STDIN_FILENO), old_out = dup(STDOUT_FILENO);
	pid_t pid;

	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	dup2(in[0], STDIN_FILENO);
	dup2(out[1], STDOUT_FILENO);
	ck_assert_int_eq(karmor_engine_spawn(engine, &workload, argv, &pid, diag), 0);
	dup2(old_in, STDIN_FILENO);
	dup2(old_out, STDOUT_FILENO);
	close(old_in);
	close(old_out);
	close(in[0]);
	close(out[1]);
	*to = in[1];
	*from = out[0];
	return pid;
}

static pid_t start_reader(const char *name, int *to, int *from)
{
	return start_workload(KARMOR_STRUCT(karmor_workload, .name = name), to, from);
}

char try_read(int to, int from, const char *path)
{
	char answer = '?';

	dprintf(to, "%s\n", path);
	ck_assert_int_eq(read(from, &answer, 1), 1);
	return answer;
}

void end_reader(pid_t pid, int to, int from)
{
	close(to);
	close(from);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

void wait_empty(const char *name)
{
	for (int i = 0; i < 500 && karmor_engine_tasks(engine, name) > 0; i++)
		usleep(10000);
	ck_assert_int_eq(karmor_engine_tasks(engine, name), 0);
}

char denied(void)
{
	return karmor_backend_enforces(backend) ? 'n' : 'y';
}

START_TEST(nothing_can_be_attached_before_something_is_applied)
{
	struct karmor_workload workload =
		KARMOR_STRUCT(karmor_workload, .name = "early", .pid = getpid());

	karmor_engine_close(engine);
	ck_assert_int_eq(karmor_engine_open(backend, &engine, diag), 0);
	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), -EINVAL);
}
END_TEST

START_TEST(a_workload_of_a_ruleset_that_is_not_there_is_refused)
{
	struct karmor_workload workload =
		KARMOR_STRUCT(karmor_workload, .name = "none", .ruleset = 7, .pid = getpid());

	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), -EINVAL);
	ck_assert_int_eq(karmor_engine_tasks(engine, "none"), -ENOENT);
}
END_TEST

START_TEST(a_task_that_is_not_there_is_refused)
{
	struct karmor_workload workload = KARMOR_STRUCT(karmor_workload, .name = "gone");
	pid_t pid = fork();

	if (!karmor_backend_enforces(backend))
		return;
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	workload.pid = pid;
	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), -ENOENT);
	ck_assert_int_eq(karmor_engine_tasks(engine, "gone"), -ENOENT);
}
END_TEST

bool enrols_by_cgroup(struct karmor_engine *asked)
{
	struct karmor_workload workload =
		KARMOR_STRUCT(karmor_workload, .name = "asked", .lasting = true, .cgroup = "/");

	return karmor_engine_attach(asked, &workload, diag) != -EOPNOTSUPP;
}

START_TEST(who_enrols_nobody_by_a_cgroup_says_so)
{
	struct karmor_workload workload = KARMOR_STRUCT(
		karmor_workload, .name = "by cgroup", .lasting = true, .cgroup = "/sys/fs/cgroup");

	if (enrols_by_cgroup(engine))
		return;
	karmor_diag_clear(diag);
	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), -EOPNOTSUPP);
	ck_assert_uint_eq(karmor_diag_count(diag, KARMOR_ERROR), 1);
	ck_assert_int_eq(karmor_engine_tasks(engine, workload.name), -ENOENT);
}
END_TEST

START_TEST(a_spawned_command_is_confined_and_told_of)
{
	struct seen seen = { 0 };
	int to, from;
	pid_t pid = start_reader("confined", &to, &from);

	ck_assert_int_eq(try_read(to, from, OTHER), 'y');
	ck_assert_int_eq(try_read(to, from, SECRET), denied());
	ck_assert_int_ge(karmor_engine_tasks(engine, "confined"), 1);
	ck_assert_int_ge(karmor_engine_read_events(engine, note, &seen), 0);
	if (karmor_backend_enforces(backend)) {
		ck_assert_int_eq(seen.denials, 1);
		ck_assert_str_eq(seen.policy, "first");
		ck_assert_str_eq(seen.rule, "file.matchPaths[0]");
	}
	end_reader(pid, to, from);
	wait_empty("confined");
}
END_TEST

START_TEST(apply_replaces_the_policy_of_running_tasks)
{
	struct compiled second = compile(POLICY("second", OTHER), 1);
	struct seen seen = { 0 };
	int to, from;
	pid_t pid = start_reader("replaced", &to, &from);

	ck_assert_int_eq(try_read(to, from, SECRET), denied());
	ck_assert_int_ge(karmor_engine_read_events(engine, note, &seen), 0);
	ck_assert_int_eq(karmor_engine_apply(engine, second.artifact, diag), 0);
	ck_assert_int_eq(try_read(to, from, SECRET), 'y');
	ck_assert_int_eq(try_read(to, from, OTHER), denied());
	if (karmor_backend_enforces(backend)) {
		struct seen after = { 0 };

		ck_assert_int_ge(karmor_engine_read_events(engine, note, &after), 0);
		ck_assert_str_eq(after.policy, "second");
		ck_assert_uint_gt(after.generation, seen.generation);
	}
	end_reader(pid, to, from);
	wait_empty("replaced");
	karmor_engine_close(engine);
	engine = NULL;
	compiled_free(&second);
}
END_TEST

START_TEST(a_refused_apply_leaves_the_old_policy_in_force)
{
	struct compiled empty = compile(POLICY("empty", OTHER), 0);
	int to, from;
	pid_t pid = start_reader("kept", &to, &from);

	if (karmor_backend_enforces(backend))
		ck_assert_int_eq(karmor_engine_apply(engine, empty.artifact, diag), -EINVAL);
	ck_assert_int_eq(try_read(to, from, SECRET), denied());
	ck_assert_int_eq(try_read(to, from, OTHER), 'y');
	end_reader(pid, to, from);
	wait_empty("kept");
	compiled_free(&empty);
}
END_TEST

START_TEST(attach_and_detach_are_idempotent_and_no_task_leaves)
{
	int to, from;
	pid_t pid = start_reader("twice", &to, &from);
	struct karmor_workload again = KARMOR_STRUCT(karmor_workload, .name = "twice", .pid = pid);

	ck_assert_int_eq(karmor_engine_attach(engine, &again, diag), 0);
	if (karmor_backend_enforces(backend))
		ck_assert_int_eq(karmor_engine_detach(engine, "twice", diag), -EBUSY);
	ck_assert_int_eq(try_read(to, from, SECRET), denied());
	end_reader(pid, to, from);
	wait_empty("twice");
	ck_assert_int_eq(karmor_engine_detach(engine, "twice", diag), 0);
	ck_assert_int_eq(karmor_engine_detach(engine, "twice", diag), 0);
	ck_assert_int_eq(karmor_engine_tasks(engine, "twice"), -ENOENT);
}
END_TEST

/* The other one is the last of all, as far as it can see: it leaves nothing pinned. */
START_TEST(an_engine_that_closes_takes_nothing_from_another)
{
	struct karmor_engine *other;
	int to, from;
	pid_t pid;

	ck_assert_int_eq(karmor_engine_open(backend, &other, diag), 0);
	karmor_engine_close(other);
	/* What it took out is gone only when the kernel gets round to it. */
	if (karmor_backend_enforces(backend))
		sleep(4);
	pid = start_reader("after", &to, &from);
	ck_assert_int_eq(try_read(to, from, SECRET), denied());
	end_reader(pid, to, from);
	wait_empty("after");
}
END_TEST

/* What it opened was taken out, and others have pinned anew. */
START_TEST(an_engine_that_was_idle_takes_nothing_when_it_closes)
{
	struct karmor_engine *idle = engine, *other;
	int to, from;
	pid_t pid;

	ck_assert_int_eq(karmor_engine_open(backend, &other, diag), 0);
	karmor_engine_close(other);
	ck_assert_int_eq(karmor_engine_open(backend, &engine, diag), 0);
	ck_assert_int_eq(karmor_engine_apply(engine, applied.artifact, diag), 0);
	pid = start_reader("kept", &to, &from);
	karmor_engine_close(idle);
	if (karmor_backend_enforces(backend))
		sleep(4);
	ck_assert_int_eq(try_read(to, from, SECRET), denied());
	end_reader(pid, to, from);
	wait_empty("kept");
}
END_TEST

START_TEST(what_one_engine_left_behind_is_not_its_own_when_another_has_it)
{
	struct compiled second = compile(POLICY("second", OTHER), 1);
	struct karmor_engine *mine = engine, *other;
	int to, from;
	pid_t pid = start_reader("old", &to, &from);

	end_reader(pid, to, from);
	wait_empty("old");
	ck_assert_int_eq(karmor_engine_open(backend, &other, diag), 0);
	ck_assert_int_eq(karmor_engine_apply(other, applied.artifact, diag), 0);
	engine = other;
	pid = start_reader("new", &to, &from);
	ck_assert_int_eq(karmor_engine_apply(mine, second.artifact, diag), 0);
	ck_assert_int_eq(try_read(to, from, SECRET), denied());
	ck_assert_int_eq(try_read(to, from, OTHER), 'y');
	ck_assert_int_eq(karmor_engine_detach(mine, "old", diag), 0);
	ck_assert_int_eq(try_read(to, from, SECRET), denied());
	ck_assert_int_eq(try_read(to, from, OTHER), 'y');
	end_reader(pid, to, from);
	wait_empty("new");
	karmor_engine_close(other);
	karmor_engine_close(mine);
	engine = NULL;
	compiled_free(&second);
}
END_TEST

START_TEST(stats_count_as_far_as_they_are_asked)
{
	struct karmor_stats none = { 0 },
			    stats = { .size = offsetof(struct karmor_stats, tasks), .tasks = 99 };
	int to, from, r = karmor_engine_stats(engine, &none);
	pid_t pid = start_reader("counted", &to, &from);

	if (r != -EOPNOTSUPP) {
		ck_assert_int_eq(r, -EINVAL);
		ck_assert_int_eq(karmor_engine_stats(engine, &stats), 0);
		ck_assert_uint_eq(stats.workloads, 1);
		ck_assert_uint_eq(stats.tasks, 99);
	}
	end_reader(pid, to, from);
	wait_empty("counted");
}
END_TEST

START_TEST(enforcement_outlives_the_engine)
{
	int to, from;
	pid_t pid = start_reader("outlives", &to, &from);

	karmor_engine_close(engine);
	engine = NULL;
	ck_assert_int_eq(try_read(to, from, SECRET), denied());
	end_reader(pid, to, from);
}
END_TEST

TCase *live_tests(void)
{
	TCase *ret = tcase_create("live");

	tcase_add_checked_fixture(ret, engine_setup, engine_teardown);
	tcase_add_test(ret, nothing_can_be_attached_before_something_is_applied);
	tcase_add_test(ret, a_workload_of_a_ruleset_that_is_not_there_is_refused);
	tcase_add_test(ret, a_task_that_is_not_there_is_refused);
	tcase_add_test(ret, who_enrols_nobody_by_a_cgroup_says_so);
	add_dear(ret, a_spawned_command_is_confined_and_told_of);
	tcase_add_test(ret, apply_replaces_the_policy_of_running_tasks);
	add_dear(ret, a_refused_apply_leaves_the_old_policy_in_force);
	tcase_add_test(ret, attach_and_detach_are_idempotent_and_no_task_leaves);
	add_beside(ret, an_engine_that_closes_takes_nothing_from_another);
	add_beside(ret, an_engine_that_was_idle_takes_nothing_when_it_closes);
	add_beside(ret, what_one_engine_left_behind_is_not_its_own_when_another_has_it);
	add_dear(ret, stats_count_as_far_as_they_are_asked);
	add_dear(ret, enforcement_outlives_the_engine);
	tcase_set_timeout(ret, alone ? 900 : 120);
	return ret;
}
