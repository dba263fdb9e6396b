/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A section's lines in parts, each for a profile of its own, that are stacked: a stack lets pass
 * what every profile of it lets pass. A path is decided in one part and free in all others, so that
 * parts mean together what the lines mean, whatever they are, and a decision is logged once.
 *
 * Paths are ordered byte by byte, "/" before everything, so that what is below a directory is
 * together; a part is what lies between two cuts. No line that was given to a part reaches over a
 * cut; those that reach over many paths are in no part.
 */
#pragma once

#include "apparmor.h"

#define SPLIT_OTHER (-1) /* of another section */
#define SPLIT_WIDE (-2)	 /* in no part: speaks about paths of several */

struct apparmor_split {
	size_t n;    /* parts */
	char **cuts; /* n - 1: the first path of the next part */
	int *parts;  /* by line: its part, or SPLIT_* */
};

/* The lines of @profile about @bits in at most @n parts. 0 or -ENOMEM. */
int split_make(struct apparmor_split *split, const struct apparmor_profile *profile, uint8_t bits,
	       size_t n);
void split_done(struct apparmor_split *split);
/* Calls @fn for expressions that together match every path that is not of @part. As aare_fn. */
int split_outside(const struct apparmor_split *split, size_t part, aare_fn *fn, void *data);
