/* SPDX-License-Identifier: Apache-2.0 */
/* See fs.h. */
#include "fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "cleanup.h"

#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

void fs_message(struct karmor_diag *diag, enum karmor_level level, const char *shown,
		const char *fix, const char *format, ...)
{
	struct source source = { .name = shown, .text = "" };
	struct place place = { .source = &source };
	_cleanup_free_ char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	diag_add(diag, level, &place, fix, "%s", text ? text : "out of memory");
}

int fs_error(int code)
{
	switch (code) {
	case ENOENT:
	case ENOTDIR:
		return -ENOENT;
	case EACCES:
	case EPERM:
		return -EPERM;
	case ENOMEM:
		return -ENOMEM;
	default:
		return -EIO;
	}
}

static int fault(int code, const char *shown, const char *doing, struct karmor_diag *diag)
{
	fs_message(diag, KARMOR_ERROR, shown, NULL, "cannot %s: %s", doing, strerror(code));
	return fs_error(code);
}

static int check_kind(int fd, const char *shown, bool *is_directory, struct karmor_diag *diag)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return fault(errno, shown, "open", diag);
	if (!S_ISREG(status.st_mode) && !(is_directory && S_ISDIR(status.st_mode))) {
		fs_message(diag, KARMOR_ERROR, shown, NULL, "is not a regular file%s",
			   is_directory ? " or a directory" : "");
		return -EIO;
	}
	if (is_directory)
		*is_directory = S_ISDIR(status.st_mode);
	return 0;
}

int fs_open(const char *path, bool *is_directory, int *ret, struct karmor_diag *diag)
{
	_cleanup_close_ int fd = open(path, OPEN_FLAGS);
	int r;

	if (fd < 0)
		return fault(errno, path, "open", diag);
	r = check_kind(fd, path, is_directory, diag);
	if (r == 0)
		*ret = TAKE_FD(fd);
	return r;
}

/* Opens @name below @dir, following no link in any of its components. */
static int open_plainly(int dir, const char *name)
{
	_cleanup_free_ char *copy = strdup(name);
	_cleanup_close_ int at = -1;
	char *rest = copy, *part;

	if (!copy)
		return -1;
	while ((part = strsep(&rest, "/"))) {
		int flags = O_NOFOLLOW | (rest ? O_PATH | O_DIRECTORY | O_CLOEXEC : OPEN_FLAGS);
		int fd = openat(at < 0 ? dir : at, part, flags);

		if (fd < 0)
			return -1;
		cleanup_close(&at);
		at = fd;
	}
	return TAKE_FD(at);
}

int fs_open_below(int dir, const char *name, const char *shown, int *ret, struct karmor_diag *diag)
{
	struct open_how how = { .flags = OPEN_FLAGS,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	_cleanup_close_ int fd = (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
	int r;

	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		/* A sandbox without openat2: no links at all, rather than any. */
		fd = open_plainly(dir, name);
	if (fd < 0)
		return errno == EXDEV || errno == ELOOP || errno == ENOTDIR
			       ? -EXDEV
			       : fault(errno, shown, "open", diag);
	r = check_kind(fd, shown, NULL, diag);
	if (r == 0)
		*ret = TAKE_FD(fd);
	return r;
}

int fs_read(int fd, const char *shown, struct buf *ret, struct karmor_diag *diag)
{
	_cleanup_free_ char *chunk = malloc(1u << 16);
	ssize_t n;

	if (!chunk)
		return -ENOMEM;
	while ((n = read(fd, chunk, 1u << 16)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fault(errno, shown, "read", diag);
		if (ret->len + (size_t)n > FS_FILE_MAX) {
			fs_message(diag, KARMOR_ERROR, shown, "split it", "file exceeds %u MiB",
				   FS_FILE_MAX >> 20);
			return -EINVAL;
		}
		buf_add(ret, chunk, (size_t)n);
	}
	return buf_failed(ret) ? -ENOMEM : 0;
}

struct walk {
	struct fs_list *list;
	const char *root;
	struct karmor_diag *diag;
};

static bool is_policy_file(const char *name)
{
	static const char *const suffixes[] = { ".yaml", ".yml", ".json" };
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < ARRAY_SIZE(suffixes); i++)
		if (strcmp(dot, suffixes[i]) == 0)
			return true;
	return false;
}

static int list_add(struct walk *walk, char *name)
{
	struct fs_list *list = walk->list;
	size_t size = list->size ? list->size * 2 : 32;
	char **names;

	if (list->n == FS_FILES_MAX) {
		fs_message(walk->diag, KARMOR_ERROR, walk->root, NULL,
			   "directory holds more than %d policy files", FS_FILES_MAX);
		free(name);
		return -EINVAL;
	}
	if (list->n == list->size) {
		names = reallocarray(list->names, size, sizeof(*names));
		if (!names) {
			free(name);
			return -ENOMEM;
		}
		list->names = names;
		list->size = size;
	}
	list->names[list->n++] = name;
	return 0;
}

static unsigned char entry_type(int dir, const struct dirent *entry)
{
	struct stat status;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type;
	if (fstatat(dir, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return DT_UNKNOWN;
	return (unsigned char)IFTODT(status.st_mode);
}

/* Says what of the tree it was that could not be read. */
static int walk_fault(struct walk *walk, int code, const char *name, const char *doing)
{
	_cleanup_free_ char *shown = NULL;

	if (asprintf(&shown, "%s%s%s", walk->root, *name ? "/" : "", name) < 0) {
		shown = NULL;
		return -ENOMEM;
	}
	return fault(code, shown, doing, walk->diag);
}

static int walk_directory(struct walk *walk, int fd, const char *prefix, unsigned depth);

static int walk_entry(struct walk *walk, int dir, const struct dirent *entry, const char *prefix,
		      unsigned depth)
{
	unsigned char type = entry_type(dir, entry);
	char *name;
	int fd, r;

	if (entry->d_name[0] == '.' || (type != DT_DIR && !is_policy_file(entry->d_name)))
		return 0;
	if (asprintf(&name, "%s%s%s", prefix, *prefix ? "/" : "", entry->d_name) < 0)
		return -ENOMEM;
	if (type != DT_DIR)
		return list_add(walk, name);
	fd = openat(dir, entry->d_name, OPEN_FLAGS | O_DIRECTORY | O_NOFOLLOW);
	r = fd < 0 ? walk_fault(walk, errno, name, "open")
		   : walk_directory(walk, fd, name, depth + 1);
	free(name);
	return r;
}

/* Takes @fd. */
static int walk_directory(struct walk *walk, int fd, const char *prefix, unsigned depth)
{
	const struct dirent *entry;
	DIR *dir = NULL;
	int r = 0;

	if (depth > FS_DEPTH_MAX) {
		fs_message(walk->diag, KARMOR_ERROR, walk->root, NULL,
			   "directories nest deeper than %d", FS_DEPTH_MAX);
		r = -EINVAL;
	} else {
		dir = fdopendir(fd);
		if (!dir)
			r = walk_fault(walk, errno, prefix, "list");
	}
	if (!dir) {
		close(fd);
		return r;
	}
	while (r == 0 && (errno = 0, entry = readdir(dir)))
		r = walk_entry(walk, dirfd(dir), entry, prefix, depth);
	if (r == 0 && errno)
		r = walk_fault(walk, errno, prefix, "list");
	closedir(dir);
	return r;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int fs_list(int dir, const char *shown, struct fs_list *ret, struct karmor_diag *diag)
{
	struct walk walk = { .list = ret, .root = shown, .diag = diag };
	int fd = openat(dir, ".", OPEN_FLAGS | O_DIRECTORY);
	int r;

	if (fd < 0)
		return fault(errno, shown, "open", diag);
	r = walk_directory(&walk, fd, "", 0);
	if (r == 0 && ret->n)
		qsort(ret->names, ret->n, sizeof(*ret->names), by_name);
	return r;
}

void fs_list_done(struct fs_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->names[i]);
	free(list->names);
	*list = (struct fs_list){ 0 };
}
