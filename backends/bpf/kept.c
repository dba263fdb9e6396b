/* SPDX-License-Identifier: Apache-2.0 */
/* See kept.h. */
#include "kept.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf.h"
#include "cleanup.h"
#include "diag.h"
#include "fs.h"

#define LIST LOCK_DIR "/kept"
#define LIST_ASIDE LIST ".new"
#define LINES_MAX 12  /* beside the default ones there is room for those */
#define LEVELS_MAX 64 /* of directories above one that is kept */

static const struct {
	const char *place,
		*path; /* "karmor" in the place is kept, also where it is not there yet */
} defaults[] = {
	{ "/etc", "/etc/karmor" },
	{ "/var/lib", "/var/lib/karmor" },
	{ "/run", "/run/karmor" },
};

_Static_assert(ARRAY_SIZE(defaults) == ABI_KEPT_PLACES, "a place for each");
_Static_assert(ARRAY_SIZE(defaults) + LINES_MAX <= ABI_KEPT_OWN, "and room for what it has");
_Static_assert(ABI_KEPT_OWN + ABI_KEPT_PLACES + ABI_KEPT_ABOVE == ABI_KEPT_ALL,
	       "one after the other");

/* Adds an inode that is not there yet. 0, or -ENOSPC. */
static int inode_add(struct abi_inode *list, size_t n, const struct abi_inode *inode)
{
	for (size_t i = 0; i < n; i++) {
		if (!list[i].number)
			list[i] = *inode;
		if (memcmp(&list[i], inode, sizeof(*inode)) == 0)
			return 0;
	}
	return -ENOSPC;
}

static int inode_of(const struct kernel_maps *maps, int fd, struct abi_inode *ret)
{
	struct abi_lookup lookup;
	int r = kernel_inode(maps, fd, &lookup);

	if (r == 0)
		*ret = lookup.inode;
	return r;
}

/* The directory above; the same one at the top. A directory can go away meanwhile. */
static int go_up(int *fd, struct stat *st)
{
	struct stat above;
	int up = openat(*fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool same;

	if (up < 0)
		return -errno;
	if (fstat(up, &above) < 0) {
		close(up);
		return -errno;
	}
	same = above.st_dev == st->st_dev && above.st_ino == st->st_ino;
	close(*fd);
	*fd = up;
	*st = above;
	return !same;
}

/* Adds the directory @fd and those above, but the root, which has no name. */
static int above_add(const struct kernel_maps *maps, struct abi_kept *kept, int fd)
{
	_cleanup_close_ int at = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	struct abi_inode inode;
	struct stat st;
	int r;

	if (at < 0 || fstat(at, &st) < 0)
		return -errno;
	for (int i = 0; i < LEVELS_MAX; i++) {
		r = inode_of(maps, at, &inode);
		if (r < 0)
			return r;
		r = go_up(&at, &st);
		if (r <= 0)
			return r;
		r = inode_add(kept->above, ABI_KEPT_ABOVE, &inode);
		if (r < 0)
			return r;
	}
	return -ENOSPC;
}

/* The directory that holds what @path leads to, once links are followed. */
static int parent_open(int fd, const char *path)
{
	_cleanup_free_ char *real = realpath(path, NULL);
	char *slash = real ? strrchr(real, '/') : NULL;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		fd = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	else if (!slash)
		return -ENOENT;
	else {
		slash[slash == real] = '\0';
		fd = open(real, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	return fd < 0 ? -errno : fd;
}

/* Adds what is at @path. What is not there has nothing in it. */
static int own_add(const struct kernel_maps *maps, struct abi_kept *kept, const char *path)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC), parent = -1;
	struct abi_inode inode;
	int r;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	r = inode_of(maps, fd, &inode);
	if (r < 0)
		return r;
	r = inode_add(kept->own, ABI_KEPT_OWN, &inode);
	if (r < 0)
		return r;
	parent = parent_open(fd, path);
	if (parent < 0)
		return parent == -ENOENT ? 0 : parent;
	return above_add(maps, kept, parent);
}

static int place_add(const struct kernel_maps *maps, struct abi_kept *kept, const char *path)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct abi_inode inode;
	int r;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	r = inode_of(maps, fd, &inode);
	if (r < 0)
		return r;
	r = inode_add(kept->places, ABI_KEPT_PLACES, &inode);
	return r < 0 ? r : above_add(maps, kept, fd);
}

/* Reads the list, a path a line. */
static int list_read(struct buf *ret)
{
	_cleanup_close_ int fd = open(LIST, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	return fs_read(fd, LIST, ret, NULL);
}

static void list_join(struct abi_inode *list, const struct abi_inode *before, size_t n)
{
	for (size_t i = 0; i < n && before[i].number; i++)
		if (inode_add(list, n, &before[i]) < 0)
			return;
}

static void list_mark(uint64_t *marks, const struct abi_inode *list, size_t n)
{
	for (size_t i = 0; i < n && list[i].number; i++)
		marks[list[i].number % ABI_KEPT_MARKS / 64] |= 1ull << list[i].number % 64;
}

/* What the file names. There was room when it was written; it may have been moved since: *full. */
static int lines_add(const struct kernel_maps *maps, struct abi_kept *kept, bool *full)
{
	_cleanup_buf_ struct buf list = { 0 };
	char *line, *rest;
	int r = list_read(&list);

	rest = list.data;
	while (r == 0 && (line = strsep(&rest, "\n"))) {
		if (line[0] == '/')
			r = own_add(maps, kept, line);
		*full |= r == -ENOSPC;
		if (r == -ENOSPC)
			r = 0;
	}
	return r;
}

/* Adds all that is kept, @path too, which may be NULL. */
static int all_add(const struct kernel_maps *maps, struct abi_kept *kept, const char *path,
		   bool *full)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(defaults); i++) {
		r = place_add(maps, kept, defaults[i].place);
		r = r < 0 ? r : own_add(maps, kept, defaults[i].path);
	}
	if (path && r == 0)
		r = own_add(maps, kept, path);
	return r < 0 ? r : lines_add(maps, kept, full);
}

/*
 * What another engine found stays as long as there is room, for it may see other directories by
 * these names; what is not there any more matches nothing. It stays where it stands, so that who
 * looks while the lists are written misses none.
 */
static int gather(const struct kernel_maps *maps, const struct abi_kept *before,
		  struct abi_kept *kept, const char *path)
{
	bool full = false;
	int r;

	*kept = *before;
	r = all_add(maps, kept, path, &full);
	if (r != -ENOSPC && !full)
		return r;
	*kept = (struct abi_kept){ 0 };
	r = all_add(maps, kept, path, &full);
	if (r < 0)
		return r;
	list_join(kept->own, before->own, ABI_KEPT_OWN);
	list_join(kept->above, before->above, ABI_KEPT_ABOVE);
	list_join(kept->places, before->places, ABI_KEPT_PLACES);
	return 0;
}

/* Tells the kernel side what is kept, @path too, which may be NULL. */
static int settle(const struct kernel_maps *maps, const char *path)
{
	struct abi_kept kept, before;
	uint32_t first = 0;
	struct stat st;
	int r = bpf_map_lookup_elem(maps->kept, &first, &before) < 0 ? -errno : 0;

	r = r < 0 ? r : gather(maps, &before, &kept, path);
	if (r < 0)
		return r;
	memset(kept.marks, 0, sizeof(kept.marks));
	memset(kept.marks_above, 0, sizeof(kept.marks_above));
	list_mark(kept.marks, kept.own, ABI_KEPT_OWN);
	list_mark(kept.marks_above, kept.above, ABI_KEPT_ABOVE);
	kept.home = stat("/proc/1/ns/mnt", &st) == 0 ? st.st_ino : before.home;
	if (memcmp(&kept, &before, sizeof(kept)) == 0)
		return 0;
	return bpf_map_update_elem(maps->kept, &first, &kept, BPF_ANY) < 0 ? -errno : 0;
}

int kept_settle(const struct kernel_maps *maps)
{
	return settle(maps, NULL);
}

/* Those lines of the list that lead somewhere, and how many; -EEXIST where @path is one. */
static int list_clean(struct buf *ret, const char *path)
{
	_cleanup_buf_ struct buf list = { 0 };
	char *line, *rest;
	int n = 0, r = list_read(&list);

	if (r < 0)
		return r;
	rest = list.data;
	while ((line = strsep(&rest, "\n"))) {
		if (strcmp(line, path) == 0)
			return -EEXIST;
		if (line[0] != '/' || access(line, F_OK) < 0)
			continue;
		buf_printf(ret, "%s\n", line);
		n++;
	}
	return n;
}

static int list_write(const struct buf *list)
{
	_cleanup_close_ int fd = -1;

	if (buf_failed(list))
		return -ENOMEM;
	fd = open(LIST_ASIDE, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (write(fd, list->data, list->len) != (ssize_t)list->len)
		return -EIO;
	return rename(LIST_ASIDE, LIST) < 0 ? -errno : 0;
}

/* Whether the path is one that is kept by default, or below. */
static bool is_default(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
		size_t len = strlen(defaults[i].path);

		if (strncmp(path, defaults[i].path, len) == 0 && (path[len] == '/' || !path[len]))
			return true;
	}
	return false;
}

static int line_add(const struct kernel_maps *maps, const char *path, struct karmor_diag *diag)
{
	_cleanup_buf_ struct buf list = { 0 };
	int r = access(path, F_OK) < 0 ? -errno : list_clean(&list, path);

	if (r == -EEXIST)
		return settle(maps, NULL);
	if (r == LINES_MAX) {
		diag_error(diag, NULL, "remove \"" LIST "\" while nothing is enforced",
			   "\"%s\" is one more than the %d paths that can be kept", path,
			   LINES_MAX);
		return -EINVAL;
	}
	r = r < 0 ? r : settle(maps, path);
	if (r == -ENOSPC) {
		diag_error(diag, NULL, "choose what is nearer to the root",
			   "more than %d directories lead to \"%s\" and all that is kept",
			   ABI_KEPT_ABOVE, path);
		return -EINVAL;
	}
	buf_printf(&list, "%s\n", path);
	return r < 0 ? r : list_write(&list);
}

int kept_add(const struct kernel_maps *maps, const char *path, struct karmor_diag *diag)
{
	int r;

	if (path[0] != '/' || strchr(path, '\n') || strlen(path) >= ABI_PATH_MAX) {
		diag_error(diag, NULL, NULL, "\"%s\" is no absolute path that can be kept", path);
		return -EINVAL;
	}
	r = is_default(path) ? settle(maps, NULL) : line_add(maps, path, diag);
	if (r == 0 || r == -EINVAL)
		return r;
	diag_error(diag, NULL, NULL, "cannot keep \"%s\" from workloads: %s", path, strerror(-r));
	return fs_error(-r);
}

int kept_process(const struct kernel_maps *maps)
{
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	uint32_t one = 1;

	if (pidfd < 0)
		return -errno;
	return bpf_map_update_elem(maps->keepers, &pidfd, &one, BPF_ANY) < 0 ? -errno : 0;
}
