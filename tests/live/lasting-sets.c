/* SPDX-License-Identifier: Apache-2.0 */
/* Sets that are swapped while tasks act, and what is told of it; no memory, and no slot. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../memory.h"
#include "lasting.h"
#include "slots.h"

START_TEST(an_access_sees_the_old_set_or_the_new_one)
{
	struct set sets[] = { compile(A), compile(B) };
	struct karmor_engine *engine = engine_open(&sets[0]);
	struct task reader = start_reader(engine, "reader"), storm;
	int swaps = is_long() ? 3000 : 200;
	char text[64];

	storm = start(engine, "storm",
		      (const char *[]){ READER, "storm", "1", SECRET, GUARDED, UDP, NULL });
	ck_assert_str_eq(ask(&reader), "ynny");
	for (int i = 1; i <= swaps; i++) {
		ck_assert_int_eq(karmor_engine_apply(engine, sets[i & 1].artifact, diag), 0);
		ck_assert_str_eq(ask(&reader), i & 1 ? "ynyn" : "ynny");
	}
	close(storm.to);
	storm.to = -1;
	answer(&storm, text, sizeof(text));
	printf("# %d swaps, %s accesses saw neither set\n", swaps, text);
	ck_assert_msg(strncmp(text, "0 of ", 5) == 0, "%s accesses saw neither set", text);
	ck_assert_msg(strcmp(text, "0 of 0") != 0, "nothing was accessed");
	end(&reader);
	end(&storm);
	karmor_engine_close(engine);
}
END_TEST

/* By inode one table's rule is found at a place where another table has another file's. */
START_TEST(a_file_with_other_names_is_kept_by_the_rules_in_force_alone)
{
	struct set a = compile(HEAD "{\"path\":\"" ONLY_A "\"}" TAIL);
	struct set b = compile(HEAD "{\"path\":\"" ONLY_B "\"}" TAIL);
	struct karmor_engine *engine = engine_open(&a);
	struct task reader =
		start(engine, "reader",
		      (const char *[]){ READER, "read", ONLY_A, ALSO_A, ONLY_B, ALSO_B, NULL });

	ck_assert_str_eq(ask(&reader), "nnyy");
	ck_assert_int_eq(karmor_engine_apply(engine, b.artifact, diag), 0);
	ck_assert_str_eq(ask(&reader), "yynn");
	ck_assert_int_eq(karmor_engine_apply(engine, a.artifact, diag), 0);
	ck_assert_str_eq(ask(&reader), "nnyy");
	end(&reader);
	karmor_engine_close(engine);
}
END_TEST

START_TEST(out_of_memory_leaves_the_old_set_in_force)
{
	struct set a = compile(A), b = compile(B);
	struct karmor_engine *engine = engine_open(&a);
	struct task reader = start_reader(engine, "reader");
	int r = -ENOMEM;
	long n;

	for (n = 0; r < 0; n++) {
		memory_countdown = n;
		r = karmor_engine_apply(engine, b.artifact, diag);
		memory_countdown = -1;
		ck_assert_int_eq(r < 0 ? r : -ENOMEM, -ENOMEM);
		ck_assert_str_eq(ask(&reader), r < 0 ? "ynny" : "ynyn");
	}
	ck_assert_int_gt(n, 1);
	end(&reader);
	karmor_engine_close(engine);
}
END_TEST

START_TEST(out_of_memory_enrols_nobody)
{
	struct set a = compile(A);
	struct karmor_engine *engine = engine_open(&a);
	struct task reader = start_reader(engine, "reader");
	struct karmor_workload workload = KARMOR_STRUCT(karmor_workload, .name = "late");
	int r = -ENOMEM, used = slots_used();
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	workload.pid = pid;
	for (long n = 0; r < 0; n++) {
		memory_countdown = n;
		r = karmor_engine_attach(engine, &workload, diag);
		memory_countdown = -1;
		ck_assert_int_eq(r < 0 ? r : -ENOMEM, -ENOMEM);
		ck_assert_int_eq(slots_used(), used + (r == 0));
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	end(&reader);
	karmor_engine_close(engine);
}
END_TEST

START_TEST(a_full_node_is_told)
{
	struct set a = compile(A);
	struct karmor_engine *engine = engine_open(&a);
	struct task reader = start_reader(engine, "reader");
	struct karmor_workload workload =
		KARMOR_STRUCT(karmor_workload, .name = "one too many", .pid = getpid());

	ck_assert_int_eq(slots_fill(), 0);
	karmor_diag_clear(diag);
	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), -EBUSY);
	ck_assert_ptr_nonnull(strstr(karmor_diag_at(diag, 0)->text, "all 4096 workloads"));
	ck_assert_str_eq(ask(&reader), "ynny");
	ck_assert_int_eq(slots_clear(), 0);
	end(&reader);
	karmor_engine_close(engine);
}
END_TEST

START_TEST(no_slot_is_lost_as_workloads_come_and_go)
{
	struct set a = compile(A);
	struct karmor_engine *engine = engine_open(&a);
	int used;

	for (int i = 0; i < 20; i++) {
		struct task reader = start_reader(engine, "reader");

		ck_assert_str_eq(ask(&reader), "ynny");
		used = slots_used();
		end(&reader);
		ck_assert(eventually(is_empty, engine));
		ck_assert_int_eq(karmor_engine_detach(engine, "reader", diag), 0);
		ck_assert_int_eq(used, 1);
		ck_assert_int_eq(slots_used(), 0);
	}
	karmor_engine_close(engine);
}
END_TEST

struct told {
	char rules[256];
	uint64_t n, events;
};

/* What rules decided; the posture's own are as many as the reader needs for itself. */
static void tell(const struct karmor_event *event, void *data)
{
	struct told *told = data;
	size_t used = strlen(told->rules);

	if (!event->rule && strcmp(event->policy, "DefaultPosture") == 0)
		return;
	told->n += event->count;
	told->events++;
	snprintf(told->rules + used, sizeof(told->rules) - used, "%s ",
		 event->rule ? event->rule : "-");
}

/* Everything that was not read yet. */
static struct told told_of(struct karmor_engine *engine)
{
	struct told told = { 0 };

	while (karmor_engine_read_events(engine, tell, &told) > 0)
		;
	return told;
}

START_TEST(an_event_bears_the_name_of_its_rule_whatever_came_since)
{
	struct set a = compile(A), b = compile(B);
	struct karmor_engine *engine = engine_open(&a);
	struct task reader = start_reader(engine, "reader");

	told_of(engine);
	ck_assert_str_eq(ask(&reader), "ynny");
	ck_assert_int_eq(karmor_engine_apply(engine, b.artifact, diag), 0);
	karmor_artifact_free(a.artifact);
	karmor_policies_free(a.policies);
	ck_assert_str_eq(ask(&reader), "ynyn");
	a = compile(A);
	ck_assert_int_eq(karmor_engine_apply(engine, a.artifact, diag), 0);
	ck_assert_str_eq(told_of(engine).rules,
			 "file.matchPaths[2] file.matchPaths[3] file.matchPaths[5] "
			 "file.matchPaths[6] ");
	ck_assert_str_eq(ask(&reader), "ynny");
	ck_assert_str_eq(told_of(engine).rules, "file.matchPaths[2] file.matchPaths[3] ");
	end(&reader);
	karmor_engine_close(engine);
}
END_TEST

START_TEST(a_flood_that_nobody_reads_adds_up_under_the_rule_it_is_of)
{
	struct set a = compile(A), b = compile(B);
	struct karmor_engine *engine = engine_open(&a);
	struct task storm =
		start(engine, "storm", (const char *[]){ READER, "storm", "0", ONLY_A, NULL });
	struct told told;
	uint64_t denied = 0;
	char text[64];

	sleep(3);
	close(storm.to);
	storm.to = -1;
	answer(&storm, text, sizeof(text));
	ck_assert_int_eq(karmor_engine_apply(engine, b.artifact, diag), 0);
	ck_assert_int_eq(sscanf(text, "0 of %lu", &denied), 1);
	told = told_of(engine);
	printf("# %lu denied in %lu events\n", denied, told.events);
	ck_assert_uint_eq(told.n, denied);
	ck_assert_ptr_null(strchr(told.rules, '-'));
	end(&storm);
	karmor_engine_close(engine);
}
END_TEST

void set_tests(TCase *tcase)
{
	tcase_add_test(tcase, an_access_sees_the_old_set_or_the_new_one);
	tcase_add_test(tcase, a_file_with_other_names_is_kept_by_the_rules_in_force_alone);
	tcase_add_test(tcase, out_of_memory_leaves_the_old_set_in_force);
	tcase_add_test(tcase, out_of_memory_enrols_nobody);
	tcase_add_test(tcase, a_full_node_is_told);
	tcase_add_test(tcase, no_slot_is_lost_as_workloads_come_and_go);
}

void event_tests(TCase *tcase)
{
	tcase_add_test(tcase, an_event_bears_the_name_of_its_rule_whatever_came_since);
	tcase_add_test(tcase, a_flood_that_nobody_reads_adds_up_under_the_rule_it_is_of);
}
