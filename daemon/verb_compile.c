/* SPDX-License-Identifier: Apache-2.0 */
/*
 * karmor compile: what a backend would load, readable. Compiles for a machine on which everything
 * works, or for one that is described by files, so that the same input gives the same text
 * everywhere; loads nothing.
 */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "cli.h"
#include "subject.h"
#include "verb.h"

static const char help[] =
	"Usage: karmor compile --backend NAME [OPTION...] FILE|DIR...\n"
	"\n"
	"Prints what the backend would load for one workload. FILE may be - for standard input.\n"
	"\n"
	"  -b, --backend NAME      the backend\n" SUBJECT_HELP
	"      --best-effort       a rule that the backend cannot enforce is left out, not an "
	"error\n"
	"      --fact NAME=FILE    of the machine to compile for; selinux: policy, "
	"file_contexts\n" CLI_HELP "\n"
	"Exit status: 0 printed; 1 policies are at fault, or cannot be kept; 2 wrong use, or a "
	"file\n"
	"that cannot be read.\n";

enum { OPTION_BEST_EFFORT = 256, OPTION_FACT };

#define FACTS_MAX 8

static const struct option options[] = {
	{ "backend", required_argument, NULL, 'b' },
	SUBJECT_OPTIONS,
	{ "best-effort", no_argument, NULL, OPTION_BEST_EFFORT },
	{ "fact", required_argument, NULL, OPTION_FACT },
	CLI_OPTIONS,
	{ 0 },
};

struct compile {
	const struct karmor_backend *backend;
	struct karmor_subject subject;
	bool best_effort;
	char *facts[FACTS_MAX]; /* NAME=FILE */
	size_t n_facts;
	struct karmor_diag *diag;
	struct karmor_policies *policies;
	struct karmor_ruleset *set;
	struct karmor_caps *caps;
	struct karmor_artifact *artifact;
	struct karmor_report *report;
};

static int read_backend(struct compile *compile, const char *name)
{
	compile->backend = karmor_backend_find(name);
	if (!compile->backend)
		cli_no_backend(name, "");
	return compile->backend ? 0 : -EINVAL;
}

static int take_fact(struct compile *compile, char *text)
{
	char *equals = strchr(text, '=');

	if (!equals || equals == text || !equals[1] || compile->n_facts == FACTS_MAX) {
		cli_wrong("\"%s\" is no fact, or one too many", text);
		cli_fix("--fact NAME=FILE, up to %d of them", FACTS_MAX);
		return -EINVAL;
	}
	compile->facts[compile->n_facts++] = text;
	return 0;
}

/* The machine to compile for. */
static int make_caps(struct compile *compile)
{
	int r = karmor_caps_full(compile->backend, &compile->caps);

	for (size_t i = 0; r == 0 && i < compile->n_facts; i++) {
		char *path = compile->facts[i] + strcspn(compile->facts[i], "=");

		*path++ = '\0';
		r = karmor_caps_read(compile->caps, compile->facts[i], path, compile->diag);
	}
	return r;
}

static int check_arguments(const struct compile *compile, int n_files)
{
	if (compile->backend && n_files)
		return 0;
	cli_wrong("no %s is named", compile->backend ? "file" : "backend");
	cli_fix("karmor compile --backend NAME FILE|DIR...");
	return -EINVAL;
}

/* 0 to go on; 1 when help was printed; -EINVAL for wrong use, told. */
static int parse(struct compile *compile, int argc, char *argv[])
{
	int option, r = 0;

	while (r == 0 && (option = getopt_long(argc, argv, "b:l:n:hV", options, NULL)) != -1) {
		if (cli_tells(option, help))
			return 1;
		if (subject_option(&compile->subject, option))
			continue;
		switch (option) {
		case 'b':
			r = read_backend(compile, optarg);
			break;
		case OPTION_BEST_EFFORT:
			compile->best_effort = true;
			break;
		case OPTION_FACT:
			r = take_fact(compile, optarg);
			break;
		default:
			cli_fix("karmor compile --help lists the options");
			return -EINVAL;
		}
	}
	return r ? r : check_arguments(compile, argc - optind);
}

static int make(struct compile *compile)
{
	const struct karmor_ruleset *sets[1];
	int r = karmor_ruleset_new(compile->policies, &compile->subject, &compile->set,
				   compile->diag);

	if (r < 0)
		return r;
	subject_warn(&compile->subject, compile->policies, compile->set);
	sets[0] = compile->set;
	r = karmor_compile(sets, 1, compile->caps, &compile->artifact, &compile->report,
			   compile->diag);
	if (r == 0 && cli_unsupported(compile->report, compile->backend, compile->best_effort))
		r = -EOPNOTSUPP;
	return r < 0 ? r : karmor_artifact_print(compile->artifact, stdout);
}

static int run(struct compile *compile, const char *const *paths, size_t n)
{
	int r = compile->diag ? karmor_policies_new(&compile->policies) : -ENOMEM;
	bool is_policy; /* what is at fault, where something is */

	r = r ? r : make_caps(compile);
	is_policy = r == 0;
	r = r ? r : cli_load(paths, n, compile->policies, compile->diag);
	is_policy &= r == 0 || r == -EINVAL;
	if (r == 0)
		r = make(compile);
	cli_print_diag(compile->diag);
	if (r == -ENOMEM)
		cli_wrong("out of memory");
	if (r == 0)
		return EXIT_YES;
	return is_policy && (r == -EINVAL || r == -EOPNOTSUPP) ? EXIT_NO : EXIT_WRONG;
}

int verb_compile(int argc, char *argv[])
{
	struct compile compile = { .subject = subject_new(), .diag = karmor_diag_new() };
	int r = parse(&compile, argc, argv);

	if (r != 0)
		r = r > 0 ? EXIT_YES : EXIT_WRONG;
	else
		r = run(&compile, (const char *const *)argv + optind, (size_t)(argc - optind));
	karmor_artifact_free(compile.artifact);
	karmor_report_free(compile.report);
	karmor_caps_free(compile.caps);
	karmor_ruleset_free(compile.set);
	karmor_policies_free(compile.policies);
	karmor_diag_free(compile.diag);
	return cli_finish(r);
}
