/* SPDX-License-Identifier: Apache-2.0 */
/* See messages.h. */
#include "messages.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "scope.h"
#include "text.h"

static const char *const level_names[] = {
	[KARMOR_ERROR] = "error",
	[KARMOR_WARNING] = "warning",
	[KARMOR_NOTE] = "note",
};

static void put(json_t *messages, const struct karmor_message *message)
{
	json_t *object = json_pack("{s:s, s:i, s:i, s:i}", "level", level_names[message->level],
				   "line", (int)message->line, "column", (int)message->column,
				   "width", (int)message->width);

	json_object_set_new(object, "file", text_json(message->file));
	json_object_set_new(object, "text", text_json(message->text));
	json_object_set_new(object, "fix", text_json(message->fix));
	json_object_set_new(object, "source", text_json(message->source_line));
	json_array_append_new(messages, object);
}

void messages_take(json_t *messages, struct karmor_diag *diag)
{
	const struct karmor_message *message;

	for (size_t i = 0; messages && (message = karmor_diag_at(diag, i)); i++)
		put(messages, message);
	if (diag)
		karmor_diag_clear(diag);
}

void messages_add(json_t *messages, enum karmor_level level, const char *file, unsigned line,
		  const char *fix, const char *format, ...)
{
	struct karmor_message message = { .level = level, .file = file, .line = line, .fix = fix };
	_cleanup_free_ char *text = NULL;
	va_list args;
	int r;

	if (!messages)
		return;
	va_start(args, format);
	r = vasprintf(&text, format, args);
	va_end(args);
	if (r < 0)
		text = NULL;
	message.text = text ? text : "out of memory";
	put(messages, &message);
}

static const char *text_of(const json_t *message, const char *name)
{
	return json_string_value(json_object_get(message, name));
}

static long number_of(const json_t *message, const char *name)
{
	return (long)json_integer_value(json_object_get(message, name));
}

/* "web.yaml:3:5: "; "" where it has no place. */
static void place_write(char *ret, size_t size, const json_t *message)
{
	const char *file = text_of(message, "file");
	long line = number_of(message, "line");

	long column = number_of(message, "column");

	if (file && line && column)
		snprintf(ret, size, "%s:%ld:%ld: ", file, line, column);
	else if (file && line)
		snprintf(ret, size, "%s:%ld: ", file, line);
	else
		snprintf(ret, size, "%s%s", file ? file : "", file ? ": " : "");
}

void messages_log(const json_t *messages)
{
	size_t i;
	json_t *message;

	json_array_foreach(messages, i, message)
	{
		const char *level = text_of(message, "level"), *fix = text_of(message, "fix");
		const struct log_subject about = { .file = text_of(message, "file"),
						   .line = number_of(message, "line"),
						   .column = number_of(message, "column"),
						   .fix = fix };
		char place[4096];

		place_write(place, sizeof(place), message);
		log_about(level && strcmp(level, "error") == 0	   ? LOG_FAULT
			  : level && strcmp(level, "warning") == 0 ? LOG_CAUTION
								   : LOG_DETAIL,
			  &about, "%s%s%s%s", place, text_of(message, "text"), fix ? "; fix: " : "",
			  fix ? fix : "");
	}
}

static void print_source(const json_t *message)
{
	const char *source = text_of(message, "source");
	long column = number_of(message, "column"), width = number_of(message, "width");

	if (!source)
		return;
	fprintf(stderr, "%5ld | ", number_of(message, "line"));
	text_print(stderr, source);
	fputs("\n      | ", stderr);
	for (long i = 1; i < column && i < 4096; i++)
		putc(' ', stderr);
	putc('^', stderr);
	for (long i = 1; i < width && i < 4096; i++)
		putc('~', stderr);
	putc('\n', stderr);
}

void messages_print(const json_t *messages)
{
	size_t i;
	json_t *message;

	json_array_foreach(messages, i, message)
	{
		const char *level = text_of(message, "level"), *fix = text_of(message, "fix"),
			   *text = text_of(message, "text");
		char place[4096];

		place_write(place, sizeof(place), message);
		text_print(stderr, place);
		fprintf(stderr, "%s: ", level ? level : "error");
		text_print(stderr, text ? text : "?");
		putc('\n', stderr);
		print_source(message);
		if (fix) {
			fputs("  fix: ", stderr);
			text_print(stderr, fix);
			putc('\n', stderr);
		}
	}
}
