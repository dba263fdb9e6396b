/* SPDX-License-Identifier: Apache-2.0 */
/* The journal as a file: see journal.h. */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio_ext.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "array.h"
#include "cleanup.h"
#include "diag.h"
#include "fs.h"
#include "journal-line.h"

#define BUCKETS_MIN 256

static void table_insert(struct journal *journal, size_t i)
{
	uint32_t *bucket = &journal->buckets[journal->entries[i].ino & (journal->n_buckets - 1)];

	journal->entries[i].next = *bucket;
	*bucket = (uint32_t)i + 1;
}

/* Keeps the table at least as large as what is in it. */
static int table_grow(struct journal *journal)
{
	size_t n = journal->n_buckets ? journal->n_buckets * 2 : BUCKETS_MIN;
	uint32_t *buckets;

	if (journal->n < journal->n_buckets)
		return 0;
	buckets = calloc(n, sizeof(*buckets));
	if (!buckets)
		return -ENOMEM;
	free(journal->buckets);
	journal->buckets = buckets;
	journal->n_buckets = n;
	for (size_t i = 0; i < journal->n; i++)
		table_insert(journal, i);
	return 0;
}

static struct journal_entry *table_add(struct journal *journal, const struct journal_entry *entry)
{
	if (table_grow(journal) < 0 || array_grow(&journal->entries, journal->n, &journal->size,
						  sizeof(*journal->entries)) < 0)
		return NULL;
	journal->entries[journal->n] = *entry;
	table_insert(journal, journal->n);
	return &journal->entries[journal->n++];
}

/* Devices are numbered anew at each boot, so that a handle under the same path will do. */
static bool is_same(const struct journal_entry *entry, const struct journal_entry *other)
{
	bool both = strcmp(entry->handle, "-") != 0 && strcmp(other->handle, "-") != 0;

	if (entry->gone || entry->ino != other->ino ||
	    (both && strcmp(entry->handle, other->handle) != 0))
		return false;
	return entry->dev == other->dev || (both && strcmp(entry->path, other->path) == 0);
}

static struct journal_entry *table_find(const struct journal *journal,
					const struct journal_entry *what)
{
	uint32_t i =
		journal->n_buckets ? journal->buckets[what->ino & (journal->n_buckets - 1)] : 0;

	for (; i; i = journal->entries[i - 1].next)
		if (is_same(&journal->entries[i - 1], what))
			return &journal->entries[i - 1];
	return NULL;
}

static bool has_inode(const struct journal *journal, ino_t ino)
{
	uint32_t i = journal->n_buckets ? journal->buckets[ino & (journal->n_buckets - 1)] : 0;

	while (i && journal->entries[i - 1].ino != ino)
		i = journal->entries[i - 1].next;
	return i != 0;
}

struct journal_entry *journal_find(const struct journal *journal, const struct walk_object *object)
{
	struct journal_entry what = { .dev = object->dev,
				      .ino = object->ino,
				      .path = object->path };
	char handle[JOURNAL_HANDLE_SIZE];

	if (!has_inode(journal, object->ino))
		return NULL;
	journal_handle(object->fd, handle);
	what.handle = handle;
	return table_find(journal, &what);
}

static int root_add(struct journal *journal, const char *root)
{
	char *copy = arena_strdup(&journal->arena, root);

	if (!copy || array_grow(&journal->roots, journal->n_roots, &journal->roots_size,
				sizeof(*journal->roots)) < 0)
		return -ENOMEM;
	journal->roots[journal->n_roots++] = copy;
	return 0;
}

/* 0; -EINVAL: it is none; -ENOMEM. */
static int line_take(struct journal *journal, char *line, size_t len)
{
	struct journal_entry entry = { 0 }, *known;
	const char *root = NULL;
	int r = journal_line_parse(line, len, &journal->arena, &entry, &root);

	if (r < 0)
		return r;
	if (root)
		return root_add(journal, root);
	while ((known = table_find(journal, &entry)))
		known->gone = true;
	return table_add(journal, &entry) ? 0 : -ENOMEM;
}

static int whole_line_take(struct journal *journal, size_t line, char *text, size_t len)
{
	if (line == 1) /* that of something else is not cut off */
		return strcmp(text, JOURNAL_HEAD) == 0 ? 0 : -EIO;
	return line_take(journal, text, len - 1);
}

off_t journal_parse(struct journal *journal, FILE *file, size_t *line)
{
	_cleanup_free_ char *text = NULL;
	bool damaged = false;
	size_t size = 0;
	off_t whole = 0;
	ssize_t len;

	for (*line = 1; (len = getline(&text, &size, file)) > 0; *line += !damaged) {
		int r = -EINVAL;

		if (text[len - 1] == '\n')
			r = whole_line_take(journal, *line, text, (size_t)len);
		if (r < 0 && r != -EINVAL)
			return r;
		/* A line after a damaged one says that this was not being written last. */
		if (r == 0 && damaged)
			return -EIO;
		damaged = damaged || r < 0;
		whole += damaged ? 0 : len;
	}
	return ferror(file) ? -EIO : whole;
}

static int fault(const struct journal *journal, int code, const char *doing,
		 struct karmor_diag *diag)
{
	if (code == -ENOMEM)
		return code;
	diag_error(diag, NULL, NULL, "selinux: cannot %s the journal of labels %s: %s", doing,
		   journal->path, strerror(-code));
	return fs_error(-code);
}

static int content_read(struct journal *journal, struct karmor_diag *diag)
{
	size_t line = 0;
	off_t length = journal_parse(journal, journal->file, &line);

	if (length == -EIO) {
		diag_error(diag, NULL,
			   "put the labels of what the rules name right by hand (restorecon -RF), "
			   "and remove it",
			   "selinux: line %zu of the journal of labels %s is damaged", line,
			   journal->path);
		return -EIO;
	}
	if (length < 0)
		return (int)length;
	if (ftruncate(fileno(journal->file), length) < 0 ||
	    fseeko(journal->file, length, SEEK_SET) < 0)
		return fault(journal, -errno, "cut", diag);
	journal->length = length;
	journal->unsaved = length == 0;
	if (length == 0 && fputs(JOURNAL_HEAD, journal->file) < 0)
		return fault(journal, -EIO, "write", diag);
	return 0;
}

int journal_open(struct journal *journal, const char *path, bool create, struct karmor_diag *diag)
{
	_cleanup_close_ int fd = -1;

	*journal = (struct journal){ .path = path };
	fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT && create) {
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		journal->created = fd >= 0;
	}
	if (fd < 0)
		return errno == ENOENT && !create ? 0 : fault(journal, -errno, "open", diag);
	journal->file = fdopen(fd, "r+");
	if (!journal->file)
		return -ENOMEM;
	TAKE_FD(fd);
	return content_read(journal, diag);
}

void journal_done(struct journal *journal)
{
	cleanup_fclose(&journal->file);
	arena_done(&journal->arena);
	free(journal->entries);
	free(journal->buckets);
	free(journal->roots);
	*journal = (struct journal){ 0 };
}

/* So that a name in it lasts. */
static int directory_sync(const struct journal *journal)
{
	const char *slash = strrchr(journal->path, '/');
	_cleanup_free_ char *dir =
		slash ? strndup(journal->path, (size_t)(slash - journal->path) + 1) : strdup(".");
	_cleanup_close_ int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (!dir)
		return -ENOMEM;
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int line_write(FILE *out, const struct buf *line)
{
	if (buf_failed(line))
		return -ENOMEM;
	return fwrite(line->data, 1, line->len, out) == line->len ? 0 : -errno;
}

static int line_append(struct journal *journal, const struct buf *line)
{
	journal->unsaved = true;
	return line_write(journal->file, line);
}

struct journal_entry *journal_note(struct journal *journal, struct journal_entry *entry,
				   const struct walk_object *object, const char *label,
				   size_t label_len, const char *role, const char *type)
{
	_cleanup_buf_ struct buf line = { 0 };
	char handle[JOURNAL_HANDLE_SIZE];
	struct journal_entry what = {
		.dev = object->dev,
		.ino = object->ino,
		.path = arena_strdup(&journal->arena, object->path),
		.label = arena_memdup(&journal->arena, label, label_len),
		.label_len = label_len,
		.role = arena_strdup(&journal->arena, role),
		.type = arena_strdup(&journal->arena, type),
		.before = entry ? entry->before : NULL,
		.before_len = entry ? entry->before_len : 0,
		.next = entry ? entry->next : 0,
	};

	journal_handle(object->fd, handle);
	what.handle = arena_strdup(&journal->arena, handle);
	errno = ENOMEM;
	if (!what.path || !what.label || !what.role || !what.type || !what.handle)
		return NULL;
	journal_line_print(&line, &what);
	if (line_append(journal, &line) < 0)
		return NULL;
	if (!entry)
		return table_add(journal, &what);
	*entry = what;
	journal->stale = true;
	return entry;
}

int journal_note_root(struct journal *journal, const char *root)
{
	_cleanup_buf_ struct buf line = { 0 };

	journal_root_print(&line, root);
	return line_append(journal, &line);
}

int journal_flush(struct journal *journal)
{
	if (!journal->unsaved)
		return 0;
	if (fflush(journal->file) < 0 || fsync(fileno(journal->file)) < 0)
		return -errno;
	journal->unsaved = false;
	return journal->created ? directory_sync(journal) : 0;
}

int journal_revert(struct journal *journal)
{
	__fpurge(journal->file);
	if (journal->created)
		return journal_remove(journal);
	return ftruncate(fileno(journal->file), journal->length) < 0 ? -errno : 0;
}

int journal_print(const struct journal *journal, const char *const *roots, size_t n_roots,
		  FILE *out)
{
	_cleanup_buf_ struct buf line = { 0 };
	int r = fputs(JOURNAL_HEAD, out) < 0 ? -EIO : 0;

	for (size_t i = 0; r == 0 && i < n_roots; i++) {
		buf_reset(&line);
		journal_root_print(&line, roots[i]);
		r = line_write(out, &line);
	}
	for (size_t i = 0; r == 0 && i < journal->n; i++) {
		if (journal->entries[i].gone)
			continue;
		buf_reset(&line);
		journal_line_print(&line, &journal->entries[i]);
		r = line_write(out, &line);
	}
	return r;
}

/* What is written beside it, to take its place; NULL: no memory. */
static char *aside_path(const struct journal *journal)
{
	struct buf path = { 0 };

	buf_printf(&path, "%s.new", journal->path);
	return buf_take(&path);
}

int journal_replace(struct journal *journal, const char *const *roots, size_t n_roots)
{
	_cleanup_free_ char *aside = aside_path(journal);
	_cleanup_fclose_ FILE *out = NULL;
	int fd, r;

	if (!aside)
		return -ENOMEM;
	fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	out = fdopen(fd, "w");
	if (!out) {
		close(fd);
		return -ENOMEM;
	}
	r = journal_print(journal, roots, n_roots, out);
	if (r == 0 && (fflush(out) < 0 || fsync(fd) < 0 || rename(aside, journal->path) < 0))
		r = -errno;
	if (r < 0)
		unlink(aside);
	return r < 0 ? r : directory_sync(journal);
}

int journal_remove(struct journal *journal)
{
	_cleanup_free_ char *aside = aside_path(journal);

	__fpurge(journal->file);
	if (aside)
		unlink(aside); /* if one was left */
	if (unlink(journal->path) < 0)
		return -errno;
	return directory_sync(journal);
}
