/* SPDX-License-Identifier: Apache-2.0 */
/* See later.h. */
#include "later.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "array.h"
#include "buf.h"
#include "cleanup.h"
#include "diag.h"
#include "label.h"
#include "walk.h"

#define MASK (IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR | IN_EXCL_UNLINK)
#define PAUSE_NS 50000000
#define FOUND_MAX 4096 /* more is all */

void selinux_later_start(struct selinux_later *later, int poll)
{
	*later = (struct selinux_later){ .fd = -1, .timer = -1, .poll = poll };
}

void selinux_later_stop(struct selinux_later *later)
{
	for (size_t i = 0; i < later->n; i++)
		free(later->directories[i].path);
	free(later->directories);
	free(later->by_wd);
	selinux_later_done(&later->due);
	cleanup_close(&later->fd);
	cleanup_close(&later->timer);
	selinux_later_start(later, later->poll);
}

static int path_compare(const void *a, const void *b)
{
	const struct later_directory *one = a, *other = b;

	return strcmp(one->path, other->path);
}

static int wd_compare(const void *a, const void *b)
{
	const struct later_directory *one = *(struct later_directory *const *)a,
				     *other = *(struct later_directory *const *)b;

	return (one->wd > other->wd) - (one->wd < other->wd);
}

/* One directory may have several names. */
static int index_make(struct selinux_later *later)
{
	struct later_directory **by_wd =
		reallocarray(later->by_wd, later->n + 1, sizeof(struct later_directory *));

	later->n_by_wd = 0;
	if (!by_wd)
		return -ENOMEM;
	later->by_wd = by_wd;
	for (size_t i = 0; i < later->n; i++)
		if (later->directories[i].wd >= 0)
			by_wd[later->n_by_wd++] = &later->directories[i];
	if (later->n_by_wd)
		qsort(by_wd, later->n_by_wd, sizeof(struct later_directory *), wd_compare);
	return 0;
}

/* The first that is watched by @wd, or where it would be. */
static size_t index_of(const struct selinux_later *later, int wd)
{
	size_t low = 0, high = later->n_by_wd;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (later->by_wd[middle]->wd < wd)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_watched(const struct selinux_later *later, int wd)
{
	for (size_t i = 0; i < later->n; i++)
		if (later->directories[i].wd == wd)
			return true;
	return false;
}

/* By no name any more. */
static void unwatch(const struct selinux_later *later, int wd)
{
	if (wd >= 0 && !is_watched(later, wd))
		inotify_rm_watch(later->fd, wd);
}

/* 0, or a negative errno: it is there and cannot be watched. */
static int watch(const struct selinux_later *later, struct later_directory *directory)
{
	_cleanup_close_ int fd = walk_open(directory->path);
	char path[64];

	directory->seen = true;
	if (fd < 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	directory->wd = inotify_add_watch(later->fd, path, MASK);
	if (directory->wd >= 0 || errno == ENOTDIR || errno == ENOENT)
		return 0;
	directory->seen = false;
	return -errno;
}

/* What is to be watched. */
struct names {
	struct later_directory *all;
	size_t n, size;
};

static void names_done(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->all[i].path);
	free(names->all);
}

/* Whether @path is the first @len bytes of @of, or below that. */
static bool is_below(const char *path, const char *of, size_t len)
{
	return strncmp(path, of, len) == 0 && (len == 1 || path[len] == '/' || !path[len]);
}

static int name_add(struct names *names, const char *path, size_t len)
{
	struct later_directory *name;

	if (array_grow(&names->all, names->n, &names->size, sizeof(*names->all)) < 0)
		return -ENOMEM;
	name = &names->all[names->n];
	*name = (struct later_directory){ .path = strndup(path, len), .wd = -1 };
	names->n += name->path != NULL;
	return name->path ? 0 : -ENOMEM;
}

/* A root and all that it is below; but for what the root before it was below, too. */
static int names_add(struct names *names, const char *root, const char *before)
{
	size_t len = strlen(root), end = 1;
	int r = 0;

	while (r == 0) {
		if (!is_below(before, root, end))
			r = name_add(names, root, end);
		if (end == len)
			break;
		for (end++; end < len && root[end] != '/';)
			end++;
	}
	return r;
}

/* Sorted, each once. */
static int names_make(struct names *names, const struct selinux_walk *walk)
{
	size_t kept = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < walk->n_roots; i++)
		r = names_add(names, walk->roots[i], i ? walk->roots[i - 1] : "");
	if (names->n)
		qsort(names->all, names->n, sizeof(*names->all), path_compare);
	for (size_t i = 0; i < names->n; i++)
		if (kept && path_compare(&names->all[kept - 1], &names->all[i]) == 0)
			free(names->all[i].path);
		else
			names->all[kept++] = names->all[i];
	names->n = kept;
	return r;
}

/* What is watched already is not watched anew. Then the names are what is watched, and what was and
 * is not any more goes to them. */
static void names_take(struct selinux_later *later, struct names *names)
{
	struct names old = { later->directories, later->n, later->size };

	for (size_t i = 0, j = 0; i < names->n && j < old.n;) {
		int order = path_compare(&names->all[i], &old.all[j]);

		if (order == 0) {
			names->all[i].wd = old.all[j].wd;
			names->all[i].seen = old.all[j].seen;
			old.all[j].wd = -1;
		}
		i += order <= 0;
		j += order >= 0;
	}
	later->directories = names->all;
	later->n = names->n;
	later->size = names->size;
	*names = old;
}

static int wake_for(const struct selinux_later *later, int op, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events };

	return epoll_ctl(later->poll, op, fd, &event) < 0 ? -errno : 0;
}

static int open_both(struct selinux_later *later)
{
	if (later->timer >= 0)
		return 0;
	later->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	later->timer =
		later->fd < 0 ? -1 : timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (later->timer >= 0 && wake_for(later, EPOLL_CTL_ADD, later->fd, EPOLLIN) == 0 &&
	    wake_for(later, EPOLL_CTL_ADD, later->timer, EPOLLIN) == 0)
		return 0;
	return -errno;
}

static void warn(struct karmor_diag *diag, const char *path, size_t n, int code)
{
	diag_warning(diag, NULL,
		     code == -ENOSPC ? "allow more: sysctl fs.inotify.max_user_watches" : NULL,
		     "selinux: cannot watch for files that get a name of rules later in %zu "
		     "directories, as \"%s\": %s",
		     n, path, strerror(-code));
}

/* All that were not tried. */
static int watch_new(struct selinux_later *later, struct karmor_diag *diag)
{
	const char *first = NULL;
	size_t n = 0;
	int code = 0;

	for (size_t i = 0; i < later->n; i++) {
		int r = later->directories[i].seen ? 0 : watch(later, &later->directories[i]);

		if (r < 0 && !n++) {
			first = later->directories[i].path;
			code = r;
		}
	}
	if (n)
		warn(diag, first, n, code);
	return index_make(later);
}

int selinux_later_watch(struct selinux_later *later, const struct selinux_walk *walk,
			struct karmor_diag *diag)
{
	_cleanup_(names_done) struct names names = { 0 };
	int r = names_make(&names, walk);

	if (r < 0)
		return r;
	r = names.n ? open_both(later) : 0;
	if (r < 0) {
		warn(diag, names.all[0].path, names.n, r);
		selinux_later_stop(later);
		return 0;
	}
	names_take(later, &names);
	for (size_t i = 0; i < names.n; i++)
		unwatch(later, names.all[i].wd);
	return watch_new(later, diag);
}

void selinux_later_done(struct later_found *found)
{
	for (size_t i = 0; i < found->n; i++)
		free(found->paths[i]);
	free(found->paths);
	*found = (struct later_found){ 0 };
}

/* What is to be watched and is, or is below, what has come. */
static void watch_again(struct selinux_later *later, char *path)
{
	struct later_directory what = { .path = path };
	size_t len = strlen(path);
	struct later_directory *at =
		later->n ? bsearch(&what, later->directories, later->n, sizeof(what), path_compare)
			 : NULL;

	/* All that is above something is among them. */
	for (; at && at < later->directories + later->n && strncmp(at->path, path, len) == 0;
	     at++) {
		int wd = at->wd;

		if (!is_below(at->path, path, len))
			continue;
		at->wd = -1;
		(void)!watch(later, at);
		unwatch(later, wd);
	}
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

static int found_add(struct later_found *ret, const char *path)
{
	if (ret->n == FOUND_MAX)
		ret->all = true;
	if (ret->all || (ret->n && strcmp(ret->paths[ret->n - 1], path) == 0))
		return 0;
	if (array_grow(&ret->paths, ret->n, &ret->size, sizeof(*ret->paths)) < 0)
		return -ENOMEM;
	ret->paths[ret->n] = strdup(path);
	ret->n += ret->paths[ret->n] != NULL;
	return ret->paths[ret->n - 1] ? 0 : -ENOMEM;
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

	for (size_t i = index_of(later, event->wd);
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

/* The directory is no more. */
static void ignored(const struct selinux_later *later, int wd)
{
	for (size_t i = index_of(later, wd); i < later->n_by_wd && later->by_wd[i]->wd == wd; i++)
		later->by_wd[i]->wd = -1;
}

static int take(struct selinux_later *later, const struct selinux_walk *walk,
		const struct inotify_event *event, struct later_found *ret)
{
	if (event->mask & IN_Q_OVERFLOW)
		ret->all = true;
	if (event->mask & IN_IGNORED)
		ignored(later, event->wd);
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

static void pause_begin(struct selinux_later *later)
{
	static const struct itimerspec pause = { .it_value.tv_nsec = PAUSE_NS };

	later->paused = timerfd_settime(later->timer, 0, &pause, NULL) == 0 &&
			wake_for(later, EPOLL_CTL_MOD, later->fd, 0) == 0;
}

static bool is_paused(struct selinux_later *later)
{
	uint64_t n;

	if (later->paused && read(later->timer, &n, sizeof(n)) == sizeof(n)) {
		later->paused = false;
		(void)!wake_for(later, EPOLL_CTL_MOD, later->fd, EPOLLIN);
	}
	return later->paused;
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

int selinux_later_read(struct selinux_later *later, const struct selinux_walk *walk,
		       struct later_found *ret)
{
	char buffer[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n = 0;
	bool any = false;
	int r = 0;

	if (later->fd < 0 || is_paused(later))
		return 0;
	r = due_take(later, walk, ret);
	while (r == 0 && (n = read(later->fd, buffer, sizeof(buffer))) > 0) {
		any = true;
		r = take_all(later, walk, buffer, (size_t)n, ret);
	}
	if (any)
		pause_begin(later);
	found_sort(ret);
	for (size_t i = 0; i < ret->n; i++)
		watch_again(later, ret->paths[i]);
	if (ret->all)
		watch_again(later, (char[]){ "/" });
	return r || !(any || ret->n) ? r : index_make(later);
}
