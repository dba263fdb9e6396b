/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON of hostile bytes: an event, one string as karmor decide prints it, or policies as karmor
 * check reports them. It must be valid, print the same again, and nothing may forge a line.
 *
 * Input: a byte that says which, then for an event eight bytes of numbers and strings that end in
 * NUL; else text.
 */
#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <karmor/event.h>

#include "check.h"
#include "cleanup.h"
#include "text.h"

#define INPUT_MAX (1u << 14)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is printed while it is open. */
struct capture {
	FILE *out;
	char *text;
	size_t size;
};

static void capture_open(struct capture *capture)
{
	*capture = (struct capture){ 0 };
	capture->out = open_memstream(&capture->text, &capture->size);
	if (!capture->out)
		exit(EXIT_FAILURE);
}

static void fail(const char *what, const char *text)
{
	fprintf(stderr, "%s: %s\n", what, text);
	abort();
}

static bool is_control(unsigned char byte)
{
	return byte < 0x20 || byte == 0x7f;
}

static void check_line(const struct capture *capture)
{
	if (!capture->size || capture->text[capture->size - 1] != '\n')
		fail("no line", capture->text);
	for (size_t i = 0; i + 1 < capture->size; i++)
		if (is_control((unsigned char)capture->text[i]))
			fail("a control character", capture->text);
}

static json_t *check_json(const struct capture *capture, size_t flags)
{
	json_error_t error;
	json_t *json =
		json_loadb(capture->text, capture->size,
			   JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	char *again = json ? json_dumps(json, JSON_ENCODE_ANY | flags) : NULL;

	if (!json || !again)
		fail(error.text, capture->text);
	if (strncmp(again, capture->text, strlen(again)) != 0)
		fail("does not print the same again", capture->text);
	free(again);
	return json;
}

static void capture_close(struct capture *capture)
{
	fclose(capture->out);
	free(capture->text);
}

/* The next string of the input; NULL past its end. */
static const char *next(const char **at, const char *end)
{
	const char *ret = *at < end ? *at : NULL;

	if (ret)
		*at += strlen(ret) + 1;
	return ret;
}

static struct karmor_event make_event(const uint8_t *numbers, const char *at, const char *end)
{
	struct karmor_event ret = KARMOR_STRUCT(
		karmor_event, .section = numbers[0] % 5, .op = numbers[1] % 6,
		.action = numbers[2] % 3, .denied = numbers[3] & 1, .error = numbers[4],
		.severity = numbers[5], .lost = numbers[6], .pid = numbers[7]);
	const char **const fields[] = { &ret.resource,	&ret.source,   &ret.comm,
					&ret.data,	&ret.policy,   &ret.policy_file,
					&ret.rule,	&ret.message,  &ret.tags,
					&ret.enforcer,	&ret.workload, &ret.namespace_name,
					&ret.container, &ret.labels };

	memcpy(&ret.time.tv_sec, numbers, sizeof(ret.time.tv_sec));
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		*fields[i] = next(&at, end);
	return ret;
}

/* Every string of an object is text without control characters. */
static void check_strings(json_t *json, const char *text)
{
	const char *key;
	json_t *value;

	json_object_foreach(json, key, value) for (const char *p = json_string_value(value);
						   p && *p; p++) if (is_control((unsigned char)*p))
		fail("a control character in a string", text);
}

static void run_event(const uint8_t *data, size_t size, char *text)
{
	struct karmor_event event;
	struct capture capture;
	json_t *json;

	if (size < 8)
		return;
	event = make_event(data, text + 8, text + size);
	capture_open(&capture);
	if (karmor_event_print_json(&event, capture.out) != 0)
		fail("no event", event.resource ? event.resource : "");
	check_line(&capture);
	json = check_json(&capture, JSON_COMPACT);
	check_strings(json, capture.text);
	json_decref(json);
	capture_close(&capture);

	capture_open(&capture);
	if (karmor_event_print_text(&event, capture.out) != 0)
		fail("no line", event.resource ? event.resource : "");
	check_line(&capture);
	capture_close(&capture);
}

static void run_text(const char *text)
{
	struct capture capture;
	json_t *json;

	capture_open(&capture);
	text_print_json(capture.out, text);
	fputc('\n', capture.out);
	fflush(capture.out);
	check_line(&capture);
	json = json_loadb(capture.text, capture.size, JSON_DECODE_ANY, NULL);
	if (!json)
		fail("no JSON", capture.text);
	json_decref(json);
	capture_close(&capture);
}

static void run_check(const char *text, size_t size)
{
	struct check check = { .backend = "all", .json = true, .diag = karmor_diag_new() };
	struct capture capture;
	FILE *out = stdout;

	if (!check.diag || karmor_policies_new(&check.policies) < 0)
		exit(EXIT_FAILURE);
	if (karmor_policies_add_text(check.policies, "fuzz\n\xff.yaml", text, size, check.diag) ==
	    0)
		(void)!check_compile(&check);
	capture_open(&capture);
	stdout = capture.out;
	if (check_print_json(&check) != 0)
		fail("no report", text);
	stdout = out;
	fflush(capture.out);
	json_decref(check_json(&capture, JSON_INDENT(2)));
	capture_close(&capture);
	check_reports_free(&check);
	karmor_policies_free(check.policies);
	karmor_diag_free(check.diag);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = malloc(INPUT_MAX);

	if (!text)
		exit(EXIT_FAILURE);
	if (!size || size > INPUT_MAX)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	switch (*data % 3) {
	case 0:
		run_event(data + 1, size - 1, text);
		break;
	case 1:
		run_text(text);
		break;
	default:
		run_check(text, size - 1);
	}
	return 0;
}
