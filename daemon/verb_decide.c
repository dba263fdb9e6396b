/* SPDX-License-Identifier: Apache-2.0 */
/*
 * karmor decide: asks the reference evaluator, offline. It decides nothing itself and needs no
 * privilege; the exit status of one question is 0 whatever the verdict.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "decide.h"
#include "subject.h"
#include "table.h"
#include "text.h"
#include "verb.h"
#include "verdict.h"

static const char help_text[] =
	"Usage: karmor decide -p FILE... [-l k=v,...] [-n NAMESPACE] --op OP --object OBJECT\n"
	"       karmor decide [-p FILE...] --table FILE\n"
	"\n"
	"Asks what the policies say about one access, or about each row of a table.\n"
	"\n"
	"  -p, --policy FILE|DIR   policies; may be given several times\n" SUBJECT_HELP
	"      --root DIR          resolve names through the symbolic links of this root\n"
	"      --op OP             exec, read, write, net, capability or syscall\n"
	"      --object OBJECT     PATH | PROTOCOL | FAMILY:TYPE:PROTOCOL | CAP | SYSCALL[:PATH]\n"
	"      --source EXE        the acting executable; without it no fromSource matches\n"
	"      --not-owner         the acting user does not own the object\n"
	"      --table FILE        ask each row of a TSV; print those that differ\n"
	"      --json              print JSON\n" CLI_HELP;

enum {
	OPTION_ROOT = 256,
	OPTION_OP,
	OPTION_OBJECT,
	OPTION_SOURCE,
	OPTION_NOT_OWNER,
	OPTION_TABLE,
	OPTION_JSON,
};

static const struct option long_options[] = {
	{ "policy", required_argument, NULL, 'p' },
	SUBJECT_OPTIONS,
	{ "root", required_argument, NULL, OPTION_ROOT },
	{ "op", required_argument, NULL, OPTION_OP },
	{ "object", required_argument, NULL, OPTION_OBJECT },
	{ "source", required_argument, NULL, OPTION_SOURCE },
	{ "not-owner", no_argument, NULL, OPTION_NOT_OWNER },
	{ "table", required_argument, NULL, OPTION_TABLE },
	{ "json", no_argument, NULL, OPTION_JSON },
	CLI_OPTIONS,
	{ 0 },
};

/* The common part of both switches: options with a place to go. */
static const char **slot(struct decide_options *options, int option)
{
	switch (option) {
	case OPTION_ROOT:
		return &options->subject.root;
	case OPTION_OP:
		return &options->op;
	case OPTION_OBJECT:
		return &options->access.object;
	case OPTION_SOURCE:
		return &options->access.source;
	case OPTION_TABLE:
		return &options->table;
	default:
		return NULL;
	}
}

static bool *flag(struct decide_options *options, int option)
{
	switch (option) {
	case OPTION_NOT_OWNER:
		return &options->access.not_owner;
	case OPTION_JSON:
		return &options->json;
	default:
		return NULL;
	}
}

/* 0, -1 after printing what was asked for, or an exit status. */
static int read_option(struct decide_options *options, int option)
{
	const char **text = slot(options, option);
	bool *set = flag(options, option);

	if (cli_tells(option, help_text))
		return -1;
	if (subject_option(&options->subject, option))
		return 0;
	if (option == 'p')
		options->files[options->n_files++] = optarg;
	else if (text)
		*text = optarg;
	else if (set)
		*set = true;
	else
		return cli_fix("karmor decide --help lists the options");
	return 0;
}

static int read_options(struct decide_options *options, int argc, char *argv[])
{
	int option, r = 0;

	optind = 0;
	while (r == 0 && (option = getopt_long(argc, argv, "p:l:n:hV", long_options, NULL)) >= 0)
		r = read_option(options, option);
	/* -p FILE...: what follows the options are files too. */
	while (r == 0 && optind < argc)
		options->files[options->n_files++] = argv[optind++];
	return r;
}

/* Each row brings what these would say. */
static int check_table(const struct decide_options *options)
{
	const struct karmor_subject *subject = &options->subject;
	const struct {
		const char *option;
		bool is_given;
	} refused[] = {
		{ "--op", options->op },
		{ "--object", options->access.object },
		{ "--source", options->access.source },
		{ "--not-owner", options->access.not_owner },
		{ "-l", !subject->everything },
		{ "-n", subject->namespace_name },
		{ "--container", subject->container },
		{ "--host", subject->host },
		{ "--posture", subject->posture },
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (!refused[i].is_given)
			continue;
		cli_wrong("%s goes with one question, a table brings its own", refused[i].option);
		return cli_fix("leave %s out: a column of the table says it", refused[i].option);
	}
	return 0;
}

/* What cannot be asked together, before anything is read. */
static int check_options(struct decide_options *options)
{
	int op = options->op ? table_op(options->op) : -1;

	if (options->table)
		return check_table(options);
	if (!options->n_files) {
		cli_wrong("no policy was given");
		return cli_fix("-p FILE");
	}
	if (!options->op || !options->access.object) {
		cli_wrong("no question was asked");
		return cli_fix("--op read --object /etc/passwd, or --table FILE");
	}
	if (op < 0) {
		cli_wrong("there is no operation \"%s\"", options->op);
		return cli_fix("exec, read, write, net, capability or syscall");
	}
	options->access.op = (enum karmor_op)op;
	return 0;
}

static void print_json(const struct decide_options *options, const struct karmor_verdict *verdict)
{
	printf("{\"op\":\"%s\",\"object\":", table_op_name(options->access.op));
	text_print_json(stdout, options->access.object);
	putchar(',');
	verdict_print_json(verdict);
	puts("}");
}

static int ask(const struct decide_options *options, struct karmor_diag *diag)
{
	struct karmor_verdict verdict = KARMOR_STRUCT(karmor_verdict);
	struct karmor_policies *policies = NULL;
	struct karmor_ruleset *set = NULL;
	int r = karmor_policies_new(&policies);

	if (r == 0)
		r = cli_load(options->files, options->n_files, policies, diag);
	if (r == 0)
		r = karmor_ruleset_new(policies, &options->subject, &set, diag);
	if (r == 0)
		subject_warn(&options->subject, policies, set);
	if (r == 0)
		r = karmor_ruleset_eval(set, &options->access, &verdict, diag);
	if (r == 0 && options->json)
		print_json(options, &verdict);
	else if (r == 0)
		verdict_print(&verdict);
	karmor_ruleset_free(set);
	karmor_policies_free(policies);
	return r;
}

static int decide_one(const struct decide_options *options)
{
	struct karmor_diag *diag = karmor_diag_new();
	int r = diag ? ask(options, diag) : -ENOMEM;

	cli_print_diag(diag);
	if (r == -ENOMEM)
		cli_wrong("out of memory");
	else if (r < 0 && !karmor_diag_count(diag, KARMOR_ERROR))
		cli_wrong("%s", strerror(-r));
	karmor_diag_free(diag);
	return r < 0 ? EXIT_WRONG : EXIT_YES;
}

static int run(struct decide_options *options, int argc, char *argv[])
{
	int r = read_options(options, argc, argv);

	if (r < 0)
		return EXIT_YES;
	if (r == 0)
		r = check_options(options);
	if (r > 0)
		return r;
	return options->table ? decide_table(options) : decide_one(options);
}

int verb_decide(int argc, char *argv[])
{
	struct decide_options options = {
		.files = calloc((size_t)argc + 1, sizeof(*options.files)),
		.subject = subject_new(),
		.access = KARMOR_STRUCT(karmor_access),
	};
	int r = options.files ? run(&options, argc, argv) : cli_wrong("out of memory");

	free(options.files);
	return cli_finish(r);
}
