/* SPDX-License-Identifier: Apache-2.0 */
/* See cli.h. */
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

int cli_wrong(const char *format, ...)
{
	va_list args;

	fputs("karmor: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	putc('\n', stderr);
	return EXIT_WRONG;
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
