/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of labels: whatever the text, what is whole of it is read, and what is written of
 * that says the same when it is read again.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "selinux/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static off_t parse(struct journal *journal, const char *text, size_t len)
{
	FILE *file = fmemopen((void *)(uintptr_t)text, len, "r");
	size_t line;
	off_t whole = -ENOMEM;

	if (file) {
		whole = journal_parse(journal, file, &line);
		fclose(file);
	}
	return whole;
}

static void check(const struct journal *journal)
{
	for (size_t i = 0; i < journal->n; i++) {
		const struct journal_entry *entry = &journal->entries[i];

		if (*entry->path != '/' || !entry->label_len || !strlen(entry->role) ||
		    !strlen(entry->handle))
			abort();
	}
}

static char *print(const struct journal *journal, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	if (!out)
		return NULL;
	if (journal_print(journal, journal->roots, journal->n_roots, out) < 0)
		abort();
	fclose(out);
	return text;
}

static size_t live(const struct journal *journal)
{
	size_t n = 0;

	for (size_t i = 0; i < journal->n; i++)
		n += !journal->entries[i].gone;
	return n;
}

static void check_again(const struct journal *journal)
{
	struct journal again = { 0 };
	size_t len = 0, more = 0;
	char *text = print(journal, &len), *second;

	if (!text)
		return;
	if (parse(&again, text, len) != (off_t)len || live(&again) != live(journal))
		abort();
	second = print(&again, &more);
	if (second && (more != len || memcmp(text, second, len) != 0))
		abort();
	free(second);
	free(text);
	journal_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct journal journal = { 0 };
	off_t whole = size ? parse(&journal, (const char *)data, size) : 0;

	if (whole > (off_t)size)
		abort();
	if (whole >= 0) {
		check(&journal);
		check_again(&journal);
	}
	journal_done(&journal);
	return 0;
}
