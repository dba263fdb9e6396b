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
#include "document.h"
#include "scope.h"
#include "verb.h"

static const char help[] =
	"Usage: karmor get policies|KIND|workloads [NAME...] [OPTION...]\n"
	"       karmor get KIND/NAME [OPTION...]\n"
	"\n"
	"Lists what karmord has in force on this node, in all namespaces. KIND is KubeArmorPolicy\n"
	"(ksp), KubeArmorClusterPolicy (csp) or KubeArmorHostPolicy (hsp).\n"
	"\n"
	"  -n, --namespace NAME    those of this namespace alone\n"
	"  -A, --all-namespaces    those of all namespaces, as without -n\n"
	"  -o, --output FORM       json, of one NAME no list; wide; or yaml, of policies their "
	"text\n" DIAL_HELP CLI_HELP "\n"
	"Exit status: 0 yes; 1 a NAME was not there; 2 wrong use or a fault.\n"
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
	bool has_text; /* which is YAML already */
} things[] = {
	{ "policies", "policy", "io.karmor.GetPolicies", policies, true },
	{ "workloads", "workload", "io.karmor.GetWorkloads", workloads, false },
};

struct get {
	const struct thing *thing;
	const char *kind; /* of policies; NULL: any */
	char *const *names;
	size_t n_names;
	const char *namespace_name, *output, *socket;
};

static bool is_form(const char *form)
{
	return !form || strcmp(form, "json") == 0 || strcmp(form, "yaml") == 0 ||
	       strcmp(form, "wide") == 0;
}

/* What is asked for: policies, those of a kind, or workloads. */
static int find(struct get *get, const char *word)
{
	enum karmor_kind kind;

	for (size_t i = 0; i < ARRAY_SIZE(things); i++)
		if (strcasecmp(word, things[i].name) == 0 || strcasecmp(word, things[i].one) == 0)
			get->thing = &things[i];
	if (!get->thing && document_kind_typed(word, &kind) == 0) {
		get->thing = &things[0];
		get->kind = document_kind_name(kind);
	}
	if (get->thing)
		return 0;
	cli_wrong("cannot get \"%s\"", word);
	cli_fix("karmor get policies, ksp, csp, hsp or workloads");
	return -EINVAL;
}

static int check(struct get *get, int argc, char *argv[])
{
	char *name = argc == 1 ? strchr(argv[0], '/') : NULL;

	if (!is_form(get->output)) {
		cli_wrong("unknown form \"%s\"", get->output);
		cli_fix("one of json, yaml, wide");
		return -EINVAL;
	}
	if (!argc) {
		cli_wrong("get what?");
		cli_fix("karmor get policies, or karmor get workloads");
		return -EINVAL;
	}
	get->names = argv + 1;
	get->n_names = (size_t)argc - 1;
	if (name) {
		/* KIND/NAME, as apply prints it. */
		*name = '\0';
		argv[1] = name + 1;
		get->n_names = 1;
	}
	return find(get, argv[0]);
}

/* 0 to go on; 1 when all was told; -EINVAL for wrong use, told. */
static int parse(struct get *get, int argc, char *argv[])
{
	static const struct option options[] = {
		{ "namespace", required_argument, NULL, 'n' },
		{ "all-namespaces", no_argument, NULL, 'A' },
		{ "output", required_argument, NULL, 'o' },
		DIAL_OPTIONS,
		CLI_OPTIONS,
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "n:Ao:hV", options, NULL)) != -1) {
		if (cli_tells(c, help))
			return 1;
		switch (c) {
		case 'n':
			get->namespace_name = optarg;
			break;
		case 'A':
			get->namespace_name = NULL;
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

static const char *field(const json_t *object, const char *name, const char *otherwise)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : otherwise;
}

static bool is_named(const struct get *get, const char *name)
{
	for (size_t i = 0; i < get->n_names; i++)
		if (strcmp(get->names[i], name) == 0)
			return true;
	return get->n_names == 0;
}

static json_t *select_items(const struct get *get, const json_t *all)
{
	json_t *items = json_array(), *each;
	size_t i;

	json_array_foreach(all, i, each)
	{
		if ((!get->namespace_name ||
		     strcmp(field(each, "namespace", "default"), get->namespace_name) == 0) &&
		    (!get->kind || strcmp(field(each, "kind", ""), get->kind) == 0) &&
		    is_named(get, field(each, "name", "")))
			json_array_append(items, each);
	}
	return items;
}

/* Names that nothing has: EXIT_NO where there are some. */
static int missing(const struct get *get, const json_t *items)
{
	int status = EXIT_YES;
	json_t *each;
	size_t i;

	for (size_t n = 0; n < get->n_names; n++) {
		bool found = false;

		json_array_foreach(items, i, each) found |=
			strcmp(field(each, "name", ""), get->names[n]) == 0;
		if (!found) {
			cli_wrong("%s \"%s\" was not found",
				  get->kind ? get->kind : get->thing->one, get->names[n]);
			status = EXIT_NO;
		}
	}
	return status;
}

static bool is_yaml(const struct get *get)
{
	return get->output && strcmp(get->output, "yaml") == 0;
}

/* One document after the other, as apply takes them. YAML has no control characters to escape. */
static void print_texts(const json_t *items)
{
	json_t *each;
	size_t i;

	json_array_foreach(items, i, each)
	{
		/* An older karmord tells none. */
		const char *text = field(each, "text", "# its text is not told\n");
		size_t len = strlen(text);

		if (i && strncmp(text, "---", 3) != 0)
			puts("---");
		fputs(text, stdout);
		if (len && text[len - 1] != '\n')
			putchar('\n');
	}
}

static void print(const struct get *get, json_t *items)
{
	_cleanup_json_ json_t *list =
		get->n_names == 1 && json_array_size(items) == 1
			? json_incref(json_array_get(items, 0))
			: json_pack("{s:s, s:O}", "kind", "List", "items", items);

	if (get->output && strcmp(get->output, "json") == 0) {
		json_dumpf(list, stdout, JSON_INDENT(2));
		putchar('\n');
	} else if (is_yaml(get) && get->thing->has_text) {
		print_texts(items);
	} else if (is_yaml(get)) {
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
	json_t *parameters = NULL;
	struct get get = { 0 };
	int r = parse(&get, argc, argv);

	if (r != 0)
		return r > 0 ? cli_finish(EXIT_YES) : EXIT_WRONG;
	if (is_yaml(&get) && get.thing->has_text)
		parameters = json_pack("{s:b}", "text", 1);
	answer = dial_call(get.socket, get.thing->method, parameters, NULL);
	if (!answer)
		return EXIT_WRONG;
	items = select_items(&get, json_object_get(answer, get.thing->name));
	r = missing(&get, items);
	if (!get.n_names || json_array_size(items))
		print(&get, items);
	return cli_finish(r);
}
