/* SPDX-License-Identifier: Apache-2.0 */
/* What there is to count, as a page in the text format of Prometheus. */
#pragma once

#include <stdio.h>

struct daemon;

/* The page; owned by the caller, NULL where memory is out. @data: the daemon. */
char *metrics_page(void *data);
/* The value of a label with its quotes: what would end it is escaped. */
void metrics_print_label(FILE *out, const char *value);
