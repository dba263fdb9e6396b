/* SPDX-License-Identifier: Apache-2.0 */
/* Who is in a workload, as whoever is asked to change something has to know. */
#include <errno.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "contract.h"

static int pidfd_of(pid_t pid)
{
	int ret = (int)syscall(SYS_pidfd_open, pid, 0);

	ck_assert_int_ge(ret, 0);
	return ret;
}

/* One that enforces nothing has nobody in it. */
static int confined(void)
{
	return karmor_backend_enforces(backend);
}

START_TEST(a_task_of_a_workload_is_told_from_others)
{
	int to, from, inside, outside = pidfd_of(getpid());
	struct karmor_engine *other;
	pid_t pid = start_workload(KARMOR_STRUCT(karmor_workload, .name = "in"), &to, &from);

	inside = pidfd_of(pid);
	ck_assert_int_eq(try_read(to, from, SECRET), denied());
	ck_assert_int_eq(karmor_engine_confines(engine, inside), confined());
	ck_assert_int_eq(karmor_engine_confines(engine, outside), 0);
	/* Whoever has it. */
	if (!alone) {
		ck_assert_int_eq(karmor_engine_open(backend, &other, diag), 0);
		ck_assert_int_eq(karmor_engine_confines(other, inside), confined());
		ck_assert_int_eq(karmor_engine_confines(other, outside), 0);
		karmor_engine_close(other);
	}
	end_reader(pid, to, from);
	/* Nothing is told of one that has ended, whoever has its number now. */
	ck_assert_int_eq(karmor_engine_confines(engine, inside), -ESRCH);
	close(inside);
	close(outside);
}
END_TEST

static bool has_ended(int pidfd)
{
	struct pollfd poll_for = { .fd = pidfd, .events = POLLIN };

	return poll(&poll_for, 1, 0) == 1;
}

START_TEST(the_end_of_a_workload_can_be_waited_for)
{
	int to, from, left;
	pid_t pid = start_workload(KARMOR_STRUCT(karmor_workload, .name = "in"), &to, &from);
	int none = confined() ? -ENOENT : -EOPNOTSUPP;

	left = karmor_engine_process(engine, "in");
	if (confined()) {
		ck_assert_int_ge(left, 0);
		ck_assert_int_eq(karmor_engine_confines(engine, left), 1);
		ck_assert(!has_ended(left));
	} else {
		ck_assert_int_eq(left, none);
	}
	ck_assert_int_eq(karmor_engine_process(engine, "out"), none);
	end_reader(pid, to, from);
	ck_assert_int_eq(karmor_engine_process(engine, "in"), none);
	if (confined())
		ck_assert(has_ended(left));
	close(left);
}
END_TEST

START_TEST(what_is_no_process_is_an_error)
{
	ck_assert_int_eq(karmor_engine_confines(engine, -1), -EIO);
}
END_TEST

TCase *confines_tests(void)
{
	TCase *ret = tcase_create("confines");

	tcase_add_checked_fixture(ret, engine_setup, engine_teardown);
	add_dear(ret, a_task_of_a_workload_is_told_from_others);
	add_dear(ret, the_end_of_a_workload_can_be_waited_for);
	tcase_add_test(ret, what_is_no_process_is_an_error);
	tcase_set_timeout(ret, alone ? 900 : 120);
	return ret;
}
