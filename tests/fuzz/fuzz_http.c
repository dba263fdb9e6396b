/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to the page of metrics: an answer is one that is known, what is answered begins with
 * what was asked for, and what came later does not change an answer.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int ask(const uint8_t *data, size_t size)
{
	/* Of its own, so that a sanitizer sees what is read behind its end. */
	char *text = malloc(size ? size : 1);
	int status;

	if (!text)
		abort();
	memcpy(text, data, size);
	status = http_status(text, size);
	free(text);
	return status;
}

static int is_known(int status)
{
	static const int known[] = { 0, 200, 400, 404, 405, 431, 505 };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (known[i] == status)
			return 1;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char wanted[] = "GET /metrics HTTP/1.";
	int status, before;

	if (size > HTTP_REQUEST_MAX)
		size = HTTP_REQUEST_MAX;
	status = ask(data, size);
	before = size ? ask(data, size - 1) : 0;
	if (!is_known(status) || (before && before != status))
		abort();
	if (status == 200 && (size < strlen(wanted) || memcmp(data, wanted, strlen(wanted)) != 0))
		abort();
	return 0;
}
