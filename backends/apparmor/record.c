/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See record.h. A record is "audit(SECONDS.MILLISECONDS:SERIAL): " and key=value words. A value is
 * quoted, or, where it holds what a quoted one cannot, hexadecimal, or a bare word.
 */
#include "record.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

/* One word of the record. */
struct word {
	const char *key, *value;
	size_t key_len, value_len;
	bool quoted;
};

static const struct {
	const char *key;
	size_t offset;
	bool untrusted; /* hexadecimal where it is not quoted */
} texts[] = {
	{ "apparmor", offsetof(struct apparmor_record, verdict), false },
	{ "operation", offsetof(struct apparmor_record, operation), false },
	{ "profile", offsetof(struct apparmor_record, profile), true },
	{ "name", offsetof(struct apparmor_record, name), true },
	{ "comm", offsetof(struct apparmor_record, comm), true },
	{ "requested_mask", offsetof(struct apparmor_record, requested), false },
	{ "denied_mask", offsetof(struct apparmor_record, denied), false },
	{ "family", offsetof(struct apparmor_record, family), false },
	{ "sock_type", offsetof(struct apparmor_record, sock_type), false },
	{ "info", offsetof(struct apparmor_record, info), false },
};

static const struct {
	const char *key;
	size_t offset;
} numbers[] = {
	{ "pid", offsetof(struct apparmor_record, pid) },
	{ "protocol", offsetof(struct apparmor_record, protocol) },
	{ "capability", offsetof(struct apparmor_record, capability) },
	{ "fsuid", offsetof(struct apparmor_record, fsuid) },
	{ "ouid", offsetof(struct apparmor_record, ouid) },
};

/* The next word from *at on; false at the end. */
static bool word_next(const char **at, const char *end, struct word *ret)
{
	const char *p = *at, *equals;

	while (p < end && *p == ' ')
		p++;
	ret->key = p;
	while (p < end && *p != '=' && *p != ' ')
		p++;
	equals = p;
	ret->key_len = (size_t)(p - ret->key);
	*ret = (struct word){ .key = ret->key, .key_len = ret->key_len, .value = p };
	if (p < end && *p == '=') {
		ret->quoted = ++p < end && *p == '"';
		p += ret->quoted;
		ret->value = p;
		while (p < end && *p != (ret->quoted ? '"' : ' '))
			p++;
		ret->value_len = (size_t)(p - ret->value);
		p += ret->quoted && p < end;
	}
	*at = p;
	return equals < end || ret->key_len;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_hex(const struct word *word)
{
	for (size_t i = 0; i < word->value_len; i++)
		if (hex_digit(word->value[i]) < 0)
			return false;
	return word->value_len && word->value_len % 2 == 0;
}

static const char *text_take(struct apparmor_record *record, const struct word *word,
			     bool untrusted)
{
	bool hex = untrusted && !word->quoted && is_hex(word);
	size_t len = hex ? word->value_len / 2 : word->value_len;
	char *ret = record->text + record->used;

	if (len >= sizeof(record->text) - record->used)
		return NULL;
	for (size_t i = 0; i < len; i++)
		ret[i] = hex ? (char)(hex_digit(word->value[2 * i]) << 4 |
				      hex_digit(word->value[2 * i + 1]))
			     : word->value[i];
	ret[len] = '\0';
	record->used += len + 1;
	return ret;
}

static long number_take(const struct word *word)
{
	char digits[24], *end;
	unsigned long value;

	if (!word->value_len || word->value_len >= sizeof(digits))
		return -1;
	memcpy(digits, word->value, word->value_len);
	digits[word->value_len] = '\0';
	value = strtoul(digits, &end, 10);
	return *end || *digits < '0' || *digits > '9' || value > INT_MAX ? -1 : (long)value;
}

static bool word_is(const struct word *word, const char *key)
{
	return word->key_len == strlen(key) && memcmp(word->key, key, word->key_len) == 0;
}

static void word_take(struct apparmor_record *record, const struct word *word)
{
	char *base = (char *)record;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char **at = (const char **)(void *)(base + texts[i].offset);

		if (!*at && word_is(word, texts[i].key))
			*at = text_take(record, word, texts[i].untrusted);
	}
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		long *at = (long *)(void *)(base + numbers[i].offset);

		if (*at < 0 && word_is(word, numbers[i].key))
			*at = number_take(word);
	}
}

/* "audit(1795312372.777:4): "; the rest of the line. */
static const char *stamp_read(struct apparmor_record *record, const char *line, const char *end)
{
	static const char start[] = "audit(";
	long seconds = 0, milliseconds = 0;
	const char *p = line;

	if ((size_t)(end - p) < sizeof(start) || memcmp(p, start, sizeof(start) - 1) != 0)
		return NULL;
	for (p += sizeof(start) - 1; p < end && *p >= '0' && *p <= '9' && seconds < LONG_MAX / 100;
	     p++)
		seconds = seconds * 10 + (*p - '0');
	if (p < end && *p == '.')
		for (p++; p < end && *p >= '0' && *p <= '9' && milliseconds < 1000; p++)
			milliseconds = milliseconds * 10 + (*p - '0');
	record->time = (struct timespec){ seconds, milliseconds % 1000 * 1000000 };
	while (p < end && *p != ' ')
		p++;
	return p;
}

bool record_read(struct apparmor_record *record, const char *line, size_t len)
{
	const char *end = line + len, *at;
	struct word word;

	memset(record, 0, offsetof(struct apparmor_record, text));
	record->used = 0;
	record->pid = record->protocol = record->capability = record->fsuid = record->ouid = -1;
	if (len > RECORD_TEXT_MAX)
		return false;
	at = stamp_read(record, line, end);
	while (at && word_next(&at, end, &word))
		word_take(record, &word);
	return record->verdict && record->operation && record->profile;
}
