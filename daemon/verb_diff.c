/* SPDX-License-Identifier: Apache-2.0 */
/*
 * karmor diff: what changes in verdicts between two sets of policies, with an example of each
 * changed outcome. Text that changes without a verdict is no change.
 */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "cli.h"
#include "subject.h"
#include "table.h"
#include "text.h"
#include "verb.h"
#include "verdict.h"

static const char help[] =
	"Usage: karmor diff [OPTION...] OLD NEW\n"
	"\n"
	"Tells what changes in verdicts from policies OLD to policies NEW, files or directories,\n"
	"with an example of each changed outcome. Nothing is printed where no verdict changes.\n"
	"\n" SUBJECT_HELP "      --json              print one JSON object\n" CLI_HELP "\n"
	"Exit status: 0 no verdict changes; 1 some do; 2 wrong use, or a fault.\n";

enum { OPTION_JSON = 256 };

static const struct option options[] = {
	SUBJECT_OPTIONS,
	{ "json", no_argument, NULL, OPTION_JSON },
	CLI_OPTIONS,
	{ 0 },
};

struct diff {
	struct karmor_subject subject;
	bool json;
	struct karmor_diag *diag;
	struct karmor_policies *policies[2];
	struct karmor_ruleset *sets[2];
	size_t n_changes;
};

/* 0 to go on; 1 when help was printed; -EINVAL for wrong use, told. */
static int parse(struct diff *diff, int argc, char *argv[])
{
	int option;

	while ((option = getopt_long(argc, argv, "l:n:hV", options, NULL)) != -1) {
		if (subject_option(&diff->subject, option))
			continue;
		if (cli_tells(option, help))
			return 1;
		if (option != OPTION_JSON) {
			cli_fix("karmor diff --help lists the options");
			return -EINVAL;
		}
		diff->json = true;
	}
	if (optind + 2 == argc)
		return 0;
	cli_wrong("two sets of policies are compared");
	cli_fix("karmor diff OLD NEW");
	return -EINVAL;
}

static void print_text(const struct diff *diff, const struct karmor_change *change)
{
	printf("%s%s ", diff->subject.host ? "host: " : "", table_op_name(change->access.op));
	text_print(stdout, change->access.object);
	if (change->access.source) {
		fputs(" by ", stdout);
		text_print(stdout, change->access.source);
	}
	puts(change->access.not_owner ? ", not the owner" : "");
	fputs("  - ", stdout);
	verdict_print(&change->before);
	fputs("  + ", stdout);
	verdict_print(&change->after);
}

static void print_json(const struct diff *diff, const struct karmor_change *change)
{
	printf("%s\n{\"host\":%s,\"op\":\"%s\",\"object\":", diff->n_changes ? "," : "",
	       diff->subject.host ? "true" : "false", table_op_name(change->access.op));
	text_print_json(stdout, change->access.object);
	fputs(",\"source\":", stdout);
	text_print_json(stdout, change->access.source);
	printf(",\"owner\":%s", change->access.not_owner ? "false" : "true");
	fputs(",\"old\":{", stdout);
	verdict_print_json(&change->before);
	fputs("},\"new\":{", stdout);
	verdict_print_json(&change->after);
	fputs("}}", stdout);
}

static int print(const struct karmor_change *change, void *data)
{
	struct diff *diff = data;

	if (diff->json)
		print_json(diff, change);
	else
		print_text(diff, change);
	diff->n_changes++;
	return 0;
}

static int compare(struct diff *diff)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < 2; i++)
		r = karmor_ruleset_new(diff->policies[i], &diff->subject, &diff->sets[i],
				       diff->diag);
	if (r == 0)
		r = karmor_ruleset_diff(diff->sets[0], diff->sets[1], print, diff, diff->diag);
	for (size_t i = 0; i < 2; i++) {
		karmor_ruleset_free(diff->sets[i]);
		diff->sets[i] = NULL;
	}
	return r;
}

static int run(struct diff *diff, const char *const paths[])
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < 2; i++) {
		r = karmor_policies_new(&diff->policies[i]);
		if (r == 0)
			r = cli_load(&paths[i], 1, diff->policies[i], diff->diag);
	}
	if (r < 0)
		return r;
	if (diff->json)
		fputs("{\"changes\":[", stdout);
	r = compare(diff);
	/* Without labels the question is about everything, and the node is a part of it. */
	if (r == 0 && diff->subject.everything && !diff->subject.host) {
		diff->subject.host = true;
		r = compare(diff);
	}
	if (diff->json)
		puts(diff->n_changes ? "\n]}" : "]}");
	return r;
}

int verb_diff(int argc, char *argv[])
{
	struct diff diff = { .subject = subject_new(), .diag = karmor_diag_new() };
	int r = parse(&diff, argc, argv);

	if (r != 0) {
		r = r > 0 ? EXIT_YES : EXIT_WRONG;
	} else {
		r = diff.diag ? run(&diff, (const char *const *)argv + optind) : -ENOMEM;
		cli_print_diag(diff.diag);
		if (r == -ENOMEM)
			cli_wrong("out of memory");
		r = r < 0 ? EXIT_WRONG : diff.n_changes ? EXIT_NO : EXIT_YES;
	}
	for (size_t i = 0; i < 2; i++)
		karmor_policies_free(diff.policies[i]);
	karmor_diag_free(diff.diag);
	return cli_finish(r);
}
