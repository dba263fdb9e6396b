/* SPDX-License-Identifier: Apache-2.0 */
/*
 * karmor get: the policies that karmord has in force, and the workloads under them.
 */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "cli.h"
#include "columns.h"
#include "dial.h"
#include "scope.h"
#include "verb.h"

static const char help[] = "Usage: karmor get policies|workloads [OPTION...]\n"
			   "\n"
			   "Lists what karmord has in force on this node.\n"
			   "\n"
			   "  -n, --namespace NAME    those of this namespace alone\n"
			   "  -o, --output FORM       json, yaml or wide\n" DIAL_HELP CLI_HELP "\n"
			   "Exit status: 0 yes; 2 wrong use or a fault.\n"
			   "\n"
			   "Example: karmor get policies -o wide\n";

static const struct column policies[] = {
	{ "NAMESPACE", "namespace" },
	{ "NAME", "name" },
	{ "KIND", "kind" },
	{ "RULES", "rules" },
	{ "ORIGIN", "origin" },
	{ "SELECTOR", "selector", .wide = true },
	{ "FILE", "file", .wide = true },
	{ 0 },
};

static const struct column workloads[] = {
	{ "NAMESPACE", "namespace" },
	{ "NAME", "name" },
	{ "CONTAINER", "container" },
	{ "POLICIES", "policies" },
	{ "RULES", "rules" },
	{ "TASKS", "tasks" },
	{ "POD", "pod", .wide = true },
	{ "PID", "pid", .wide = true },
	{ "LABELS", "labels", .wide = true },
	{ "IMAGE", "image", .wide = true },
	{ 0 },
};

static const struct thing {
	const char *name, *one, *method;
	const struct column *columns;
} things[] = {
	{ "policies", "policy", "io.karmor.GetPolicies", policies },
	{ "workloads", "workload", "io.karmor.GetWorkloads", workloads },
};

struct get {
	const struct thing *thing;
	const char *namespace_name, *output, *socket;
};

static bool is_form(const char *form)
{
	return !form || strcmp(form, "json") == 0 || strcmp(form, "yaml") == 0 ||
	       strcmp(form, "wide") == 0;
}

static int check(struct get *get, int argc, char *argv[])
{
	if (!is_form(get->output)) {
		cli_wrong("unknown form \"%s\"", get->output);
		cli_fix("one of json, yaml, wide");
		return -EINVAL;
	}
	for (size_t i = 0; argc == 1 && i < ARRAY_SIZE(things); i++)
		if (strcmp(argv[0], things[i].name) == 0 || strcmp(argv[0], things[i].one) == 0)
			get->thing = &things[i];
	if (get->thing)
		return 0;
	cli_wrong(argc ? "cannot get \"%s\"" : "get what?", argc ? argv[0] : "");
	cli_fix("karmor get policies, or karmor get workloads");
	return -EINVAL;
}

/* 0 to go on; 1 when all was told; -EINVAL for wrong use, told. */
static int parse(struct get *get, int argc, char *argv[])
{
	static const struct option options[] = {
		{ "namespace", required_argument, NULL, 'n' },
		{ "output", required_argument, NULL, 'o' },
		DIAL_OPTIONS,
		CLI_OPTIONS,
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "n:o:hV", options, NULL)) != -1) {
		if (cli_tells(c, help))
			return 1;
		switch (c) {
		case 'n':
			get->namespace_name = optarg;
			break;
		case 'o':
			get->output = optarg;
			break;
		case DIAL_SOCKET:
			get->socket = optarg;
			break;
		default:
			cli_fix("karmor get --help lists the options");
			return -EINVAL;
		}
	}
	return check(get, argc - optind, argv + optind);
}

/* Those of the namespace; all where none was asked for. */
static json_t *select_items(const struct get *get, const json_t *all)
{
	json_t *items = json_array(), *each;
	size_t i;

	json_array_foreach(all, i, each)
	{
		const char *name = json_string_value(json_object_get(each, "namespace"));

		if (!get->namespace_name ||
		    strcmp(name ? name : "default", get->namespace_name) == 0)
			json_array_append(items, each);
	}
	return items;
}

static void print(const struct get *get, json_t *items)
{
	_cleanup_json_ json_t *list = json_pack("{s:s, s:O}", "kind", "List", "items", items);

	if (get->output && strcmp(get->output, "json") == 0) {
		json_dumpf(list, stdout, JSON_INDENT(2));
		putchar('\n');
	} else if (get->output && strcmp(get->output, "yaml") == 0) {
		columns_yaml(list, 0);
	} else if (json_array_size(items) == 0) {
		cli_tell(KARMOR_NOTE, "no %s", get->thing->name);
	} else {
		columns_print(items, get->thing->columns, get->output != NULL);
	}
}

int verb_get(int argc, char *argv[])
{
	_cleanup_json_ json_t *answer = NULL, *items = NULL;
	struct get get = { 0 };
	int r = parse(&get, argc, argv);

	if (r != 0)
		return r > 0 ? cli_finish(EXIT_YES) : EXIT_WRONG;
	answer = dial_call(get.socket, get.thing->method, NULL, NULL);
	if (!answer)
		return EXIT_WRONG;
	items = select_items(&get, json_object_get(answer, get.thing->name));
	print(&get, items);
	return cli_finish(EXIT_YES);
}
