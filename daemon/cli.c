/* SPDX-License-Identifier: Apache-2.0 */
/* See cli.h. */
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"
#include "verb.h"

/* The library refuses what is larger; one byte more tells it so. */
#define INPUT_MAX ((16u << 20) + 1)

bool cli_wants_colour(FILE *out)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");

	if (no_colour && *no_colour)
		return false;
	return isatty(fileno(out)) && !(term && strcmp(term, "dumb") == 0);
}

void cli_print_diag(const struct karmor_diag *diag)
{
	if (diag)
		karmor_diag_print(diag, stderr, cli_wants_colour(stderr));
}

static void say(const char *lead, const char *rest, const char *format, va_list args)
{
	fprintf(stderr, "%s%s", lead, rest);
	vfprintf(stderr, format, args);
	putc('\n', stderr);
}

int cli_wrong(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(program_invocation_name, ": ", format, args);
	va_end(args);
	return EXIT_WRONG;
}

void cli_tell(enum karmor_level level, const char *format, ...)
{
	static const char *const words[] = {
		[KARMOR_ERROR] = ": error: ",
		[KARMOR_WARNING] = ": warning: ",
		[KARMOR_NOTE] = ": note: ",
	};
	va_list args;

	va_start(args, format);
	say(program_invocation_name, words[level], format, args);
	va_end(args);
}

int cli_fix(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("  fix: ", "", format, args);
	va_end(args);
	return EXIT_WRONG;
}

const struct cli_backend cli_backends[] = {
	{ "bpf", "BPF-LSM" },
	{ "apparmor", "AppArmor" },
	{ "selinux", "SELinux" },
	{ 0 },
};

static bool is_backend(const char *name)
{
	for (const struct cli_backend *each = cli_backends; each->name; each++)
		if (strcmp(each->name, name) == 0)
			return true;
	return false;
}

int cli_no_backend(const char *name, const char *others)
{
	const struct karmor_backend *backend;
	const char *gap = "";

	if (is_backend(name))
		cli_wrong("backend \"%s\" is not built into this karmor", name);
	else
		cli_wrong("unknown backend \"%s\"", name);
	fprintf(stderr, "  fix: one of %s", others);
	for (size_t i = 0; (backend = karmor_backend_at(i)); i++) {
		if (!karmor_backend_enforces(backend))
			continue;
		fprintf(stderr, "%s%s", gap, karmor_backend_name(backend));
		gap = ", ";
	}
	putc('\n', stderr);
	return EXIT_WRONG;
}

bool cli_tells(int option, const char *help)
{
	if (option == 'h')
		fputs(help, stdout);
	else if (option == 'V')
		printf("%.*s %s\n", (int)strcspn(program_invocation_name, " "),
		       program_invocation_name, karmor_version());
	else
		return false;
	return true;
}

bool cli_unsupported_rule(const struct karmor_report_line *line,
			  const struct karmor_backend *backend, bool best_effort)
{
	bool is_error = line->enforcing && !best_effort;

	if (line->fidelity != KARMOR_UNSUPPORTED)
		return false;
	text_print(stderr, line->file ? line->file : "?");
	fprintf(stderr, ":%u: %s: backend \"%s\" cannot keep %s: ", line->line,
		is_error ? "error" : "warning", karmor_backend_name(backend), line->rule);
	text_print(stderr, line->reason ? line->reason : "unsupported");
	putc('\n', stderr);
	if (line->fix)
		cli_fix("%s", line->fix);
	return is_error;
}

size_t cli_unsupported(const struct karmor_report *report, const struct karmor_backend *backend,
		       bool best_effort)
{
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);
	size_t n = 0;

	for (size_t i = 0; karmor_report_at(report, i, &line) == 0; i++)
		n += cli_unsupported_rule(&line, backend, best_effort);
	return n;
}

static int load_input(struct karmor_policies *policies, struct karmor_diag *diag)
{
	size_t len = 0, size = 0;
	char *text = NULL, *grown;
	int r;

	while (len < INPUT_MAX) {
		if (len == size) {
			size = size ? size * 2 : 1u << 16;
			grown = realloc(text, size);
			if (!grown) {
				free(text);
				return -ENOMEM;
			}
			text = grown;
		}
		r = (int)fread(text + len, 1, size - len, stdin);
		if (r == 0)
			break;
		len += (size_t)r;
	}
	if (ferror(stdin)) {
		cli_wrong("cannot read standard input");
		r = -EIO;
	} else {
		r = karmor_policies_add_text(policies, "<stdin>", text, len, diag);
	}
	free(text);
	return r;
}

int cli_load(const char *const *paths, size_t n, struct karmor_policies *policies,
	     struct karmor_diag *diag)
{
	int ret = 0;

	for (size_t i = 0; i < n; i++) {
		int r = strcmp(paths[i], "-") == 0
				? load_input(policies, diag)
				: karmor_policies_add_path(policies, paths[i], diag);

		if (r == -ENOMEM)
			return r;
		if (r < 0 && (ret == 0 || ret == -EINVAL))
			ret = r;
	}
	return ret;
}

int cli_finish(int status)
{
	bool is_late =
		ferror(stdout); /* an earlier write failed: errno is of something else by now */

	if (fflush(stdout) < 0 && !is_late)
		return cli_wrong("cannot write to standard output: %s", strerror(errno));
	return is_late ? cli_wrong("cannot write to standard output") : status;
}
