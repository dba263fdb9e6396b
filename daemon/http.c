/* SPDX-License-Identifier: Apache-2.0 */
/* See http.h. */
#include "http.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "scope.h"

#define CONNECTIONS_MAX 8
#define TIME_MS 5000 /* from the connection to the last byte of the answer */

struct connection {
	struct http *http;
	struct loop_source *source, *timer;
	int fd;
	size_t n; /* of the request */
	char request[HTTP_REQUEST_MAX];
	char *answer; /* NULL: the request is not whole yet */
	size_t len, sent;
};

struct http {
	struct loop *loop;
	struct loop_source *source;
	int fd;
	http_page_fn *fn;
	void *data;
	struct connection *all[CONNECTIONS_MAX];
};

static void end(struct connection *connection)
{
	struct http *http = connection->http;

	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		if (http->all[i] == connection)
			http->all[i] = NULL;
	loop_remove(http->loop, connection->source);
	loop_remove(http->loop, connection->timer);
	close(connection->fd);
	free(connection->answer);
	free(connection);
}

static const char *reason(int status)
{
	static const struct {
		int status;
		const char *text;
	} reasons[] = {
		{ 200, "OK" },
		{ 400, "Bad Request" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed\r\nAllow: GET" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 505, "HTTP Version Not Supported" },
	};
	size_t i = 0;

	while (reasons[i].status != status)
		i++;
	return reasons[i].text;
}

static int answer(struct connection *connection, int status)
{
	_cleanup_free_ char *page =
		status == 200 ? connection->http->fn(connection->http->data) : NULL;
	int len;

	if (status == 200 && !page)
		status = 500;
	len = asprintf(&connection->answer,
		       "HTTP/1.1 %d %s\r\n"
		       "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
		       "Content-Length: %zu\r\n"
		       "Cache-Control: no-store\r\n"
		       "X-Content-Type-Options: nosniff\r\n"
		       "Connection: close\r\n"
		       "\r\n"
		       "%s",
		       status, reason(status), page ? strlen(page) : 0, page ? page : "");
	if (len < 0) {
		connection->answer = NULL;
		return -ENOMEM;
	}
	connection->len = (size_t)len;
	return 0;
}

/* 1: it is through; 0: there is more to come; a negative errno. */
static int read_some(struct connection *connection)
{
	ssize_t n = recv(connection->fd, connection->request + connection->n,
			 HTTP_REQUEST_MAX - connection->n, MSG_DONTWAIT);
	int status;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return 1;
	connection->n += (size_t)n;
	status = http_status(connection->request, connection->n);
	return status ? answer(connection, status) : 0;
}

static int send_some(struct connection *connection)
{
	ssize_t n = send(connection->fd, connection->answer + connection->sent,
			 connection->len - connection->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return -errno;
	if (n > 0)
		connection->sent += (size_t)n;
	if (connection->sent == connection->len)
		return 1;
	return loop_change(connection->http->loop, connection->source, EPOLLOUT);
}

static void on_connection(uint32_t events, void *data)
{
	struct connection *connection = data;
	int r = events & EPOLLERR ? 1 : 0;

	if (r == 0 && !connection->answer)
		r = read_some(connection);
	if (r == 0 && connection->answer)
		r = send_some(connection);
	if (r != 0)
		end(connection);
}

static void on_late(uint32_t events, void *data)
{
	end(data);
}

static void connection_new(struct http *http, struct connection **place, int fd)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (!connection) {
		close(fd);
		return;
	}
	connection->http = http;
	connection->fd = fd;
	*place = connection;
	if (loop_add(http->loop, fd, EPOLLIN, on_connection, connection, &connection->source) < 0 ||
	    loop_timer(http->loop, on_late, connection, &connection->timer) < 0)
		end(connection);
	else
		loop_timer_set(connection->timer, TIME_MS);
}

static void on_connect(uint32_t events, void *data)
{
	struct http *http = data;
	int fd = accept4(http->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	for (size_t i = 0; fd >= 0 && i < CONNECTIONS_MAX; i++)
		if (!http->all[i]) {
			connection_new(http, &http->all[i], fd);
			return;
		}
	if (fd >= 0)
		close(fd);
}

static int listen_at(struct http *http, const char *address)
{
	union loopback where;
	socklen_t size;
	const int one = 1;
	int r = address_parse(address, &where, &size);

	if (r < 0)
		return r;
	http->fd = socket(where.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (http->fd < 0 || setsockopt(http->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(http->fd, &where.any, size) < 0 || listen(http->fd, CONNECTIONS_MAX) < 0)
		return -errno;
	return loop_add(http->loop, http->fd, EPOLLIN, on_connect, http, &http->source);
}

int http_open(struct loop *loop, const char *address, http_page_fn *fn, void *data,
	      struct http **ret)
{
	struct http *http = calloc(1, sizeof(*http));
	int r;

	if (!http)
		return -ENOMEM;
	*http = (struct http){ .loop = loop, .fd = -1, .fn = fn, .data = data };
	r = listen_at(http, address);
	if (r < 0)
		http_close(http);
	else
		*ret = http;
	return r;
}

void http_close(struct http *http)
{
	if (!http)
		return;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		if (http->all[i])
			end(http->all[i]);
	loop_remove(http->loop, http->source);
	scope_close(&http->fd);
	free(http);
}
