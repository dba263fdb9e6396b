/* SPDX-License-Identifier: Apache-2.0 */
/* See walk.h. */
#include "walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "array.h"
#include "buf.h"
#include "cleanup.h"
#include "diag.h"
#include "fs.h"

/* Directories that are held open; deeper ones are come back to by "..". */
#define HELD_MAX 64

/* A directory that is being walked. */
struct level {
	int fd; /* -1: not held */
	dev_t dev;
	ino_t ino;
	size_t path_len;
	char **names;
	size_t n, at;
};

struct walker {
	struct level *levels;
	size_t n, size;
	int current; /* the last level's directory */
	struct buf path;
	uint64_t mount;
	walk_fn *fn;
	void *data;
	struct karmor_diag *diag;
};

int walk_open(const char *path)
{
	struct open_how how = { .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
				.resolve = RESOLVE_NO_SYMLINKS };
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

int walk_look(int fd, const char *path, struct walk_object *ret)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT,
		  STATX_TYPE | STATX_INO | STATX_NLINK | STATX_MNT_ID, &st) < 0)
		return -errno;
	if (!(st.stx_mask & STATX_MNT_ID))
		return -EOPNOTSUPP;
	*ret = (struct walk_object){
		.fd = fd,
		.path = path,
		.dev = makedev(st.stx_dev_major, st.stx_dev_minor),
		.ino = st.stx_ino,
		.mount = st.stx_mnt_id,
		.links = st.stx_nlink,
		.directory = S_ISDIR(st.stx_mode),
	};
	return 0;
}

static void names_free(struct level *level)
{
	for (size_t i = 0; i < level->n; i++)
		free(level->names[i]);
	free(level->names);
}

static void walker_done(struct walker *w)
{
	for (size_t i = 0; i < w->n; i++) {
		names_free(&w->levels[i]);
		cleanup_close(&w->levels[i].fd);
	}
	free(w->levels);
	cleanup_close(&w->current);
	buf_done(&w->path);
}

static int fault(const struct walker *w, int code, const char *doing)
{
	if (code == -ENOMEM)
		return code;
	if (code == -EOPNOTSUPP)
		diag_error(w->diag, NULL, "boot a kernel of 5.8 or later",
			   "selinux: this kernel does not tell mounts apart");
	else
		diag_error(w->diag, NULL, NULL, "selinux: cannot %s \"%s\": %s", doing,
			   w->path.data, strerror(-code));
	return code == -EOPNOTSUPP ? code : fs_error(-code);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int names_read(DIR *dir, struct level *level)
{
	const struct dirent *entry;
	size_t size = 0;

	while ((errno = 0, entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (array_grow(&level->names, level->n, &size, sizeof(*level->names)) < 0)
			return -ENOMEM;
		level->names[level->n] = strdup(entry->d_name);
		if (!level->names[level->n])
			return -ENOMEM;
		level->n++;
	}
	return -errno;
}

/* All names at once, so that the directory need not stay open. */
static int names_list(int fd, struct level *level)
{
	_cleanup_close_ int open = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir;
	int r;

	if (open < 0)
		return errno == ENOENT ? 0 : -errno; /* removed meanwhile */
	dir = fdopendir(open);
	if (!dir)
		return -errno;
	TAKE_FD(open);
	r = names_read(dir, level);
	closedir(dir);
	if (level->n)
		qsort(level->names, level->n, sizeof(*level->names), compare);
	return r == -ENOENT ? 0 : r;
}

/* Goes into the directory @object, whose descriptor becomes the walker's. */
static int enter(struct walker *w, const struct walk_object *object, int *fd)
{
	struct level level = {
		.fd = -1, .dev = object->dev, .ino = object->ino, .path_len = w->path.len
	};
	int r = names_list(*fd, &level);

	if (r == 0)
		r = array_grow(&w->levels, w->n, &w->size, sizeof(level));
	if (r < 0) {
		names_free(&level);
		return fault(w, r, "read directory");
	}
	if (w->n && w->n <= HELD_MAX)
		w->levels[w->n - 1].fd = TAKE_FD(w->current);
	cleanup_close(&w->current);
	w->current = TAKE_FD(*fd);
	w->levels[w->n++] = level;
	return 0;
}

static void path_cut(struct walker *w, size_t len)
{
	w->path.len = len;
	w->path.data[len] = '\0';
}

/* Back from a directory to the one that it is in. */
static int leave(struct walker *w)
{
	struct level *parent;
	struct walk_object object;
	int fd, r;

	names_free(&w->levels[--w->n]);
	if (!w->n)
		return 0;
	parent = &w->levels[w->n - 1];
	path_cut(w, parent->path_len);
	fd = parent->fd >= 0 ? TAKE_FD(parent->fd)
			     : openat(w->current, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fault(w, -errno, "go back to");
	cleanup_close(&w->current);
	w->current = fd;
	r = walk_look(fd, w->path.data, &object);
	if (r < 0)
		return fault(w, r, "go back to");
	if (object.dev == parent->dev && object.ino == parent->ino)
		return 0;
	diag_error(w->diag, NULL, "try again",
		   "selinux: a directory below \"%s\" was moved while it was looked at",
		   w->path.data);
	return -EBUSY;
}

/* What @fd, at the walker's path, is; it is the walker's then, or closed. */
static int visit(struct walker *w, int fd)
{
	_cleanup_close_ int owned = fd;
	struct walk_object object;
	int r = walk_look(fd, w->path.data, &object);

	if (r < 0)
		return fault(w, r, "look at");
	if (!w->n)
		w->mount = object.mount;
	object.mounted = object.mount != w->mount;
	r = w->fn(&object, w->data);
	if (r <= 0 || !object.directory || object.mounted)
		return r < 0 ? r : 0;
	return enter(w, &object, &owned);
}

static int step(struct walker *w)
{
	struct level *level = &w->levels[w->n - 1];
	const char *name;
	int fd;

	path_cut(w, level->path_len);
	if (level->at == level->n)
		return leave(w);
	name = level->names[level->at++];
	if (w->path.data[w->path.len - 1] != '/')
		buf_putc(&w->path, '/');
	buf_puts(&w->path, name);
	if (buf_failed(&w->path))
		return -ENOMEM;
	fd = openat(w->current, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) /* a name that is no more */
		return errno == ENOENT ? 0 : fault(w, -errno, "look at");
	return visit(w, fd);
}

int walk_tree(const char *root, walk_fn *fn, void *data, struct karmor_diag *diag)
{
	_cleanup_(walker_done) struct walker w = {
		.current = -1, .fn = fn, .data = data, .diag = diag
	};
	int fd, r;

	buf_puts(&w.path, root);
	if (buf_failed(&w.path))
		return -ENOMEM;
	fd = walk_open(root);
	/* Nothing is reached by a name with a link in it: rules have the names that it leads to. */
	if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
		return 0;
	if (fd < 0)
		return fault(&w, fd, "look at");
	r = visit(&w, fd);
	while (r == 0 && w.n)
		r = step(&w);
	return r;
}
