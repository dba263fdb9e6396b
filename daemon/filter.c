/* SPDX-License-Identifier: Apache-2.0 */
/* See filter.h. */
#include "filter.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "scope.h"
#include "varlink.h"

static bool is_equal(const char *wanted, const char *text)
{
	return strcmp(wanted, text) == 0;
}

static bool is_word(const char *wanted, const char *text)
{
	return strcasecmp(wanted, text) == 0;
}

/* A name, or a pattern of a shell's in which * goes on over slashes. */
static bool is_like(const char *wanted, const char *text)
{
	return strcmp(wanted, text) == 0 || fnmatch(wanted, text, 0) == 0;
}

/* Whether a list k=v,k=v has the first @len bytes of @pair. */
static bool has_label(const char *labels, const char *pair, size_t len)
{
	for (const char *at = labels; *at;) {
		size_t n = strcspn(at, ",");

		if (n == len && memcmp(at, pair, len) == 0)
			return true;
		at += n + (at[n] == ',');
	}
	return false;
}

/* Each of them must be there. */
static bool has_labels(const char *wanted, const char *labels)
{
	while (*wanted) {
		size_t n = strcspn(wanted, ",");

		if (n && !has_label(labels, wanted, n))
			return false;
		wanted += n + (wanted[n] == ',');
	}
	return true;
}

static const struct field {
	const char *name, *event;
	bool (*matches)(const char *wanted, const char *text);
} fields[] = {
	{ "namespace", "NamespaceName", is_equal },
	{ "pod", "PodName", is_equal },
	{ "container", "ContainerName", is_equal },
	{ "labels", "Labels", has_labels },
	{ "operation", "Operation", is_word },
	{ "policy", "PolicyName", is_equal },
	{ "source", "Source", is_like },
	{ "resource", "Resource", is_like },
};

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcasecmp(text, *words) == 0)
			return true;
	return false;
}

int filter_read(json_t *parameters, struct filter *ret, const char **wrong)
{
	static const char *const operations[] = { "process",	  "file",    "network",
						  "capabilities", "syscall", NULL };
	static const char *const kinds[] = { "policy", "all", NULL };
	struct filter filter = { .since = varlink_number(parameters, "since", -1, wrong),
				 .limit = varlink_number(parameters, "limit", 0, wrong) };
	const char *operation = varlink_text(parameters, "operation", wrong);
	const char *kind = varlink_text(parameters, "filter", wrong);

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		varlink_text(parameters, fields[i].name, wrong);
	if (operation && !is_one_of(operation, operations))
		*wrong = "operation";
	if (kind && !is_one_of(kind, kinds))
		*wrong = "filter";
	if (filter.limit < 0)
		*wrong = "limit";
	if (*wrong)
		return -EINVAL;
	filter.parameters = json_incref(parameters);
	*ret = filter;
	return 0;
}

void filter_done(struct filter *filter)
{
	json_decref(filter->parameters);
	*filter = (struct filter){ 0 };
}

bool filter_match(const struct filter *filter, const json_t *event)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const char *wanted =
			json_string_value(json_object_get(filter->parameters, fields[i].name));
		const char *text = json_string_value(json_object_get(event, fields[i].event));

		if (wanted && !fields[i].matches(wanted, text ? text : ""))
			return false;
	}
	return true;
}
