/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As little of HTTP as a scraper needs: GET of one page, on a loopback address. A request has a
 * bounded size and time, there are few connections, each is for one request.
 */
#pragma once

#include <stddef.h>

#include "loop.h"

/* The longest request, with its headers. */
#define HTTP_REQUEST_MAX 4096

struct http;

/* The page; owned by the caller, NULL where memory is out. */
typedef char *http_page_fn(void *data);

/* Listens at @address (address.h). 0 or a negative errno. */
int http_open(struct loop *loop, const char *address, http_page_fn *fn, void *data,
	      struct http **ret);
void http_close(struct http *http); /* accepts NULL */

/* What a request of @len bytes is answered with: a status; 0: it is not whole yet. */
int http_status(const char *request, size_t len);
