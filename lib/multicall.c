/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See multicall.h. Taking a plain program for one of many names would narrow a rule, so that doubt
 * says no. The scan is bounded; what lies beyond the bound is not seen.
 */
#include "multicall.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "arena.h"
#include "cleanup.h"
#include "match.h"

#define OTHER_NAMES_MIN 2

/* Known by the start of their own names, so that one lone link is enough. */
static const char *const known[] = { "busybox", "toybox", "coreutils" };

static void cleanup_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* What is looked for. */
struct target {
	const char *link, *base; /* last components of the link and of what it leads to */
	dev_t dev;
	ino_t ino;
	size_t names;
};

static const char *base(const char *path)
{
	return strrchr(path, '/') + 1;
}

static bool is_alias(const struct target *target, const char *name)
{
	return strcmp(name, target->link) == 0 || strstr(name, target->base) ||
	       strstr(target->base, name);
}

static bool leads_to(const struct resolve *resolve, const char *directory, const char *name,
		     const struct target *target)
{
	char path[MATCH_PATH_MAX + 1];
	_cleanup_close_ int fd = -1;
	struct stat st;
	int len = snprintf(path, sizeof(path), "%s/%s", directory, name);

	if (len < 0 || (size_t)len >= sizeof(path))
		return false;
	fd = resolve_open_at(resolve, path, O_PATH, true);
	return fd >= 0 && fstat(fd, &st) == 0 && st.st_dev == target->dev &&
	       st.st_ino == target->ino;
}

static void scan(const struct resolve *resolve, const char *directory, struct target *target)
{
	_cleanup_(cleanup_dir) DIR *dir = NULL;
	const struct dirent *entry;
	int fd = resolve_open_at(resolve, directory, O_RDONLY | O_DIRECTORY | O_NONBLOCK, true);

	if (fd < 0)
		return;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return;
	}
	for (int i = 0; i < RESOLVE_ENTRIES_MAX && target->names < OTHER_NAMES_MIN; i++) {
		entry = readdir(dir);
		if (!entry)
			return;
		if ((entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN) &&
		    !is_alias(target, entry->d_name) &&
		    leads_to(resolve, directory, entry->d_name, target))
			target->names++;
	}
}

/* The directory of @path, "" for the root. */
static void directory_of(const char *path, char ret[static MATCH_PATH_MAX + 1])
{
	size_t len = (size_t)(base(path) - path) - 1;

	memcpy(ret, path, len);
	ret[len] = '\0';
}

static bool is_known(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (strncmp(name, known[i], strlen(known[i])) == 0)
			return true;
	return false;
}

bool multicall_serves_others(const struct resolve *resolve, const char *link, const char *path)
{
	char directory[MATCH_PATH_MAX + 1], other[MATCH_PATH_MAX + 1];
	struct target target = { .link = base(link), .base = base(path) };
	_cleanup_close_ int fd = resolve_open_at(resolve, path, O_PATH, false);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	if (is_known(target.base))
		return true;
	target.dev = st.st_dev;
	target.ino = st.st_ino;
	directory_of(link, directory);
	directory_of(path, other);
	scan(resolve, directory, &target);
	if (strcmp(directory, other) != 0)
		scan(resolve, other, &target);
	return target.names >= OTHER_NAMES_MIN;
}
