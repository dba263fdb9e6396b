/* SPDX-License-Identifier: Apache-2.0 */
/* Files below a directory where openat2 is denied, as some sandboxes do: lib/fs.c. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../support.h"

#include "fs.h"

static char root[] = "/tmp/karmor-fs-XXXXXX";
static int dir = -1;

/* For this process, which Check forks for each test. */
static void deny_openat2(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static int try_open(const char *name)
{
	int fd = -1, r = fs_open_below(dir, name, name, &fd, NULL);

	if (r == 0)
		close(fd);
	return r;
}

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(root));
	dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(mkdirat(dir, "below", 0700), 0);
	close(openat(dir, "below/policy.yaml", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	ck_assert_int_eq(symlinkat("/etc", dir, "outside"), 0);
	ck_assert_int_eq(symlinkat("/etc/passwd", dir, "passwd.yaml"), 0);
}

static void teardown(void)
{
	unlinkat(dir, "below/policy.yaml", 0);
	unlinkat(dir, "below", AT_REMOVEDIR);
	unlinkat(dir, "outside", 0);
	unlinkat(dir, "passwd.yaml", 0);
	close(dir);
	rmdir(root);
	strcpy(root + strlen(root) - 6, "XXXXXX");
}

START_TEST(links_do_not_lead_out)
{
	if (_i)
		deny_openat2();
	ck_assert_int_eq(try_open("below/policy.yaml"), 0);
	ck_assert_int_eq(try_open("outside/passwd"), -EXDEV);
	ck_assert_int_eq(try_open("passwd.yaml"), -EXDEV);
	ck_assert_int_eq(try_open("below/none.yaml"), -ENOENT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fs");
	TCase *test = tcase_create("fs");

	tcase_add_checked_fixture(test, setup, teardown);
	tcase_add_loop_test(test, links_do_not_lead_out, 0, 2); /* with openat2, and without */
	suite_add_tcase(suite, test);
	return support_run(suite);
}
