/* SPDX-License-Identifier: Apache-2.0 */
/* Artifacts that follow upon another: what is the same ruleset in both is not made anew. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract.h"

/* Rulesets that are one artifact's. */
struct row {
	struct karmor_artifact *artifact;
	struct karmor_report *report;
};

/* A third one is always the same where there is one. */
static const struct compiled *third;

static struct row row_of(const struct karmor_artifact *previous, const struct compiled *first,
			 const struct compiled *second)
{
	const struct karmor_ruleset *sets[] = { first->set, second->set,
						third ? third->set : NULL };
	struct row row = { 0 };

	ck_assert_int_eq(karmor_compile_next(previous, sets, third ? 3 : 2, caps, &row.artifact,
					     &row.report, diag),
			 0);
	return row;
}

static void row_free(struct row *row)
{
	karmor_artifact_free(row->artifact);
	karmor_report_free(row->report);
}

static size_t lines_of(const struct karmor_report *report, const char *policy)
{
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);
	size_t n = 0;

	for (size_t i = 0; karmor_report_at(report, i, &line) == 0; i++)
		n += strcmp(line.policy, policy) == 0;
	return n;
}

START_TEST(only_what_is_new_is_reported_and_all_is_printed)
{
	struct compiled a = compile(POLICY("a", SECRET), 1), b = compile(POLICY("b", OTHER), 1),
			c = compile(POLICY("c", SECRET), 1);
	struct row before = row_of(NULL, &a, &b), after = row_of(before.artifact, &a, &c),
		   anew = row_of(NULL, &a, &c);
	char *text, *expected = print(anew.artifact);

	ck_assert_uint_eq(lines_of(after.report, "a"), 0);
	ck_assert_uint_eq(lines_of(after.report, "b"), 0);
	ck_assert_uint_eq(lines_of(after.report, "c"), karmor_ruleset_rules(c.set));
	ck_assert_uint_eq(lines_of(anew.report, "a"), karmor_ruleset_rules(a.set));
	row_free(&before);
	compiled_free(&a);
	text = print(after.artifact);
	ck_assert_str_eq(text, expected);
	free(text);
	free(expected);
	row_free(&after);
	row_free(&anew);
	compiled_free(&b);
	compiled_free(&c);
}
END_TEST

/* Another ruleset of the same policies is another one, and so is the same in another place. */
START_TEST(the_same_is_the_same_object_in_the_same_place)
{
	struct compiled a = compile(POLICY("a", SECRET), 1), b = compile(POLICY("b", OTHER), 1),
			again = compile(POLICY("a", SECRET), 1);
	struct row before = row_of(NULL, &a, &b), after = row_of(before.artifact, &again, &b),
		   turned = row_of(before.artifact, &b, &a);

	ck_assert_uint_eq(lines_of(after.report, "a"), karmor_ruleset_rules(a.set));
	ck_assert_uint_eq(lines_of(after.report, "b"), 0);
	ck_assert_uint_eq(lines_of(turned.report, "a"), karmor_ruleset_rules(a.set));
	ck_assert_uint_eq(lines_of(turned.report, "b"), karmor_ruleset_rules(b.set));
	row_free(&before);
	row_free(&after);
	row_free(&turned);
	compiled_free(&a);
	compiled_free(&b);
	compiled_free(&again);
}
END_TEST

START_TEST(nothing_follows_upon_another_backends)
{
	const struct karmor_backend *other = karmor_backend_at(0);
	struct compiled c = compile(POLICY("a", SECRET), 1);
	const struct karmor_ruleset *sets[] = { c.set };
	struct karmor_caps *theirs = NULL;
	struct karmor_artifact *ret;

	if (other == backend)
		other = karmor_backend_at(1);
	if (other) {
		ck_assert_int_eq(karmor_caps_full(other, &theirs), 0);
		ck_assert_int_eq(karmor_compile_next(c.artifact, sets, 1, theirs, &ret, NULL, diag),
				 -EINVAL);
	}
	karmor_caps_free(theirs);
	compiled_free(&c);
}
END_TEST

TCase *pure_next_tests(void)
{
	TCase *ret = tcase_create("next");

	tcase_add_test(ret, only_what_is_new_is_reported_and_all_is_printed);
	tcase_add_test(ret, the_same_is_the_same_object_in_the_same_place);
	tcase_add_test(ret, nothing_follows_upon_another_backends);
	tcase_set_timeout(ret, 120);
	return ret;
}

/* A task that does as it is told, in a workload of its own. */
struct reader {
	const char *name;
	size_t ruleset;
	pid_t pid;
	int to, from;
};

static void reader_start(struct reader *reader)
{
	reader->pid = start_workload(
		KARMOR_STRUCT(karmor_workload, .name = reader->name, .ruleset = reader->ruleset),
		&reader->to, &reader->from);
}

static char reads(const struct reader *reader, const char *path)
{
	return try_read(reader->to, reader->from, path);
}

/* What was denied, by policy. */
struct tally {
	const char *policy;
	int n;
};

static void count(const struct karmor_event *event, void *data)
{
	for (struct tally *tally = data; event->denied && tally->policy; tally++)
		tally->n += strcmp(tally->policy, event->policy) == 0;
}

static void tally_read(struct tally *tally)
{
	while (karmor_engine_read_events(engine, count, tally) > 0)
		;
}

/* Events bear the names of the rules that decided, however old these are. */
START_TEST(what_follows_changes_what_is_new_and_nothing_else)
{
	struct compiled b = compile(POLICY("second", OTHER), 1),
			c = compile(POLICY("third", SECRET), 1),
			d = compile(POLICY("late", SECRET), 1);
	struct row before, after, same;
	struct reader first = { .name = "first", .ruleset = 0 },
		      second = { .name = "second", .ruleset = 1 },
		      late = { .name = "late", .ruleset = 2 };
	struct tally tally[] = {
		{ "first", 0 }, { "second", 0 }, { "third", 0 }, { "late", 0 }, { NULL, 0 }
	};

	third = &d;
	before = row_of(NULL, &applied, &b);
	after = row_of(before.artifact, &applied, &c);
	same = row_of(after.artifact, &applied, &c);
	ck_assert_int_eq(karmor_engine_apply(engine, before.artifact, diag), 0);
	reader_start(&first);
	reader_start(&second);
	ck_assert_int_eq(reads(&first, SECRET), denied());
	ck_assert_int_eq(reads(&first, OTHER), 'y');
	ck_assert_int_eq(reads(&second, SECRET), 'y');
	ck_assert_int_eq(reads(&second, OTHER), denied());
	tally_read(tally);
	ck_assert_int_eq(karmor_engine_apply(engine, after.artifact, diag), 0);
	ck_assert_int_eq(reads(&first, SECRET), denied());
	ck_assert_int_eq(reads(&first, OTHER), 'y');
	ck_assert_int_eq(reads(&second, SECRET), denied());
	ck_assert_int_eq(reads(&second, OTHER), 'y');
	ck_assert_int_eq(karmor_engine_apply(engine, same.artifact, diag), 0);
	reader_start(&late);
	ck_assert_int_eq(reads(&late, SECRET), denied());
	ck_assert_int_eq(reads(&first, SECRET), denied());
	ck_assert_int_eq(reads(&second, SECRET), denied());
	tally_read(tally);
	if (karmor_backend_enforces(backend)) {
		ck_assert_int_eq(tally[0].n, 3);
		ck_assert_int_eq(tally[1].n, 1);
		ck_assert_int_eq(tally[2].n, 2);
		ck_assert_int_eq(tally[3].n, 1);
	}
	end_reader(first.pid, first.to, first.from);
	end_reader(second.pid, second.to, second.from);
	end_reader(late.pid, late.to, late.from);
	wait_empty(first.name);
	wait_empty(second.name);
	wait_empty(late.name);
	row_free(&before);
	karmor_engine_close(engine);
	engine = NULL;
	row_free(&after);
	row_free(&same);
	compiled_free(&b);
	compiled_free(&c);
	compiled_free(&d);
	third = NULL;
}
END_TEST

TCase *live_next_tests(void)
{
	TCase *ret = tcase_create("next");

	tcase_add_checked_fixture(ret, engine_setup, engine_teardown);
	add_dear(ret, what_follows_changes_what_is_new_and_nothing_else);
	tcase_set_timeout(ret, alone ? 1200 : 120);
	return ret;
}
