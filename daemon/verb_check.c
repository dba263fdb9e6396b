/* SPDX-License-Identifier: Apache-2.0 */
/*
 * karmor check: every fault of policies in one run, and with --backend what a backend can keep of
 * each rule. Offline and without privilege.
 */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "check.h"
#include "cli.h"
#include "verb.h"

static const char help[] =
	"Usage: karmor check [OPTION...] FILE|DIR...\n"
	"\n"
	"Tells everything that is wrong with policies. FILE may be - for standard input.\n"
	"\n"
	"  -b, --backend NAME|all  report for each rule what the backend can keep of it\n"
	"      --posture LIST      file=block,network=audit,capabilities=audit: they will run "
	"under "
	"it\n"
	"      --root DIR          resolve names through the symbolic links of this root\n"
	"      --best-effort       a rule that the backend cannot enforce is no error\n"
	"      --json              print one JSON object\n" CLI_HELP "\n"
	"Exit status: 0 no errors; 1 errors; 2 wrong use, or a file that cannot be read.\n";

enum {
	OPTION_BEST_EFFORT = 256,
	OPTION_JSON,
	OPTION_POSTURE,
	OPTION_ROOT,
};

static const struct option options[] = {
	{ "backend", required_argument, NULL, 'b' },
	{ "best-effort", no_argument, NULL, OPTION_BEST_EFFORT },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "posture", required_argument, NULL, OPTION_POSTURE },
	{ "root", required_argument, NULL, OPTION_ROOT },
	CLI_OPTIONS,
	{ 0 },
};

/* 0 to go on; 1 when help was printed; -EINVAL for wrong use, told. */
static int parse(struct check *check, int argc, char *argv[])
{
	int option;

	while ((option = getopt_long(argc, argv, "b:hV", options, NULL)) != -1) {
		if (cli_tells(option, help))
			return 1;
		switch (option) {
		case 'b':
			check->backend = optarg;
			break;
		case OPTION_BEST_EFFORT:
			check->best_effort = true;
			break;
		case OPTION_JSON:
			check->json = true;
			break;
		case OPTION_POSTURE:
			check->posture = optarg;
			break;
		case OPTION_ROOT:
			check->root = optarg;
			break;
		default:
			cli_fix("karmor check --help lists the options");
			return -EINVAL;
		}
	}
	if (check->backend && !check_backend_exists(check->backend))
		return -EINVAL;
	if (optind < argc)
		return 0;
	cli_wrong("no file is named");
	cli_fix("karmor check FILE|DIR...");
	return -EINVAL;
}

static int run(struct check *check, const char *const *paths, size_t n)
{
	bool is_unreadable;
	int r = check_posture(check, check->posture);

	if (r == -EINVAL)
		return EXIT_WRONG;
	r = r ? r : cli_load(paths, n, check->policies, check->diag);
	is_unreadable = r < 0 && r != -EINVAL;
	if (r == 0 && check->backend)
		r = check_compile(check);
	if (r == -ENOMEM)
		return cli_wrong("out of memory");
	if (!check->json) {
		cli_print_diag(check->diag);
		check_print(check);
	} else if (check_print_json(check) < 0) {
		return cli_wrong("out of memory");
	}
	if (is_unreadable)
		return cli_finish(EXIT_WRONG);
	return cli_finish(check_errors(check) ? EXIT_NO : EXIT_YES);
}

int verb_check(int argc, char *argv[])
{
	struct check check = { .diag = karmor_diag_new() };
	int r = parse(&check, argc, argv);

	if (r != 0)
		r = r > 0 ? cli_finish(EXIT_YES) : EXIT_WRONG;
	else if (!check.diag || karmor_policies_new(&check.policies) < 0)
		r = cli_wrong("out of memory");
	else
		r = run(&check, (const char *const *)argv + optind, (size_t)(argc - optind));
	check_reports_free(&check);
	karmor_policies_free(check.policies);
	karmor_diag_free(check.diag);
	return r;
}
