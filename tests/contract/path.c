/* SPDX-License-Identifier: Apache-2.0 */
/* Cgroups that are a workload's by their path, whichever is there. Root, in a virtual machine. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"

#define WAY_IN "/tmp/karmor-way-in"
#define SHELL "/tmp/karmor-shell"
#define LONG_NAME "0123456789012345678901234567890123456789"

static struct karmor_workload by_path(void)
{
	struct karmor_workload ret = by_cgroup;

	ret.by_path = true;
	return ret;
}

/* Removes a cgroup, whose last task may have to go yet, and makes another there. */
static void make_again(const char *cgroup)
{
	for (int n = 0; n < 1000 && rmdir(cgroup) < 0 && errno == EBUSY; n++)
		usleep(10000);
	ck_assert_int_eq(mkdir(cgroup, 0755), 0);
}

START_TEST(whatever_cgroup_is_at_the_path_is_the_workloads)
{
	const struct karmor_workload workload = by_path();

	cgroups_take_away();
	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), 0);
	ck_assert_int_eq(karmor_engine_tasks(engine, workload.name), 0);
	cgroups_make();
	ck_assert_int_eq(enter(OURS, NULL, PLAIN, SECRET), denied());
	ck_assert_int_eq(enter(OURS, NULL, PLAIN, OTHER), 'y');
	ck_assert_int_eq(enter(BELOW, NULL, PLAIN, SECRET), denied());
	ck_assert_int_eq(enter(OTHERS, NULL, PLAIN, SECRET), 'y');
	wait_empty(workload.name);
	ck_assert_int_eq(karmor_engine_detach(engine, workload.name, diag), 0);
	ck_assert_int_eq(enter(OURS, NULL, PLAIN, SECRET), 'y');
	cgroups_take_away();
	cgroups_make();
	ck_assert_int_eq(enter(OURS, NULL, PLAIN, SECRET), 'y');
}
END_TEST

/* As a unit that is restarted: no program of it runs before it is known. */
START_TEST(one_that_is_made_anew_is_the_workloads_at_once)
{
	const struct karmor_workload workload = by_path();
	int rounds = getenv("KARMOR_LONG") ? 2000 : 20;

	cgroups_take_away();
	ck_assert_int_eq(mkdir(OURS, 0755), 0);
	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), 0);
	for (int i = 0; i < rounds; i++) {
		make_again(OURS);
		ck_assert_int_eq(enter(OURS, NULL, PLAIN, SECRET), denied());
	}
	wait_empty(workload.name);
	ck_assert_int_eq(karmor_engine_detach(engine, workload.name, diag), 0);
}
END_TEST

START_TEST(the_path_is_known_while_no_engine_is_there)
{
	struct karmor_workload workload = by_path();

	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), 0);
	karmor_engine_close(engine);
	cgroups_take_away();
	cgroups_make();
	ck_assert_int_eq(enter(OURS, NULL, PLAIN, SECRET), denied());
	ck_assert_int_eq(karmor_engine_open(backend, &engine, diag), 0);
	ck_assert_int_eq(pinned(workload.name), 0);
	ck_assert_int_eq(karmor_engine_apply(engine, applied.artifact, diag), 0);
	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), 0);
	cgroups_take_away();
	cgroups_make();
	ck_assert_int_eq(enter(OURS, NULL, PLAIN, SECRET), denied());
	wait_empty(workload.name);
	karmor_engine_close(engine);
	ck_assert_int_eq(karmor_engine_open(backend, &engine, diag), 0);
	ck_assert_int_eq(karmor_engine_apply(engine, applied.artifact, diag), 0);
	workload.cgroup = "";
	workload.by_path = false;
	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), 0);
	ck_assert_int_eq(enter(OURS, NULL, PLAIN, SECRET), 'y');
	ck_assert_int_eq(pinned(workload.name), -1);
}
END_TEST

/* With another cgroup, with none, and with the first again. */
START_TEST(how_tasks_enter_may_change)
{
	struct karmor_workload workload = by_path();

	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), 0);
	workload.cgroup = OTHERS;
	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), 0);
	cgroups_take_away();
	cgroups_make();
	ck_assert_int_eq(enter(OTHERS, NULL, PLAIN, SECRET), denied());
	ck_assert_int_eq(enter(OURS, NULL, PLAIN, SECRET), 'y');
	workload.cgroup = NULL;
	workload.by_path = false;
	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), 0);
	ck_assert_int_eq(enter(OTHERS, NULL, PLAIN, SECRET), denied());
	workload.cgroup = "";
	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), 0);
	ck_assert_int_eq(enter(OTHERS, NULL, PLAIN, SECRET), 'y');
	workload.cgroup = OURS;
	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), 0);
	ck_assert_int_eq(enter(OURS, NULL, PLAIN, SECRET), denied());
	wait_empty(workload.name);
	ck_assert_int_eq(karmor_engine_detach(engine, workload.name, diag), 0);
}
END_TEST

/* A shell of another name. */
static void shell_copy(const char *path)
{
	char command[256];

	snprintf(command, sizeof(command), "cp /bin/sh %s", path);
	ck_assert_int_eq(system(command), 0);
}

/* A task that runs @program in OURS and waits, until it is killed. */
static pid_t start_waiting(const char *program)
{
	int ready[2], never[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	ck_assert_int_eq(pipe(never), 0);
	pid = fork();
	if (pid == 0) {
		dup2(never[0], STDIN_FILENO);
		dup2(ready[1], STDOUT_FILENO);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		cgroup_move(OURS);
		execl(program, "sh", "-c", "echo; read line", NULL);
		_exit(8);
	}
	close(ready[1]);
	close(never[0]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void end_waiting(pid_t pid)
{
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

START_TEST(who_comes_in_by_a_program_has_not_entered_until_the_next)
{
	struct karmor_workload workload = by_path();

	shell_copy(WAY_IN);
	shell_copy(SHELL);
	workload.through[1] = strrchr(WAY_IN, '/') + 1;
	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), 0);
	ck_assert_int_eq(enter_by(WAY_IN, OURS, NULL, STAYS, SECRET), 'y');
	ck_assert_int_eq(enter_by(WAY_IN, OURS, NULL, PLAIN, SECRET), denied());
	ck_assert_int_eq(enter_by(SHELL, OURS, NULL, STAYS, SECRET), denied());
	make_again(BELOW);
	ck_assert_int_eq(enter_by(WAY_IN, BELOW, NULL, STAYS, SECRET), 'y');
	ck_assert_int_eq(enter_by(WAY_IN, BELOW, NULL, PLAIN, SECRET), denied());
	wait_empty(workload.name);
	ck_assert_int_eq(karmor_engine_detach(engine, workload.name, diag), 0);
	unlink(WAY_IN);
	unlink(SHELL);
}
END_TEST

START_TEST(of_running_tasks_those_that_run_such_a_program_are_not_enrolled)
{
	struct karmor_workload workload = by_path();
	pid_t way_in, shell;

	shell_copy(WAY_IN);
	shell_copy(SHELL);
	way_in = start_waiting(WAY_IN);
	shell = start_waiting(SHELL);
	workload.running = true;
	workload.through[0] = strrchr(WAY_IN, '/') + 1;
	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), 0);
	ck_assert_int_eq(karmor_engine_tasks(engine, workload.name), 1);
	end_waiting(way_in);
	ck_assert_int_eq(karmor_engine_tasks(engine, workload.name), 1);
	end_waiting(shell);
	wait_empty(workload.name);
	ck_assert_int_eq(karmor_engine_detach(engine, workload.name, diag), 0);
	unlink(WAY_IN);
	unlink(SHELL);
}
END_TEST

START_TEST(not_every_path_can_be_a_workloads)
{
	struct karmor_workload workload = by_path(), another = by_path(), wrong = by_path();
	char deep[400] = CGROUPS;

	while (strlen(deep) < 300)
		strcat(deep, "/" LONG_NAME);
	cgroup_refuse(workload, "/tmp", -EINVAL);
	cgroup_refuse(workload, CGROUPS, -EINVAL);
	cgroup_refuse(workload, CGROUPS "/", -EINVAL);
	cgroup_refuse(workload, OURS "/", -EINVAL);
	cgroup_refuse(workload, CGROUPS "/none/../karmor-contract", -EINVAL);
	cgroup_refuse(workload, CGROUPS "//karmor-contract", -EINVAL);
	cgroup_refuse(workload, OURS "/.", -EINVAL);
	cgroup_refuse(workload, OURS "/..", -EINVAL);
	cgroup_refuse(workload, deep, -EINVAL);
	cgroup_refuse(workload, NULL, -EINVAL);
	cgroup_move(BELOW);
	cgroup_refuse(workload, OURS, -EINVAL);
	cgroup_refuse(workload, BELOW, -EINVAL);
	cgroup_move(CGROUPS);
	wrong.through[0] = "a/b";
	cgroup_refuse(wrong, OURS, -EINVAL);
	wrong.through[0] = LONG_NAME;
	cgroup_refuse(wrong, OURS, -EINVAL);
	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), 0);
	another.name = "another";
	cgroup_refuse(another, OURS, -EBUSY);
	another.by_path = false;
	cgroup_refuse(another, OURS, -EBUSY);
	ck_assert_int_eq(karmor_engine_detach(engine, workload.name, diag), 0);
}
END_TEST

TCase *path_tests(void)
{
	TCase *tcase = tcase_create("paths");

	tcase_add_checked_fixture(tcase, cgroups_setup, cgroups_teardown);
	tcase_add_test(tcase, whatever_cgroup_is_at_the_path_is_the_workloads);
	tcase_add_test(tcase, one_that_is_made_anew_is_the_workloads_at_once);
	tcase_add_test(tcase, the_path_is_known_while_no_engine_is_there);
	tcase_add_test(tcase, how_tasks_enter_may_change);
	tcase_add_test(tcase, who_comes_in_by_a_program_has_not_entered_until_the_next);
	tcase_add_test(tcase, of_running_tasks_those_that_run_such_a_program_are_not_enrolled);
	tcase_add_test(tcase, not_every_path_can_be_a_workloads);
	tcase_set_timeout(tcase, 900);
	return tcase;
}
