/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Printing events while memory runs out: the n-th allocation fails, for every n, jansson's
 * included. An event is printed whole or not at all.
 */
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../memory.h"
#include "../support.h"

#include <karmor/event.h>

typedef int print_fn(const struct karmor_event *event, FILE *out);

static const struct karmor_event event = {
	.size = sizeof(event),
	.time = { 1700000000, 5000 },
	.section = KARMOR_FILE,
	.op = KARMOR_READ,
	.action = KARMOR_BLOCK,
	.denied = true,
	.error = EACCES,
	.pid = 7,
	.ppid = 1,
	.uid = 1000,
	.comm = "cat",
	.source = "/usr/bin/cat",
	.resource = "/etc/\xff\n\"shadow",
	.data = "openat flags=O_RDONLY",
	.enforcer = "BPFLSM",
	.policy = "shadow",
	.policy_file = "shadow.yaml",
	.rule = "file.matchPaths[0]",
	.message = "nobody reads it",
	.tags = "MITRE,T1003",
	.severity = 7,
	.count = 1,
	.lost = 3,
	.workload = "web",
	.namespace_name = "default",
	.labels = "app=web",
};

/* What was printed, with the n-th allocation failing; NULL where it was out of memory. */
static char *print(print_fn *fn, long n, bool *enough)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int r;

	ck_assert_ptr_nonnull(out);
	memory_countdown = n;
	r = fn(&event, out);
	*enough = memory_countdown >= 0;
	memory_countdown = -1;
	fclose(out);
	ck_assert_msg(r == 0 || r == -ENOMEM, "%d", r);
	if (r == 0)
		return text;
	ck_assert_str_eq(text, "");
	free(text);
	return NULL;
}

/* How many allocations there are. jansson can do without some of its own. */
static long fail_each(print_fn *fn)
{
	bool enough = false;
	char *wanted = print(fn, -1, &enough);
	long n = 0;

	ck_assert_ptr_nonnull(wanted);
	for (; !enough; n++) {
		char *text = print(fn, n, &enough);

		if (text)
			ck_assert_str_eq(text, wanted);
		free(text);
	}
	free(wanted);
	return n - 1;
}

START_TEST(json_is_whole_or_fails_with_enomem)
{
	json_set_alloc_funcs(memory_malloc, free);
	ck_assert_int_gt(fail_each(karmor_event_print_json), 50);
	json_set_alloc_funcs(malloc, free);
}
END_TEST

START_TEST(a_line_is_whole_or_fails_with_enomem)
{
	ck_assert_int_ge(fail_each(karmor_event_print_text), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("event_memory");
	TCase *cases = tcase_create("event_memory");

	suite_add_tcase(suite, cases);
	tcase_add_test(cases, json_is_whole_or_fails_with_enomem);
	tcase_add_test(cases, a_line_is_whole_or_fails_with_enomem);
	return support_run(suite);
}
