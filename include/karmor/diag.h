/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one error object: an ordered list of messages, each with its place and, where there is one, a
 * fix.
 *
 * Every function with something to explain takes a `struct karmor_diag *diag` last; NULL is allowed
 * and drops the messages. A diag collects over many calls, so that one run shows every fault.
 */
#pragma once

#include <stdio.h>

#include <karmor/common.h>

KARMOR_BEGIN

struct karmor_diag;

enum karmor_level {
	KARMOR_ERROR,
	KARMOR_WARNING,
	KARMOR_NOTE,
};

/* One message; all strings are borrowed from the diag. */
struct karmor_message {
	enum karmor_level level;
	const char *file;	 /* as the caller named it; NULL where the message has no place */
	unsigned line;		 /* 1-based; 0 where only the file is known */
	unsigned column;	 /* 1-based, in characters (UTF-8 code points), not bytes */
	unsigned width;		 /* how many characters the caret underlines, at least 1 */
	const char *source_line; /* the text of that line, control characters made visible; may be
				    NULL */
	const char *text;	 /* lower case, one line, offenders in double quotes */
	const char *fix;	 /* what to type; NULL where none is known */
};

/* Owned by the caller; NULL when memory is out. */
KARMOR_API struct karmor_diag *karmor_diag_new(void);

/* Accepts NULL. */
KARMOR_API void karmor_diag_free(struct karmor_diag *diag);

/* What follows takes NULL for a diag without messages. */

/* The i-th message in the order they arose; borrowed; NULL past the end. */
KARMOR_API const struct karmor_message *karmor_diag_at(const struct karmor_diag *diag, size_t i);

/* How many messages of one level there are. */
KARMOR_API size_t karmor_diag_count(const struct karmor_diag *diag, enum karmor_level level);

/*
 * Forgets the messages, keeps the object: for a program that reports and goes on.
 */
KARMOR_API void karmor_diag_clear(struct karmor_diag *diag);

/*
 * Prints all messages as a compiler does: place, level, text, the line, a caret, "fix:".
 * @colour: ANSI colours; the caller knows whether @out is a terminal.
 * Returns 0, or -EIO when @out cannot be written.
 */
KARMOR_API int karmor_diag_print(const struct karmor_diag *diag, FILE *out, bool colour);

KARMOR_END
