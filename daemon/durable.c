/* SPDX-License-Identifier: Apache-2.0 */
/* See durable.h. */
#include "durable.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "scope.h"

#define TRAILER "# karmord %zu %016llx\n"
#define TRAILER_MAX 64
#define NAMES_MAX 4096

int durable_directory(const char *path)
{
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int directory_open(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* FNV-1a: against tearing, not against people. */
static unsigned long long digest(const char *text, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (uint8_t)text[i]) * 0x100000001b3u;
	return hash;
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static char *with_suffix(const char *name, const char *suffix)
{
	char *ret;

	return asprintf(&ret, "%s%s", name, suffix) < 0 ? NULL : ret;
}

static int write_aside(int dir, const char *name, const char *text, size_t len)
{
	_cleanup_close_ int fd =
		openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	char trailer[TRAILER_MAX];
	int r;

	if (fd < 0)
		return -errno;
	/* Its own line, whatever the text ends with. */
	r = write_all(fd, text, len);
	if (r == 0)
		r = write_all(fd, "\n", 1);
	snprintf(trailer, sizeof(trailer), TRAILER, len, digest(text, len));
	if (r == 0)
		r = write_all(fd, trailer, strlen(trailer));
	return r == 0 && fsync(fd) < 0 ? -errno : r;
}

int durable_write(const char *dir, const char *name, const char *text, size_t len)
{
	_cleanup_close_ int fd = directory_open(dir);
	_cleanup_free_ char *aside = with_suffix(name, ".new"), *old = with_suffix(name, ".old");
	int r;

	if (fd < 0)
		return fd;
	if (!aside || !old)
		return -ENOMEM;
	r = write_aside(fd, aside, text, len);
	if (r == 0) {
		unlinkat(fd, old, 0);
		if (linkat(fd, name, fd, old, 0) < 0 && errno != ENOENT)
			r = -errno;
	}
	if (r == 0 && renameat(fd, aside, fd, name) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(fd, aside, 0);
	return r == 0 && fsync(fd) < 0 ? -errno : r;
}

/* Reads a regular file, NUL-terminated. */
static int slurp(int dir, const char *name, char **ret, size_t *len)
{
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	_cleanup_free_ char *text = NULL;
	struct stat st;
	size_t n = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size > (off_t)DURABLE_MAX)
		return -EFBIG;
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return -ENOMEM;
	while (n < (size_t)st.st_size) {
		ssize_t got = read(fd, text + n, (size_t)st.st_size - n);

		if (got < 0 && errno != EINTR)
			return -errno;
		if (got == 0)
			break;
		n += got > 0 ? (size_t)got : 0;
	}
	text[n] = '\0';
	*ret = TAKE_PTR(text);
	*len = n;
	return 0;
}

int durable_slurp(const char *dir, const char *name, char **ret, size_t *len)
{
	_cleanup_close_ int fd = directory_open(dir);

	return fd < 0 ? fd : slurp(fd, name, ret, len);
}

/* Whether the last line says that this is all; cuts it off. */
static bool is_whole(char *text, size_t *len)
{
	size_t at = *len, told;
	unsigned long long sum;
	char end;

	if (!at || text[at - 1] != '\n')
		return false;
	for (at--; at && text[at - 1] != '\n'; at--)
		;
	if (!at || sscanf(text + at, "# karmord %zu %llx%c", &told, &sum, &end) != 3 ||
	    end != '\n' || told != at - 1 || sum != digest(text, told))
		return false;
	text[told] = '\0';
	*len = told;
	return true;
}

static int read_whole(int dir, const char *name, char **ret, size_t *len)
{
	_cleanup_free_ char *text = NULL;
	size_t n;
	int r = slurp(dir, name, &text, &n);

	if (r < 0)
		return r;
	if (!is_whole(text, &n))
		return -EIO;
	*ret = TAKE_PTR(text);
	*len = n;
	return 0;
}

int durable_read(const char *dir, const char *name, char **ret, size_t *len, int *recovered)
{
	_cleanup_close_ int fd = directory_open(dir);
	_cleanup_free_ char *old = with_suffix(name, ".old");
	int r;

	if (fd < 0)
		return fd;
	if (!old)
		return -ENOMEM;
	*recovered = 0;
	r = read_whole(fd, name, ret, len);
	if (r != -EIO)
		return r;
	*recovered = 1;
	return read_whole(fd, old, ret, len) < 0 ? -EIO : 0;
}

int durable_remove(const char *dir, const char *name)
{
	_cleanup_close_ int fd = directory_open(dir);
	_cleanup_free_ char *old = with_suffix(name, ".old");

	if (fd < 0)
		return fd;
	if (!old)
		return -ENOMEM;
	unlinkat(fd, old, 0);
	if (unlinkat(fd, name, 0) < 0 && errno != ENOENT)
		return -errno;
	return fsync(fd) < 0 ? -errno : 0;
}

static bool is_policy_name(const char *name)
{
	static const char *const ends[] = { ".yaml", ".yml", ".json" };
	size_t len = strlen(name);

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		size_t end = strlen(ends[i]);

		if (*name != '.' && len > end && strcmp(name + len - end, ends[i]) == 0)
			return true;
	}
	return false;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void durable_names_free(char **names)
{
	for (size_t i = 0; names && names[i]; i++)
		free(names[i]);
	free(names);
}

static int names_read(DIR *dir, char **names)
{
	struct dirent *entry;
	size_t n = 0;

	while ((entry = readdir(dir))) {
		if (!is_policy_name(entry->d_name))
			continue;
		if (n == NAMES_MAX)
			return -E2BIG;
		names[n] = strdup(entry->d_name);
		if (!names[n++])
			return -ENOMEM;
	}
	qsort(names, n, sizeof(*names), compare);
	return 0;
}

int durable_names(const char *path, char ***ret)
{
	DIR *dir;
	char **names;
	int r;

	names = calloc(NAMES_MAX + 1, sizeof(*names));
	if (!names)
		return -ENOMEM;
	dir = opendir(path);
	r = dir ? names_read(dir, names) : -errno;
	if (dir)
		closedir(dir);
	if (r < 0) {
		durable_names_free(names);
		return r;
	}
	*ret = names;
	return 0;
}
