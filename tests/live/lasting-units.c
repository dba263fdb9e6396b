/* SPDX-License-Identifier: Apache-2.0 */
/* Units that another build takes over, by their cgroups, while they run or not. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lasting.h"
#include "slots.h"

struct karmor_workload unit_workload(void)
{
	return KARMOR_STRUCT(karmor_workload, .name = "unit", .lasting = true, .cgroup = UNIT,
			     .by_path = true, .running = true);
}

static void enter(const char *cgroup, pid_t pid)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	file = fopen(path, "we");
	ck_assert_ptr_nonnull(file);
	fprintf(file, "%d", (int)pid);
	ck_assert_int_eq(fclose(file), 0);
}

static bool is_removed(const void *cgroup)
{
	return rmdir(cgroup) == 0;
}

/* A task in a cgroup, from before its program on. */
static struct task start_in(const char *cgroup, const char *const argv[])
{
	int in[2], out[2];
	struct task task = { 0 };

	ck_assert_int_eq(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
	task.pid = fork();
	if (task.pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		enter(cgroup, getpid());
		execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(1);
	}
	close(in[0]);
	close(out[1]);
	task.to = in[1];
	task.from = out[0];
	return task;
}

static struct task start_in_unit(void)
{
	return start_in(UNIT,
			(const char *[]){ READER, "read", SECRET, GUARDED, ONLY_A, ONLY_B, NULL });
}

/* Tries all the while what both builds' rules say the same of, and leaves time for the rest. */
static struct task start_storm(void)
{
	struct task task =
		start_in(UNIT, (const char *[]){ READER, "storm", "1", SECRET, GUARDED, NULL });

	if (!is_long())
		ck_assert_int_eq(setpriority(PRIO_PROCESS, (id_t)task.pid, 19), 0);
	return task;
}

static bool is_alone(const void *nothing)
{
	return sets_pinned() == 1;
}

/* Nothing of what both would deny succeeds meanwhile, and nothing that both allow fails. */
static void end_storm(struct task *storm)
{
	char text[64];

	close(storm->to);
	answer(storm, text, sizeof(text));
	ck_assert_msg(strncmp(text, "0 of ", 5) == 0 && strcmp(text, "0 of 0") != 0, "%s", text);
	close(storm->from);
	waitpid(storm->pid, NULL, 0);
}

static void unit_ends(void)
{
	const char *said;

	said = other("unit-end");
	ck_assert_msg(strncmp(said, "0\n0\n", 4) == 0, "%s", said);
	ck_assert(eventually(is_gone, NULL));
	ck_assert(eventually(is_removed, UNIT));
}

/* A dead task counts until it is freed. */
static bool is_detached(const void *engine)
{
	return karmor_engine_detach((struct karmor_engine *)(uintptr_t)engine, "unit", NULL) == 0;
}

/* The same where this build has it. */
static void unit_leaves(void)
{
	struct set a = compile(A);
	struct karmor_engine *engine = engine_open(&a);
	struct karmor_workload workload = unit_workload();

	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), 0);
	ck_assert(eventually(is_detached, engine));
	karmor_engine_close(engine);
	ck_assert(eventually(is_gone, NULL));
	ck_assert(eventually(is_removed, UNIT));
}

START_TEST(another_build_takes_a_unit_over)
{
	struct task task, storm;
	const char *said;

	ck_assert_int_eq(mkdir(UNIT, 0755), 0);
	leave(unit_workload());
	task = start_in_unit();
	storm = start_storm();
	ck_assert_str_eq(ask(&task), "ynny");
	said = other("unit");
	ck_assert_str_eq(said, "0\n");
	ck_assert_str_eq(ask(&task), "ynyn");
	ck_assert(is_alone(NULL));
	end_storm(&storm);
	end(&task);
	task = start_in_unit();
	ck_assert_str_eq(ask(&task), "ynyn");
	end(&task);
	unit_ends();
}
END_TEST

START_TEST(another_build_takes_over_a_unit_that_does_not_run)
{
	const char *said;

	leave(unit_workload());
	said = other("unit");
	ck_assert_str_eq(said, "0\n");
	ck_assert(is_alone(NULL));
	ck_assert_int_eq(mkdir(UNIT, 0755), 0);
	unit_ends();
}
END_TEST

/* What the old build enforces besides keeps its programs where they are. */
START_TEST(a_unit_goes_to_another_build_and_back)
{
	struct task task, storm, left;
	const char *said;

	ck_assert_int_eq(mkdir(UNIT, 0755), 0);
	left = start_left("left");
	leave(unit_workload());
	task = start_in_unit();
	storm = start_storm();
	for (int i = 0; i < (is_long() ? 5 : 1); i++) {
		ck_assert_str_eq(ask(&task), "ynny");
		said = other("unit");
		ck_assert_str_eq(said, "0\n");
		ck_assert_int_eq(sets_pinned(), 2);
		ck_assert_str_eq(ask(&task), "ynyn");
		ck_assert_str_eq(ask(&left), "ynny");
		leave(unit_workload());
		ck_assert_str_eq(ask(&task), "ynny");
		ck_assert(is_alone(NULL));
	}
	end_storm(&storm);
	end(&task);
	end_left(&left);
	unit_leaves();
}
END_TEST

START_TEST(who_left_the_unit_stays_under_the_build_that_enrolled_him)
{
	static const char outside[] = "/sys/fs/cgroup/lasting-outside";
	struct task task, outsider;
	const char *said;

	ck_assert_int_eq(mkdir(UNIT, 0755) | mkdir(outside, 0755), 0);
	leave(unit_workload());
	task = start_in_unit();
	outsider = start_in_unit();
	ck_assert_str_eq(ask(&task), "ynny");
	ck_assert_str_eq(ask(&outsider), "ynny");
	enter(outside, outsider.pid);
	for (int i = 0; i < 2; i++) {
		said = other("unit");
		ck_assert_msg(strncmp(said, "0\n", 2) == 0, "%s", said);
		ck_assert_msg(strstr(said, "processes that left its cgroup stay under"), "%s",
			      said);
		ck_assert_str_eq(ask(&outsider), "ynny");
		/* Both have rules for it: what one denies is denied. */
		ck_assert_str_eq(ask(&task), "ynnn");
	}
	end(&outsider);
	ck_assert(eventually(is_removed, outside));
	said = other("unit");
	ck_assert_str_eq(said, "0\n");
	ck_assert_str_eq(ask(&task), "ynyn");
	ck_assert(is_alone(NULL));
	end(&task);
	unit_ends();
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, a_unit_goes_to_another_build_and_back);
	/* Programs are loaded for each, which takes its time. */
	if (!is_long())
		return;
	tcase_add_test(tcase, another_build_takes_a_unit_over);
	tcase_add_test(tcase, another_build_takes_over_a_unit_that_does_not_run);
	tcase_add_test(tcase, who_left_the_unit_stays_under_the_build_that_enrolled_him);
}
