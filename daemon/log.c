/* SPDX-License-Identifier: Apache-2.0 */
/* See log.h. */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "journal.h"
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

static void put_number(FILE *out, const char *name, long number)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", number);
	if (number)
		journal_put(out, name, text);
}

static void put_fields(FILE *out, const struct log_subject *about)
{
	const struct {
		const char *name, *value;
	} fields[] = {
		{ "KARMOR_WORKLOAD", about->workload },
		{ "KARMOR_FILE", about->file },
		{ "KARMOR_FIX", about->fix },
	};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (fields[i].value)
			journal_put(out, fields[i].name, fields[i].value);
	put_number(out, "KARMOR_LINE", about->line);
	put_number(out, "KARMOR_COLUMN", about->column);
}

/* What a terminal or a line of a log can take. */
static char *escaped(const char *text)
{
	char *ret = NULL;
	size_t size;
	FILE *out = open_memstream(&ret, &size);

	if (!out)
		return NULL;
	text_print(out, text);
	if (fclose(out) == 0)
		return ret;
	free(ret);
	return NULL;
}

static char *entry_make(enum log_level level, const struct log_subject *about, const char *text,
			size_t *size)
{
	char *ret = NULL;
	FILE *out = open_memstream(&ret, size);

	if (!out)
		return NULL;
	journal_put(out, "MESSAGE", text);
	put_number(out, "PRIORITY", (long)level);
	journal_put(out, "SYSLOG_IDENTIFIER", program_invocation_short_name);
	put_fields(out, about);
	if (fclose(out) == 0)
		return ret;
	free(ret);
	return NULL;
}

static bool journal_tell(enum log_level level, const struct log_subject *about, const char *text)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t size = 0;
	_cleanup_free_ char *entry = fd < 0 ? NULL : entry_make(level, about, text, &size);

	return entry && journal_send(fd, JOURNAL_SOCKET, entry, size) == 0;
}

static void line_tell(enum log_level level, const char *text)
{
	static const char *const words[] = {
		[LOG_FAULT] = "error: ",
		[LOG_CAUTION] = "warning: ",
		[LOG_NEWS] = "",
		[LOG_DETAIL] = "",
	};

	if (is_journal())
		fprintf(stderr, "<%d>%s\n", (int)level, text);
	else
		fprintf(stderr, "%s: %s%s\n", program_invocation_name, words[level], text);
}

static void tell(enum log_level level, const struct log_subject *about, const char *format,
		 va_list args)
{
	_cleanup_free_ char *text = NULL, *shown = NULL;
	const char *said;

	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	shown = text ? escaped(text) : NULL;
	said = shown ? shown : "out of memory";
	if (!is_journal() || !journal_tell(level, about, said))
		line_tell(level, said);
}

void log_tell(enum log_level level, const char *format, ...)
{
	static const struct log_subject nothing;
	va_list args;

	va_start(args, format);
	tell(level, &nothing, format, args);
	va_end(args);
}

void log_about(enum log_level level, const struct log_subject *about, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tell(level, about, format, args);
	va_end(args);
}
