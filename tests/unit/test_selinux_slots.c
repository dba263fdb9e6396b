/* SPDX-License-Identifier: Apache-2.0 */
/* Which roles of files labels take of a module that is loaded, when rules about files change. */
#include <stdlib.h>
#include <string.h>

#include "../support.h"

#include "buf.h"
#include "cleanup.h"
#include "selinux-loaded.h"

/* Of each, something else than SHADOW says of files. */
static const char *const files[] = {
	"\"file\":{\"matchPaths\":[{\"path\":\"/etc/shadow\",\"readOnly\":true}]}",
	"\"file\":{\"matchPaths\":[{\"path\":\"/etc/shadow-\"}]}",
	"\"file\":{\"matchPaths\":[{\"path\":\"/etc/shadow\"},{\"path\":\"/etc/gshadow\"}]}",
	"\"file\":{\"matchPatterns\":[{\"pattern\":\"/etc/shado?\"}]}",
	"\"file\":{\"matchDirectories\":[{\"dir\":\"/etc/shadow/\"}]}",
	ALL_OF_ETC,
	"\"process\":{\"matchPaths\":[{\"path\":\"/usr/bin/dd\"}]}",
	"\"process\":{\"matchDirectories\":[{\"dir\":\"/usr/sbin/\",\"recursive\":true}]}",
	"\"process\":{\"matchPaths\":[{\"path\":\"/usr/bin/dd\"}]}," SHADOW,
	"",
};

START_TEST(other_rules_about_files_need_none)
{
	_cleanup_(compiled_done) struct compiled old = { 0 }, new = { 0 };
	struct selinux_workload workloads[] = { first };
	struct selinux_engine engine = { .n_spares = 0 };
	const struct selinux_artifact *a = compile_all(&old, (const char *const[]){ SHADOW, NULL });

	load(&engine, a, workloads, 1);
	ck_assert(is_good(&engine, compile_all(&new, (const char *const[]){ files[_i], NULL })));
	ck_assert(selinux_slots_given(&engine.loaded, (struct selinux_artifact *)new.artifact));
	ck_assert(!selinux_slots_given(&engine.loaded, (struct selinux_artifact *)new.artifact));
	/* And back. */
	ck_assert(is_good(&engine, a));
	selinux_loaded_free(&engine.loaded);
}
END_TEST

/* Each label has a role of its own, and what goes on to be said has the one that it had. */
START_TEST(a_role_is_one_labels_and_stays_it)
{
	_cleanup_(compiled_done) struct compiled old = { 0 }, new = { 0 };
	struct selinux_workload workloads[] = { first };
	struct selinux_engine engine = { .n_spares = 0 };
	const struct selinux_artifact *a = compile_all(&old, (const char *const[]){ SHADOW, NULL });
	const struct selinux_artifact *b =
		compile_all(&new, (const char *const[]){ files[2], NULL });
	size_t kept = 0;

	load(&engine, a, workloads, 1);
	ck_assert(is_good(&engine, b));
	for (size_t i = 0; i < b->n_labels; i++) {
		kept += strcmp(b->labels[i].name, b->labels[i].id) == 0;
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(b->labels[i].name, b->labels[j].name);
	}
	ck_assert_uint_eq(kept, a->n_labels);
	selinux_loaded_free(&engine.loaded);
}
END_TEST

#define ALL_IN_D(action) "{\"dir\":\"/d/\",\"recursive\":true,\"action\":\"" action "\"}"
#define IN_D(list) "\"file\":{\"matchDirectories\":[" list "]}"
#define JUST_IN_D ",{\"dir\":\"/d/\"}"

/* A label comes back whose role was given to another. */
START_TEST(no_two_labels_are_called_the_same)
{
	static const char *const specs[] = {
		IN_D(ALL_IN_D("Audit") JUST_IN_D),
		IN_D(ALL_IN_D("Block")),
		IN_D(ALL_IN_D("Block") JUST_IN_D),
	};
	struct compiled steps[ARRAY_SIZE(specs)] = { 0 };
	struct selinux_workload workloads[] = { { .number = SELINUX_NO_NUMBER } };
	struct selinux_engine engine = { .n_spares = 0 };
	bool is_last_good = true;

	for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
		const struct selinux_artifact *a =
			compile_all(&steps[i], (const char *const[]){ specs[i], NULL });

		is_last_good = i > 0 && is_good(&engine, a);
		if (is_last_good)
			selinux_slots_given(&engine.loaded, a);
		else
			load(&engine, a, workloads, 1);
		ck_assert_int_eq(selinux_remember(&engine, a), 0);
		for (size_t j = 0; j < a->n_labels; j++)
			for (size_t k = 0; k < j; k++)
				ck_assert_str_ne(a->labels[j].name, a->labels[k].name);
	}
	ck_assert(!is_last_good);
	selinux_before_free(&engine);
	selinux_loaded_free(&engine.loaded);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		compiled_done(&steps[i]);
}
END_TEST

/* Files that could not be put back have roles that go on to say what they said. */
START_TEST(what_a_file_may_still_have_is_not_to_spare)
{
	_cleanup_(compiled_done) struct compiled old = { 0 }, new = { 0 }, more = { 0 };
	struct selinux_workload workloads[] = { first };
	struct selinux_engine engine = { .n_spares = 0 };
	const struct selinux_artifact *a = compile_all(&old, (const char *const[]){ SHADOW, NULL });

	load(&engine, a, workloads, 1);
	a = compile_all(&new, (const char *const[]){ files[1], NULL });
	for (size_t i = 0; i < engine.loaded.n_slots; i++) {
		_cleanup_buf_ struct buf role = { 0 };

		buf_printf(&role, "karmor_o%s_r", engine.loaded.slots[i].name);
		if (!*engine.loaded.slots[i].of)
			ck_assert_int_eq(
				selinux_before_take(
					&engine, &(struct selinux_before){ .what = SELINUX_OLD_FILE,
									   .name = role.data,
									   .example = role.data }),
				0);
	}
	/* What the label has that goes is there for the one that comes, and nothing else. */
	ck_assert(is_good(&engine, a));
	for (size_t i = 0; i < a->n_labels; i++)
		for (size_t j = 0; j < engine.loaded.n_slots; j++)
			ck_assert(*engine.loaded.slots[j].of ||
				  strcmp(engine.loaded.slots[j].name, a->labels[i].name) != 0);
	ck_assert(!is_good(&engine, compile_all(&more, (const char *const[]){ files[0], NULL })));
	selinux_before_free(&engine);
	selinux_loaded_free(&engine.loaded);
}
END_TEST

/* Where there are no more roles that say it, a module has them and as many again. */
START_TEST(what_is_to_spare_has_an_end)
{
	_cleanup_(compiled_done) struct compiled old = { 0 }, new = { 0 };
	_cleanup_buf_ struct buf many = { 0 };
	struct selinux_workload workloads[] = { first };
	struct selinux_engine engine = { .n_spares = 0 };
	const struct selinux_artifact *a = compile_all(&old, (const char *const[]){ SHADOW, NULL });

	buf_puts(&many, "\"file\":{\"matchPaths\":[");
	for (unsigned i = 0; i < 100; i++)
		buf_printf(&many, "%s{\"path\":\"/srv/%u\"}", i ? "," : "", i);
	buf_puts(&many, "]}");
	load(&engine, a, workloads, 1);
	ck_assert_uint_eq(engine.n_files, SELINUX_SPARE_FILES_MAX);
	a = compile_all(&new, (const char *const[]){ many.data, NULL });
	ck_assert(!is_good(&engine, a));
	load(&engine, a, workloads, 1);
	ck_assert(is_good(&engine, a));
	ck_assert(is_good(&engine, (struct selinux_artifact *)old.artifact));
	selinux_loaded_free(&engine.loaded);
}
END_TEST

/* A file has one label for all rulesets: what one alone says is another role. */
START_TEST(what_others_said_of_files_goes_with_them)
{
	_cleanup_(compiled_done) struct compiled old = { 0 }, new = { 0 };
	struct selinux_workload workloads[] = { first, second };
	struct selinux_engine engine = { .n_spares = 0 };

	load(&engine, compile_all(&old, (const char *const[]){ SHADOW, ALL_OF_ETC, NULL }),
	     workloads, 2);
	engine.n_workloads = 1;
	ck_assert(is_good(&engine, compile_all(&new, (const char *const[]){ SHADOW, NULL })));
	selinux_loaded_free(&engine.loaded);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("selinux_slots");
	TCase *slots = tcase_create("slots");

	tcase_add_loop_test(slots, other_rules_about_files_need_none, 0, ARRAY_SIZE(files));
	tcase_add_test(slots, a_role_is_one_labels_and_stays_it);
	tcase_add_test(slots, no_two_labels_are_called_the_same);
	tcase_add_test(slots, what_a_file_may_still_have_is_not_to_spare);
	tcase_add_test(slots, what_is_to_spare_has_an_end);
	tcase_add_test(slots, what_others_said_of_files_goes_with_them);
	suite_add_tcase(suite, slots);
	return support_run(suite);
}
