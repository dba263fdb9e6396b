/* SPDX-License-Identifier: Apache-2.0 */
/* See watch.h. */
#include "watch.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>

#include "scope.h"

#define SETTLE_MS 50
#define WRITTEN_MAX 256
#define MASK                                                                                       \
	(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | IN_MODIFY |        \
	 IN_ATTRIB | IN_ONLYDIR)

struct watch {
	struct loop *loop;
	watch_fn *fn;
	void *data;
	int fd, wd;
	struct loop_source *source, *timer;
	char *written[WRITTEN_MAX]; /* NULL: free */
	bool is_set;		    /* a call is due */
};

static char **written_find(const struct watch *watch, const char *name)
{
	for (size_t i = 0; i < WRITTEN_MAX; i++)
		if (watch->written[i] && strcmp(watch->written[i], name) == 0)
			return (char **)(uintptr_t)&watch->written[i];
	return NULL;
}

/* Where there is no place for it, it may be read too early: then it is read again when closed. */
static void written_add(struct watch *watch, const char *name)
{
	if (written_find(watch, name))
		return;
	for (size_t i = 0; i < WRITTEN_MAX; i++)
		if (!watch->written[i]) {
			watch->written[i] = strdup(name);
			return;
		}
}

static void written_drop(struct watch *watch, const char *name)
{
	char **at = written_find(watch, name);

	if (!at)
		return;
	free(*at);
	*at = NULL;
}

bool watch_is_written(const struct watch *watch, const char *name)
{
	return written_find(watch, name) != NULL;
}

static void note(struct watch *watch, const struct inotify_event *event)
{
	if (event->len && event->mask & IN_MODIFY)
		written_add(watch, event->name);
	else if (event->len && !(event->mask & (IN_CREATE | IN_ATTRIB)))
		written_drop(watch, event->name);
	/* The first of a series sets the time: a writer that never stops puts nothing off. */
	if (event->mask & IN_MODIFY || watch->is_set)
		return;
	watch->is_set = true;
	loop_timer_set(watch->timer, SETTLE_MS);
}

static void on_change(uint32_t events, void *data)
{
	struct watch *watch = data;
	char buffer[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n;

	while ((n = read(watch->fd, buffer, sizeof(buffer))) > 0)
		for (char *at = buffer; at < buffer + n;) {
			const struct inotify_event *event = (const struct inotify_event *)at;

			note(watch, event);
			at += sizeof(*event) + event->len;
		}
}

static void on_settled(uint32_t events, void *data)
{
	struct watch *watch = data;

	watch->is_set = false;
	watch->fn(watch->data);
}

int watch_open(struct loop *loop, watch_fn *fn, void *data, struct watch **ret)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	int r;

	if (!watch)
		return -ENOMEM;
	watch->loop = loop;
	watch->fn = fn;
	watch->data = data;
	watch->wd = -1;
	watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	r = watch->fd < 0 ? -errno : 0;
	if (r == 0)
		r = loop_add(loop, watch->fd, EPOLLIN, on_change, watch, &watch->source);
	if (r == 0)
		r = loop_timer(loop, on_settled, watch, &watch->timer);
	if (r < 0)
		watch_close(watch);
	else
		*ret = watch;
	return r;
}

void watch_close(struct watch *watch)
{
	if (!watch)
		return;
	loop_remove(watch->loop, watch->source);
	loop_remove(watch->loop, watch->timer);
	scope_close(&watch->fd);
	for (size_t i = 0; i < WRITTEN_MAX; i++)
		free(watch->written[i]);
	free(watch);
}

int watch_directory(struct watch *watch, const char *path)
{
	if (watch->wd >= 0)
		inotify_rm_watch(watch->fd, watch->wd);
	watch->wd = inotify_add_watch(watch->fd, path, MASK);
	return watch->wd < 0 ? -errno : 0;
}
