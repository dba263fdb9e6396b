/* SPDX-License-Identifier: Apache-2.0 */
/* See store.h. */
#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "cleanup.h"
#include "parser.h"
#include "sha256.h"

#define MAGIC "karmor-apparmor 1\n"
#define NAME_SIZE (2 * SHA256_SIZE + 1)
#define FEATURES_DEPTH 8
#define TEMPORARY "new"

/* What stands before the binary in an entry's file. */
struct header {
	char magic[sizeof(MAGIC) - 1];
	uint8_t key[SHA256_SIZE], digest[SHA256_SIZE];
};

static void add_text(struct sha256 *sha, const char *text)
{
	sha256_add(sha, text, strlen(text) + 1);
}

/* A file, or all files of a directory in the order of their names. */
static int add_features(struct sha256 *sha, int at, const char *name, unsigned depth)
{
	_cleanup_close_ int fd = openat(at, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct dirent **entries;
	char chunk[4096];
	struct stat st;
	ssize_t size;
	int n, r = 0;

	if (fd < 0 || fstat(fd, &st) < 0 || depth == FEATURES_DEPTH)
		return -EIO;
	add_text(sha, name);
	if (!S_ISDIR(st.st_mode)) {
		while ((size = read(fd, chunk, sizeof(chunk))) > 0)
			sha256_add(sha, chunk, (size_t)size);
		return size < 0 ? -EIO : 0;
	}
	n = scandirat(fd, ".", &entries, NULL, alphasort);
	if (n < 0)
		return errno == ENOMEM ? -ENOMEM : -EIO;
	for (int i = 0; i < n; i++) {
		if (r == 0 && entries[i]->d_name[0] != '.')
			r = add_features(sha, fd, entries[i]->d_name, depth + 1);
		free(entries[i]);
	}
	free(entries);
	add_text(sha, "");
	return r;
}

static int key_make(const char *text, size_t len, const char *features, bool names,
		    uint8_t ret[SHA256_SIZE])
{
	struct parser_identity parser;
	struct sha256 sha;
	int r = parser_identify(&parser);

	sha256_start(&sha);
	add_text(&sha, MAGIC);
	sha256_add(&sha, &parser, sizeof(parser));
	sha256_add(&sha, &names, sizeof(names));
	r = r ? r : add_features(&sha, AT_FDCWD, features, 0);
	sha256_add(&sha, text, len);
	sha256_end(&sha, ret);
	return r;
}

static void name_make(const uint8_t key[SHA256_SIZE], char ret[NAME_SIZE])
{
	for (size_t i = 0; i < SHA256_SIZE; i++)
		snprintf(ret + 2 * i, 3, "%02x", key[i]);
}

/* Nobody else may have made it, or changed it since. */
static bool is_ours(const struct stat *st)
{
	return st->st_uid == geteuid() && (st->st_mode & 022) == 0;
}

/* Whoever may write the directory above may put another in its place. */
static bool is_held(int fd)
{
	struct stat st, above;

	return fstat(fd, &st) == 0 && is_ours(&st) && (st.st_mode & 077) == 0 &&
	       fstatat(fd, "..", &above, AT_SYMLINK_NOFOLLOW) == 0 && is_ours(&above);
}

static void refuse(struct karmor_diag *diag, const char *dir, const char *why)
{
	diag_add(diag, KARMOR_WARNING, NULL, "rm -r it; it is made anew",
		 "apparmor: %s is not used, profiles are compiled anew each time: %s", dir, why);
}

/* The directory, or -1 and a warning. */
static int store_open(const char *dir, struct karmor_diag *diag)
{
	_cleanup_free_ char *parent = strdup(dir);
	char *slash = parent ? strrchr(parent, '/') : NULL;
	int fd;

	if (!slash)
		return -1;
	*slash = '\0';
	if ((mkdir(parent, 0755) < 0 && errno != EEXIST) ||
	    (mkdir(dir, 0700) < 0 && errno != EEXIST)) {
		refuse(diag, dir, strerror(errno));
		return -1;
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && is_held(fd))
		return fd;
	refuse(diag, dir,
	       fd < 0 ? strerror(errno)
		      : "others may look into it or own it, or may write the directory above");
	cleanup_close(&fd);
	return -1;
}

static void digest_make(const void *bytes, size_t len, uint8_t ret[SHA256_SIZE])
{
	struct sha256 sha;

	sha256_start(&sha);
	sha256_add(&sha, bytes, len);
	sha256_end(&sha, ret);
}

static bool read_all(int fd, void *bytes, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = read(fd, (char *)bytes + at, len - at);

		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

/* Whether the entry is there and whole; its content is appended then. */
static bool entry_read(int dir, const uint8_t key[SHA256_SIZE], struct buf *ret)
{
	struct open_how how = { .flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
				.resolve =
					RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV };
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *content = NULL;
	uint8_t digest[SHA256_SIZE];
	char name[NAME_SIZE];
	struct header header;
	struct stat st;
	size_t len;

	name_make(key, name);
	fd = (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !is_ours(&st) ||
	    st.st_nlink != 1 || st.st_size <= (off_t)sizeof(header) ||
	    (uint64_t)st.st_size > STORE_BYTES_MAX || !read_all(fd, &header, sizeof(header)) ||
	    memcmp(header.magic, MAGIC, sizeof(header.magic)) != 0 ||
	    memcmp(header.key, key, SHA256_SIZE) != 0)
		return false;
	len = (size_t)st.st_size - sizeof(header);
	content = malloc(len);
	if (!content || !read_all(fd, content, len))
		return false;
	digest_make(content, len, digest);
	if (memcmp(digest, header.digest, SHA256_SIZE) != 0)
		return false;
	futimens(fd, NULL);
	buf_add(ret, content, len);
	return true;
}

static bool write_all(int fd, const void *bytes, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = write(fd, (const char *)bytes + at, len - at);

		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

struct entry {
	char name[NAME_SIZE];
	struct timespec used;
	uint64_t size;
};

static int entry_order(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	const struct timespec *s = &x->used, *t = &y->used;

	return s->tv_sec != t->tv_sec ? (s->tv_sec < t->tv_sec) - (s->tv_sec > t->tv_sec)
				      : (s->tv_nsec < t->tv_nsec) - (s->tv_nsec > t->tv_nsec);
}

/* Removes what is over the bounds, and what is none of ours or was left half written. */
static void store_trim(int dir)
{
	_cleanup_free_ struct entry *kept = NULL;
	struct dirent **entries;
	int n = scandirat(dir, ".", &entries, NULL, NULL);
	size_t n_kept = 0, i;
	uint64_t bytes = 0;

	kept = n > 0 ? calloc((size_t)n, sizeof(*kept)) : NULL;
	for (int j = 0; j < n; j++) {
		const char *name = entries[j]->d_name;
		struct stat st;

		if (kept && name[0] != '.' && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
			if (strlen(name) == NAME_SIZE - 1 && S_ISREG(st.st_mode)) {
				strcpy(kept[n_kept].name, name);
				kept[n_kept].used = st.st_mtim;
				kept[n_kept++].size = (uint64_t)st.st_size;
			} else if (!S_ISDIR(st.st_mode)) {
				unlinkat(dir, name, 0);
			}
		}
		free(entries[j]);
	}
	if (n >= 0)
		free(entries);
	if (!n_kept)
		return;
	qsort(kept, n_kept, sizeof(*kept), entry_order);
	for (i = 0; i < n_kept; i++) {
		bytes += kept[i].size;
		if (i >= STORE_ENTRIES_MAX || bytes > STORE_BYTES_MAX)
			unlinkat(dir, kept[i].name, 0);
	}
}

/* Failing is no harm: the next one compiles it. */
static void entry_write(int dir, const uint8_t key[SHA256_SIZE], const char *content, size_t len)
{
	struct header header = { .magic = { 0 } };
	char name[NAME_SIZE], temporary[sizeof(TEMPORARY) + 24];
	bool whole;
	int fd;

	memcpy(header.magic, MAGIC, sizeof(header.magic));
	memcpy(header.key, key, SHA256_SIZE);
	digest_make(content, len, header.digest);
	name_make(key, name);
	snprintf(temporary, sizeof(temporary), "%s-%d", TEMPORARY, (int)gettid());
	unlinkat(dir, temporary, 0);
	fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	whole = write_all(fd, &header, sizeof(header)) && write_all(fd, content, len);
	close(fd);
	if (!whole || renameat(dir, temporary, dir, name) < 0)
		unlinkat(dir, temporary, 0);
	store_trim(dir);
}

int store_compile(const char *dir, const char *text, size_t len, const char *features, bool names,
		  struct buf *ret, struct karmor_diag *diag)
{
	_cleanup_close_ int fd = -1;
	uint8_t key[SHA256_SIZE];
	size_t at = ret->len;
	int r;

	if (key_make(text, len, features, names, key) == 0)
		fd = store_open(dir, diag);
	if (fd >= 0 && entry_read(fd, key, ret))
		return buf_failed(ret) ? -ENOMEM : 0;
	r = parser_run(text, len, features, names, ret, diag);
	if (r == 0 && fd >= 0 && ret->len > at)
		entry_write(fd, key, ret->data + at, ret->len - at);
	return r;
}
