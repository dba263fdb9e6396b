/* SPDX-License-Identifier: Apache-2.0 */
/* See inodes.h. */
#include "inodes.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "journal.h"

void selinux_inodes_done(struct selinux_inodes *inodes)
{
	arena_done(&inodes->arena);
	free(inodes->all);
	*inodes = (struct selinux_inodes){ 0 };
}

static int compare(const void *a, const void *b)
{
	uint64_t one = ((const struct selinux_inode *)a)->number,
		 other = ((const struct selinux_inode *)b)->number;

	return (one > other) - (one < other);
}

static void take(struct selinux_inodes *inodes, const struct journal *journal)
{
	inodes->all = calloc(journal->n + 1, sizeof(*inodes->all));
	for (size_t i = 0; inodes->all && i < journal->n; i++) {
		const struct journal_entry *entry = &journal->entries[i];
		const char *path = entry->gone ? NULL : arena_strdup(&inodes->arena, entry->path);

		if (path)
			inodes->all[inodes->n++] = (struct selinux_inode){ entry->ino, path };
	}
	if (inodes->n)
		qsort(inodes->all, inodes->n, sizeof(*inodes->all), compare);
}

/* As it is now; where it cannot be read nothing is known. */
static void refresh(struct selinux_inodes *inodes, const char *path)
{
	_cleanup_journal_ struct journal journal = { 0 };
	struct stat st;

	if (stat(path, &st) < 0) {
		selinux_inodes_done(inodes);
		return;
	}
	if (st.st_size == inodes->length && st.st_mtim.tv_sec == inodes->changed.tv_sec &&
	    st.st_mtim.tv_nsec == inodes->changed.tv_nsec)
		return;
	selinux_inodes_done(inodes);
	inodes->length = st.st_size;
	inodes->changed = st.st_mtim;
	if (journal_open(&journal, path, false, NULL) == 0)
		take(inodes, &journal);
}

static bool is_named(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');

	return slash && strcmp(slash + 1, name) == 0;
}

const char *selinux_inodes_find(struct selinux_inodes *inodes, const char *journal, uint64_t number,
				const char *name)
{
	struct selinux_inode what = { .number = number };
	const struct selinux_inode *at, *end;
	const char *ret = NULL;

	refresh(inodes, journal);
	at = inodes->n ? bsearch(&what, inodes->all, inodes->n, sizeof(what), compare) : NULL;
	if (!at)
		return NULL;
	while (at > inodes->all && at[-1].number == number)
		at--;
	end = inodes->all + inodes->n;
	for (; at < end && at->number == number; at++) {
		if (!is_named(at->path, name))
			continue;
		if (ret)
			return NULL;
		ret = at->path;
	}
	return ret;
}
