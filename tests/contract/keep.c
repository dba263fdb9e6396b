/* SPDX-License-Identifier: Apache-2.0 */
/* Files that no workload changes, whatever its policies say. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract.h"

#define KEPT "/tmp/karmor-contract-kept"
#define BESIDE "/tmp/karmor-contract-beside"

/* The status of a shell in a workload of its own. */
static int shell(const char *command)
{
	char *argv[] = { (char[]){ "/bin/sh" }, (char[]){ "-c" }, (char *)(uintptr_t)command,
			 NULL };
	int status;
	pid_t pid;

	ck_assert_int_eq(karmor_engine_spawn(engine,
					     &KARMOR_STRUCT(karmor_workload, .name = "keep"), argv,
					     &pid, diag),
			 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	wait_empty("keep");
	ck_assert_int_eq(karmor_engine_detach(engine, "keep", diag), 0);
	return WEXITSTATUS(status);
}

static void make(const char *dir)
{
	char path[64];
	int fd;

	ck_assert(mkdir(dir, 0700) == 0 || errno == EEXIST);
	snprintf(path, sizeof(path), "%s/file", dir);
	fd = open(path, O_CREAT | O_CLOEXEC | O_WRONLY, 0600);
	ck_assert_int_ge(fd, 0);
	close(fd);
}

START_TEST(what_is_kept_is_changed_by_no_workload)
{
	make(KEPT);
	make(BESIDE);
	ck_assert_int_eq(shell("echo > " KEPT "/file"), 0);
	ck_assert_int_eq(karmor_engine_keep(engine, KEPT, diag), 0);
	ck_assert_int_ne(shell("echo > " KEPT "/file"), 0);
	ck_assert_int_ne(shell("echo > " KEPT "/new"), 0);
	ck_assert_int_ne(shell("rm " KEPT "/file"), 0);
	ck_assert_int_ne(shell("mv " KEPT " " KEPT "-away"), 0);
	ck_assert_int_eq(shell("read x < " KEPT "/file; echo > " BESIDE "/file"), 0);
	ck_assert_int_ne(shell("kill -CONT $PPID"), 0);
	/* Nobody else is kept from it. */
	make(KEPT);
	/* Kept is kept. */
	ck_assert_int_eq(karmor_engine_keep(engine, KEPT, diag), 0);
}
END_TEST

START_TEST(what_cannot_be_kept_is_refused)
{
	ck_assert_int_eq(karmor_engine_keep(engine, "tmp", diag), -EINVAL);
	ck_assert_int_eq(karmor_engine_keep(engine, "/tmp/karmor-contract-none", diag), -ENOENT);
}
END_TEST

TCase *keep_tests(void)
{
	TCase *ret = tcase_create("keep");

	tcase_add_checked_fixture(ret, engine_setup, engine_teardown);
	tcase_add_test(ret, what_is_kept_is_changed_by_no_workload);
	tcase_add_test(ret, what_cannot_be_kept_is_refused);
	tcase_set_timeout(ret, 120);
	return ret;
}
