/* SPDX-License-Identifier: Apache-2.0 */
/* What there is to count, as a page in the text format of Prometheus. */
#pragma once

struct daemon;

/* The page; owned by the caller, NULL where memory is out. @data: the daemon. */
char *metrics_page(void *data);
