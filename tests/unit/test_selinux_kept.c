/* SPDX-License-Identifier: Apache-2.0 */
/* What one engine leaves for the next to know, and what workloads' roles are numbered by. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../support.h"

#include "cleanup.h"
#include "selinux/kept.h"

#define DIGEST "b7e23ec29af22b0b4e41da31e868d57226121c84b7e23ec29af22b0b4e41da31"
#define HEAD "karmor-selinux 1\n"
#define USUAL                                                                                      \
	HEAD "boot 0a1b-2c\n"                                                                      \
	     "generation 7\n"                                                                      \
	     "module " DIGEST " " DIGEST "\n"                                                      \
	     "family 3 1 " DIGEST " " DIGEST "\n"                                                  \
	     "slot abc2 - " DIGEST "\n"                                                            \
	     "slot abc3 def4 " DIGEST "\n"                                                         \
	     "has karmor_log_read\n"                                                               \
	     "has karmor_x0011_bin_t\n"                                                            \
	     "workload 0 lasting web\n"                                                            \
	     "workload 3 brief a\\x20b\\x0a\n"                                                     \
	     "file karmor_o00112233445566aa_r dir /srv/t\n"                                        \
	     "file karmor_o00112233445566bb_r file -\n"                                            \
	     "task karmor_w3_rest_r 3 -\n"                                                         \
	     "type karmor_x0011_bin_t bin_t /bin/x (type\\x20karmor_x0011_bin_t)\\x0a\n"

static int parse(const char *text, struct arena *arena, struct selinux_kept *ret)
{
	_cleanup_free_ char *copy = strdup(text);

	ck_assert_ptr_nonnull(copy);
	return selinux_kept_parse(copy, strlen(copy), arena, ret);
}

START_TEST(what_is_kept_is_read_as_it_was)
{
	_cleanup_(arena_done) struct arena arena = { 0 };
	_cleanup_buf_ struct buf text = { 0 };
	struct selinux_kept kept;

	ck_assert_int_eq(parse(USUAL, &arena, &kept), 0);
	ck_assert_str_eq(kept.boot, "0a1b-2c");
	ck_assert_str_eq(kept.module, DIGEST);
	ck_assert_str_eq(kept.loaded.frame, DIGEST);
	ck_assert_uint_eq(kept.loaded.n_families, 1);
	ck_assert(selinux_loaded_has(&kept.loaded, 3, DIGEST));
	ck_assert(!selinux_loaded_has(&kept.loaded, 0, DIGEST));
	ck_assert_uint_eq(selinux_loaded_find(&kept.loaded, 3)->group, 1);
	ck_assert_uint_eq(kept.loaded.n_slots, 2);
	ck_assert_str_eq(kept.loaded.slots[0].of, "");
	ck_assert_str_eq(kept.loaded.slots[1].name, "abc3");
	ck_assert_str_eq(kept.loaded.slots[1].of, "def4");
	ck_assert_str_eq(kept.loaded.slots[1].meaning, DIGEST);
	ck_assert_uint_eq(kept.loaded.n_names, 2);
	ck_assert_str_eq(kept.loaded.names[1], "karmor_x0011_bin_t");
	ck_assert_uint_eq(kept.generation, 7);
	ck_assert_uint_eq(kept.n_workloads, 2);
	ck_assert(kept.workloads[0].lasting && !kept.workloads[1].lasting);
	ck_assert_str_eq(kept.workloads[1].name, "a b\n");
	ck_assert_uint_eq(kept.workloads[1].number, 3);
	ck_assert(kept.workloads[1].ruleset == SELINUX_NO_RULESET);
	ck_assert_uint_eq(kept.n_before, 4);
	ck_assert(kept.before[0].directory && !kept.before[1].directory);
	ck_assert_str_eq(kept.before[0].example, "/srv/t");
	ck_assert_ptr_null(kept.before[1].example);
	ck_assert_uint_eq(kept.before[2].number, 3);
	ck_assert_str_eq(kept.before[3].copy, "(type karmor_x0011_bin_t)\n");
	selinux_kept_print(&text, &kept);
	ck_assert_str_eq(text.data, USUAL);
}
END_TEST

START_TEST(what_is_not_known_stays_so)
{
	_cleanup_(arena_done) struct arena arena = { 0 };
	struct selinux_kept kept;

	ck_assert_int_eq(parse(HEAD "module - -\n", &arena, &kept), 0);
	ck_assert_str_eq(kept.module, "");
	ck_assert_uint_eq(kept.n_workloads, 0);
}
END_TEST

/* It is written whole or not at all: what is cut is damaged. */
START_TEST(what_is_cut_is_refused)
{
	for (size_t len = 0; len < strlen(USUAL); len++) {
		_cleanup_(arena_done) struct arena arena = { 0 };
		_cleanup_free_ char *cut = strndup(USUAL, len);
		struct selinux_kept kept;
		bool at_line = len >= strlen(HEAD) && USUAL[len - 1] == '\n';

		ck_assert_int_eq(parse(cut, &arena, &kept), at_line ? 0 : -EINVAL);
	}
}
END_TEST

static const char *const damaged[] = {
	"",
	"karmor-selinux 2\n",
	HEAD HEAD,
	HEAD "workload 0 lasting\n",
	HEAD "workload 0 lasting a b\n",
	HEAD "workload 0 always a\n",
	HEAD "workload 8192 lasting a\n",
	HEAD "workload -1 lasting a\n",
	HEAD "workload 00 lasting a\n",
	HEAD "workload 0 lasting a\\x00\n",
	HEAD "workload 0 lasting a\\x61\n",
	HEAD "generation 18446744073709551616\n",
	HEAD "module " DIGEST "\n",
	HEAD "module " DIGEST "0 -\n",
	HEAD "family 0 0 " DIGEST "0 " DIGEST "\n",
	HEAD "family 0 0 " DIGEST " b7\n",
	HEAD "family 8192 0 " DIGEST " " DIGEST "\n",
	HEAD "family 0 8192 " DIGEST " " DIGEST "\n",
	HEAD "family 1 0 " DIGEST " " DIGEST "\nfamily 1 1 " DIGEST " " DIGEST "\n",
	HEAD "slot ab - " DIGEST "\nslot ab c " DIGEST "\n",
	HEAD "slot ab c " DIGEST "\nslot b - " DIGEST "\nslot d c " DIGEST "\n",
	HEAD "workload 0 lasting a\nworkload 0 lasting b\n",
	HEAD "slot - - " DIGEST "\n",
	HEAD "slot ab_ - " DIGEST "\n",
	HEAD "slot ab c) " DIGEST "\n",
	HEAD "slot ab - b7\n",
	HEAD "slot abcdefghijklmnopqrstuvwxyz2 - " DIGEST "\n",
	HEAD "has karmor_log_)\n",
	HEAD "has object_r\n",
	HEAD "has karmor_w0_rest_r\n",
	HEAD "file object_r file /a\n",
	HEAD "file karmor_o0011_r link /a\n",
	HEAD "file karmor_o0011_r file a\n",
	HEAD "task karmor_w1_rest_r 0 -\n",
	HEAD "task karmor_w1_rest_r)(role 1 -\n",
	HEAD "task karmor_o0011_r 1 -\n",
	HEAD "type bin_t bin_t - -\n",
	HEAD "type karmor_x0011_bin_t bin_t -\n",
	HEAD "other\n",
	HEAD "\n",
};

START_TEST(what_is_damaged_is_refused)
{
	_cleanup_(arena_done) struct arena arena = { 0 };
	struct selinux_kept kept;

	ck_assert_int_eq(parse(damaged[_i], &arena, &kept), -EINVAL);
}
END_TEST

/* Builds before wrote down of what is loaded what is good for nothing now. */
START_TEST(what_builds_before_wrote_is_read)
{
	_cleanup_(arena_done) struct arena arena = { 0 };
	struct selinux_kept kept;

	ck_assert_int_eq(parse(HEAD "number 3 " DIGEST "\n"
				    "has karmor_o00112233445566aa_r\n"
				    "workload 0 lasting web\n",
			       &arena, &kept),
			 0);
	ck_assert_uint_eq(kept.n_workloads, 1);
	ck_assert_uint_eq(kept.loaded.n_families, 0);
}
END_TEST

/* One workload has each of these rulesets, SELINUX_NO_NUMBER where it is new. */
static struct selinux_workload workloads[] = {
	{ .ruleset = 2, .number = 1 },
	{ .ruleset = 0, .number = SELINUX_NO_NUMBER },
	{ .ruleset = SELINUX_NO_RULESET, .number = 0 },
};

START_TEST(a_workload_keeps_its_number_and_a_new_one_gets_one_that_is_free)
{
	struct selinux_engine engine = { .workloads = workloads,
					 .n_workloads = ARRAY_SIZE(workloads) };
	uint32_t numbers[5] = { 0 };
	struct selinux_ruleset rulesets[5] = { [1].n_rules = 1, [3].n_rules = 1 };
	const struct selinux_artifact artifact = { .base.n_rulesets = 5,
						   .rulesets = rulesets,
						   .numbers = numbers };

	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(selinux_numbers(&engine, &artifact, NULL), 0);
		ck_assert_uint_eq(numbers[0], 2);
		ck_assert_uint_eq(numbers[1], 3);
		ck_assert_uint_eq(numbers[2], 1);
		ck_assert_uint_eq(numbers[3], 4);
		ck_assert_uint_eq(numbers[4], 5);
		/* Nobody needs the last: it has no rules, and no workload. */
		ck_assert(selinux_is_asked(&engine, &artifact, 1));
		ck_assert(selinux_is_asked(&engine, &artifact, 2));
		ck_assert(!selinux_is_asked(&engine, &artifact, 4));
		ck_assert_uint_eq(workloads[1].number, 2);
	}
}
END_TEST

START_TEST(where_all_numbers_are_taken_it_is_told)
{
	struct selinux_workload *all = calloc(SELINUX_NUMBERS_MAX, sizeof(*all));
	struct selinux_engine engine = { .workloads = all, .n_workloads = SELINUX_NUMBERS_MAX };
	struct karmor_diag *diag = karmor_diag_new();
	uint32_t number;
	struct selinux_ruleset ruleset = { .n_rules = 1 };
	const struct selinux_artifact artifact = { .base.n_rulesets = 1,
						   .rulesets = &ruleset,
						   .numbers = &number };

	ck_assert_ptr_nonnull(all);
	for (uint32_t i = 0; i < SELINUX_NUMBERS_MAX; i++)
		all[i] = (struct selinux_workload){ .ruleset = SELINUX_NO_RULESET, .number = i };
	ck_assert_int_eq(selinux_numbers(&engine, &artifact, diag), -EBUSY);
	ck_assert_ptr_nonnull(strstr(karmor_diag_at(diag, 0)->text, "8192 numbers"));
	karmor_diag_clear(diag);
	engine.n_workloads--;
	ck_assert_int_eq(selinux_numbers(&engine, &artifact, diag), 0);
	ck_assert_uint_eq(number, SELINUX_NUMBERS_MAX - 1);
	ck_assert_uint_eq(karmor_diag_count(diag, KARMOR_ERROR), 0);
	karmor_diag_free(diag);
	free(all);
}
END_TEST

/* What is loaded is for others, and one more number than that is free. */
START_TEST(where_all_others_are_taken_numbers_that_are_loaded_are_given)
{
	enum { LOADED = 2 };
	struct selinux_workload *all = calloc(SELINUX_NUMBERS_MAX, sizeof(*all));
	struct selinux_family families[LOADED] = { { .number = 0, .slot = "another's" },
						   { .number = 1, .slot = "another's" } };
	struct selinux_engine engine = { .workloads = all,
					 .n_workloads = SELINUX_NUMBERS_MAX - LOADED - 1,
					 .loaded = { .families = families, .n_families = LOADED } };
	uint32_t numbers[LOADED + 2];
	struct selinux_ruleset rulesets[LOADED + 2] = { 0 };
	struct selinux_artifact artifact = { .base.n_rulesets = LOADED + 1,
					     .rulesets = rulesets,
					     .numbers = numbers };

	ck_assert_ptr_nonnull(all);
	for (uint32_t i = 0; i < engine.n_workloads; i++)
		all[i] = (struct selinux_workload){ .ruleset = SELINUX_NO_RULESET,
						    .number = LOADED + i };
	ck_assert_int_eq(selinux_numbers(&engine, &artifact, NULL), 0);
	ck_assert_uint_eq(numbers[0], SELINUX_NUMBERS_MAX - 1);
	ck_assert_uint_eq(numbers[1], 0);
	ck_assert_uint_eq(numbers[2], 1);
	artifact.base.n_rulesets++;
	ck_assert_int_eq(selinux_numbers(&engine, &artifact, NULL), -EBUSY);
	free(all);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("selinux_kept");
	TCase *kept = tcase_create("kept");

	tcase_add_test(kept, what_is_kept_is_read_as_it_was);
	tcase_add_test(kept, what_is_not_known_stays_so);
	tcase_add_test(kept, where_all_numbers_are_taken_it_is_told);
	tcase_add_test(kept, where_all_others_are_taken_numbers_that_are_loaded_are_given);
	tcase_add_test(kept, what_is_cut_is_refused);
	tcase_add_test(kept, what_builds_before_wrote_is_read);
	tcase_add_loop_test(kept, what_is_damaged_is_refused, 0, ARRAY_SIZE(damaged));
	tcase_add_test(kept, a_workload_keeps_its_number_and_a_new_one_gets_one_that_is_free);
	suite_add_tcase(suite, kept);
	return support_run(suite);
}
