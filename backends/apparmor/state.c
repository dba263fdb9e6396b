/* SPDX-License-Identifier: Apache-2.0 */
/* See state.h. */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

#define PATH_SIZE 256
#define GROUPS_MARK 'g'
#define TOPS_MARK 't'

/* Without stdio, which the child may not use. */
static bool path_make(const char *profile, const char *suffix, char ret[PATH_SIZE])
{
	const char *const parts[] = { STATE_DIR "/", profile, suffix };
	size_t at = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		size_t len = strlen(parts[i]);

		if (len >= PATH_SIZE - at)
			return false;
		memcpy(ret + at, parts[i], len);
		at += len;
	}
	ret[at] = '\0';
	return true;
}

/* The text up to the end of its line, which becomes a NUL; NULL where there is none. */
static char *line_take(char **at)
{
	char *line = *at, *end = strchr(line, '\n');

	if (!end)
		return NULL;
	*end = '\0';
	*at = end + 1;
	return line;
}

static bool line_copy(char **at, char *ret, size_t size)
{
	const char *line = line_take(at);

	if (!line || strlen(line) >= size)
		return false;
	memcpy(ret, line, strlen(line) + 1);
	return true;
}

static bool number_read(const char *line, size_t max, size_t *ret)
{
	*ret = 0;
	for (const char *p = line; p && *p; p++) {
		if (*p < '0' || *p > '9' || *ret > max)
			return false;
		*ret = *ret * 10 + (size_t)(*p - '0');
	}
	return line && *line && *ret <= max;
}

static bool line_number(char **at, size_t max, size_t *ret)
{
	return number_read(line_take(at), max, ret);
}

/* The number has a mark behind it; without one it is of a build whose groups had other profiles. */
static bool line_groups(char **at, struct apparmor_state *ret)
{
	char *line = line_take(at);
	size_t len = line ? strlen(line) : 0;
	bool marked = len && line[len - 1] == GROUPS_MARK;

	if (marked)
		line[len - 1] = '\0';
	if (!number_read(line, APPARMOR_GROUPS_MAX, &ret->groups))
		return false;
	ret->is_foreign = ret->groups && !marked;
	return true;
}

/* A line that only those have who have some: a mark, whether they have followed, and a digest. */
static bool line_tops(char **at, struct apparmor_tops *ret)
{
	static const char digits[] = "0123456789abcdef";
	const char *line, *digit;

	if (**at != TOPS_MARK)
		return true;
	line = line_take(at);
	if (!line || strlen(line) != 2 + 2 * SHA256_SIZE)
		return false;
	ret->loaded = true;
	ret->followed = line[1] == '1';
	for (size_t i = 0; i < 2 * SHA256_SIZE; i++) {
		digit = strchr(digits, line[2 + i]);
		if (!digit)
			return false;
		ret->digest[i / 2] = (uint8_t)(ret->digest[i / 2] << 4 | (digit - digits));
	}
	return true;
}

/* Numbers of sixteen digits, up to the last that is not 0. */
static bool line_signatures(char **at, uint64_t ret[APPARMOR_CLASSES_MAX])
{
	static const char digits[] = "0123456789abcdef";
	const char *line = line_take(at), *digit;
	size_t len = line ? strlen(line) : 1;

	if (len % 16 || len / 16 > APPARMOR_CLASSES_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		digit = strchr(digits, line[i]);
		if (!digit)
			return false;
		ret[i / 16] = ret[i / 16] << 4 | (uint64_t)(digit - digits);
	}
	return true;
}

/* A name may hold anything but a NUL, so that it is last. */
static bool state_parse(char *text, size_t len, struct apparmor_state *ret)
{
	char *at = text;

	if (memchr(text, '\0', len) || !line_copy(&at, ret->owner, sizeof(ret->owner)) ||
	    !line_number(&at, APPARMOR_CLASSES_MAX, &ret->n_profiles) ||
	    !line_number(&at, APPARMOR_WIDTH_MAX, &ret->width) || !line_groups(&at, ret) ||
	    !line_tops(&at, &ret->tops) || !line_signatures(&at, ret->signatures) ||
	    !line_copy(&at, ret->label, sizeof(ret->label)))
		return false;
	len = strlen(at);
	if (!len || at[len - 1] != '\n' || len > sizeof(ret->name))
		return false;
	memcpy(ret->name, at, len - 1);
	ret->name[len - 1] = '\0';
	return true;
}

int state_read(const char *profile, struct apparmor_state *ret)
{
	char path[PATH_SIZE], text[sizeof(*ret) + 16 * APPARMOR_CLASSES_MAX];
	size_t len = 0;
	ssize_t n = 0;
	int fd;

	memset(ret, 0, sizeof(*ret));
	if (!path_make(profile, "", path))
		return -ENOENT;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	while (len < sizeof(text) - 1 && (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	text[len] = '\0';
	return n == 0 && state_parse(text, len, ret) ? 0 : -EIO;
}

static int file_write(const char *path, const struct buf *text)
{
	_cleanup_close_ int fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	return write(fd, text->data, text->len) == (ssize_t)text->len ? 0 : -EIO;
}

static void tops_write(struct buf *text, const struct apparmor_tops *tops)
{
	if (!tops->loaded)
		return;
	buf_printf(text, "%c%d", TOPS_MARK, tops->followed);
	for (size_t i = 0; i < SHA256_SIZE; i++)
		buf_printf(text, "%02x", tops->digest[i]);
	buf_puts(text, "\n");
}

int state_write(const char *profile, const struct apparmor_state *state, struct karmor_diag *diag)
{
	_cleanup_buf_ struct buf text = { 0 };
	char path[PATH_SIZE], aside[PATH_SIZE];
	size_t n = APPARMOR_CLASSES_MAX;
	int r = -ENOMEM;

	buf_printf(&text, "%s\n%zu\n%zu\n%zu%c\n", state->owner, state->n_profiles, state->width,
		   state->groups, GROUPS_MARK);
	tops_write(&text, &state->tops);
	while (n && !state->signatures[n - 1])
		n--;
	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "%016llx", (unsigned long long)state->signatures[i]);
	buf_printf(&text, "\n%s\n%s\n", state->label, state->name);
	if (path_make(profile, "", path) && path_make("", "new", aside) && !buf_failed(&text))
		r = file_write(aside, &text);
	if (r == 0 && rename(aside, path) < 0)
		r = -errno;
	if (r < 0)
		diag_error(diag, NULL, NULL, "apparmor: cannot write %s: %s", path, strerror(-r));
	return r == 0 || r == -ENOMEM ? r : -EIO;
}

void state_remove(const char *profile)
{
	char path[PATH_SIZE];

	if (path_make(profile, "", path))
		unlink(path);
}

int state_lock(struct karmor_diag *diag)
{
	int fd = open(STATE_DIR "/lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600), r;

	if (fd >= 0 && TEMP_FAILURE_RETRY(flock(fd, LOCK_EX)) == 0)
		return fd;
	r = errno == EACCES || errno == EPERM ? -EPERM : -EIO;
	diag_error(diag, NULL, NULL, "cannot lock %s: %s", STATE_DIR "/lock", strerror(errno));
	cleanup_close(&fd);
	return r;
}
