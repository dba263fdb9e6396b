/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events as lines on standard output, which may be anything: a terminal, a pipe whose reader is
 * slow, a service manager's socket. It is opened anew, so that not waiting is for us alone, and not
 * for whoever has it too. What it does not take at once waits, up to a bound.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "log.h"
#include "scope.h"
#include "sink.h"

#define WAITING_MAX (256u << 10)

struct output {
	struct sink sink;
	struct loop *loop;
	struct loop_source *source; /* NULL: nothing tells when it takes more */
	int fd;			    /* owned */
	bool is_socket, waits;
	size_t n;
	char waiting[WAITING_MAX];
};

static void want(struct output *output, bool waits)
{
	if (output->source && output->waits != waits)
		loop_change(output->loop, output->source, waits ? EPOLLOUT : 0);
	output->waits = waits;
}

/* What is left of a line goes before the next one. */
static int flush(struct output *output)
{
	int r = 0;

	while (output->n && r == 0) {
		ssize_t n = output->is_socket ? send(output->fd, output->waiting, output->n,
						     MSG_DONTWAIT | MSG_NOSIGNAL)
					      : write(output->fd, output->waiting, output->n);

		if (n <= 0) {
			r = n < 0 ? -errno : -EIO;
			break;
		}
		output->n -= (size_t)n;
		memmove(output->waiting, output->waiting + n, output->n);
	}
	want(output, r == -EAGAIN);
	return r == -EAGAIN || r == -EINTR ? 0 : r;
}

static void on_ready(uint32_t events, void *data)
{
	struct output *output = data;

	if (!(events & (EPOLLERR | EPOLLHUP))) {
		flush(output);
		return;
	}
	/* Whoever read it is gone: the next event tells so. */
	loop_remove(output->loop, output->source);
	output->source = NULL;
}

static int output_write(struct sink *sink, json_t *event, const char *line, size_t len)
{
	struct output *output = (struct output *)sink;
	int r = flush(output);

	if (r < 0)
		return r;
	if (output->n + len + 1 > WAITING_MAX)
		return -EAGAIN;
	memcpy(output->waiting + output->n, line, len);
	output->n += len;
	output->waiting[output->n++] = '\n';
	/* It is taken; what is wrong now the next one finds. */
	flush(output);
	return 0;
}

static void output_close(struct sink *sink)
{
	struct output *output = (struct output *)sink;

	flush(output);
	loop_remove(output->loop, output->source);
	scope_close(&output->fd);
	free(output);
}

static int open_again(struct output *output, int fd)
{
	char path[32];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	output->is_socket = S_ISSOCK(st.st_mode);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	output->fd = output->is_socket
			     ? fcntl(fd, F_DUPFD_CLOEXEC, 3)
			     : open(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return output->fd < 0 ? -errno : 0;
}

int sink_output_new(int fd, struct loop *loop, struct sink **ret)
{
	struct output *output = calloc(1, sizeof(*output));
	int r = output ? 0 : -ENOMEM;

	if (r == 0) {
		output->sink = (struct sink){ .name = "output",
					      .write = output_write,
					      .close = output_close };
		output->loop = loop;
		output->fd = -1;
		r = open_again(output, fd);
	}
	/* A file is always ready, and cannot be waited for. */
	if (r == 0)
		r = loop_add(loop, output->fd, 0, on_ready, output, &output->source);
	if (r == -EPERM)
		r = 0;
	if (r < 0) {
		log_tell(LOG_FAULT, "cannot write events to standard output: %s", strerror(-r));
		if (output)
			scope_close(&output->fd);
		free(output);
		return r;
	}
	*ret = &output->sink;
	return 0;
}
