/* SPDX-License-Identifier: Apache-2.0 */
/* Which events karmor logs is told of: each filter by itself, and several at once. */
#include <errno.h>

#include "../../daemon/filter.h"
#include "../support.h"

static json_t *event;

static void setup(void)
{
	event = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "NamespaceName", "shop",
			  "PodName", "web-0", "ContainerName", "nginx", "Labels",
			  "app=web,tier=front", "Operation", "File", "PolicyName", "shadow",
			  "Source", "/usr/bin/cat", "Resource", "/etc/shadow");
	ck_assert_ptr_nonnull(event);
}

static void teardown(void)
{
	json_decref(event);
}

/* Takes @parameters. */
static bool matches(json_t *parameters)
{
	struct filter filter;
	const char *wrong = NULL;
	bool ret;

	ck_assert_ptr_nonnull(parameters);
	ck_assert_int_eq(filter_read(parameters, &filter, &wrong), 0);
	json_decref(parameters);
	ret = filter_match(&filter, event);
	filter_done(&filter);
	return ret;
}

static const struct {
	const char *filter, *wanted;
	bool matches;
} rows[] = {
	{ "namespace", "shop", true },	    { "namespace", "sho", false },
	{ "pod", "web-0", true },	    { "pod", "web-1", false },
	{ "container", "nginx", true },	    { "container", "Nginx", false },
	{ "labels", "app=web", true },	    { "labels", "tier=front,app=web", true },
	{ "labels", "app=we", false },	    { "labels", "app=web,tier=back", false },
	{ "operation", "file", true },	    { "operation", "process", false },
	{ "policy", "shadow", true },	    { "policy", "shado", false },
	{ "source", "/usr/bin/cat", true }, { "source", "*/cat", true },
	{ "source", "cat", false },	    { "resource", "/etc/*", true },
	{ "resource", "/var/*", false },    { "filter", "policy", true },
	{ "filter", "all", true },
};

START_TEST(each_filter)
{
	ck_assert_msg(matches(json_pack("{s:s}", rows[_i].filter, rows[_i].wanted)) ==
			      rows[_i].matches,
		      "%s=%s", rows[_i].filter, rows[_i].wanted);
}
END_TEST

START_TEST(all_of_them_must_be_met)
{
	ck_assert(matches(json_object()));
	ck_assert(matches(json_pack("{s:s, s:s}", "pod", "web-0", "operation", "file")));
	ck_assert(!matches(json_pack("{s:s, s:s}", "pod", "web-0", "operation", "network")));
}
END_TEST

/* An event of the node itself has no pod, and no filter for one matches it. */
START_TEST(what_an_event_does_not_have_matches_nothing)
{
	json_object_del(event, "PodName");
	ck_assert(!matches(json_pack("{s:s}", "pod", "web-0")));
}
END_TEST

static const struct {
	const char *filter, *wanted;
} faults[] = {
	{ "operation", "files" },
	{ "filter", "system" },
};

START_TEST(words_that_there_are_not)
{
	json_t *parameters = json_pack("{s:s}", faults[_i].filter, faults[_i].wanted);
	const char *wrong = NULL;
	struct filter filter;

	ck_assert_int_eq(filter_read(parameters, &filter, &wrong), -EINVAL);
	ck_assert_str_eq(wrong, faults[_i].filter);
	json_decref(parameters);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("filter");
	TCase *tcase = tcase_create("filter");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, each_filter, 0, sizeof(rows) / sizeof(*rows));
	tcase_add_test(tcase, all_of_them_must_be_met);
	tcase_add_test(tcase, what_an_event_does_not_have_matches_nothing);
	tcase_add_loop_test(tcase, words_that_there_are_not, 0, sizeof(faults) / sizeof(*faults));
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
