/* SPDX-License-Identifier: Apache-2.0 */
/* What came: see later.h. */
#include "later.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "array.h"
#include "buf.h"
#include "cleanup.h"
#include "label.h"
#include "walk.h"
#include "watches.h"

#define NS UINT64_C(1000000000)
#define PAUSE_NS (NS / 20)
#define FOUND_MAX 4096 /* more is all */

void selinux_later_done(struct later_found *found)
{
	for (size_t i = 0; i < found->n; i++)
		free(found->paths[i]);
	free(found->paths);
	*found = (struct later_found){ 0 };
}

/* Whether it has the role and the type that it is to have. */
static bool is_labelled(const struct selinux_walk *walk, const char *path)
{
	char wanted[SELINUX_ROLE_SIZE], copy[SELINUX_TYPE_SIZE];
	_cleanup_close_ int fd = walk_open(path);
	_cleanup_free_ char *own = NULL;
	struct label_part role, type;
	struct walk_object object;
	struct label label;

	if (fd < 0)
		return fd == -ENOENT;
	if (walk_look(fd, path, &object) < 0 || label_read(fd, walk->attribute, &label) < 0 ||
	    !label_parse(&label, &role, &type) ||
	    !walk->role(path, object.directory, wanted, sizeof(wanted), walk->data))
		return false;
	own = strndup(type.text, type.len);
	return own && strlen(wanted) == role.len && memcmp(wanted, role.text, role.len) == 0 &&
	       !(walk->type && walk->type(path, own, copy, sizeof(copy), walk->data));
}

static int found_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Each once. */
static void found_sort(struct later_found *found)
{
	size_t kept = 0;

	if (found->n)
		qsort(found->paths, found->n, sizeof(*found->paths), found_compare);
	for (size_t i = 0; i < found->n; i++)
		if (kept && strcmp(found->paths[kept - 1], found->paths[i]) == 0)
			free(found->paths[i]);
		else
			found->paths[kept++] = found->paths[i];
	found->n = kept;
}

static int found_add(struct later_found *ret, const char *path)
{
	char *copy;

	if (ret->n == FOUND_MAX)
		found_sort(ret);
	ret->all |= ret->n == FOUND_MAX;
	if (ret->all || (ret->n && strcmp(ret->paths[ret->n - 1], path) == 0))
		return 0;
	copy = strdup(path);
	if (!copy || array_grow(&ret->paths, ret->n, &ret->size, sizeof(*ret->paths)) < 0) {
		free(copy);
		return -ENOMEM;
	}
	ret->paths[ret->n++] = copy;
	return 0;
}

/*
 * The kernel tells of a label before who reads it gets the new one, so that it is looked at later.
 * Of a directory that comes nobody knows what is in it.
 */
static int path_take(struct selinux_later *later, const struct selinux_walk *walk, const char *path,
		     uint32_t event, struct later_found *ret)
{
	char role[SELINUX_ROLE_SIZE];
	bool has_role = walk->role(path, event & IN_ISDIR, role, sizeof(role), walk->data);

	if (event & IN_ATTRIB)
		return has_role ? found_add(&later->due, path) : 0;
	if (event & IN_ISDIR ? !has_role && !walk->descend(path, walk->data)
			     : !has_role || is_labelled(walk, path))
		return 0;
	return found_add(ret, path);
}

/* What came into a directory, by all names of that. */
static int come(struct selinux_later *later, const struct selinux_walk *walk,
		const struct inotify_event *event, struct later_found *ret)
{
	int r = 0;

	for (size_t i = selinux_later_index(later, event->wd);
	     r == 0 && i < later->n_by_wd && later->by_wd[i]->wd == event->wd; i++) {
		const char *in = later->by_wd[i]->path;
		_cleanup_buf_ struct buf path = { 0 };

		buf_printf(&path, "%s/%s", strcmp(in, "/") == 0 ? "" : in, event->name);
		r = buf_failed(&path) ? -ENOMEM
				      : path_take(later, walk, path.data, event->mask, ret);
	}
	return r;
}

/* What was told of a while ago. */
static int due_take(struct selinux_later *later, const struct selinux_walk *walk,
		    struct later_found *ret)
{
	int r = 0;

	ret->all |= later->due.all;
	for (size_t i = 0; r == 0 && i < later->due.n; i++)
		if (!is_labelled(walk, later->due.paths[i]))
			r = found_add(ret, later->due.paths[i]);
	selinux_later_done(&later->due);
	return r;
}

static int take(struct selinux_later *later, const struct selinux_walk *walk,
		const struct inotify_event *event, struct later_found *ret)
{
	if (event->mask & IN_Q_OVERFLOW)
		ret->all = true;
	if (event->mask & IN_IGNORED)
		return selinux_later_ignored(later, event->wd);
	return event->len && !ret->all ? come(later, walk, event, ret) : 0;
}

static int take_all(struct selinux_later *later, const struct selinux_walk *walk,
		    const char *buffer, size_t n, struct later_found *ret)
{
	int r = 0;

	for (size_t at = 0; r == 0 && at < n;) {
		const struct inotify_event *event = (const void *)(buffer + at);

		r = take(later, walk, event, ret);
		at += sizeof(*event) + event->len;
	}
	return r;
}

void selinux_later_pause(struct selinux_later *later, uint64_t spent_ns)
{
	uint64_t ns = spent_ns > PAUSE_NS ? spent_ns : PAUSE_NS;
	const struct itimerspec pause = { .it_value = { .tv_sec = (time_t)(ns / NS),
							.tv_nsec = (long)(ns % NS) } };

	later->paused = later->fd >= 0 && timerfd_settime(later->timer, 0, &pause, NULL) == 0 &&
			selinux_later_wake(later, EPOLL_CTL_MOD, later->fd, 0) == 0;
}

static bool is_paused(struct selinux_later *later)
{
	uint64_t n;

	if (later->paused && read(later->timer, &n, sizeof(n)) == sizeof(n)) {
		later->paused = false;
		(void)!selinux_later_wake(later, EPOLL_CTL_MOD, later->fd, EPOLLIN);
	}
	return later->paused;
}

int selinux_later_read(struct selinux_later *later, const struct selinux_walk *walk,
		       struct later_found *ret)
{
	char buffer[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n = 0;
	int r = 0;

	if (later->fd < 0 || is_paused(later))
		return 0;
	r = due_take(later, walk, ret);
	while (r == 0 && (n = read(later->fd, buffer, sizeof(buffer))) > 0) {
		ret->any = true;
		r = take_all(later, walk, buffer, (size_t)n, ret);
	}
	found_sort(ret);
	for (size_t i = 0; i < ret->n; i++)
		selinux_later_again(later, ret->paths[i]);
	if (ret->all)
		selinux_later_again(later, (char[]){ "/" });
	return r || !(ret->any || ret->n) ? r : selinux_later_order(later);
}
