/* SPDX-License-Identifier: Apache-2.0 */
/* Workloads that outlive their engine. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract.h"

static long pinned_tasks;

static void pinned_note(const char *name, long tasks, void *data)
{
	if (strcmp(name, data) == 0)
		pinned_tasks = tasks;
}

long pinned(const char *name)
{
	pinned_tasks = -1;
	ck_assert_int_eq(karmor_engine_pinned(engine, pinned_note, (void *)(uintptr_t)name, diag),
			 0);
	return pinned_tasks;
}

void detach_empty(const char *name)
{
	wait_empty(name);
	ck_assert_int_eq(karmor_engine_detach(engine, name, diag), 0);
	ck_assert_int_eq(pinned(name), -1);
}

START_TEST(a_lasting_workload_outlives_its_engine_and_is_taken_over)
{
	struct compiled second = compile(POLICY("second", OTHER), 1);
	struct karmor_workload kept =
		KARMOR_STRUCT(karmor_workload, .name = "kept a while", .lasting = true);
	struct seen seen = { 0 };
	int to, from;

	kept.pid = start_workload(kept, &to, &from);
	karmor_engine_close(engine);
	ck_assert_int_eq(try_read(to, from, SECRET), denied());
	ck_assert_int_eq(karmor_engine_open(backend, &engine, diag), 0);
	ck_assert_int_ge(pinned(kept.name), 1);
	ck_assert_int_eq(karmor_engine_apply(engine, second.artifact, diag), 0);
	ck_assert_int_eq(try_read(to, from, SECRET), denied());
	ck_assert_int_eq(karmor_engine_attach(engine, &kept, diag), 0);
	ck_assert_int_eq(try_read(to, from, SECRET), 'y');
	ck_assert_int_eq(try_read(to, from, OTHER), denied());
	ck_assert_int_ge(karmor_engine_read_events(engine, note, &seen), 0);
	ck_assert_str_eq(seen.policy, "second");
	ck_assert_int_eq(karmor_engine_detach(engine, kept.name, diag), -EBUSY);
	end_reader(kept.pid, to, from);
	detach_empty(kept.name);
	karmor_engine_close(engine);
	engine = NULL;
	compiled_free(&second);
}
END_TEST

START_TEST(who_took_a_lasting_workload_over_has_it_alone)
{
	struct compiled second = compile(POLICY("second", OTHER), 1);
	struct karmor_workload kept =
		KARMOR_STRUCT(karmor_workload, .name = "moved", .lasting = true);
	struct karmor_engine *first = engine, *other;
	struct seen old = { 0 }, new = { 0 };
	int to, from;

	kept.pid = start_workload(kept, &to, &from);
	ck_assert_int_eq(karmor_engine_open(backend, &other, diag), 0);
	ck_assert_int_eq(karmor_engine_apply(other, second.artifact, diag), 0);
	ck_assert_int_eq(karmor_engine_attach(other, &kept, diag), 0);
	ck_assert_int_eq(karmor_engine_apply(first, applied.artifact, diag), 0);
	ck_assert_int_eq(try_read(to, from, SECRET), 'y');
	ck_assert_int_eq(try_read(to, from, OTHER), denied());
	ck_assert_int_ge(karmor_engine_read_events(first, note, &old), 0);
	ck_assert_int_ge(karmor_engine_read_events(other, note, &new), 0);
	ck_assert_int_eq(old.denials, 0);
	ck_assert_int_eq(new.denials, 1);
	karmor_engine_close(first);
	ck_assert_int_eq(try_read(to, from, OTHER), denied());
	engine = other;
	end_reader(kept.pid, to, from);
	detach_empty(kept.name);
	karmor_engine_close(engine);
	engine = NULL;
	compiled_free(&second);
}
END_TEST

START_TEST(a_lasting_workload_has_a_name_of_some_length)
{
	char name[KARMOR_WORKLOAD_NAME_MAX + 2];
	struct karmor_workload workload =
		KARMOR_STRUCT(karmor_workload, .name = name, .lasting = true, .pid = getpid());

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), -EINVAL);
	ck_assert_int_eq(karmor_engine_tasks(engine, name), -ENOENT);
}
END_TEST

TCase *lasting_tests(void)
{
	TCase *ret = tcase_create("lasting");

	tcase_add_checked_fixture(ret, engine_setup, engine_teardown);
	tcase_add_test(ret, a_lasting_workload_outlives_its_engine_and_is_taken_over);
	add_beside(ret, who_took_a_lasting_workload_over_has_it_alone);
	tcase_add_test(ret, a_lasting_workload_has_a_name_of_some_length);
	tcase_set_timeout(ret, alone ? 900 : 120);
	return ret;
}
