/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events as lines of a file, which is renamed when it is full. A line is in it whole or not at all:
 * what a full disk took in part is cut off again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "log.h"
#include "scope.h"
#include "sink.h"

#define MODE 0640

struct file {
	struct sink sink;
	char *path;
	int fd; /* -1: it could not be opened, or is to be opened anew */
	uint64_t size, max, count;
};

/* A line that a crash or a full disk tore ends where it is. */
static int mend(struct file *file)
{
	char last;

	if (file->size == 0)
		return 0;
	if (pread(file->fd, &last, 1, (off_t)file->size - 1) != 1)
		return -EIO;
	if (last == '\n')
		return 0;
	if (write(file->fd, "\n", 1) != 1)
		return -ENOSPC;
	file->size++;
	return 0;
}

/* Another's file is not written to, nor what is none: who may write there chose it. */
static int check(struct file *file)
{
	struct stat st;

	if (fstat(file->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENOTSUP;
	if (st.st_nlink != 1 || st.st_uid != geteuid())
		return -EPERM;
	file->size = (uint64_t)st.st_size;
	return mend(file);
}

static int open_file(struct file *file)
{
	const int flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	int r;

	file->fd = open(file->path, flags | O_CREAT | O_EXCL, MODE);
	/* Whatever the umask is. */
	if (file->fd >= 0 && fchmod(file->fd, MODE) < 0)
		return -errno;
	if (file->fd < 0 && errno == EEXIST)
		file->fd = open(file->path, flags);
	if (file->fd < 0)
		return -errno;
	r = check(file);
	if (r < 0) {
		close(file->fd);
		file->fd = -1;
	}
	return r;
}

static void shut(struct file *file)
{
	scope_close(&file->fd);
	file->fd = -1;
}

/* The oldest goes, each other one becomes a number older. */
static int rotate(struct file *file)
{
	char from[4096], to[4096];

	for (uint64_t i = file->count; i > 0; i--) {
		snprintf(from, sizeof(from), i > 1 ? "%s.%llu" : "%s", file->path,
			 (unsigned long long)i - 1);
		/* The other is no longer. */
		if (snprintf(to, sizeof(to), "%s.%llu", file->path, (unsigned long long)i) >=
		    (int)sizeof(to))
			return -ENAMETOOLONG;
		if (rename(from, to) < 0 && errno != ENOENT)
			return -errno;
	}
	shut(file);
	return open_file(file);
}

static int append(struct file *file, const char *line, size_t len)
{
	_cleanup_free_ char *text = malloc(len + 1);
	ssize_t n;
	int r;

	if (!text)
		return -ENOMEM;
	memcpy(text, line, len);
	text[len] = '\n';
	n = write(file->fd, text, len + 1);
	r = n < 0 ? -errno : -ENOSPC;
	if (n == (ssize_t)len + 1) {
		file->size += len + 1;
		return 0;
	}
	/* Where it cannot be cut off it is mended when it is opened anew. */
	if (n > 0 && ftruncate(file->fd, (off_t)file->size) < 0)
		shut(file);
	return r;
}

static int file_write(struct sink *sink, json_t *event, const char *line, size_t len)
{
	struct file *file = (struct file *)sink;
	int r = file->fd < 0 ? open_file(file) : 0;

	if (r == 0 && file->size && file->size + len + 1 > file->max)
		r = rotate(file);
	return r < 0 ? r : append(file, line, len);
}

static void file_reopen(struct sink *sink)
{
	struct file *file = (struct file *)sink;
	int r;

	shut(file);
	r = open_file(file);
	if (r < 0)
		log_tell(LOG_CAUTION, "cannot write events to \"%s\": %s%s", file->path,
			 r == -EPERM	 ? "it is another user's, or has other names"
			 : r == -ENOTSUP ? "it is no file"
					 : strerror(-r),
			 r == -ENOENT ? "; fix: make its directory" : "");
}

static void file_close(struct sink *sink)
{
	struct file *file = (struct file *)sink;

	shut(file);
	free(file->path);
	free(file);
}

int sink_file_new(const char *path, uint64_t max, uint64_t count, struct sink **ret)
{
	struct file *file = calloc(1, sizeof(*file));

	if (!file)
		return -ENOMEM;
	*file = (struct file){
		.sink = { .name = "file",
			  .write = file_write,
			  .reopen = file_reopen,
			  .close = file_close },
		.path = strdup(path),
		.fd = -1,
		.max = max,
		.count = count,
	};
	if (!file->path) {
		free(file);
		return -ENOMEM;
	}
	file_reopen(&file->sink);
	*ret = &file->sink;
	return 0;
}
