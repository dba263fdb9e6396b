/* SPDX-License-Identifier: Apache-2.0 */
/* See source.h. A line ends at a line feed; a carriage return before it belongs to the ending. */
#include "source.h"

#include <string.h>

const struct source *source_new(struct arena *arena, const char *name, const char *text, size_t len)
{
	struct source *source = arena_alloc(arena, sizeof(*source));

	if (!source)
		return NULL;
	source->name = arena_strdup(arena, name);
	source->text = arena_memdup(arena, text, len);
	source->len = len;
	return source->name && source->text ? source : NULL;
}

const char *source_line(const struct source *source, uint32_t line, size_t *len)
{
	const char *end = source->text + source->len;
	const char *start = source->text;
	const char *stop;

	if (line == 0)
		return NULL;
	for (; line > 1; line--) {
		start = memchr(start, '\n', (size_t)(end - start));
		if (!start)
			return NULL;
		start++;
	}
	stop = memchr(start, '\n', (size_t)(end - start));
	if (!stop)
		stop = end;
	if (stop > start && stop[-1] == '\r')
		stop--;
	*len = (size_t)(stop - start);
	return start;
}
