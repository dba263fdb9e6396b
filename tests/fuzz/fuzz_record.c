/* SPDX-License-Identifier: Apache-2.0 */
/* Audit records: whatever the text, what is taken from it are strings that end within the record.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "apparmor/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct apparmor_record *record, const char *text)
{
	if (!text)
		return;
	if (text < record->base.text || text >= record->base.text + record->base.used ||
	    !memchr(text, '\0', record->base.used - (size_t)(text - record->base.text)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct apparmor_record record;
	/* Of its own, so that a sanitizer sees what is read behind its end. */
	char *line = malloc(size ? size : 1);

	if (!line)
		return 0;
	memcpy(line, data, size);
	if (record_read(&record, line, size)) {
		check(&record, record.verdict);
		check(&record, record.operation);
		check(&record, record.profile);
		check(&record, record.name);
		check(&record, record.comm);
		check(&record, record.requested);
		check(&record, record.denied);
		check(&record, record.family);
		check(&record, record.sock_type);
		check(&record, record.info);
	}
	free(line);
	return 0;
}
