/* SPDX-License-Identifier: Apache-2.0 */
/* Which directories are watched: see later.h. */
#include "watches.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "array.h"
#include "cleanup.h"
#include "diag.h"
#include "walk.h"

#define MASK (IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR | IN_EXCL_UNLINK)

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
int selinux_later_order(struct selinux_later *later)
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
size_t selinux_later_index(const struct selinux_later *later, int wd)
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

int selinux_later_wake(const struct selinux_later *later, int op, int fd, uint32_t events)
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
	if (later->timer >= 0 &&
	    selinux_later_wake(later, EPOLL_CTL_ADD, later->fd, EPOLLIN) == 0 &&
	    selinux_later_wake(later, EPOLL_CTL_ADD, later->timer, EPOLLIN) == 0)
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

/* As it is there now: it may be another directory than before. */
static int watch_anew(struct selinux_later *later, struct later_directory *directory)
{
	int wd = directory->wd, r;

	directory->wd = -1;
	r = watch(later, directory);
	if (wd != directory->wd)
		unwatch(later, wd);
	return r;
}

/* All that were not tried, or (@all) all. */
static int watch_new(struct selinux_later *later, bool all, struct karmor_diag *diag)
{
	const char *first = NULL;
	size_t n = 0;
	int code = 0;

	for (size_t i = 0; i < later->n; i++) {
		struct later_directory *directory = &later->directories[i];
		int r = directory->seen && !all ? 0 : watch_anew(later, directory);

		if (r < 0 && !n++) {
			first = later->directories[i].path;
			code = r;
		}
	}
	if (n)
		warn(diag, first, n, code);
	return selinux_later_order(later);
}

/* Where nothing has its labels yet, all is looked at anew: mounts come and go. */
static bool has_settled(const struct selinux_walk *walk)
{
	for (size_t i = 0; walk->settled && i < walk->n_roots; i++)
		if (walk->settled[i])
			return true;
	return false;
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
	return watch_new(later, !has_settled(walk), diag);
}

/* What is to be watched and is, or is below, what has come. */
void selinux_later_again(struct selinux_later *later, char *path)
{
	struct later_directory what = { .path = path };
	size_t len = strlen(path);
	struct later_directory *at =
		later->n ? bsearch(&what, later->directories, later->n, sizeof(what), path_compare)
			 : NULL;

	/* All that is above something is among them. */
	for (; at && at < later->directories + later->n && strncmp(at->path, path, len) == 0;
	     at++) {
		/* Where it fails, it is tried when labels are set again, which says so. */
		if (is_below(at->path, path, len))
			(void)!watch_anew(later, at);
	}
}

/* The directory is no more. */
int selinux_later_ignored(struct selinux_later *later, int wd)
{
	for (size_t i = selinux_later_index(later, wd);
	     i < later->n_by_wd && later->by_wd[i]->wd == wd; i++)
		later->by_wd[i]->seen = false;
	for (size_t i = 0; i < later->n; i++)
		if (later->directories[i].wd == wd)
			later->directories[i].wd = -1;
	return selinux_later_order(later);
}
