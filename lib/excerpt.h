/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line that a message speaks of, as a terminal shows it, and where the caret stands under it.
 */
#pragma once

#include <stdbool.h>

#include "source.h"

/* Cells of a terminal; a line that is wider is cut around the caret. */
#define EXCERPT_WIDTH 100

struct excerpt {
	const char *text; /* tabs are spaces, control characters and bad UTF-8 are escapes */
	unsigned caret;	  /* cells before the caret */
	unsigned width;	  /* cells that it underlines, at least 1 */
};

/* False where the line does not exist or memory is out: a message does without it. */
bool excerpt_make(struct arena *arena, const struct place *place, struct excerpt *ret);
