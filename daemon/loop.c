/* SPDX-License-Identifier: Apache-2.0 */
/* See loop.h. */
#include "loop.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/timerfd.h>

#include "scope.h"

#define BATCH 32

struct loop_source {
	int fd;
	loop_fn *fn; /* NULL: removed */
	void *data;
	bool is_timer;
	struct loop_source *next; /* of those that are removed */
};

struct loop {
	int fd;
	bool stopped;
	struct loop_source *removed; /* freed when the batch is through */
};

int loop_new(struct loop **ret)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return -ENOMEM;
	loop->fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->fd < 0) {
		free(loop);
		return -errno;
	}
	*ret = loop;
	return 0;
}

static void sweep(struct loop *loop)
{
	struct loop_source *source;

	while ((source = loop->removed)) {
		loop->removed = source->next;
		free(source);
	}
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	sweep(loop);
	close(loop->fd);
	free(loop);
}

int loop_add(struct loop *loop, int fd, uint32_t events, loop_fn *fn, void *data,
	     struct loop_source **ret)
{
	struct loop_source *source = malloc(sizeof(*source));
	struct epoll_event event = { .events = events, .data.ptr = source };

	if (!source)
		return -ENOMEM;
	*source = (struct loop_source){ .fd = fd, .fn = fn, .data = data };
	if (epoll_ctl(loop->fd, EPOLL_CTL_ADD, fd, &event) < 0) {
		free(source);
		return -errno;
	}
	*ret = source;
	return 0;
}

int loop_change(struct loop *loop, struct loop_source *source, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	return epoll_ctl(loop->fd, EPOLL_CTL_MOD, source->fd, &event) < 0 ? -errno : 0;
}

void loop_remove(struct loop *loop, struct loop_source *source)
{
	if (!source)
		return;
	epoll_ctl(loop->fd, EPOLL_CTL_DEL, source->fd, NULL);
	if (source->is_timer)
		close(source->fd);
	source->fn = NULL;
	source->next = loop->removed;
	loop->removed = source;
}

int loop_timer(struct loop *loop, loop_fn *fn, void *data, struct loop_source **ret)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), r;

	if (fd < 0)
		return -errno;
	r = loop_add(loop, fd, EPOLLIN, fn, data, ret);
	if (r < 0)
		close(fd);
	else
		(*ret)->is_timer = true;
	return r;
}

void loop_timer_set(struct loop_source *timer, unsigned ms)
{
	const struct itimerspec when = { .it_value = { .tv_sec = ms / 1000,
						       .tv_nsec = ms % 1000 * 1000000L } };

	timerfd_settime(timer->fd, 0, &when, NULL);
}

void loop_timer_soon(struct loop_source *timer, unsigned ms)
{
	struct itimerspec now = { 0 };

	timerfd_gettime(timer->fd, &now);
	if ((now.it_value.tv_sec || now.it_value.tv_nsec) &&
	    now.it_value.tv_sec * 1000 + now.it_value.tv_nsec / 1000000 < (long)ms)
		return;
	loop_timer_set(timer, ms);
}

static void dispatch(const struct epoll_event *event)
{
	struct loop_source *source = event->data.ptr;
	uint64_t ticks;

	if (!source->fn)
		return;
	if (source->is_timer && read(source->fd, &ticks, sizeof(ticks)) < 0)
		return; /* it was set anew meanwhile */
	source->fn(event->events, source->data);
}

int loop_run(struct loop *loop)
{
	struct epoll_event events[BATCH];

	loop->stopped = false;
	while (!loop->stopped) {
		int n = epoll_wait(loop->fd, events, BATCH, -1);

		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n && !loop->stopped; i++)
			dispatch(&events[i]);
		sweep(loop);
	}
	return 0;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}
