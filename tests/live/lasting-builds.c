/* SPDX-License-Identifier: Apache-2.0 */
/* Workloads whose engine is gone, taken over by another or not, and another build beside. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "lasting.h"
#include "slots.h"

const char *other(const char *arguments)
{
	static char text[4096];
	char command[8192];
	FILE *out;
	size_t n;

	snprintf(command, sizeof(command), "%s-other %s 2>&1", self, arguments);
	out = popen(command, "re");
	ck_assert_ptr_nonnull(out);
	n = fread(text, 1, sizeof(text) - 1, out);
	text[n] = '\0';
	ck_assert_msg(pclose(out) == 0, "%s", text);
	return text;
}

struct task start_left(const char *name)
{
	struct set a = compile(A);
	struct task task = { 0 };
	int in[2], out[2], ready[2];
	pid_t pid;

	ck_assert_int_eq(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC) | pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		struct karmor_workload workload =
			KARMOR_STRUCT(karmor_workload, .name = name, .lasting = true);
		const char *argv[] = { READER, "read", SECRET, GUARDED, ONLY_A, ONLY_B, NULL };
		struct karmor_engine *engine = engine_open(&a);

		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		if (karmor_engine_spawn(engine, &workload, (char *const *)(uintptr_t)argv,
					&task.pid, diag) < 0 ||
		    write(ready[1], &task.pid, sizeof(task.pid)) < 0)
			_exit(1);
		pause();
	}
	close(in[0]);
	close(out[1]);
	close(ready[1]);
	task.to = in[1];
	task.from = out[0];
	ck_assert_int_eq(read(ready[0], &task.pid, sizeof(task.pid)), sizeof(task.pid));
	close(ready[0]);
	ck_assert_str_eq(ask(&task), "ynny");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert_str_eq(ask(&task), "ynny");
	return task;
}

void end_left(const struct task *task)
{
	char byte;

	close(task->to);
	while (read(task->from, &byte, 1) > 0)
		;
	close(task->from);
}

struct noted {
	int denials;
	char workload[64];
};

static void note(const struct karmor_event *event, void *data)
{
	struct noted *noted = data;

	noted->denials += event->denied;
	snprintf(noted->workload, sizeof(noted->workload), "%s", event->workload);
}

static void count_pinned(const char *name, long tasks, void *data)
{
	*(int *)data += strcmp(name, "left") == 0 && tasks == 1;
}

START_TEST(a_later_engine_takes_a_lasting_workload_over)
{
	struct set b = compile(B);
	struct task left = start_left("left");
	struct karmor_workload workload =
		KARMOR_STRUCT(karmor_workload, .name = "left", .pid = left.pid, .lasting = true);
	struct karmor_engine *engine = engine_open(&b);
	struct noted noted = { 0 };
	int pinned = 0;

	ck_assert_int_eq(karmor_engine_pinned(engine, count_pinned, &pinned, diag), 0);
	ck_assert_int_eq(pinned, 1);
	ck_assert_str_eq(ask(&left), "ynny");
	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), 0);
	ck_assert_str_eq(ask(&left), "ynyn");
	ck_assert_int_eq(karmor_engine_tasks(engine, "left"), 1);
	ck_assert_int_gt(karmor_engine_read_events(engine, note, &noted), 0);
	ck_assert_int_eq(noted.denials, 2);
	ck_assert_str_eq(noted.workload, "left");
	ck_assert_int_eq(slots_used(), 1);
	end_left(&left);
	karmor_engine_close(engine);
}
END_TEST

START_TEST(another_build_stands_beside)
{
	struct set a = compile(A);
	struct karmor_engine *engine = engine_open(&a);
	struct task reader = start_reader(engine, "reader");
	const char *said = other("beside");

	ck_assert_msg(strncmp(said, "ynyn\n", 5) == 0, "%s", said);
	ck_assert_msg(strstr(said, "another build of karmor enforces 1 workload here"), "%s", said);
	ck_assert_str_eq(ask(&reader), "ynny");
	ck_assert_int_eq(slots_used(), 1);
	end(&reader);
	karmor_engine_close(engine);
}
END_TEST

START_TEST(another_build_takes_nothing_over)
{
	struct task left = start_left("left");
	const char *said = other("adopt left");

	ck_assert_msg(strncmp(said, "-16\n", 4) == 0, "%s", said);
	ck_assert_msg(strstr(said, "another build of karmor enforces"), "%s", said);
	ck_assert_str_eq(ask(&left), "ynny");
	said = other("adopt right");
	ck_assert_msg(!strstr(said, "-16"), "%s", said);
	end_left(&left);
}
END_TEST

START_TEST(another_build_clears_up)
{
	struct task left = start_left("left");
	int used = slots_used();

	end_left(&left);
	ck_assert_int_eq(used, 1);
	usleep(500000);
	other("beside");
	ck_assert(eventually(is_gone, NULL));
}
END_TEST

void leave(struct karmor_workload workload)
{
	struct set a = compile(A);
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(karmor_engine_attach(engine_open(&a), &workload, diag) < 0);
	waitpid(pid, &status, 0);
	ck_assert_int_eq(status, 0);
}

START_TEST(another_build_clears_up_after_a_cgroup)
{
	static const char cgroup[] = "/sys/fs/cgroup/lasting-builds";
	const char *said;

	ck_assert_int_eq(mkdir(cgroup, 0755), 0);
	/* With nobody in it: by its cgroup alone it is there. */
	leave(KARMOR_STRUCT(karmor_workload, .name = "left", .lasting = true, .cgroup = cgroup));
	said = other("beside");
	ck_assert_msg(strstr(said, "another build of karmor enforces 1 workload here"), "%s", said);
	ck_assert_int_eq(slots_used(), 1);
	ck_assert_int_eq(rmdir(cgroup), 0);
	said = other("beside");
	ck_assert_msg(!strstr(said, "another build"), "%s", said);
	ck_assert(eventually(is_gone, NULL));
}
END_TEST

/* A task that we did not start: the program that attaches the node, and what it starts, are exempt.
 */
static void start_looking(void)
{
	unlink(HERE "/looked");
	unlink(HERE "/end");
	/* One that only forked may be process 1's own part. */
	ck_assert_int_eq(system("sh -c 'while [ ! -e " HERE "/end ]; do if read -r line < " SECRET
				"; then echo y; else echo n; fi > " HERE
				"/looked; sleep 0.1; done' > /dev/null 2>&1 &"),
			 0);
}

static bool has_seen(const void *what)
{
	_cleanup_close_ int fd = open(HERE "/looked", O_RDONLY | O_CLOEXEC);
	char byte = 0;

	return fd >= 0 && read(fd, &byte, 1) == 1 && byte == *(const char *)what;
}

START_TEST(another_build_takes_the_node_itself_over)
{
	const char *said;
	int end;

	start_looking();
	ck_assert(eventually(has_seen, "y"));
	leave(KARMOR_STRUCT(karmor_workload, .name = "host", .lasting = true, .host = true));
	ck_assert(eventually(has_seen, "n"));
	said = other("host");
	ck_assert_msg(strncmp(said, "0\n0\n", 4) == 0, "%s", said);
	ck_assert(eventually(has_seen, "y"));
	end = open(HERE "/end", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	ck_assert_int_ge(end, 0);
	close(end);
	ck_assert(eventually(is_gone, NULL));
}
END_TEST

void build_tests(TCase *tcase)
{
	tcase_add_test(tcase, a_later_engine_takes_a_lasting_workload_over);
	tcase_add_test(tcase, another_build_stands_beside);
	tcase_add_test(tcase, another_build_takes_nothing_over);
	tcase_add_test(tcase, another_build_clears_up);
	tcase_add_test(tcase, another_build_clears_up_after_a_cgroup);
}

void host_tests(TCase *tcase)
{
	tcase_add_test(tcase, another_build_takes_the_node_itself_over);
}
