/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See diag.h. A message is made whole when it arises: its source line is copied, cut to a width
 * that a terminal shows and freed of control characters, so that a diag outlives what it speaks of.
 * Printing only lays out what is here.
 *
 * Invariant: count[] is right even when memory is out; messages that there was no room for are told
 * by one last message.
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "arena.h"
#include "buf.h"
#include "cleanup.h"
#include "diag.h"
#include "excerpt.h"

/* A message quotes what a user wrote, which has no bound. */
#define TEXT_MAX 1024

static const char out_of_memory[] = "out of memory";

struct message {
	struct karmor_message public;
	struct excerpt excerpt;
};

struct karmor_diag {
	struct arena arena;
	struct message *messages;
	size_t n, size;
	size_t count[KARMOR_NOTE + 1];
	bool lost;
	struct karmor_message last; /* stands for those that were lost */
};

struct karmor_diag *karmor_diag_new(void)
{
	return calloc(1, sizeof(struct karmor_diag));
}

void karmor_diag_free(struct karmor_diag *diag)
{
	if (!diag)
		return;
	arena_done(&diag->arena);
	free(diag->messages);
	free(diag);
}

void karmor_diag_clear(struct karmor_diag *diag)
{
	if (!diag)
		return;
	arena_done(&diag->arena);
	diag->n = 0;
	diag->lost = false;
	memset(diag->count, 0, sizeof(diag->count));
}

const struct karmor_message *karmor_diag_at(const struct karmor_diag *diag, size_t i)
{
	if (!diag)
		return NULL;
	if (i < diag->n)
		return &diag->messages[i].public;
	return i == diag->n && diag->lost ? &diag->last : NULL;
}

size_t karmor_diag_count(const struct karmor_diag *diag, enum karmor_level level)
{
	return diag ? diag->count[level] : 0;
}

static struct message *message_new(struct karmor_diag *diag)
{
	size_t size = diag->size ? diag->size * 2 : 16;
	struct message *messages;

	if (diag && diag->lost)
		return NULL; /* the order must not show a gap as if there were none */
	if (diag->n == diag->size) {
		messages = reallocarray(diag->messages, size, sizeof(*messages));
		if (!messages)
			return NULL;
		diag->messages = messages;
		diag->size = size;
	}
	diag->messages[diag->n] = (struct message){ 0 };
	return &diag->messages[diag->n++];
}

/* Cuts at a character, for half of one would be shown as an escape. */
static size_t cut(const char *text, size_t len)
{
	size_t at = 0;

	if (len <= TEXT_MAX)
		return len;
	while (at < TEXT_MAX) {
		size_t n = utf8_length(text + at, len - at);

		at += n ? n : 1;
	}
	return at;
}

static const char *escaped(struct karmor_diag *diag, const char *text, size_t len)
{
	_cleanup_buf_ struct buf buf = { 0 };
	size_t keep = cut(text, len);

	buf_escape(&buf, text, keep);
	if (keep < len)
		buf_puts(&buf, "...");
	if (buf_failed(&buf))
		return NULL;
	return arena_memdup(&diag->arena, buf.data, buf.len);
}

static const char *formatted(struct karmor_diag *diag, const char *format, va_list args)
{
	_cleanup_free_ char *text = NULL;
	int len = vasprintf(&text, format, args);

	if (len < 0) {
		text = NULL;
		return NULL;
	}
	return escaped(diag, text, (size_t)len);
}

static void locate(struct karmor_diag *diag, struct message *message, const struct place *place)
{
	struct karmor_message *public = &message->public;
	const struct source *source = place->source;

	public->file = escaped(diag, source->name, strlen(source->name));
	public->line = place->line;
	if (place->line == 0)
		return;
	public->column = place->column;
	public->width = place->width ? place->width : 1;
	if (excerpt_make(&diag->arena, place, &message->excerpt))
	public->source_line = message->excerpt.text;
}

void diag_add(struct karmor_diag *diag, enum karmor_level level, const struct place *place,
	      const char *fix, const char *format, ...)
{
	struct message *message;
	va_list args;

	if (!diag)
		return;
	diag->count[level]++;
	message = message_new(diag);
	if (!message) {
		if (!diag->lost || level < diag->last.level)
			diag->last =
				(struct karmor_message){ .level = level, .text = out_of_memory };
		diag->lost = true;
		return;
	}
	message->public.level = level;
	va_start(args, format);
	message->public.text = formatted(diag, format, args);
	va_end(args);
	if (!message->public.text)
		message->public.text = out_of_memory;
	if (fix)
		message->public.fix = escaped(diag, fix, strlen(fix));
	if (place && place->source)
		locate(diag, message, place);
}

static const struct {
	const char *name, *colour;
} levels[] = {
	[KARMOR_ERROR] = { "error", "\033[1;31m" },
	[KARMOR_WARNING] = { "warning", "\033[1;35m" },
	[KARMOR_NOTE] = { "note", "\033[1;36m" },
};

static void print_head(const struct karmor_message *message, FILE *out, bool colour)
{
	const char *bold = colour ? "\033[1m" : "", *plain = colour ? "\033[0m" : "";

	if (message->file) {
		fprintf(out, "%s%s", bold, message->file);
		if (message->line)
			fprintf(out, ":%u:%u", message->line, message->column);
		fprintf(out, ":%s ", plain);
	}
	fprintf(out, "%s%s:%s %s%s%s\n", colour ? levels[message->level].colour : "",
		levels[message->level].name, plain, bold, message->text, plain);
}

static void print_excerpt(const struct message *message, FILE *out, bool colour)
{
	const struct excerpt *excerpt = &message->excerpt;

	fprintf(out, "%5u | %s\n", message->public.line, excerpt->text);
	fprintf(out, "      | %*s%s^", (int)excerpt->caret, "",
		colour ? levels[message->public.level].colour : "");
	for (unsigned i = 1; i < excerpt->width; i++)
		putc('~', out);
	fprintf(out, "%s\n", colour ? "\033[0m" : "");
}

int karmor_diag_print(const struct karmor_diag *diag, FILE *out, bool colour)
{
	for (size_t i = 0; diag && i < diag->n; i++) {
		const struct message *message = &diag->messages[i];

		print_head(&message->public, out, colour);
		if (message->excerpt.text)
			print_excerpt(message, out, colour);
		if (message->public.fix)
			fprintf(out, "  fix: %s\n", message->public.fix);
	}
	if (diag && diag->lost)
		print_head(&diag->last, out, colour);
	return fflush(out) == 0 && !ferror(out) ? 0 : -EIO;
}
