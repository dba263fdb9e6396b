/* SPDX-License-Identifier: Apache-2.0 */
/*
 * karmor logs: the events of this node's workloads, as they happen. What is to be seen is chosen in
 * the daemon.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <karmor/karmor.h>

#include "cli.h"
#include "dial.h"
#include "scope.h"
#include "verb.h"

static const char help[] =
	"Usage: karmor logs [OPTION...]\n"
	"\n"
	"Follows the events of this node's workloads. Of several options all must be met.\n"
	"\n"
	"  -n, --namespace NAME    of workloads of this namespace\n"
	"      --pod NAME          of this pod\n"
	"  -c, --container NAME    of this container\n"
	"  -l, --labels k=v,...    of workloads with these labels\n"
	"      --operation NAME    process, file, network, capabilities or syscall\n"
	"      --logFilter NAME    policy (the default) or all\n"
	"      --policy NAME       told by this policy\n"
	"      --source EXE        by this program; may be a pattern, as '*/sh'\n"
	"      --resource PATH     about this object; may be a pattern, as '/etc/*'\n"
	"      --limit N           end after N events\n"
	"      --since T           those that are remembered first: 10m, 2h, @SECONDS or\n"
	"                          2026-01-31T12:00:00 (UTC)\n"
	"  -f, --follow            what it does anyway, until --limit\n"
	"      --json              one JSON object a line\n"
	"  -o, --output FORM       text (the default), json or pretty-json\n" DIAL_HELP CLI_HELP
	"\n"
	"Exit status: 0 --limit was reached; 2 wrong use or a fault, such as that karmord ends.\n"
	"\n"
	"Example: karmor logs -n default --policy block-shell\n";

enum {
	POD = 512,
	OPERATION,
	FILTER,
	POLICY,
	SOURCE,
	RESOURCE,
	LIMIT,
	SINCE,
};

enum form {
	FORM_TEXT,
	FORM_JSON,
	FORM_PRETTY,
};

struct logs {
	json_t *parameters;
	const char *socket;
	enum form form;
};

static const struct text_option {
	int option;
	const char *parameter;
} texts[] = {
	{ 'n', "namespace" }, { POD, "pod" },	    { 'c', "container" },     { 'l', "labels" },
	{ POLICY, "policy" }, { SOURCE, "source" }, { RESOURCE, "resource" },
};

static int wrong(const char *what, const char *value, const char *fix)
{
	cli_wrong("%s cannot be \"%s\"", what, value);
	cli_fix("%s", fix);
	return -EINVAL;
}

static int set_text(struct logs *logs, const char *parameter, const char *text)
{
	if (json_object_set_new(logs->parameters, parameter, json_string(text)) == 0)
		return 0;
	cli_wrong("\"%s\" is no UTF-8 text", text);
	return -EINVAL;
}

static int set_word(struct logs *logs, const char *option, const char *parameter,
		    const char *const *words, const char *fix)
{
	for (; *words; words++)
		if (strcasecmp(*words, optarg) == 0)
			return set_text(logs, parameter, *words);
	return wrong(option, optarg, fix);
}

static int set_filter(struct logs *logs)
{
	static const char *const words[] = { "policy", "all", NULL };

	if (strcasecmp(optarg, "system") != 0)
		return set_word(logs, "--logFilter", "filter", words, "one of policy, all");
	cli_wrong("karmord gathers no system events yet, only those of policies");
	cli_fix("--logFilter policy");
	return -EINVAL;
}

static int set_operation(struct logs *logs)
{
	static const char *const words[] = { "process",	     "file",	"network",
					     "capabilities", "syscall", NULL };

	return set_word(logs, "--operation", "operation", words,
			"one of process, file, network, capabilities, syscall");
}

static int set_number(struct logs *logs, const char *parameter, long long number)
{
	json_object_set_new(logs->parameters, parameter, json_integer(number));
	return 0;
}

static int set_limit(struct logs *logs)
{
	char *end;
	long long n = strtoll(optarg, &end, 10);

	if (end == optarg || *end || n <= 0)
		return wrong("--limit", optarg, "a number from 1 on");
	return set_number(logs, "limit", n);
}

/* "10m" and the like before now; -1 where it is not that. */
static long long ago(const char *text)
{
	static const struct {
		char unit;
		long long seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	char *end;
	long long n = strtoll(text, &end, 10);

	if (end == text || n < 0 || n > 100000 || !*end || end[1])
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (*end == units[i].unit)
			return (long long)time(NULL) - n * units[i].seconds;
	return -1;
}

static long long date(const char *text)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	if (!end)
		return -1;
	if (*end == '.')
		end += 1 + strspn(end + 1, "0123456789");
	return *end == '\0' || strcmp(end, "Z") == 0 ? (long long)timegm(&tm) : -1;
}

static int set_since(struct logs *logs)
{
	char *end;
	long long at = *optarg == '@' ? strtoll(optarg + 1, &end, 10) : ago(optarg);

	if (*optarg == '@' && (end == optarg + 1 || *end))
		at = -1;
	else if (*optarg != '@' && at < 0)
		at = date(optarg);
	if (at < 0)
		return wrong("--since", optarg, "10m, 2h, @SECONDS or 2026-01-31T12:00:00");
	return set_number(logs, "since", at);
}

static int set_form(struct logs *logs)
{
	static const char *const forms[] = {
		[FORM_TEXT] = "text",
		[FORM_JSON] = "json",
		[FORM_PRETTY] = "pretty-json",
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		if (strcmp(forms[i], optarg) == 0) {
			logs->form = (enum form)i;
			return 0;
		}
	return wrong("--output", optarg, "one of text, json, pretty-json");
}

static int take(struct logs *logs, int option)
{
	switch (option) {
	case OPERATION:
		return set_operation(logs);
	case FILTER:
		return set_filter(logs);
	case LIMIT:
		return set_limit(logs);
	case SINCE:
		return set_since(logs);
	case 'o':
		return set_form(logs);
	case 'j':
		logs->form = FORM_JSON;
		return 0;
	case DIAL_SOCKET:
		logs->socket = optarg;
		return 0;
	case 'f':
		return 0;
	default:
		break;
	}
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i].option == option)
			return set_text(logs, texts[i].parameter, optarg);
	cli_fix("karmor logs --help lists the options");
	return -EINVAL;
}

/* 0 to go on; 1 when all was told; -EINVAL for wrong use, told. */
static int parse(struct logs *logs, int argc, char *argv[])
{
	static const struct option options[] = {
		{ "namespace", required_argument, NULL, 'n' },
		{ "pod", required_argument, NULL, POD },
		{ "container", required_argument, NULL, 'c' },
		{ "labels", required_argument, NULL, 'l' },
		{ "operation", required_argument, NULL, OPERATION },
		{ "logFilter", required_argument, NULL, FILTER },
		{ "policy", required_argument, NULL, POLICY },
		{ "source", required_argument, NULL, SOURCE },
		{ "resource", required_argument, NULL, RESOURCE },
		{ "limit", required_argument, NULL, LIMIT },
		{ "since", required_argument, NULL, SINCE },
		{ "json", no_argument, NULL, 'j' },
		{ "follow", no_argument, NULL, 'f' },
		{ "output", required_argument, NULL, 'o' },
		DIAL_OPTIONS,
		CLI_OPTIONS,
		{ 0 },
	};
	int c, r = 0;

	while (r == 0 && (c = getopt_long(argc, argv, "n:c:l:o:fhV", options, NULL)) != -1) {
		if (cli_tells(c, help))
			return 1;
		r = take(logs, c);
	}
	if (r == 0 && optind < argc) {
		cli_wrong("unexpected argument \"%s\"", argv[optind]);
		r = -EINVAL;
	}
	return r;
}

/* "== Alert / 2026-11-26 20:00:00.123456 ==" and a line for each field that says something. */
static void print_text(const json_t *event)
{
	const char *key, *when = json_string_value(json_object_get(event, "UpdatedTime"));
	json_t *value;

	if (when && strlen(when) > 11)
		printf("== Alert / %.10s %.*s ==\n", when, (int)strcspn(when + 11, "Z"), when + 11);
	json_object_foreach((json_t *)(uintptr_t)event, key, value)
	{
		if (json_is_string(value) && *json_string_value(value))
			printf("%s: %s\n", key, json_string_value(value));
		else if (json_is_integer(value))
			printf("%s: %lld\n", key, (long long)json_integer_value(value));
	}
	putchar('\n');
}

static void print(const struct logs *logs, const json_t *answer)
{
	const json_t *event = json_object_get(answer, "event");
	const json_t *lost = json_object_get(answer, "lost");

	if (lost)
		cli_tell(KARMOR_WARNING,
			 "%lld events were lost here: they came faster than they "
			 "were read",
			 (long long)json_integer_value(lost));
	if (!json_is_object(event))
		return;
	if (logs->form == FORM_TEXT) {
		print_text(event);
	} else {
		json_dumpf(event, stdout, logs->form == FORM_JSON ? JSON_COMPACT : JSON_INDENT(2));
		putchar('\n');
	}
	fflush(stdout);
}

static int follow(struct logs *logs)
{
	struct dial dial;
	bool continues = true;
	int status = EXIT_YES;

	if (dial_open(&dial, logs->socket) < 0)
		return EXIT_WRONG;
	if (dial_ask(&dial, "io.karmor.Follow", json_incref(logs->parameters), true) < 0)
		status = EXIT_WRONG;
	while (status == EXIT_YES && continues && !ferror(stdout)) {
		_cleanup_json_ json_t *answer = dial_answer(&dial, &continues, NULL);

		if (answer)
			print(logs, answer);
		else
			status = EXIT_WRONG;
	}
	dial_close(&dial);
	return status;
}

int verb_logs(int argc, char *argv[])
{
	struct logs logs = { .parameters = json_object() };
	int r = parse(&logs, argc, argv), status = EXIT_WRONG;

	if (r == 0)
		status = follow(&logs);
	json_decref(logs.parameters);
	return cli_finish(r > 0 ? EXIT_YES : status);
}
