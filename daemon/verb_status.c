/* SPDX-License-Identifier: Apache-2.0 */
/*
 * karmor status: what karmord is at, in a few lines.
 */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "cli.h"
#include "columns.h"
#include "dial.h"
#include "messages.h"
#include "scope.h"
#include "verb.h"

static const char help[] =
	"Usage: karmor status [OPTION...]\n"
	"\n"
	"Tells what karmord enforces on this node, and what is wrong in its files of policies.\n"
	"\n"
	"  -o, --output FORM       json, yaml, or prometheus: what there is to count, as a "
	"page\n" DIAL_HELP CLI_HELP "\n"
	"Exit status: 0 all is well; 1 a file of policies is at fault, or nothing is enforced; 2\n"
	"wrong use or a fault, such as that karmord does not run.\n";

static const struct line {
	const char *title, *field;
} lines[] = {
	{ "workloads", "workloads" }, { "policies", "policies" },
	{ "rules", "rules" },	      { "generation", "generation" },
	{ "tasks", "tasks" },	      { "events", "events" },
	{ "lost", "lost" },	      { "refused", "refused" },
	{ "clients", "clients" },
};

enum form {
	TEXT,
	JSON,
	YAML,
	PROMETHEUS,
};

static int form_find(const char *name, enum form *ret)
{
	static const char *const names[] = {
		[JSON] = "json", [YAML] = "yaml", [PROMETHEUS] = "prometheus"
	};

	for (size_t i = JSON; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i], name) == 0) {
			*ret = (enum form)i;
			return 0;
		}
	cli_wrong("unknown form \"%s\"", name);
	cli_fix("one of json, yaml, prometheus");
	return -EINVAL;
}

/* 0 to go on; 1 when all was told; -EINVAL for wrong use, told. */
static int parse(const char **socket, enum form *form, int argc, char *argv[])
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		DIAL_OPTIONS,
		CLI_OPTIONS,
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "o:hV", options, NULL)) != -1) {
		if (cli_tells(c, help))
			return 1;
		if (c == DIAL_SOCKET) {
			*socket = optarg;
		} else if (c != 'o') {
			cli_fix("karmor status --help lists the options");
			return -EINVAL;
		} else if (form_find(optarg, form) < 0) {
			return -EINVAL;
		}
	}
	if (optind == argc)
		return 0;
	cli_wrong("unexpected argument \"%s\"", argv[optind]);
	return -EINVAL;
}

static void print(const json_t *status)
{
	printf("karmord %s is running (pid %lld)\n",
	       json_string_value(json_object_get(status, "version")),
	       (long long)json_integer_value(json_object_get(status, "pid")));
	printf("%-12s%s%s\n", "enforcer", json_string_value(json_object_get(status, "backend")),
	       json_is_true(json_object_get(status, "enforces")) ? "" : " (enforces nothing)");
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		printf("%-12s%lld\n", lines[i].title,
		       (long long)json_integer_value(json_object_get(status, lines[i].field)));
}

static bool has_error(const json_t *messages)
{
	size_t i;
	json_t *message;

	json_array_foreach(messages, i, message)
	{
		const char *level = json_string_value(json_object_get(message, "level"));

		if (level && strcmp(level, "error") == 0)
			return true;
	}
	return false;
}

static int print_page(const char *socket)
{
	_cleanup_json_ json_t *answer = dial_call(socket, "io.karmor.Metrics", NULL, NULL);
	const char *page = json_string_value(json_object_get(answer, "page"));

	if (!page)
		return EXIT_WRONG;
	fputs(page, stdout);
	return cli_finish(EXIT_YES);
}

int verb_status(int argc, char *argv[])
{
	_cleanup_json_ json_t *status = NULL;
	const char *socket = NULL;
	enum form form = TEXT;
	bool is_well;
	int r = parse(&socket, &form, argc, argv);

	if (r != 0)
		return r > 0 ? cli_finish(EXIT_YES) : EXIT_WRONG;
	if (form == PROMETHEUS)
		return print_page(socket);
	status = dial_call(socket, "io.karmor.Status", NULL, NULL);
	if (!status)
		return EXIT_WRONG;
	is_well = json_is_true(json_object_get(status, "enforces")) &&
		  !has_error(json_object_get(status, "faults"));
	if (form == JSON) {
		json_dumpf(status, stdout, JSON_INDENT(2));
		putchar('\n');
	} else if (form == YAML) {
		columns_yaml(status, 0);
	} else {
		print(status);
		messages_print(json_object_get(status, "faults"));
	}
	return cli_finish(is_well ? EXIT_YES : EXIT_NO);
}
