/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of words, as files of the state have them: bytes that are not plain are \xNN. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "buf.h"

struct word {
	const char *text; /* of the arena, with an end */
	size_t len;
};

void word_print(struct buf *buf, const char *word, size_t len);
/* As many words as there are, separated by single blanks, at most @max; 0, -EINVAL or -ENOMEM. The
 * line is written to. */
int words_parse(char *line, size_t len, struct arena *arena, struct word *words, size_t max,
		size_t *ret);
/* Decimal digits up to @end, no more than what fits. */
bool number_parse(const char **text, char end, uint64_t max, uint64_t *ret);
/* A hexadecimal one; -1: it is none. */
int words_digit(char c);
