/* SPDX-License-Identifier: Apache-2.0 */
/* What follows upon a plan that is in force, and what of it stays where that fails. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../support.h"
#include "backend.h"
#include "caps.h"
#include "cleanup.h"
#include "test_plan.h"

/* What follows upon what @engine has, under a policy of @spec alone. */
static struct karmor_plan *plan_next(struct plan_engine *engine, const char *spec)
{
	struct karmor_plan *plan = NULL;

	karmor_plan_free(plan_of(spec, NULL, 2)); /* makes the set */
	ck_assert_int_eq(karmor_plan_next(&engine->base, (const struct karmor_ruleset *const *)&set,
					  1, (const struct karmor_caps *const *)caps, 2, &plan,
					  NULL),
			 0);
	karmor_ruleset_free(set);
	set = NULL;
	karmor_policies_free(policies);
	ck_assert_int_eq(karmor_policies_new(&policies), 0);
	return plan;
}

#define KEPT "  network: {matchProtocols: [{protocol: raw}]}\n"
#define LOST "  network: {matchProtocols: [{protocol: raw}, {protocol: icmp}]}\n"

static const struct plan_artifact *artifact_of(const struct karmor_plan *plan)
{
	return (const struct plan_artifact *)karmor_plan_artifact(plan);
}

static void check_prints(const struct karmor_artifact *artifact, const char *part, bool wanted)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	ck_assert_int_eq(karmor_artifact_print(artifact, out), 0);
	fclose(out);
	ck_assert_msg((strstr(text, part) != NULL) == wanted, "%s", text);
	free(text);
}

START_TEST(a_section_that_changes_hands_is_with_both)
{
	struct plan_engine engine = { .base.backend = &plan_backend, .n_parts = 2, .is_all = true };
	struct karmor_plan *first = plan_next(&engine, KEPT), *second, *third;
	const char *rule = "audit deny network inet raw,";

	/* Each backend has a part, also without rules. */
	check_prints(artifact_of(first)->parts[0], rule, true);
	ck_assert_str_eq(karmor_backend_name(karmor_plan_backend(first, 1)), "bpf");
	ck_assert_ptr_null(artifact_of(first)->bridges[0]);

	engine.live = artifact_of(first);
	second = plan_next(&engine, LOST);
	check_keeper(second, "network.matchProtocols[0]", "bpf");
	check_prints(artifact_of(second)->parts[0], rule, false);
	ck_assert_ptr_nonnull(artifact_of(second)->bridges[0]);
	check_prints(artifact_of(second)->bridges[0], rule, true);
	ck_assert_ptr_null(artifact_of(second)->bridges[1]);

	engine.live = artifact_of(second);
	third = plan_next(&engine, KEPT);
	check_keeper(third, "network.matchProtocols[0]", "apparmor");
	ck_assert_ptr_null(artifact_of(third)->bridges[0]);
	ck_assert_ptr_nonnull(artifact_of(third)->bridges[1]);
	karmor_plan_free(third);

	/* Nothing is to be kept of what has no rule any more. */
	third = plan_next(&engine, "  file: {matchPaths: [{path: /a, ownerOnly: true}]}\n");
	ck_assert_ptr_null(artifact_of(third)->bridges[0]);
	ck_assert_ptr_null(artifact_of(third)->bridges[1]);
	karmor_plan_free(third);
	karmor_plan_free(second);
	karmor_plan_free(first);
}
END_TEST

/* Of a load of its own. */
static struct karmor_ruleset *ruleset_of(const char *spec, struct karmor_policies **load)
{
	struct karmor_ruleset *ret;

	karmor_plan_free(plan_of(spec, NULL, 2)); /* makes the set */
	ret = set;
	set = NULL;
	*load = policies;
	ck_assert_int_eq(karmor_policies_new(&policies), 0);
	return ret;
}

static struct karmor_plan *next_of_two(const struct plan_engine *engine,
				       const struct karmor_ruleset *first,
				       const struct karmor_ruleset *second)
{
	const struct karmor_ruleset *sets[] = { first, second };
	struct karmor_plan *plan = NULL;

	ck_assert_int_eq(karmor_plan_next(&engine->base, sets, 2,
					  (const struct karmor_caps *const *)caps, 2, &plan, NULL),
			 0);
	return plan;
}

static void check_prints_the_same(const struct karmor_plan *a, const struct karmor_plan *b)
{
	const struct karmor_plan *plans[] = { a, b };
	char *texts[2];
	size_t len;

	for (size_t i = 0; i < 2; i++) {
		FILE *out = open_memstream(&texts[i], &len);

		ck_assert_int_eq(karmor_artifact_print(karmor_plan_artifact(plans[i]), out), 0);
		fclose(out);
	}
	ck_assert_str_eq(texts[0], texts[1]);
	free(texts[0]);
	free(texts[1]);
}

/* A ruleset that is in force stays with those that keep it, and only what is new is told of. */
START_TEST(what_is_in_force_is_taken_over)
{
	struct plan_engine engine = { .base.backend = &plan_backend, .n_parts = 2, .is_all = true };
	const struct plan_engine fresh = engine;
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);
	struct karmor_policies *loads[3];
	struct karmor_ruleset *a = ruleset_of(LOST, &loads[0]), *b = ruleset_of(KEPT, &loads[1]),
			      *c = ruleset_of(MIXED, &loads[2]);
	struct karmor_plan *first = next_of_two(&engine, a, b), *second, *third, *anew;
	const struct karmor_backend *keeper;

	engine.live = artifact_of(first);
	second = next_of_two(&engine, a, c);
	anew = next_of_two(&fresh, a, c);
	ck_assert_int_eq(karmor_plan_at(second, karmor_ruleset_rules(c), &line, &keeper), -ENOENT);
	ck_assert_int_eq(karmor_plan_at(second, karmor_ruleset_rules(c) - 1, &line, &keeper), 0);
	check_keeper(second, "network.matchProtocols[0]", "apparmor");
	check_keeper(second, "file.matchPaths[0]", "bpf");
	check_prints_the_same(second, anew);
	engine.live = artifact_of(second);
	third = next_of_two(&engine, a, c);
	karmor_plan_free(first);
	ck_assert_int_eq(karmor_plan_at(third, 0, &line, &keeper), -ENOENT);
	check_prints_the_same(third, anew);
	karmor_plan_free(second);
	check_prints_the_same(third, anew);
	karmor_plan_free(third);
	karmor_plan_free(anew);
	karmor_ruleset_free(a);
	karmor_ruleset_free(b);
	karmor_ruleset_free(c);
	for (size_t i = 0; i < 3; i++)
		karmor_policies_free(loads[i]);
}
END_TEST

START_TEST(only_an_engine_of_all_has_a_next_plan)
{
	struct plan_engine engine = { .base.backend = &plan_backend, .n_parts = 2 };
	struct karmor_engine other = { .backend = karmor_backend_find("bpf") };
	struct karmor_plan *plan = NULL;

	ck_assert_int_eq(karmor_plan_next(&engine.base, NULL, 0,
					  (const struct karmor_caps *const *)caps, 2, &plan, NULL),
			 -EINVAL);
	ck_assert_int_eq(karmor_plan_next(&other, NULL, 0, (const struct karmor_caps *const *)caps,
					  2, &plan, NULL),
			 -EINVAL);
	ck_assert_ptr_null(plan);
}
END_TEST

/* Two backends that enforce nothing, one of which changes its set as often as it is told to. */
static struct karmor_backend steady, stubborn;
static int changes_left, freed;

static int stubborn_commit(struct karmor_engine *engine, struct karmor_diag *diag)
{
	return changes_left-- > 0 ? karmor_backend_find("null")->commit(engine, diag) : -EIO;
}

static int steady_commit(struct karmor_engine *engine, struct karmor_diag *diag)
{
	return -EIO;
}

static void counted_free(struct karmor_artifact *artifact)
{
	freed++;
	karmor_backend_find("null")->artifact_free(artifact);
}

static struct plan_artifact plan_made(struct karmor_caps *const own[2])
{
	struct plan_artifact ret = { .base = { .backend = &plan_backend }, .n_parts = 2 };

	for (size_t i = 0; i < 2; i++)
		ck_assert_int_eq(karmor_compile(NULL, 0, own[i], &ret.parts[i], NULL, NULL), 0);
	return ret;
}

static void plan_unmade(struct plan_artifact *plan)
{
	for (size_t i = 0; i < 2; i++)
		karmor_artifact_free(plan->parts[i]);
}

START_TEST(what_cannot_be_taken_back_stays_until_it_is_replaced)
{
	struct plan_artifact old, new, last;
	struct karmor_engine *engine;
	struct karmor_caps *own[2];

	stubborn = steady = *karmor_backend_find("null");
	stubborn.name = "stubborn";
	steady.artifact_free = stubborn.artifact_free = counted_free;
	stubborn.commit = stubborn_commit;
	ck_assert_int_eq(karmor_caps_full(&stubborn, &own[0]), 0);
	ck_assert_int_eq(karmor_caps_full(&steady, &own[1]), 0);
	ck_assert_int_eq(
		karmor_plan_open_all((const struct karmor_caps *const *)own, 2, &engine, NULL), 0);
	old = plan_made(own);
	changes_left = 2;
	ck_assert_int_eq(karmor_engine_apply(engine, &old.base, NULL), 0);

	/* The one has the new set, the other refuses it, and then the first does not go back. */
	steady.commit = steady_commit;
	new = plan_made(own);
	ck_assert_int_eq(karmor_engine_apply(engine, &new.base, NULL), -EIO);
	plan_unmade(&new);
	ck_assert_int_eq(freed, 1);
	steady.commit = karmor_backend_find("null")->commit;
	last = plan_made(own);
	changes_left = 1;
	ck_assert_int_eq(karmor_engine_apply(engine, &last.base, NULL), 0);
	ck_assert_int_eq(freed, 2);
	plan_unmade(&old);

	/* One that is closed in between gives it back, too. */
	steady.commit = steady_commit;
	changes_left = 1;
	new = plan_made(own);
	ck_assert_int_eq(karmor_engine_apply(engine, &new.base, NULL), -EIO);
	plan_unmade(&new);
	ck_assert_int_eq(freed, 5);
	karmor_engine_close(engine);
	ck_assert_int_eq(freed, 6);
	plan_unmade(&last);
	karmor_caps_free(own[0]);
	karmor_caps_free(own[1]);
}
END_TEST

void add_next_tests(TCase *tests)
{
	tcase_add_test(tests, a_section_that_changes_hands_is_with_both);
	tcase_add_test(tests, what_is_in_force_is_taken_over);
	tcase_add_test(tests, only_an_engine_of_all_has_a_next_plan);
	tcase_add_test(tests, what_cannot_be_taken_back_stays_until_it_is_replaced);
}
