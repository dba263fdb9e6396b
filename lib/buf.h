/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growing text and bytes. Once memory is out a buf stays failed and further additions are dropped,
 * so that a writer checks once, at the end, with buf_failed().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data; /* NUL-terminated as soon as something was added */
	size_t len, size;
	bool failed;
};

#define _cleanup_buf_ __attribute__((cleanup(buf_done)))

void buf_add(struct buf *buf, const void *bytes, size_t len);
void buf_puts(struct buf *buf, const char *text);
void buf_putc(struct buf *buf, char c);
__attribute__((format(printf, 2, 3))) void buf_printf(struct buf *buf, const char *format, ...);
/* Whether a terminal acts on this UTF-8 character, @len bytes long, rather than show it: controls,
 * ends of lines, changes of direction. */
bool buf_is_control(const char *text, size_t len);
/* Adds text of unknown origin: control characters and bytes that are not UTF-8 become \xNN. */
void buf_escape(struct buf *buf, const char *text, size_t len);
void buf_reset(struct buf *buf); /* empties it, keeps the memory and forgets a failure */
static inline bool buf_failed(const struct buf *buf)
{
	return buf->failed;
}
/* The text, owned by the caller; NULL if memory was out. "" when nothing was added. */
char *buf_take(struct buf *buf);
void buf_done(struct buf *buf);

/* The length of the UTF-8 sequence at @text (1 to 4), or 0 where it is not one. */
size_t utf8_length(const char *text, size_t len);
