/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks that slept while rules changed: their source's class is a number of the table of before,
 * and another one's in the table in force.
 *
 * `lasting trace PROGRAM` has a child, PROGRAM, that looks at a file, by which it learns its class,
 * and then traces its parent: "y" or "n". `lasting memory` executes a file without a name.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/sendfile.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lasting.h"

#define OTHER HERE "/a"

/* Classes 1 and 2; under A the reader's is 1. */
#define C                                                                                          \
	HEAD "{\"path\":\"/none\",\"fromSource\":[{\"path\":\"" OTHER "\"}]}," SOURCED             \
	     "{\"path\":\"/none/c\"}" TAIL

int do_tracer(void)
{
	char byte;

	if (read(STDIN_FILENO, &byte, 1) != 1)
		return 1;
	(void)!can_read(ONLY_A);
	puts(ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) == 0 ? "y" : "n");
	return 0;
}

int do_trace(const char *program)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl(program, program, "tracer", NULL);
		_exit(1);
	}
	return pid < 0 || waitpid(pid, NULL, 0) != pid;
}

static bool can_execute(int fd)
{
	static char name[] = "true";
	static char *const argv[] = { name, NULL }, *const envp[] = { NULL };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		fexecve(fd, argv, envp);
		_exit(1);
	}
	return waitpid(pid, &status, 0) == pid && status == 0;
}

int do_memory(void)
{
	int from = open("/bin/true", O_RDONLY | O_CLOEXEC), fd = memfd_create("true", MFD_CLOEXEC);
	char byte;

	if (from < 0 || sendfile(fd, from, NULL, 1 << 20) <= 0)
		return 1;
	close(from);
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) == 1) {
		puts(can_execute(fd) ? "y" : "n");
		fflush(stdout);
	}
	return 0;
}

START_TEST(who_slept_is_the_source_that_it_is)
{
	struct set a = compile(A), c = compile(C);
	struct karmor_engine *engine = engine_open(&a);
	struct task same = start(engine, "same", (const char *[]){ READER, "trace", READER, NULL });
	struct task one = start(engine, "one", (const char *[]){ READER, "trace", OTHER, NULL });

	sleep(1); /* until the children are what they are */
	ck_assert_int_eq(karmor_engine_apply(engine, c.artifact, diag), 0);
	ck_assert_str_eq(ask(&same), "y");
	ck_assert_str_eq(ask(&one), "n");
	end(&same);
	end(&one);
	karmor_engine_close(engine);
}
END_TEST

/* All that it does first under the new table is to execute what no rule can name. */
START_TEST(what_has_no_name_is_decided_by_the_class_in_force)
{
	struct set b = compile(B);
	struct set list = compile_under(HEAD "{\"path\":\"/none\"}]},\"process\":{\"matchPaths\":[{"
					     "\"path\":\"" READER "\",\"action\":\"Allow\"}" TAIL,
					"file=block");
	struct set open = compile_under(HEAD "{\"path\":\"/none\"}]},\"process\":{\"matchPaths\":[{"
					     "\"path\":\"" READER "\",\"action\":\"Allow\"}" TAIL,
					"file=audit");
	struct karmor_engine *engine = engine_open(&b);
	struct task task = start(engine, "memory", (const char *[]){ READER, "memory", NULL });
	char text[16];

	ck_assert_str_eq(answer(&task, text, sizeof(text)), "ready");
	ck_assert_str_eq(ask(&task), "y");
	ck_assert_int_eq(karmor_engine_apply(engine, list.artifact, diag), 0);
	ck_assert_str_eq(ask(&task), "n");
	ck_assert_int_eq(karmor_engine_apply(engine, b.artifact, diag), 0);
	ck_assert_str_eq(ask(&task), "y");
	ck_assert_int_eq(karmor_engine_apply(engine, open.artifact, diag), 0);
	ck_assert_str_eq(ask(&task), "y");
	end(&task);
	karmor_engine_close(engine);
}
END_TEST

void class_tests(TCase *tcase)
{
	tcase_add_test(tcase, who_slept_is_the_source_that_it_is);
	tcase_add_test(tcase, what_has_no_name_is_decided_by_the_class_in_force);
}
