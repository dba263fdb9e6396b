/* SPDX-License-Identifier: Apache-2.0 */
/*
 * karmor compile: what a backend would load, readable. Compiles for a machine on which everything
 * works, so that the same policies give the same text everywhere; loads nothing.
 */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "cli.h"
#include "subject.h"
#include "text.h"
#include "verb.h"

static const char help[] =
	"Usage: karmor compile --backend NAME [OPTION...] FILE|DIR...\n"
	"\n"
	"Prints what the backend would load for one workload. FILE may be - for standard input.\n"
	"\n"
	"  -b, --backend NAME      the backend\n" SUBJECT_HELP
	"      --best-effort       a rule that the backend cannot enforce is left out, not an "
	"error\n"
	"  -h, --help              print this\n"
	"\n"
	"Exit status: 0 printed; 1 policies are at fault, or cannot be kept; 2 wrong use, or a "
	"file\n"
	"that cannot be read.\n";

enum { OPTION_BEST_EFFORT = 256 };

static const struct option options[] = {
	{ "backend", required_argument, NULL, 'b' },
	SUBJECT_OPTIONS,
	{ "best-effort", no_argument, NULL, OPTION_BEST_EFFORT },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

struct compile {
	const struct karmor_backend *backend;
	struct karmor_subject subject;
	bool best_effort;
	struct karmor_diag *diag;
	struct karmor_policies *policies;
	struct karmor_ruleset *set;
	struct karmor_caps *caps;
	struct karmor_artifact *artifact;
	struct karmor_report *report;
};

static int read_backend(struct compile *compile, const char *name)
{
	const struct karmor_backend *backend;

	compile->backend = karmor_backend_find(name);
	if (compile->backend)
		return 0;
	cli_wrong("compile: unknown backend \"%s\"", name);
	fputs("  fix: one of", stderr);
	for (size_t i = 0; (backend = karmor_backend_at(i)); i++)
		fprintf(stderr, "%s %s", i ? "," : "", karmor_backend_name(backend));
	putc('\n', stderr);
	return -EINVAL;
}

static int check_arguments(const struct compile *compile, int n_files)
{
	if (compile->backend && n_files)
		return 0;
	cli_wrong("compile: no %s is named", compile->backend ? "file" : "backend");
	fputs("  fix: karmor compile --backend NAME FILE|DIR...\n", stderr);
	return -EINVAL;
}

/* 0 to go on; 1 when help was printed; -EINVAL for wrong use, told. */
static int parse(struct compile *compile, int argc, char *argv[])
{
	int option, r = 0;

	while (r == 0 && (option = getopt_long(argc, argv, "b:l:n:h", options, NULL)) != -1) {
		if (subject_option(&compile->subject, option))
			continue;
		switch (option) {
		case 'b':
			r = read_backend(compile, optarg);
			break;
		case OPTION_BEST_EFFORT:
			compile->best_effort = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 1;
		default:
			fputs("  fix: karmor compile --help lists the options\n", stderr);
			return -EINVAL;
		}
	}
	return r ? r : check_arguments(compile, argc - optind);
}

/* Complains of each rule that is not kept; how many of them would have enforced. */
static size_t count_unsupported(const struct compile *compile)
{
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);
	size_t n = 0;

	for (size_t i = 0; karmor_report_at(compile->report, i, &line) == 0; i++) {
		bool is_error = line.enforcing && !compile->best_effort;

		if (line.fidelity != KARMOR_UNSUPPORTED)
			continue;
		text_print(stderr, line.file);
		fprintf(stderr, ":%u: %s: backend \"%s\" cannot keep %s: ", line.line,
			is_error ? "error" : "warning", karmor_backend_name(compile->backend),
			line.rule);
		text_print(stderr, line.reason ? line.reason : "unsupported");
		putc('\n', stderr);
		if (line.fix)
			fprintf(stderr, "  fix: %s\n", line.fix);
		n += is_error;
	}
	return n;
}

static int make(struct compile *compile)
{
	const struct karmor_ruleset *sets[1];
	int r = karmor_ruleset_new(compile->policies, &compile->subject, &compile->set,
				   compile->diag);

	if (r == 0)
		r = karmor_caps_full(compile->backend, &compile->caps);
	if (r < 0)
		return r;
	subject_warn(&compile->subject, compile->policies, compile->set);
	sets[0] = compile->set;
	r = karmor_compile(sets, 1, compile->caps, &compile->artifact, &compile->report,
			   compile->diag);
	if (r == 0 && count_unsupported(compile))
		r = -EOPNOTSUPP;
	return r < 0 ? r : karmor_artifact_print(compile->artifact, stdout);
}

static int run(struct compile *compile, const char *const *paths, size_t n)
{
	int r = compile->diag ? karmor_policies_new(&compile->policies) : -ENOMEM;
	bool is_loaded;

	if (r == 0)
		r = cli_load(paths, n, compile->policies, compile->diag);
	is_loaded = r == 0 || r == -EINVAL;
	if (r == 0)
		r = make(compile);
	cli_print_diag(compile->diag);
	if (r == -ENOMEM)
		cli_wrong("out of memory");
	if (r == 0)
		return EXIT_YES;
	return is_loaded && (r == -EINVAL || r == -EOPNOTSUPP) ? EXIT_NO : EXIT_WRONG;
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
