/* SPDX-License-Identifier: Apache-2.0 */
/* See log.h. */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "scope.h"
#include "text.h"

/* systemd says in JOURNAL_STREAM which device and inode the journal's pipe has. */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

static void begin(enum log_level level)
{
	static const char *const words[] = {
		[LOG_FAULT] = "error: ",
		[LOG_CAUTION] = "warning: ",
		[LOG_NEWS] = "",
		[LOG_DETAIL] = "",
	};

	if (is_journal())
		fprintf(stderr, "<%d>", (int)level);
	else
		fprintf(stderr, "%s: %s", program_invocation_name, words[level]);
}

void log_tell(enum log_level level, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;
	int r;

	va_start(args, format);
	r = vasprintf(&text, format, args);
	va_end(args);
	begin(level);
	if (r < 0)
		text = NULL;
	text_print(stderr, text ? text : "out of memory");
	putc('\n', stderr);
}
