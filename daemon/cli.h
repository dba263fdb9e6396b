/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the verbs share: messages on standard error, colour, files of policies.
 */
#pragma once

#include <stdio.h>

#include <karmor/karmor.h>

/* Colour only on a terminal, and never under NO_COLOR. */
bool cli_wants_colour(FILE *out);

/* The enforcers that there are, built here or not, in the order of preference; ends with NULL. */
extern const struct cli_backend {
	const char *name, *title;
} cli_backends[];

/* Complains that no backend @name was built here; those that were follow @others in the fix. */
int cli_no_backend(const char *name, const char *others);

/* Prints messages on standard error. */
void cli_print_diag(const struct karmor_diag *diag);

/*
 * Complaints of the program's own, "karmor VERB: ...", the same as a warning or a note, and what to
 * type instead. Where there is something to return it is EXIT_WRONG.
 */
__attribute__((format(printf, 1, 2))) int cli_wrong(const char *format, ...);
__attribute__((format(printf, 2, 3))) void cli_tell(enum karmor_level level, const char *format,
						    ...);
__attribute__((format(printf, 1, 2))) int cli_fix(const char *format, ...);

/* What every program and verb answers, for its table of long options; its short ones have "hV". */
#define CLI_OPTIONS                                                                                \
	{ "help", no_argument, NULL, 'h' },                                                        \
	{                                                                                          \
		"version", no_argument, NULL, 'V'                                                  \
	}
#define CLI_HELP                                                                                   \
	"  -h, --help              print this\n"                                                   \
	"  -V, --version           print the version\n"

/* Whether @option is one of these; prints what it asks for. */
bool cli_tells(int option, const char *help);

/* Complains of a rule that is not kept; whether that is an error: it would have enforced. */
bool cli_unsupported_rule(const struct karmor_report_line *line,
			  const struct karmor_backend *backend, bool best_effort);

/*
 * Complains of each rule that is not kept; how many of them would have enforced, which is an error
 * but under @best_effort.
 */
size_t cli_unsupported(const struct karmor_report *report, const struct karmor_backend *backend,
		       bool best_effort);

/*
 * Loads files and directories; "-" is standard input. 0; -EINVAL where a document is at fault;
 * another code where a file could not be read. Messages are in @diag.
 */
KARMOR_CHECK int cli_load(const char *const *paths, size_t n, struct karmor_policies *policies,
			  struct karmor_diag *diag);

/* Flushes standard output; @status, or EXIT_WRONG with a complaint where it could not be written.
 */
int cli_finish(int status);
