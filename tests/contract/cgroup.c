/* SPDX-License-Identifier: Apache-2.0 */
/* Workloads that tasks enter by a cgroup. Root, in a virtual machine. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"

const struct karmor_workload by_cgroup = {
	.size = sizeof(by_cgroup), .name = "by cgroup", .lasting = true, .cgroup = OURS
};

void cgroups_make(void)
{
	mkdir(OURS, 0755);
	mkdir(OURS "/below", 0755);
	mkdir(BELOW, 0755);
	mkdir(OTHERS, 0755);
}

/* A cgroup has tasks for a moment after the last was waited for. */
void cgroups_take_away(void)
{
	static const char *const all[] = { BELOW, OURS "/below", OURS, OTHERS };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		for (int n = 0; n < 1000 && rmdir(all[i]) < 0 && errno == EBUSY; n++)
			usleep(10000);
}

void cgroups_setup(void)
{
	cgroups_make();
	engine_setup();
}

void cgroups_teardown(void)
{
	engine_teardown();
	cgroups_take_away();
}

void cgroup_move(const char *cgroup)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		_exit(9);
	close(fd);
}

char enter_by(const char *program, const char *cgroup, const char *then, enum where where,
	      const char *path)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (where == OWN_MOUNTS && unshare(CLONE_NEWNS) < 0)
			_exit(9);
		cgroup_move(cgroup);
		execl(program, "sh", "-c",
		      "if [ -n \"$1\" ]; then echo 0 > \"$1/cgroup.procs\" || exit 7; fi; "
		      "exec ${2:-sh} -c 'read x < \"$0\"' \"$0\"",
		      path, then ? then : "", where == STAYS ? program : NULL, NULL);
		_exit(8);
	}
	waitpid(pid, &status, 0);
	ck_assert(WIFEXITED(status));
	ck_assert_int_lt(WEXITSTATUS(status), 7);
	return WEXITSTATUS(status) == 0 ? 'y' : 'n';
}

char enter(const char *cgroup, const char *then, enum where where, const char *path)
{
	return enter_by("/bin/sh", cgroup, then, where, path);
}

START_TEST(who_executes_in_a_cgroup_enters_its_workload)
{
	struct seen seen = { 0 };

	ck_assert_int_eq(enter(OURS, NULL, PLAIN, SECRET), 'y');
	ck_assert_int_eq(karmor_engine_attach(engine, &by_cgroup, diag), 0);
	ck_assert_int_eq(karmor_engine_tasks(engine, by_cgroup.name), 0);
	ck_assert_int_eq(enter(OURS, NULL, PLAIN, SECRET), denied());
	ck_assert_int_eq(enter(OURS, NULL, PLAIN, OTHER), 'y');
	ck_assert_int_eq(enter(BELOW, NULL, PLAIN, SECRET), denied());
	ck_assert_int_eq(enter(OTHERS, NULL, PLAIN, SECRET), 'y');
	ck_assert_int_ge(karmor_engine_read_events(engine, note, &seen), 0);
	ck_assert_int_eq(seen.denials, 2);
	ck_assert_str_eq(seen.policy, "first");
	wait_empty(by_cgroup.name);
	ck_assert_int_eq(karmor_engine_detach(engine, by_cgroup.name, diag), 0);
	ck_assert_int_eq(enter(OURS, NULL, PLAIN, SECRET), 'y');
}
END_TEST

/* Another workload, under another policy. */
static struct karmor_engine *other;
static struct compiled second;

static void attach_theirs(const char *cgroup)
{
	const struct karmor_workload theirs =
		KARMOR_STRUCT(karmor_workload, .name = "theirs", .lasting = true, .cgroup = cgroup);

	second = compile(POLICY("second", OTHER), 1);
	ck_assert_int_eq(karmor_engine_open(backend, &other, diag), 0);
	ck_assert_int_eq(karmor_engine_apply(other, second.artifact, diag), 0);
	ck_assert_int_eq(karmor_engine_attach(engine, &by_cgroup, diag), 0);
	ck_assert_int_eq(karmor_engine_attach(other, &theirs, diag), 0);
}

static void detach_both(void)
{
	wait_empty(by_cgroup.name);
	ck_assert_int_eq(karmor_engine_detach(engine, by_cgroup.name, diag), 0);
	for (int i = 0; i < 500 && karmor_engine_tasks(other, "theirs") > 0; i++)
		usleep(10000);
	ck_assert_int_eq(karmor_engine_detach(other, "theirs", diag), 0);
	karmor_engine_close(other);
	compiled_free(&second);
}

START_TEST(of_nested_cgroups_the_innermost_counts)
{
	attach_theirs(OURS "/below");
	ck_assert_int_eq(enter(OURS, NULL, PLAIN, SECRET), denied());
	ck_assert_int_eq(enter(BELOW, NULL, PLAIN, SECRET), 'y');
	ck_assert_int_eq(enter(BELOW, NULL, PLAIN, OTHER), denied());
	detach_both();
}
END_TEST

START_TEST(a_task_stays_in_its_workload_wherever_it_moves)
{
	attach_theirs(OTHERS);
	ck_assert_int_eq(enter(OURS, CGROUPS, PLAIN, SECRET), denied());
	ck_assert_int_eq(enter(OURS, OTHERS, PLAIN, SECRET), denied());
	ck_assert_int_eq(enter(OURS, OTHERS, PLAIN, OTHER), 'y');
	ck_assert_int_eq(enter(OTHERS, OURS, PLAIN, SECRET), 'y');
	ck_assert_int_eq(enter(OTHERS, OURS, PLAIN, OTHER), denied());
	detach_both();
}
END_TEST

/* A task that has mounts of its own and waits. */
static pid_t start_apart(int *to)
{
	int ends[2], ready[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		if (unshare(CLONE_NEWNS) < 0 || write(ready[1], "", 1) != 1)
			_exit(9);
		_exit(read(ends[0], &byte, 1) == 0 ? 0 : 9);
	}
	close(ends[0]);
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	*to = ends[1];
	return pid;
}

START_TEST(who_is_on_the_way_in_has_not_entered)
{
	struct karmor_workload apart = by_cgroup;
	int to, status;

	apart.pid = start_apart(&to);
	ck_assert_int_eq(karmor_engine_attach(engine, &apart, diag), 0);
	ck_assert_int_eq(karmor_engine_tasks(engine, apart.name), 1);
	ck_assert_int_eq(enter(OURS, NULL, PLAIN, SECRET), 'y');
	ck_assert_int_eq(enter(OURS, NULL, OWN_MOUNTS, SECRET), denied());
	ck_assert_int_eq(karmor_engine_detach(engine, apart.name, diag), -EBUSY);
	close(to);
	ck_assert_int_eq(waitpid(apart.pid, &status, 0), apart.pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(enter(OURS, NULL, OWN_MOUNTS, SECRET), denied());
	wait_empty(apart.name);
	ck_assert_int_eq(karmor_engine_detach(engine, apart.name, diag), 0);
	ck_assert_int_eq(enter(OURS, NULL, OWN_MOUNTS, SECRET), 'y');
}
END_TEST

START_TEST(it_lasts_as_long_as_its_cgroup_and_is_taken_over)
{
	struct karmor_workload again = by_cgroup;

	ck_assert_int_eq(karmor_engine_attach(engine, &by_cgroup, diag), 0);
	karmor_engine_close(engine);
	ck_assert_int_eq(enter(OURS, NULL, PLAIN, SECRET), denied());
	ck_assert_int_eq(karmor_engine_open(backend, &engine, diag), 0);
	ck_assert_int_eq(pinned(by_cgroup.name), 0);
	ck_assert_int_eq(karmor_engine_apply(engine, applied.artifact, diag), 0);
	again.cgroup = NULL;
	ck_assert_int_eq(karmor_engine_attach(engine, &again, diag), 0);
	ck_assert_int_eq(enter(OURS, NULL, PLAIN, SECRET), denied());
	cgroups_take_away();
	ck_assert_int_eq(pinned(by_cgroup.name), -1);
	/* Another of the same name is another. */
	cgroups_make();
	ck_assert_int_eq(enter(OURS, NULL, PLAIN, SECRET), 'y');
}
END_TEST

void cgroup_refuse(struct karmor_workload workload, const char *cgroup, int error)
{
	workload.cgroup = cgroup;
	karmor_diag_clear(diag);
	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), error);
	ck_assert_int_eq(karmor_diag_count(diag, KARMOR_ERROR), 1);
	ck_assert_int_eq(karmor_engine_tasks(engine, workload.name), -ENOENT);
}

START_TEST(not_every_cgroup_can_be_a_workloads)
{
	struct karmor_workload brief = by_cgroup, another = by_cgroup;

	cgroup_refuse(by_cgroup, CGROUPS "/karmor-contract-none", -EINVAL);
	cgroup_refuse(by_cgroup, "/tmp", -EINVAL);
	cgroup_refuse(by_cgroup, CGROUPS, -EINVAL);
	cgroup_move(BELOW);
	cgroup_refuse(by_cgroup, OURS, -EINVAL);
	cgroup_refuse(by_cgroup, BELOW, -EINVAL);
	cgroup_move(CGROUPS);
	brief.lasting = false;
	cgroup_refuse(brief, OURS, -EINVAL);
	ck_assert_int_eq(karmor_engine_attach(engine, &by_cgroup, diag), 0);
	another.name = "another";
	cgroup_refuse(another, OURS, -EBUSY);
	ck_assert_int_eq(karmor_engine_detach(engine, by_cgroup.name, diag), 0);
}
END_TEST

TCase *cgroup_tests(void)
{
	TCase *ret = tcase_create("cgroups");

	tcase_add_checked_fixture(ret, cgroups_setup, cgroups_teardown);
	tcase_add_test(ret, who_executes_in_a_cgroup_enters_its_workload);
	tcase_add_test(ret, of_nested_cgroups_the_innermost_counts);
	tcase_add_test(ret, a_task_stays_in_its_workload_wherever_it_moves);
	tcase_add_test(ret, who_is_on_the_way_in_has_not_entered);
	tcase_add_test(ret, it_lasts_as_long_as_its_cgroup_and_is_taken_over);
	tcase_add_test(ret, not_every_cgroup_can_be_a_workloads);
	running_tests(ret);
	tcase_set_timeout(ret, 900);
	return ret;
}
