/* SPDX-License-Identifier: Apache-2.0 */
/*
 * karmor lint: check, and what a person would want to know of policies before they go live. Offline
 * and without privilege; the findings are the library's.
 */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "check.h"
#include "cli.h"
#include "verb.h"

static const char help[] =
	"Usage: karmor lint [OPTION...] FILE|DIR...\n"
	"\n"
	"Tells what is wrong with policies, and what is likely to be a mistake. FILE may be - for\n"
	"standard input. Policies are looked at together, as they would be enforced.\n"
	"\n"
	"      --posture LIST      file=block,network=audit,capabilities=audit: they will run "
	"under\n"
	"                          these, and know what follows from an allow-list\n"
	"      --json              print one JSON object\n" CLI_HELP "\n"
	"Exit status: 0 no warnings; 1 findings; 2 wrong use, or a file that cannot be read.\n";

enum {
	OPTION_POSTURE = 256,
	OPTION_JSON,
};

static const struct option options[] = {
	{ "posture", required_argument, NULL, OPTION_POSTURE },
	{ "json", no_argument, NULL, OPTION_JSON },
	CLI_OPTIONS,
	{ 0 },
};

/* 0 to go on; 1 when help was printed; -EINVAL for wrong use, told. */
static int parse(struct check *check, const char **posture, int argc, char *argv[])
{
	int option;

	while ((option = getopt_long(argc, argv, "hV", options, NULL)) != -1) {
		if (cli_tells(option, help))
			return 1;
		switch (option) {
		case OPTION_POSTURE:
			*posture = optarg;
			break;
		case OPTION_JSON:
			check->json = true;
			break;
		default:
			cli_fix("karmor lint --help lists the options");
			return -EINVAL;
		}
	}
	if (optind < argc)
		return 0;
	cli_wrong("no file is named");
	cli_fix("karmor lint FILE|DIR...");
	return -EINVAL;
}

static bool has_findings(const struct check *check)
{
	return check_errors(check) || karmor_diag_count(check->diag, KARMOR_WARNING);
}

static int print(const struct check *check)
{
	if (!check->json) {
		cli_print_diag(check->diag);
		check_print(check);
		return 0;
	}
	return check_print_json(check);
}

static int run(struct check *check, const char *posture, const char *const *paths, size_t n)
{
	/* One that is none is wrong use, and no finding. */
	int loaded, r = check_posture(check, posture);

	if (r == -ENOMEM)
		return cli_wrong("out of memory");
	if (r < 0)
		return EXIT_WRONG;
	loaded = r = cli_load(paths, n, check->policies, check->diag);
	/* What is missing because it is at fault would be missed. */
	if (loaded == 0)
		r = karmor_policies_lint(check->policies, posture, check->diag);
	if (r == -ENOMEM || print(check) < 0)
		return cli_wrong("out of memory");
	if (loaded < 0 && loaded != -EINVAL)
		return EXIT_WRONG;
	return has_findings(check) ? EXIT_NO : EXIT_YES;
}

int verb_lint(int argc, char *argv[])
{
	struct check check = { .diag = karmor_diag_new() };
	const char *posture = NULL;
	int r = parse(&check, &posture, argc, argv);

	if (r != 0)
		r = r > 0 ? EXIT_YES : EXIT_WRONG;
	else if (!check.diag || karmor_policies_new(&check.policies) < 0)
		r = cli_wrong("out of memory");
	else
		r = run(&check, posture, (const char *const *)argv + optind,
			(size_t)(argc - optind));
	karmor_policies_free(check.policies);
	karmor_diag_free(check.diag);
	return cli_finish(r);
}
