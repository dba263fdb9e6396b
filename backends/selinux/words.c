/* SPDX-License-Identifier: Apache-2.0 */
/* See words.h. */
#include "words.h"

#include <errno.h>
#include <string.h>

int words_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_plain(char c)
{
	return c > ' ' && c < 0x7f && c != '\\';
}

void word_print(struct buf *buf, const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (is_plain(word[i]))
			buf_putc(buf, word[i]);
		else
			buf_printf(buf, "\\x%02x", (unsigned char)word[i]);
}

/* In place; false where it is not as word_print() writes it. */
static bool word_parse(char *word, size_t len, size_t *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < len; n++) {
		char c = word[i];

		if (c != '\\') {
			if (!is_plain(c))
				return false;
			word[n] = c;
			i++;
			continue;
		}
		if (len - i < 4 || word[i + 1] != 'x' || words_digit(word[i + 2]) < 0 ||
		    words_digit(word[i + 3]) < 0)
			return false;
		c = (char)(words_digit(word[i + 2]) * 16 + words_digit(word[i + 3]));
		if (is_plain(c))
			return false;
		word[n] = c;
		i += 4;
	}
	*ret = n;
	return n > 0;
}

int words_parse(char *line, size_t len, struct arena *arena, struct word *words, size_t max,
		size_t *ret)
{
	size_t n = 0;

	for (char *end = line + len; line <= end;) {
		char *blank = memchr(line, ' ', (size_t)(end - line));
		size_t size = (size_t)((blank ? blank : end) - line);
		char *next = line + size + 1;

		if (n == max || !word_parse(line, size, &size))
			return -EINVAL;
		words[n].text = arena_memdup(arena, line, size);
		words[n].len = size;
		if (!words[n++].text)
			return -ENOMEM;
		line = next;
	}
	*ret = n;
	return 0;
}

bool number_parse(const char **text, char end, uint64_t max, uint64_t *ret)
{
	const char *start = *text;

	for (*ret = 0; **text >= '0' && **text <= '9'; ++*text) {
		unsigned value = (unsigned)(**text - '0');

		if (*ret > (max - value) / 10)
			return false;
		*ret = *ret * 10 + value;
	}
	if (*text == start || **text != end || (*start == '0' && *text - start > 1))
		return false;
	*text += end != '\0';
	return true;
}
