/* SPDX-License-Identifier: Apache-2.0 */
/* What a request is: one line, and headers, of which none matters but one that tells of a body. */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "http.h"
#include "scope.h"

/* A line that is left to be read. */
struct line {
	const char *text;
	size_t len;
};

/* Takes the next line off @rest, which ends with an empty one. */
static struct line line_next(struct line *rest)
{
	const char *end = memmem(rest->text, rest->len, "\r\n", 2);
	struct line line = { rest->text, (size_t)(end - rest->text) };

	rest->len -= line.len + 2;
	rest->text = end + 2;
	return line;
}

static bool is_clean(struct line line)
{
	for (size_t i = 0; i < line.len; i++)
		if (iscntrl((unsigned char)line.text[i]) && line.text[i] != '\t')
			return false;
	return true;
}

static bool is_token(struct line line)
{
	for (size_t i = 0; i < line.len; i++)
		if (!isalnum((unsigned char)line.text[i]) &&
		    (!line.text[i] || !strchr("!#$%&'*+-.^_`|~", line.text[i])))
			return false;
	return line.len > 0;
}

static bool is_text(struct line line, const char *text)
{
	return line.len == strlen(text) && strncasecmp(line.text, text, line.len) == 0;
}

/* Takes what stands before @end off @line. */
static bool cut(struct line *line, char end, struct line *ret)
{
	const char *at = memchr(line->text, end, line->len);

	if (!at)
		return false;
	*ret = (struct line){ line->text, (size_t)(at - line->text) };
	line->len -= ret->len + 1;
	line->text = at + 1;
	return true;
}

static bool is_same(struct line line, const char *text)
{
	return line.len == strlen(text) && memcmp(line.text, text, line.len) == 0;
}

static int status_of(struct line line)
{
	struct line method, target;

	if (!is_clean(line) || !cut(&line, ' ', &method) || !cut(&line, ' ', &target) ||
	    !is_token(method) || target.len == 0)
		return 400;
	if (!is_same(line, "HTTP/1.1") && !is_same(line, "HTTP/1.0"))
		return 505;
	if (!is_same(method, "GET"))
		return 405;
	return is_same(target, "/metrics") ? 200 : 404;
}

/* None that a body follows: it would be taken for the next request. */
static bool is_header(struct line line)
{
	struct line name;

	return is_clean(line) && cut(&line, ':', &name) && is_token(name) &&
	       !is_text(name, "Content-Length") && !is_text(name, "Transfer-Encoding");
}

int http_status(const char *request, size_t len)
{
	const char *end = memmem(request, len, "\r\n\r\n", 4);
	struct line rest = { request, len }, line;
	int status;

	if (!end)
		return len < HTTP_REQUEST_MAX ? 0 : 431;
	rest.len = (size_t)(end - request) + 4;
	status = status_of(line_next(&rest));
	while (rest.len > 2) {
		line = line_next(&rest);
		if (!is_header(line))
			return 400;
	}
	return status;
}
