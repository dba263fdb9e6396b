/* SPDX-License-Identifier: Apache-2.0 */
/* See support.h. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int support_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int support_skip(const char *reason)
{
	const char *must = getenv("KARMOR_MUST_RUN");

	if (must && strcmp(must, "1") == 0) {
		printf("1..1\nnot ok 1 - it must run, but: %s\n", reason);
		return EXIT_FAILURE;
	}
	printf("1..0 # SKIP %s\n", reason);
	return EXIT_SUCCESS;
}
