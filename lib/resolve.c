/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See resolve.h. Links are read and put together here rather than by the kernel, because the
 * answer is a name: /proc/self/fd would tell it from another root, or in a mount namespace that is
 * not ours.
 */
#include "resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "cleanup.h"
#include "diag.h"
#include "fs.h"
#include "match.h"
#include "multicall.h"

#define PATH_SIZE (MATCH_PATH_MAX + 1)

/* A walk: what is resolved, and what is still to be taken. */
struct walk {
	char done[PATH_SIZE]; /* "" for the root */
	char rest[PATH_SIZE]; /* starts with "/" or is empty */
	unsigned links;
	bool lexical;  /* what follows does not exist or cannot be looked at: it stays */
	bool too_long; /* for a path */
};

int resolve_open_at(const struct resolve *resolve, const char *path, uint64_t flags, bool follow)
{
	struct open_how how = {
		.flags = O_CLOEXEC | flags,
		.resolve = RESOLVE_IN_ROOT | (follow ? RESOLVE_NO_MAGICLINKS : RESOLVE_NO_SYMLINKS),
	};

	return (int)syscall(SYS_openat2, resolve->fd, *path ? path : "/", &how, sizeof(how));
}

static int open_fault(const char *root, int error, struct karmor_diag *diag)
{
	diag_error(diag, NULL, NULL, "root \"%s\": %s", root, strerror(error));
	return fs_error(error);
}

int resolve_open(struct resolve *resolve, struct arena *arena, const char *root,
		 struct karmor_diag *diag)
{
	_cleanup_close_ int probe = -1;

	*resolve = (struct resolve){ .fd = -1, .arena = arena };
	resolve->fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (resolve->fd < 0)
		return open_fault(root, errno, diag);
	/* Without openat2 every lookup would fail, and names would silently stay as they stand. */
	probe = resolve_open_at(resolve, "/", O_PATH, true);
	if (probe >= 0)
		return 0;
	resolve_close(resolve);
	return open_fault(root, errno, diag);
}

void resolve_close(struct resolve *resolve)
{
	if (resolve->fd >= 0)
		close(resolve->fd);
	resolve->fd = -1;
}

static bool append(char *path, const char *text, size_t len)
{
	size_t have = strlen(path);

	if (have + len > MATCH_PATH_MAX)
		return false;
	memcpy(path + have, text, len);
	path[have + len] = '\0';
	return true;
}

static void drop_last(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash)
		*slash = '\0';
}

static bool is_on_procfs(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/* The target of the link at walk->done, which @fd is. False: it is none, or not to be followed. */
static bool read_link(int fd, char target[static PATH_SIZE])
{
	ssize_t len;
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISLNK(st.st_mode) || is_on_procfs(fd))
		return false;
	len = readlinkat(fd, "", target, PATH_SIZE - 1);
	if (len <= 0 || (size_t)len >= PATH_SIZE - 1)
		return false;
	target[len] = '\0';
	return true;
}

/* Puts a link's target before what is still to be taken. */
static bool follow(struct walk *walk, const char *target)
{
	char rest[PATH_SIZE] = "";

	if (++walk->links > RESOLVE_LINKS_MAX)
		return false;
	if (*target != '/' && !append(rest, "/", 1))
		return false;
	if (!append(rest, target, strlen(target)) || !append(rest, walk->rest, strlen(walk->rest)))
		return false;
	if (*target == '/')
		walk->done[0] = '\0';
	else
		drop_last(walk->done);
	strcpy(walk->rest, rest);
	return true;
}

/* Moves the next component from rest to done. False: there was none to look up. */
static bool next_component(struct walk *walk)
{
	const char *start = walk->rest + strspn(walk->rest, "/");
	size_t len = strcspn(start, "/");
	bool up = len == 2 && start[0] == '.' && start[1] == '.';
	bool stays = !len || up || (len == 1 && *start == '.');

	if (up)
		drop_last(walk->done);
	if (!stays && (!append(walk->done, "/", 1) || !append(walk->done, start, len)))
		walk->too_long = true;
	memmove(walk->rest, start + len, strlen(start + len) + 1);
	return !stays;
}

static void walk_on(const struct resolve *resolve, struct walk *walk)
{
	char target[PATH_SIZE];

	while (walk->rest[0] && !walk->too_long) {
		_cleanup_close_ int fd = -1;

		if (!next_component(walk) || walk->lexical)
			continue;
		fd = resolve_open_at(resolve, walk->done, O_PATH | O_NOFOLLOW, false);
		if (fd < 0)
			walk->lexical = true;
		else if (read_link(fd, target))
			walk->lexical = !follow(walk, target);
	}
}

/* Whether nothing on the way is a link: the usual case, for one call. */
static bool is_plain(const struct resolve *resolve, const char *path)
{
	_cleanup_close_ int fd = resolve_open_at(resolve, path, O_PATH, false);

	return fd >= 0;
}

static const char *base(const char *path)
{
	return strrchr(path, '/') + 1;
}

int resolve_path(const struct resolve *resolve, const char *path, bool executable,
		 struct resolve_name *ret)
{
	struct resolve_name name = { .path = path, .name = base(path) };
	struct walk walk = { .done = "" };

	*ret = name;
	if (strlen(path) > MATCH_PATH_MAX || is_plain(resolve, path))
		return 0;
	strcpy(walk.rest, path);
	walk_on(resolve, &walk);
	if (walk.too_long || strcmp(walk.done, path) == 0)
		return 0;
	name.path = arena_strdup(resolve->arena, walk.done[0] ? walk.done : "/");
	if (!name.path)
		return -ENOMEM;
	if (executable && strcmp(name.name, base(name.path)) != 0)
		name.multi_call = multicall_serves_others(resolve, path, name.path);
	*ret = name;
	return 0;
}

int resolve_matcher(const struct resolve *resolve, enum ir_match match, const char *matcher,
		    bool executable, struct resolve_name *ret)
{
	*ret = (struct resolve_name){ .path = matcher };
	switch ((int)match) {
	case IR_PATH:
		return resolve_path(resolve, matcher, executable, ret);
	case IR_DIR:
		return resolve_path(resolve, matcher, false, ret);
	case IR_PATTERN:
		return resolve_pattern(resolve, matcher, &ret->path);
	default:
		return 0;
	}
}

static int resolve_names(const struct resolve *resolve, struct access *access)
{
	struct resolve_name name;
	int r = 0;

	if (access->path) {
		r = resolve_path(resolve, access->path, false, &name);
		access->path = r < 0 ? access->path : name.path;
	}
	if (r == 0 && access->source) {
		r = resolve_path(resolve, access->source, false, &name);
		access->source = r < 0 ? access->source : name.path;
	}
	return r;
}

int resolve_access(struct arena *arena, const char *root, struct access *access,
		   struct karmor_diag *diag)
{
	struct resolve resolve;
	int r = resolve_open(&resolve, arena, root, diag);

	if (r < 0)
		return r;
	r = resolve_names(&resolve, access);
	resolve_close(&resolve);
	return r;
}
