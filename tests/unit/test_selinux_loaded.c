/* SPDX-License-Identifier: Apache-2.0 */
/* Which workloads a module that is loaded is good for, and what spare roles are in it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../support.h"

#include "buf.h"
#include "cleanup.h"
#include "selinux-loaded.h"
#include "selinux/reference.h"

START_TEST(the_same_rules_need_no_other_module_in_any_order)
{
	_cleanup_(compiled_done) struct compiled old = { 0 }, new = { 0 };
	struct selinux_workload workloads[] = { first, second };
	struct selinux_engine engine = { .n_spares = 0 };
	const struct selinux_artifact *a =
		compile_all(&old, (const char *const[]){ SHADOW, BY_CAT, NULL });

	load(&engine, a, workloads, 2);
	ck_assert(is_good(&engine, a));
	workloads[0].ruleset = 1;
	workloads[1].ruleset = 0;
	ck_assert(is_good(&engine,
			  compile_all(&new, (const char *const[]){ BY_CAT, SHADOW, "", NULL })));
	ck_assert_uint_eq(((struct selinux_artifact *)new.artifact)->numbers[0],
			  workloads[1].number);
	selinux_loaded_free(&engine.loaded);
}
END_TEST

START_TEST(one_that_ended_leaves_its_roles_to_the_next_with_its_rules)
{
	_cleanup_(compiled_done) struct compiled old = { 0 }, without = { 0 }, new = { 0 };
	struct selinux_workload workloads[] = { first, second };
	struct selinux_engine engine = { .n_spares = 0 };
	const struct selinux_artifact *a;

	load(&engine, compile_all(&old, (const char *const[]){ SHADOW, BY_CAT, NULL }), workloads,
	     2);
	engine.n_workloads = 1;
	ck_assert(is_good(&engine, compile_all(&without, (const char *const[]){ SHADOW, NULL })));
	a = compile_all(&new, (const char *const[]){ SHADOW, "", BY_CAT, NULL });
	ck_assert(is_good(&engine, a));
	ck_assert(selinux_loaded_has(&engine.loaded, a->numbers[2], a->rulesets[2].slot));
	selinux_loaded_free(&engine.loaded);
}
END_TEST

START_TEST(so_many_more_can_start_and_no_more)
{
	struct selinux_workload workloads[] = { first };
	struct selinux_engine engine = { .n_spares = 0 };
	_cleanup_(compiled_done) struct compiled one = { 0 }, all = { 0 }, more = { 0 };
	const struct selinux_artifact *a;

	load(&engine, compile_many(&one, 1, SHADOW, NULL), workloads, 1);
	ck_assert_uint_eq(engine.n_spares, SELINUX_SPARES_MAX);
	a = compile_many(&all, 1 + SELINUX_SPARES_MAX, SHADOW, NULL);
	ck_assert(is_good(&engine, a));
	ck_assert_uint_eq(a->numbers[0], 0);
	ck_assert_uint_eq(a->numbers[1], engine.spares[0].number);
	ck_assert(!is_good(&engine, compile_many(&more, 2 + SELINUX_SPARES_MAX, SHADOW, NULL)));
	/* Where none lasts, nobody follows. */
	workloads[0].lasting = false;
	load(&engine, (const struct selinux_artifact *)one.artifact, workloads, 1);
	ck_assert_uint_eq(engine.n_spares, 0);
	selinux_loaded_free(&engine.loaded);
}
END_TEST

START_TEST(spares_are_for_all_that_have_rules_of_their_own)
{
	_cleanup_(compiled_done) struct compiled c = { 0 };
	struct selinux_workload workloads[] = { first };
	struct selinux_engine engine = { .n_spares = 0 };
	size_t n[3] = { 0 };

	load(&engine, compile_all(&c, (const char *const[]){ SHADOW, SHADOW, BY_CAT, NULL }),
	     workloads, 1);
	for (size_t i = 0; i < engine.n_spares; i++)
		n[engine.spares[i].set]++;
	ck_assert_uint_eq(n[0], SELINUX_SPARES_MAX / 2);
	ck_assert_uint_eq(n[1], 0);
	ck_assert_uint_eq(n[2], SELINUX_SPARES_MAX / 2 / 2); /* of two classes */
	selinux_loaded_free(&engine.loaded);
}
END_TEST

START_TEST(who_comes_for_what_was_made_ready_needs_no_other_module)
{
	_cleanup_(compiled_done) struct compiled ahead = { 0 }, some = { 0 }, changed = { 0 };
	struct selinux_workload workloads[] = { first };
	struct selinux_engine engine = { .n_spares = 0 };
	const struct selinux_artifact *a = compile_many(&ahead, 0, NULL, SHADOW);

	ck_assert(selinux_has_ahead(a));
	ck_assert_ptr_null(a->given[0]);
	ck_assert(!is_good(&engine, a));
	load(&engine, a, NULL, 0);
	ck_assert_uint_eq(engine.n_spares, SELINUX_SPARES_MAX);
	a = compile_many(&some, SELINUX_SPARES_MAX, SHADOW, SHADOW);
	engine.workloads = workloads;
	engine.n_workloads = 1;
	ck_assert(is_good(&engine, a));
	ck_assert(selinux_loaded_has(&engine.loaded, a->numbers[0], a->rulesets[0].slot));
	/* Of other rules it is made ready anew. */
	ck_assert(!is_good(&engine, compile_many(&changed, 1, SHADOW, BY_CAT)));
	selinux_loaded_free(&engine.loaded);
}
END_TEST

#define HOSTS "\"file\":{\"matchPaths\":[{\"path\":\"/etc/hosts\"}]}"

/* Workloads of these rules, after or before what is ready for more of them, and of others. */
static const struct selinux_artifact *compile_ready(struct compiled *c, const char *const *rules,
						    size_t n, bool is_first)
{
	static const char *const ready[] = { "", HOSTS, SHADOW };

	for (size_t i = 0; is_first && i < n; i++)
		set_make(c, "here", rules[i], NULL);
	c->ahead = true;
	for (size_t i = 0; i < ARRAY_SIZE(ready); i++)
		set_make(c, "here", ready[i], NULL);
	c->ahead = false;
	for (size_t i = 0; !is_first && i < n; i++)
		set_make(c, "here", rules[i], NULL);
	return compile(c);
}

START_TEST(who_comes_for_any_of_what_was_made_ready_needs_no_other_module)
{
	static const char *const coming[] = { SHADOW, HOSTS, SHADOW, "", HOSTS };
	_cleanup_(compiled_done) struct compiled ahead = { 0 };
	struct selinux_workload workloads[ARRAY_SIZE(coming)];
	struct selinux_engine engine = { .n_spares = 0 };

	load(&engine, compile_ready(&ahead, coming, 0, true), NULL, 0);
	engine.workloads = workloads;
	for (size_t n = 1; n <= ARRAY_SIZE(coming); n++) {
		_cleanup_(compiled_done) struct compiled some = { 0 };
		const struct selinux_artifact *a = compile_ready(&some, coming, n, _i);

		/* Before it is attached, and after. */
		ck_assert(is_good(&engine, a));
		workloads[n - 1] =
			(struct selinux_workload){ .number = SELINUX_NO_NUMBER, .lasting = true };
		engine.n_workloads = n;
		for (size_t i = 0; i < n; i++)
			workloads[i].ruleset = _i ? i : i + 3;
		ck_assert(is_good(&engine, a));
		/* Files have the roles that they were to have. */
		ck_assert(!selinux_slots_given(&engine.loaded, a));
	}
	selinux_loaded_free(&engine.loaded);
}
END_TEST

/* Of each, something else than SHADOW says, and not of files alone. */
static const char *const others[] = {
	/* what is allowed is logged */
	"\"file\":{\"matchPaths\":[{\"path\":\"/etc/shadow\",\"action\":\"Audit\"}]}",
	"\"file\":{\"matchPaths\":[{\"path\":\"/etc/shadow\",\"action\":\"Allow\"}]}",
	/* tasks are told apart */
	"\"file\":{\"matchPaths\":[{\"path\":\"/etc/shadow\",\"fromSource\":[{\"path\":\"/bin/"
	"cat\"}]}]}",
	SHADOW ",\"network\":{\"matchProtocols\":[{\"protocol\":\"udp\"}]}",
	SHADOW ",\"capabilities\":{\"matchCapabilities\":[{\"capability\":\"kill\"}]}",
};

START_TEST(other_rules_need_another_module)
{
	_cleanup_(compiled_done) struct compiled old = { 0 }, new = { 0 };
	struct selinux_workload workloads[] = { first };
	struct selinux_engine engine = { .n_spares = 0 };

	load(&engine, compile_all(&old, (const char *const[]){ SHADOW, NULL }), workloads, 1);
	ck_assert(!is_good(&engine, compile_all(&new, (const char *const[]){ others[_i], NULL })));
	selinux_loaded_free(&engine.loaded);
}
END_TEST

/* What no policy is for yet is not under what others are. */
START_TEST(one_without_rules_gets_no_role_of_others)
{
	_cleanup_(compiled_done) struct compiled old = { 0 }, new = { 0 };
	struct selinux_workload workloads[] = { first, second };
	struct selinux_engine engine = { .n_spares = 0 };
	const struct selinux_artifact *a = compile_all(&old, (const char *const[]){ SHADOW, NULL });

	load(&engine, a, workloads, 1);
	a = compile_all(&new, (const char *const[]){ SHADOW, "", NULL });
	ck_assert(is_good(&engine, a)); /* nobody asked for the other */
	ck_assert_ptr_null(selinux_loaded_find(&engine.loaded, a->numbers[1]));
	engine.n_workloads = 2;
	ck_assert(!selinux_is_grouped(&engine, a));
	ck_assert(!is_good(&engine, a));
	selinux_loaded_free(&engine.loaded);
}
END_TEST

/* Rules that were one have one role for their tasks: apart they need others. */
START_TEST(places_that_nobody_has_leave_what_is_loaded_to_who_comes)
{
	_cleanup_(compiled_done) struct compiled old = { 0 }, new = { 0 };
	struct selinux_workload workloads[] = { first, second, second };
	struct selinux_engine engine = { .n_spares = 0 };

	load(&engine, compile_all(&old, (const char *const[]){ SHADOW, "", NULL }), workloads, 2);
	set_make(&new, "one", SHADOW, NULL);
	for (size_t i = 1; i <= SELINUX_SPARES_MAX / 8 + 4; i++)
		set_make(&new, "nobody", "", NULL);
	set_make(&new, "comes", "", NULL);
	workloads[2].ruleset = new.n - 1;
	engine.n_workloads = 3;
	ck_assert(is_good(&engine, compile(&new)));
	selinux_loaded_free(&engine.loaded);
}
END_TEST

START_TEST(who_is_told_apart_needs_another_module)
{
	_cleanup_(compiled_done) struct compiled old = { 0 }, same = { 0 }, new = { 0 };
	struct selinux_workload workloads[] = { first, second };
	struct selinux_engine engine = { .n_spares = 0 };
	const struct selinux_artifact *a;

	load(&engine, compile_all(&old, (const char *const[]){ SHADOW, SHADOW, NULL }), workloads,
	     2);
	a = compile_all(&same, (const char *const[]){ ALL_OF_ETC, ALL_OF_ETC, NULL });
	ck_assert(is_good(&engine, a));
	a = compile_all(&new, (const char *const[]){ SHADOW, ALL_OF_ETC, NULL });
	ck_assert(!is_good(&engine, a));
	selinux_loaded_free(&engine.loaded);
}
END_TEST

START_TEST(another_posture_needs_another_module)
{
	static const char spec[] =
		"\"file\":{\"matchPaths\":[{\"path\":\"/a\",\"action\":\"Allow\"}]}";
	_cleanup_(compiled_done) struct compiled old = { 0 }, new = { 0 };
	struct selinux_workload workloads[] = { first };
	struct selinux_engine engine = { .n_spares = 0 };

	set_make(&old, "one", spec, "file=block");
	load(&engine, compile(&old), workloads, 1);
	set_make(&new, "one", spec, "file=audit");
	ck_assert(!is_good(&engine, compile(&new)));
	selinux_loaded_free(&engine.loaded);
}
END_TEST

/* Of two workloads with the same rules each stays itself, whatever its tasks had before. */
START_TEST(what_tasks_had_before_leads_to_roles_of_their_own_workload)
{
	static const char after[] = "\"file\":{\"matchPaths\":[{\"path\":\"/a\",\"fromSource\":[{"
				    "\"path\":\"/usr/bin/dd\"}]}]}";
	_cleanup_(compiled_done) struct compiled old = { 0 }, new = { 0 };
	struct selinux_workload workloads[] = { first, second };
	struct selinux_engine engine = { .n_spares = 0 };
	const struct selinux_artifact *a =
		compile_all(&old, (const char *const[]){ BY_CAT, BY_CAT, NULL });
	_cleanup_buf_ struct buf text = { 0 };
	struct selinux_extra extra;
	size_t n = 0;

	load(&engine, a, workloads, 2);
	ck_assert_int_eq(selinux_remember(&engine, a), 0);
	a = compile_all(&new, (const char *const[]){ after, after, NULL });
	engine.staged = a;
	ck_assert_int_eq(selinux_numbers(&engine, a, NULL), 0);
	ck_assert_int_eq(selinux_retire(&engine, NULL), 0);
	extra = (struct selinux_extra){ .retired = engine.retired, .n_retired = engine.n_retired };
	selinux_write(&text, a, &extra);
	ck_assert(!buf_failed(&text));
	for (char *line = strtok(text.data, "\n"); line; line = strtok(NULL, "\n")) {
		if (strncmp(line, "(roletransition karmor_w1_", 26) != 0 &&
		    strncmp(line, "(roleallow karmor_w1_", 21) != 0)
			continue;
		ck_assert_msg(!strstr(line, " karmor_w0_"), "%s", line);
		n++;
	}
	ck_assert_uint_gt(n, 4);
	selinux_before_free(&engine);
	selinux_loaded_free(&engine.loaded);
}
END_TEST

START_TEST(spare_roles_are_denied_the_same_and_lead_among_themselves)
{
	_cleanup_(compiled_done) struct compiled c = { 0 };
	struct selinux_workload workloads[] = { first };
	struct selinux_engine engine = { .n_spares = 0 };
	const struct selinux_artifact *a = compile_all(&c, (const char *const[]){ BY_CAT, NULL });
	_cleanup_buf_ struct buf text = { 0 }, wanted = { 0 };
	_cleanup_free_ char *base = reference_cil();
	_cleanup_free_ void *image = NULL;
	const char *texts[2] = { base };
	char from[SELINUX_NAME_SIZE], to[SELINUX_NAME_SIZE];
	struct selinux_extra extra;
	size_t len;

	load(&engine, a, workloads, 1);
	extra = extra_of(&engine);
	selinux_write(&text, a, &extra);
	ck_assert(!buf_failed(&text));
	texts[1] = text.data;
	ck_assert_int_eq(reference_compile(texts, 2, &image, &len), 0);
	ck_assert_ptr_nonnull(
		strstr(text.data, "(roleattributeset karmor_w0_rest (karmor_w1_rest_r))"));
	selinux_number_role(a, 0, selinux_rest_class(a, 0), 1, from);
	selinux_number_role(a, 0, !selinux_rest_class(a, 0), 1, to);
	buf_printf(&wanted, "(roletransition %s karmor_x%s process %s)", from, a->kinds[1].id, to);
	ck_assert_ptr_nonnull(strstr(text.data, wanted.data));
	ck_assert_ptr_null(strstr(text.data, "(roleallow karmor_w0_rest_r karmor_w1"));
	selinux_loaded_free(&engine.loaded);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("selinux_loaded");
	TCase *loaded = tcase_create("loaded");

	tcase_add_test(loaded, the_same_rules_need_no_other_module_in_any_order);
	tcase_add_test(loaded, one_that_ended_leaves_its_roles_to_the_next_with_its_rules);
	tcase_add_test(loaded, so_many_more_can_start_and_no_more);
	tcase_add_test(loaded, spares_are_for_all_that_have_rules_of_their_own);
	tcase_add_test(loaded, who_comes_for_what_was_made_ready_needs_no_other_module);
	tcase_add_loop_test(loaded, who_comes_for_any_of_what_was_made_ready_needs_no_other_module,
			    0, 2);
	tcase_add_loop_test(loaded, other_rules_need_another_module, 0, ARRAY_SIZE(others));
	tcase_add_test(loaded, another_posture_needs_another_module);
	tcase_add_test(loaded, one_without_rules_gets_no_role_of_others);
	tcase_add_test(loaded, places_that_nobody_has_leave_what_is_loaded_to_who_comes);
	tcase_add_test(loaded, who_is_told_apart_needs_another_module);
	tcase_add_test(loaded, what_tasks_had_before_leads_to_roles_of_their_own_workload);
	tcase_add_test(loaded, spare_roles_are_denied_the_same_and_lead_among_themselves);
	suite_add_tcase(suite, loaded);
	return support_run(suite);
}
