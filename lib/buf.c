/* SPDX-License-Identifier: Apache-2.0 */
/* See buf.h. */
#include "buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool buf_reserve(struct buf *buf, size_t more)
{
	size_t size = buf->size ? buf->size : 64;
	char *data;

	if (buf->failed || more > SIZE_MAX / 4 || buf->len > SIZE_MAX / 4) {
		buf->failed = true;
		return false;
	}
	if (buf->len + more + 1 <= buf->size)
		return true;
	while (size < buf->len + more + 1)
		size *= 2;
	data = realloc(buf->data, size);
	if (!data) {
		buf->failed = true;
		return false;
	}
	buf->data = data;
	buf->size = size;
	return true;
}

void buf_add(struct buf *buf, const void *bytes, size_t len)
{
	if (!buf_reserve(buf, len))
		return;
	if (len)
		memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_puts(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_putc(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0 || !buf_reserve(buf, (size_t)len))
		return;
	va_start(args, format);
	vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
	va_end(args);
	buf->len += (size_t)len;
}

size_t utf8_length(const char *text, size_t len)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t least;
	} form[] = { { 0x80, 0x00, 0 },
		     { 0xe0, 0xc0, 0x80 },
		     { 0xf0, 0xe0, 0x800 },
		     { 0xf8, 0xf0, 0x10000 } };
	const unsigned char *s = (const unsigned char *)text;

	for (size_t n = 0; n < 4 && n < len; n++) {
		uint32_t code;
		size_t i;

		if ((s[0] & form[n].mask) != form[n].lead)
			continue;
		code = s[0] & (unsigned char)~form[n].mask;
		for (i = 1; i <= n && (s[i] & 0xc0) == 0x80; i++)
			code = code << 6 | (s[i] & 0x3f);
		if (i <= n || code < form[n].least || code > 0x10ffff ||
		    (code >= 0xd800 && code < 0xe000))
			return 0;
		return n + 1;
	}
	return 0;
}

bool buf_is_control(const char *text, size_t len)
{
	const unsigned char *c = (const unsigned char *)text;

	switch (len) {
	case 1:
		return c[0] < 0x20 || c[0] == 0x7f;
	case 2: /* U+0080 to U+009F, U+061C */
		return (c[0] == 0xc2 && c[1] < 0xa0) || (c[0] == 0xd8 && c[1] == 0x9c);
	case 3: /* U+200E, U+200F, U+2028 to U+202E; U+2066 to U+2069 */
		return c[0] == 0xe2 && ((c[1] == 0x80 && (c[2] == 0x8e || c[2] == 0x8f ||
							  (c[2] >= 0xa8 && c[2] <= 0xae))) ||
					(c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9));
	default:
		return false;
	}
}

void buf_escape(struct buf *buf, const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		unsigned char c = (unsigned char)text[i];
		size_t n = utf8_length(text + i, len - i);

		if (n == 0 || buf_is_control(text + i, n)) {
			buf_printf(buf, "\\x%02x", c);
			n = 1; /* the rest of a control character's sequence is escaped byte by byte
				  as well */
		} else {
			buf_add(buf, text + i, n);
		}
		i += n;
	}
}

void buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->failed = false;
	if (buf->data)
		buf->data[0] = '\0';
}

char *buf_take(struct buf *buf)
{
	char *ret;

	buf_reserve(buf, 0);
	if (buf->failed) {
		buf_done(buf);
		return NULL;
	}
	ret = buf->data;
	ret[buf->len] = '\0';
	*buf = (struct buf){ 0 };
	return ret;
}

void buf_done(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){ 0 };
}
