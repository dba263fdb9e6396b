/* SPDX-License-Identifier: Apache-2.0 */
/* See text.h. */
#include "text.h"

#include <stddef.h>
#include <stdlib.h>

/* The length of the UTF-8 character at @text, or 0: overlong forms, surrogates and C1 controls too.
 */
static size_t printable(const unsigned char *text)
{
	static const struct {
		unsigned char first, last, low, high; /* lead bytes; bounds of the second byte */
		size_t len;
	} forms[] = {
		{ 0xc2, 0xc2, 0xa0, 0xbf, 2 }, { 0xc3, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	if (*text < 0x80)
		return *text >= 0x20 && *text != 0x7f;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t n = 1;

		if (*text < forms[i].first || *text > forms[i].last)
			continue;
		if (text[1] < forms[i].low || text[1] > forms[i].high)
			return 0;
		while (n < forms[i].len && (text[n] & 0xc0) == 0x80)
			n++;
		return n == forms[i].len ? n : 0;
	}
	return 0;
}

void text_print(FILE *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t len;

	for (; *p; p += len ? len : 1) {
		len = printable(p);
		if (len)
			fwrite(p, 1, len, out);
		else
			fprintf(out, "\\x%02x", *p);
	}
}

void text_print_json(FILE *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t len;

	if (!text) {
		fputs("null", out);
		return;
	}
	putc('"', out);
	for (; *p; p += len ? len : 1) {
		len = printable(p);
		if (!len)
			fprintf(out, "\\u%04x", *p);
		else if (*p == '"' || *p == '\\')
			fprintf(out, "\\%c", *p);
		else
			fwrite(p, 1, len, out);
	}
	putc('"', out);
}

void text_print_label(FILE *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t len;

	putc('"', out);
	for (; *p; p += len ? len : 1) {
		len = printable(p);
		if (*p == '\n')
			fputs("\\n", out);
		else if (!len)
			fprintf(out, "\\\\x%02x", *p);
		else if (*p == '"' || *p == '\\')
			fprintf(out, "\\%c", *p);
		else
			fwrite(p, 1, len, out);
	}
	putc('"', out);
}

json_t *text_json(const char *text)
{
	json_t *ret;
	char *escaped = NULL;
	size_t size;
	FILE *out;

	if (!text)
		return json_null();
	ret = json_string(text);
	if (ret)
		return ret;
	out = open_memstream(&escaped, &size);
	if (!out)
		return NULL;
	text_print(out, text);
	ret = fclose(out) == 0 ? json_string(escaped) : NULL;
	free(escaped);
	return ret;
}
