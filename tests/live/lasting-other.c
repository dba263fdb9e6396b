/* SPDX-License-Identifier: Apache-2.0 */
/* What another build does, as a program of its own: see lasting.c. Each part is a test, for it has
 * what tests have. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "lasting.h"

static const char *wanted;

START_TEST(beside)
{
	struct set b = compile(B);
	struct karmor_engine *engine = engine_open(&b);
	struct task reader = start_reader(engine, "reader");

	puts(ask(&reader));
	end(&reader);
	karmor_engine_close(engine);
}
END_TEST

START_TEST(adopt)
{
	struct set b = compile(B);
	struct karmor_engine *engine = engine_open(&b);
	struct karmor_workload workload =
		KARMOR_STRUCT(karmor_workload, .name = wanted, .lasting = true);

	printf("%d\n", karmor_engine_attach(engine, &workload, diag));
	karmor_engine_close(engine);
}
END_TEST

/* All that is in no workload, for a moment. */
START_TEST(host)
{
	struct set b = compile(B);
	struct karmor_engine *engine = engine_open(&b);
	struct karmor_workload workload =
		KARMOR_STRUCT(karmor_workload, .name = "host", .lasting = true, .host = true);

	printf("%d\n", karmor_engine_attach(engine, &workload, diag));
	printf("%d\n", karmor_engine_detach(engine, "host", diag));
	karmor_engine_close(engine);
}
END_TEST

START_TEST(unit)
{
	struct set b = compile(B);
	struct karmor_engine *engine = engine_open(&b);
	struct karmor_workload workload = unit_workload();

	karmor_diag_clear(diag); /* what was told when it opened */
	printf("%d\n", karmor_engine_attach(engine, &workload, diag));
	karmor_engine_close(engine);
}
END_TEST

static bool is_detached(const void *engine)
{
	return karmor_engine_detach((struct karmor_engine *)(uintptr_t)engine, "unit", NULL) == 0;
}

/* It goes when nobody is in it. */
START_TEST(unit_end)
{
	struct set b = compile(B);
	struct karmor_engine *engine = engine_open(&b);
	struct karmor_workload workload = unit_workload();

	karmor_diag_clear(diag);
	printf("%d\n", karmor_engine_attach(engine, &workload, diag));
	puts(eventually(is_detached, engine) ? "0" : "-16");
	karmor_engine_close(engine);
}
END_TEST

static int do_alone(const TTest *test)
{
	TCase *tcase = tcase_create("alone");
	Suite *s = suite_create("alone");
	SRunner *runner = srunner_create(s);

	unsetenv("CK_RUN_CASE"); /* it is about the cases of those who ask */
	suite_add_tcase(s, tcase);
	tcase_add_test(tcase, test);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_SILENT);
	karmor_diag_print(diag, stdout, false);
	return srunner_ntests_failed(runner);
}

static const struct {
	const char *name;
	const TTest **test;
} parts[] = {
	{ "beside", &beside }, { "adopt", &adopt },	  { "host", &host },
	{ "unit", &unit },     { "unit-end", &unit_end },
};

int do_part(const char *name, const char *workload)
{
	wanted = workload;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (strcmp(parts[i].name, name) == 0)
			return do_alone(*parts[i].test);
	return EXIT_FAILURE;
}
