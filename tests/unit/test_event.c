/* SPDX-License-Identifier: Apache-2.0 */
/* What an event is printed as: lib/event.c. */
#include <jansson.h>
#include <karmor/event.h>
#include <stdlib.h>
#include <string.h>

#include "../support.h"

typedef int print_fn(const struct karmor_event *event, FILE *out);

static char *print(print_fn *fn, const struct karmor_event *event)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(fn(event, out), 0);
	fclose(out);
	return text;
}

/* What KubeArmor's readers look for, and what we add to every event. */
START_TEST(an_event_has_its_keys_also_where_nothing_is_known)
{
	static const char *const keys[] = {
		"Timestamp",	 "UpdatedTime",
		"ClusterName",	 "HostName",
		"NamespaceName", "PodName",
		"Labels",	 "ContainerID",
		"ContainerName", "ContainerImage",
		"HostPPID",	 "HostPID",
		"PPID",		 "PID",
		"UID",		 "ParentProcessName",
		"ProcessName",	 "PolicyName",
		"Type",		 "Source",
		"Operation",	 "Resource",
		"Data",		 "Enforcer",
		"Action",	 "Result",
		"Cwd",		 "TTY",
		"Generation",	 "Count",
		"Lost",
	};
	struct karmor_event event =
		KARMOR_STRUCT(karmor_event, .policy = "-", .enforcer = "BPFLSM", .count = 1);
	char *line = print(karmor_event_print_json, &event);
	json_t *object = json_loads(line, 0, NULL);

	ck_assert_ptr_nonnull(object);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		ck_assert_msg(json_object_get(object, keys[i]) != NULL, "%s", keys[i]);
	ck_assert_str_eq(json_string_value(json_object_get(object, "PodName")), "");
	json_decref(object);
	free(line);
}
END_TEST

static void has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "%s, wanted in it: %s", text, part);
}

START_TEST(a_task_has_the_numbers_of_its_own_namespace_where_they_are_known)
{
	struct karmor_event event = KARMOR_STRUCT(karmor_event, .pid = 700, .ppid = 600);
	char *line = print(karmor_event_print_json, &event);

	has(line, "\"HostPID\":700,\"HostPPID\":600,\"PID\":700,\"PPID\":600");
	free(line);
	event.ns_pid = 7;
	event.ns_ppid = 0; /* its parent is outside */
	event.parent = "/bin/\n";
	event.cwd = "/srv";
	event.tty = "pts0";
	line = print(karmor_event_print_json, &event);
	has(line, "\"HostPID\":700,\"HostPPID\":600,\"PID\":7,\"PPID\":0");
	has(line, "\"ParentProcessName\":\"/bin/\\\\x0a\"");
	has(line, "\"Cwd\":\"/srv\",\"TTY\":\"pts0\"");
	free(line);
}
END_TEST

START_TEST(a_name_that_looks_like_an_escape_is_not_one)
{
	struct karmor_event escape = KARMOR_STRUCT(karmor_event, .resource = "/\x1b"),
			    typed = KARMOR_STRUCT(karmor_event, .resource = "/\\x1b\\");
	char *line = print(karmor_event_print_text, &escape);

	ck_assert_ptr_nonnull(strstr(line, " /\\x1b by"));
	free(line);
	line = print(karmor_event_print_text, &typed);
	ck_assert_ptr_nonnull(strstr(line, " /\\\\x1b\\\\ by"));
	free(line);
	line = print(karmor_event_print_json, &typed);
	ck_assert_ptr_nonnull(strstr(line, "\"Resource\":\"/\\\\\\\\x1b\\\\\\\\\""));
	free(line);
}
END_TEST

START_TEST(several_in_one_are_told_by_their_rule_and_number)
{
	struct karmor_event one = KARMOR_STRUCT(karmor_event, .policy = "p", .rule_path = "/secret",
						.comm = "cat", .pid = 7, .count = 1,
						.action = KARMOR_BLOCK, .op = KARMOR_READ),
			    many = one;
	char *line = print(karmor_event_print_text, &one);

	ck_assert_str_eq(line, "karmor: block read ? by cat (pid 7): p\n");
	free(line);
	many.count = 9744;
	line = print(karmor_event_print_text, &many);
	ck_assert_str_eq(line, "karmor: block read /secret by cat (pid 7): p [9744 times]\n");
	free(line);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("event");
	TCase *test = tcase_create("event");

	tcase_add_test(test, an_event_has_its_keys_also_where_nothing_is_known);
	tcase_add_test(test, a_task_has_the_numbers_of_its_own_namespace_where_they_are_known);
	tcase_add_test(test, a_name_that_looks_like_an_escape_is_not_one);
	tcase_add_test(test, several_in_one_are_told_by_their_rule_and_number);
	suite_add_tcase(suite, test);
	return support_run(suite);
}
