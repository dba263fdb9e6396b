/* SPDX-License-Identifier: Apache-2.0 */
/* See check.h: aligned columns for people, one object for programs. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "text.h"

enum { COLUMN_POLICY, COLUMN_PLACE, COLUMN_RULE, COLUMN_FIDELITY, COLUMN_COUNT };

static const char *const fidelities[] = {
	[KARMOR_EXACT] = "exact",
	[KARMOR_APPROXIMATED] = "approximated",
	[KARMOR_UNSUPPORTED] = "unsupported",
};

static const char *const levels[] = {
	[KARMOR_ERROR] = "error",
	[KARMOR_WARNING] = "warning",
	[KARMOR_NOTE] = "note",
};

size_t check_errors(const struct check *check)
{
	return karmor_diag_count(check->diag, KARMOR_ERROR) + check->unsupported;
}

static size_t width(const char *text)
{
	size_t ret = 0;

	for (; *text; text++)
		ret += ((unsigned char)*text & 0xc0) != 0x80;
	return ret;
}

static char *make_place(const struct karmor_report_line *line)
{
	char *ret = NULL;
	size_t size;
	FILE *out = open_memstream(&ret, &size);

	if (!out)
		return NULL;
	text_print(out, line->file);
	fprintf(out, ":%u", line->line);
	if (fclose(out) != 0) {
		free(ret);
		ret = NULL;
	}
	return ret;
}

static const char *cell(const struct karmor_report_line *line, const char *place, int column)
{
	switch (column) {
	case COLUMN_POLICY:
		return line->policy;
	case COLUMN_PLACE:
		return place ? place : "?";
	case COLUMN_RULE:
		return line->rule;
	default:
		return fidelities[line->fidelity];
	}
}

static void print_line(const struct karmor_report_line *line, const size_t widths[])
{
	char *place = make_place(line);

	for (int i = 0; i < COLUMN_COUNT; i++) {
		const char *text = cell(line, place, i);
		bool is_last = i == COLUMN_FIDELITY && !line->reason && !line->fix && !line->note;

		printf("%s%s%*s", i ? "  " : "", text, is_last ? 0 : (int)(widths[i] - width(text)),
		       "");
	}
	free(place);
	if (line->note) {
		fputs("  ", stdout);
		text_print(stdout, line->note);
	}
	if (line->reason) {
		fputs(line->note ? "; " : "  ", stdout);
		text_print(stdout, line->reason);
	}
	if (line->fix) {
		fputs(line->reason ? "; fix: " : "  fix: ", stdout);
		text_print(stdout, line->fix);
	}
	putchar('\n');
}

static void measure(const struct check_report *report, size_t widths[])
{
	for (size_t i = 0; i < report->n; i++) {
		char *place = make_place(report->sorted[i]);

		for (int j = 0; j < COLUMN_COUNT; j++) {
			size_t w = width(cell(report->sorted[i], place, j));

			if (w > widths[j])
				widths[j] = w;
		}
		free(place);
	}
}

static void print_report(const struct check_report *report)
{
	size_t widths[COLUMN_COUNT] = { 0 };

	measure(report, widths);
	printf("%s\n", karmor_backend_title(report->backend));
	for (size_t i = 0; i < report->n; i++)
		print_line(report->sorted[i], widths);
	putchar('\n');
}

void check_print(const struct check *check)
{
	for (size_t i = 0; i < check->n_reports; i++)
		print_report(&check->reports[i]);
	printf("%zu policies, %zu rules: %zu errors, %zu warnings\n",
	       karmor_policies_count(check->policies), karmor_policies_rules(check->policies),
	       check_errors(check), karmor_diag_count(check->diag, KARMOR_WARNING));
}

/* Appends what may be NULL because memory is out. */
static int append(json_t *array, json_t *value)
{
	return value ? json_array_append_new(array, value) : -1;
}

static int add_messages(const struct check *check, json_t *array)
{
	const struct karmor_message *message;

	for (size_t i = 0; (message = karmor_diag_at(check->diag, i)); i++) {
		json_t *object = json_pack(
			"{s:s, s:o, s:I, s:I, s:I, s:o, s:o}", "level", levels[message->level],
			"file", text_json(message->file), "line", (json_int_t)message->line,
			"column", (json_int_t)message->column, "width", (json_int_t)message->width,
			"text", text_json(message->text), "fix", text_json(message->fix));

		if (append(array, object) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int add_report(const struct check_report *report, json_t *array)
{
	for (size_t i = 0; i < report->n; i++) {
		const struct karmor_report_line *line = report->sorted[i];
		json_t *object = json_pack(
			"{s:s, s:o, s:o, s:I, s:o, s:b, s:s, s:o, s:o, s:o}", "backend",
			karmor_backend_name(report->backend), "policy", text_json(line->policy),
			"file", text_json(line->file), "line", (json_int_t)line->line, "rule",
			text_json(line->rule), "enforcing", line->enforcing, "fidelity",
			fidelities[line->fidelity], "reason", text_json(line->reason), "fix",
			text_json(line->fix), "note", text_json(line->note));

		if (append(array, object) < 0)
			return -ENOMEM;
	}
	return 0;
}

int check_print_json(const struct check *check)
{
	json_t *messages = json_array(), *report = json_array(), *object;
	int r = messages && report ? add_messages(check, messages) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < check->n_reports; i++)
		r = add_report(&check->reports[i], report);
	object = json_pack("{s:I, s:I, s:I, s:I, s:o, s:o}", "policies",
			   (json_int_t)karmor_policies_count(check->policies), "rules",
			   (json_int_t)karmor_policies_rules(check->policies), "errors",
			   (json_int_t)check_errors(check), "warnings",
			   (json_int_t)karmor_diag_count(check->diag, KARMOR_WARNING), "messages",
			   messages, "report", report);
	if (r == 0 && (!object || json_dumpf(object, stdout, JSON_INDENT(2)) < 0))
		r = -ENOMEM;
	if (r == 0)
		putchar('\n');
	json_decref(object);
	return r;
}
