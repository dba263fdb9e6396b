/* SPDX-License-Identifier: Apache-2.0 */
#include "audit-record.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

bool audit_word_next(const char **at, const char *end, struct audit_word *ret)
{
	const char *p = *at, *equals;

	while (p < end && *p == ' ')
		p++;
	ret->key = p;
	while (p < end && *p != '=' && *p != ' ')
		p++;
	equals = p;
	ret->key_len = (size_t)(p - ret->key);
	*ret = (struct audit_word){ .key = ret->key, .key_len = ret->key_len, .value = p };
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

bool audit_word_is(const struct audit_word *word, const char *key)
{
	return word->key_len == strlen(key) && memcmp(word->key, key, word->key_len) == 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_hex(const struct audit_word *word)
{
	for (size_t i = 0; i < word->value_len; i++)
		if (hex_digit(word->value[i]) < 0)
			return false;
	return word->value_len && word->value_len % 2 == 0;
}

char *audit_text_add(struct audit_record *record, const char *text, size_t len)
{
	char *ret = record->text + record->used;

	if (len >= sizeof(record->text) - record->used)
		return NULL;
	memcpy(ret, text, len);
	ret[len] = '\0';
	record->used += len + 1;
	return ret;
}

static const char *text_take(struct audit_record *record, const struct audit_word *word,
			     bool untrusted)
{
	static const char none[] = "(null)"; /* so it is written where there is no text */
	bool hex = untrusted && !word->quoted && is_hex(word);
	size_t len = hex ? word->value_len / 2 : word->value_len;
	char *ret;

	if (untrusted && !word->quoted && word->value_len == sizeof(none) - 1 &&
	    memcmp(word->value, none, sizeof(none) - 1) == 0)
		return NULL;
	ret = audit_text_add(record, word->value, len);
	for (size_t i = 0; ret && hex && i < len; i++)
		ret[i] = (char)(hex_digit(word->value[2 * i]) << 4 |
				hex_digit(word->value[2 * i + 1]));
	return ret;
}

static long number_take(const struct audit_word *word)
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

void audit_word_take(struct audit_record *record, const struct audit_field *fields, size_t n,
		     const struct audit_word *word)
{
	for (size_t i = 0; i < n; i++) {
		void *at = (char *)record + fields[i].offset;
		const char **text = at;
		long *number = at;

		if (!audit_word_is(word, fields[i].key))
			continue;
		if (fields[i].kind == AUDIT_NUMBER)
			*number = *number < 0 ? number_take(word) : *number;
		else if (!*text)
			*text = text_take(record, word, fields[i].kind == AUDIT_UNTRUSTED);
	}
}

/* Digits from @p on, no more than @max of them; what is behind them. */
static const char *digits_read(const char *p, const char *end, int max, uint64_t *ret)
{
	for (*ret = 0; p < end && *p >= '0' && *p <= '9' && max--; p++)
		*ret = *ret * 10 + (uint64_t)(*p - '0');
	return p;
}

const char *audit_record_start(struct audit_record *record, const struct audit_field *fields,
			       size_t n, const char *line, size_t len)
{
	static const char start[] = "audit(";
	const char *end = line + len, *p = line + sizeof(start) - 1;
	uint64_t seconds, milliseconds = 0;

	record->used = 0;
	record->serial = 0;
	for (size_t i = 0; i < n; i++) {
		void *at = (char *)record + fields[i].offset;

		if (fields[i].kind == AUDIT_NUMBER)
			*(long *)at = -1;
		else
			*(const char **)at = NULL;
	}
	if (len > AUDIT_RECORD_MAX || len < sizeof(start) ||
	    memcmp(line, start, sizeof(start) - 1) != 0)
		return NULL;
	p = digits_read(p, end, 12, &seconds);
	if (p < end && *p == '.')
		p = digits_read(p + 1, end, 3, &milliseconds);
	record->time = (struct timespec){ (time_t)seconds, (long)milliseconds * 1000000 };
	if (p < end && *p == ':')
		p = digits_read(p + 1, end, 19, &record->serial);
	while (p < end && *p != ' ')
		p++;
	return p;
}
