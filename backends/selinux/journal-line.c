/* SPDX-License-Identifier: Apache-2.0 */
/* See journal-line.h. */
#include "journal-line.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cleanup.h"
#include "label.h"
#include "words.h"

#define WORDS 7 /* of a label's line, without the first */

/* The type, and the bytes, where @bytes is not NULL; their number, or -1. */
static int handle_parse(const char *text, int *type, unsigned char *bytes)
{
	uint64_t number;
	size_t n;

	if (!number_parse(&text, ':', INT_MAX, &number))
		return -1;
	*type = (int)number;
	for (n = 0; text[2 * n]; n++) {
		int high = words_digit(text[2 * n]),
		    low = high < 0 ? -1 : words_digit(text[2 * n + 1]);

		if (n == MAX_HANDLE_SZ || low < 0)
			return -1;
		if (bytes)
			bytes[n] = (unsigned char)(high * 16 + low);
	}
	return (int)n;
}

static bool is_string(const struct word *word)
{
	return strlen(word->text) == word->len;
}

static bool is_path(const struct word *word)
{
	return is_string(word) && *word->text == '/';
}

/* One of ours, or "-". */
static bool is_name(const struct word *word, bool (*is_ours)(const char *name, size_t len))
{
	return is_string(word) && (strcmp(word->text, "-") == 0 || is_ours(word->text, word->len));
}

static int entry_parse(const struct word *words, struct journal_entry *ret)
{
	const char *device = words[1].text, *inode = words[2].text;
	uint64_t high, low, ino;
	int type;

	if (!number_parse(&device, ':', UINT32_MAX, &high) ||
	    !number_parse(&device, '\0', UINT32_MAX, &low) ||
	    !number_parse(&inode, '\0', UINT64_MAX, &ino))
		return -EINVAL;
	for (size_t i = 1; i < 4; i++)
		if (!is_string(&words[i]))
			return -EINVAL;
	if (strcmp(words[3].text, "-") != 0 && handle_parse(words[3].text, &type, NULL) < 0)
		return -EINVAL;
	if (!is_path(&words[4]) || words[5].len > LABEL_SIZE ||
	    !is_name(&words[6], label_is_role) || !is_name(&words[7], label_is_type))
		return -EINVAL;
	*ret = (struct journal_entry){
		.dev = makedev((unsigned)high, (unsigned)low),
		.ino = ino,
		.handle = words[3].text,
		.path = words[4].text,
		.label = words[5].text,
		.label_len = words[5].len,
		.role = words[6].text,
		.type = words[7].text,
	};
	return 0;
}

int journal_line_parse(char *line, size_t len, struct arena *arena, struct journal_entry *entry,
		       const char **root)
{
	struct word words[WORDS + 1];
	size_t n = 0;
	int r = words_parse(line, len, arena, words, ARRAY_SIZE(words), &n);

	if (r < 0)
		return r;
	if (n == 2 && strcmp(words[0].text, "root") == 0 && is_path(&words[1])) {
		*root = words[1].text;
		return 0;
	}
	if (n == WORDS + 1 && strcmp(words[0].text, "label") == 0)
		return entry_parse(words, entry);
	return -EINVAL;
}

void journal_line_print(struct buf *buf, const struct journal_entry *entry)
{
	buf_printf(buf, "label %u:%u %llu %s ", major(entry->dev), minor(entry->dev),
		   (unsigned long long)entry->ino, entry->handle);
	word_print(buf, entry->path, strlen(entry->path));
	buf_putc(buf, ' ');
	word_print(buf, entry->label, entry->label_len);
	buf_printf(buf, " %s ", entry->role);
	word_print(buf, entry->type, strlen(entry->type));
	buf_putc(buf, '\n');
}

void journal_root_print(struct buf *buf, const char *root)
{
	buf_puts(buf, "root ");
	word_print(buf, root, strlen(root));
	buf_putc(buf, '\n');
}

void journal_handle(int fd, char ret[JOURNAL_HANDLE_SIZE])
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} u = { .handle.handle_bytes = MAX_HANDLE_SZ };
	int mount, n;

	strcpy(ret, "-");
	if (fd < 0 || name_to_handle_at(fd, "", &u.handle, &mount, AT_EMPTY_PATH) < 0 ||
	    u.handle.handle_type < 0)
		return;
	n = sprintf(ret, "%d:", u.handle.handle_type);
	for (unsigned i = 0; i < u.handle.handle_bytes; i++)
		n += sprintf(ret + n, "%02x", u.handle.f_handle[i]);
}

/* A directory of the file system that @path is in, to be asked for handles: what is nearest. */
static int anchor_open(const char *path, dev_t *dev)
{
	_cleanup_free_ char *dir = strdup(path);
	struct stat st;
	int fd = -1;

	while (dir && fd < 0 && strcmp(dir, "/") != 0) {
		char *slash = strrchr(dir, '/');

		slash[slash == dir] = '\0';
		fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd >= 0 && fstat(fd, &st) == 0)
		*dev = st.st_dev;
	return fd;
}

static int handle_open(const struct journal_entry *entry)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} u = { .handle.handle_bytes = 0 };
	dev_t dev = 0;
	_cleanup_close_ int anchor = anchor_open(entry->path, &dev);
	int fd, n = handle_parse(entry->handle, &u.handle.handle_type, u.handle.f_handle);

	if (anchor < 0 || n < 0)
		return -ENOENT;
	u.handle.handle_bytes = (unsigned)n;
	fd = open_by_handle_at(anchor, &u.handle, O_PATH | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	/* That another file system has no such inode says nothing. */
	return errno == ESTALE && dev == entry->dev ? -ESTALE : -ENOENT;
}

/* Whether @fd is what @entry is of. */
static bool is_reached(const struct journal_entry *entry, int fd)
{
	char handle[JOURNAL_HANDLE_SIZE];
	struct walk_object object;

	if (walk_look(fd, entry->path, &object) < 0 || object.ino != entry->ino)
		return false;
	journal_handle(fd, handle);
	if (strcmp(handle, "-") == 0 || strcmp(entry->handle, "-") == 0)
		return object.dev == entry->dev;
	return strcmp(handle, entry->handle) == 0;
}

int journal_reach(const struct journal_entry *entry)
{
	_cleanup_close_ int fd = walk_open(entry->path);

	if (fd >= 0 && is_reached(entry, fd))
		return TAKE_FD(fd);
	cleanup_close(&fd);
	fd = handle_open(entry);
	if (fd < 0)
		return TAKE_FD(fd);
	return is_reached(entry, fd) ? TAKE_FD(fd) : -ENOENT;
}
