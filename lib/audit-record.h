/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An audit record, taken apart. It comes from the kernel, but names in it are anybody's: what is
 * not understood is left out, nothing is believed to be well formed.
 *
 * A record is "audit(SECONDS.MILLISECONDS:SERIAL): " and words, most of them key=value. A value is
 * quoted, or, where it holds what a quoted one cannot, hexadecimal, or bare.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define AUDIT_RECORD_MAX 8192

/* First member of what a kind of record is read into. */
struct audit_record {
	struct timespec time;
	uint64_t serial; /* the same for all records of one event */
	size_t used;
	char text[2 * AUDIT_RECORD_MAX]; /* what the strings are in */
};

enum audit_kind {
	AUDIT_TEXT,	 /* const char *, NULL where there is none */
	AUDIT_UNTRUSTED, /* the same, hexadecimal where it is not quoted */
	AUDIT_NUMBER,	 /* long, -1 where there is none, or where it is no number */
};

/* Where the value of a key goes. Of a key that comes twice the first counts. */
struct audit_field {
	const char *key;
	enum audit_kind kind;
	size_t offset;
};

/* One word; without "=", all of it is the key. */
struct audit_word {
	const char *key, *value;
	size_t key_len, value_len;
	bool quoted;
};

/* Empties @record but for what is no field, and reads the stamp; the rest of the line, or NULL. */
const char *audit_record_start(struct audit_record *record, const struct audit_field *fields,
			       size_t n, const char *line, size_t len);
/* The next word from *at on; false at the end. */
bool audit_word_next(const char **at, const char *end, struct audit_word *ret);
bool audit_word_is(const struct audit_word *word, const char *key);
/* Puts a word where @fields says. */
void audit_word_take(struct audit_record *record, const struct audit_field *fields, size_t n,
		     const struct audit_word *word);
/* A copy of @len bytes in the record's text; NULL where there is no more room. */
char *audit_text_add(struct audit_record *record, const char *text, size_t len);
