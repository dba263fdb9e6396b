/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See mounts.h. A file's place in its filesystem is found through the mount by which it is named,
 * and looked for through every other mount of the same one. A name counts where opening it leads
 * through that mount and no other: what lies over it hides it.
 */
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "array.h"
#include "buf.h"
#include "cleanup.h"

/* Undoes the kernel's \ooo in place. */
static void unescape(char *text)
{
	char *to = text;

	while (*text) {
		unsigned byte;

		if (*text == '\\' && sscanf(text + 1, "%3o", &byte) == 1) {
			*to++ = (char)byte;
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

const char *mounts_below(const char *path, const char *dir)
{
	size_t len = strcmp(dir, "/") == 0 ? 0 : strlen(dir);

	if (strncmp(path, dir, len) != 0 || (path[len] && path[len] != '/'))
		return NULL;
	return path + len;
}

/* "ID PARENT MAJOR:MINOR ROOT POINT ..." */
static int entry_read(struct mounts *mounts, struct arena *arena, char *line, const char *top)
{
	char *words[5] = { 0 };
	struct mounts_entry *entry;
	const char *point;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		words[i] = strsep(&line, " ");
		if (!words[i])
			return 0;
	}
	unescape(words[3]);
	unescape(words[4]);
	point = mounts_below(words[4], top);
	if (!point)
		return 0;
	if (array_grow(&mounts->entries, mounts->n, &mounts->size, sizeof(*entry)) < 0)
		return -ENOMEM;
	entry = &mounts->entries[mounts->n++];
	*entry = (struct mounts_entry){
		.id = strtoull(words[0], NULL, 10),
		.device = arena_strdup(arena, words[2]),
		.root = arena_strdup(arena, words[3]),
		.point = arena_strdup(arena, point),
	};
	return entry->device && entry->root && entry->point ? 0 : -ENOMEM;
}

int mounts_read(struct mounts *mounts, struct arena *arena, const char *root)
{
	char of_task[64] = "/proc/self/mountinfo";
	_cleanup_free_ char *line = NULL;
	const char *top = root;
	size_t size = 0;
	int pid, end = 0, r = 0;
	FILE *file;

	if (sscanf(root, "/proc/%d/root%n", &pid, &end) == 1 && end && !root[end]) {
		snprintf(of_task, sizeof(of_task), "/proc/%d/mountinfo", pid);
		top = "/";
	}
	file = fopen(of_task, "re");
	if (!file)
		return errno == ENOMEM ? -ENOMEM : 0;
	while (r == 0 && getline(&line, &size, file) >= 0)
		r = entry_read(mounts, arena, line, top);
	fclose(file);
	return r;
}

void mounts_done(struct mounts *mounts)
{
	free(mounts->entries);
	*mounts = (struct mounts){ 0 };
}

/* The mount through which @path is reached; NULL where it is not there, or the mount is not known.
 */
static const struct mounts_entry *mount_of(const struct mounts *mounts,
					   const struct resolve *resolve, const char *path)
{
	_cleanup_close_ int fd = resolve_open_at(resolve, path, O_PATH, false);
	struct statx st;

	if (fd < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0 ||
	    !(st.stx_mask & STATX_MNT_ID))
		return NULL;
	for (size_t i = 0; i < mounts->n; i++)
		if (mounts->entries[i].id == st.stx_mnt_id)
			return &mounts->entries[i];
	return NULL;
}

/* The name of @path, which @mount leads to, through @other; NULL: there is none, or no memory. */
static char *name_through(const struct mounts_entry *mount, const struct mounts_entry *other,
			  const char *path)
{
	const char *tail = mounts_below(path, *mount->point ? mount->point : "/");
	_cleanup_buf_ struct buf place = { 0 }, name = { 0 };
	const char *rest;

	if (!tail)
		return NULL;
	buf_puts(&place, strcmp(mount->root, "/") == 0 ? "" : mount->root);
	buf_puts(&place, tail);
	if (buf_failed(&place))
		return NULL;
	rest = mounts_below(place.data ? place.data : "", other->root);
	if (!rest)
		return NULL;
	buf_puts(&name, other->point);
	buf_puts(&name, rest);
	return buf_failed(&name) || !name.data ? NULL : strdup(name.data);
}

int mounts_names(const struct mounts *mounts, const struct resolve *resolve, const char *path,
		 const char *const **ret, size_t *n)
{
	const struct mounts_entry *mount = mount_of(mounts, resolve, path);
	const char **names;
	size_t found = 0, same = 0;

	for (size_t i = 0; mount && i < mounts->n; i++)
		same += strcmp(mounts->entries[i].device, mount->device) == 0;
	if (same < 2)
		return 0;
	names = arena_array(resolve->arena, same, sizeof(*names));
	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < mounts->n; i++) {
		const struct mounts_entry *other = &mounts->entries[i];
		_cleanup_free_ char *name = NULL;

		if (other == mount || strcmp(other->device, mount->device) != 0)
			continue;
		name = name_through(mount, other, path);
		if (!name || mount_of(mounts, resolve, name) != other)
			continue;
		names[found] = arena_strdup(resolve->arena, name);
		if (!names[found++])
			return -ENOMEM;
	}
	*ret = names;
	*n = found;
	return 0;
}
