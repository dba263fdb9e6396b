/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process of another mount namespace calls by its names, by names of this one: a container's
 * root, and what is mounted in it. Each mount of the process shows a directory of a file system
 * that may be mounted here too; where it is, the names of both lead to the same object.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cleanup.h"
#include "diag.h"
#include "trees.h"

#define UNNAMED_MAX 3 /* that are named in a warning */
#define PATH_SIZE 4200

/* What the kernel makes up keeps no labels, whatever it is called. */
static const unsigned made_up[] = {
	PROC_SUPER_MAGIC,   SYSFS_MAGIC,   CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
	DEVPTS_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC,      SECURITYFS_MAGIC,
	SELINUX_MAGIC,	    BPF_FS_MAGIC,  0x19800202 /* mqueue */
};

static bool is_made_up(const char *path)
{
	struct statfs fs;

	for (size_t i = 0; statfs(path, &fs) == 0 && i < ARRAY_SIZE(made_up); i++)
		if ((unsigned)fs.f_type == made_up[i])
			return true;
	return false;
}

static bool task_of(const char *root, int *pid)
{
	int end = 0;

	return sscanf(root, "/proc/%d/root%n", pid, &end) == 1 && end && !root[end];
}

bool selinux_is_elsewhere(const char *root)
{
	char path[64], own[64] = "", other[64] = "";
	int pid;

	if (!task_of(root, &pid))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	return readlink("/proc/self/ns/mnt", own, sizeof(own) - 1) > 0 &&
	       readlink(path, other, sizeof(other) - 1) > 0 && strcmp(own, other) != 0;
}

/* No link at its end is followed, and nothing is waited for. */
static bool is_same(const char *a, const char *b)
{
	const int how = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
	struct statx one, other;

	return statx(AT_FDCWD, a, how, STATX_INO, &one) == 0 &&
	       statx(AT_FDCWD, b, how, STATX_INO, &other) == 0 && one.stx_ino == other.stx_ino &&
	       one.stx_dev_major == other.stx_dev_major && one.stx_dev_minor == other.stx_dev_minor;
}

/* A name here of what @seen leads to through @mount; false: there is none. */
static bool name_find(const struct selinux_trees *trees, const struct mounts_entry *mount,
		      const char *seen, char ret[PATH_SIZE])
{
	for (size_t i = 0; i < trees->mounts.n; i++) {
		const struct mounts_entry *own = &trees->mounts.entries[i];
		const char *rest = strcmp(own->device, mount->device) == 0
					   ? mounts_below(mount->root, own->root)
					   : NULL;
		const char *point = strcmp(own->point, "/") == 0 ? "" : own->point;

		if (!rest)
			continue;
		rest = strcmp(rest, "/") == 0 ? "" : rest;
		if (snprintf(ret, PATH_SIZE, "%s%s", point, rest) < PATH_SIZE &&
		    is_same(*ret ? ret : "/", seen))
			return true;
	}
	return false;
}

/* Whether rules say something of a path, or of what may be below it. */
static bool is_reached(const struct selinux_artifact *artifact, const char *path)
{
	const struct automaton *automaton = artifact->automaton;
	uint32_t state = 1;

	for (const char *p = path; *p; p++)
		state = automaton_next(automaton, state, (uint8_t)*p);
	return selinux_label_of(artifact, path, true) != SELINUX_NO_LABEL ||
	       selinux_label_of(artifact, path, false) != SELINUX_NO_LABEL ||
	       artifact->leads[automaton_next(automaton, state, '/')];
}

/* Mounts that have no name. */
struct unnamed {
	struct buf names;
	size_t n;
};

static void unnamed_add(struct unnamed *unnamed, const char *point)
{
	if (unnamed->n++ >= UNNAMED_MAX)
		return;
	buf_puts(&unnamed->names, unnamed->n > 1 ? ", \"" : "\"");
	buf_escape(&unnamed->names, point, strlen(point));
	buf_putc(&unnamed->names, '"');
}

static void unnamed_say(struct unnamed *unnamed, const char *root, struct karmor_diag *diag)
{
	if (unnamed->n && !buf_failed(&unnamed->names))
		diag_warning(diag, NULL, "keep these rules by bpf",
			     "selinux: what is mounted in a workload's root \"%s\" alone is not "
			     "labelled, and its rules do not hold there (%zu): %s",
			     root, unnamed->n, unnamed->names.data);
	buf_done(&unnamed->names);
}

static int mount_add(struct selinux_trees *trees, const struct mounts_entry *mount,
		     const char *root, bool is_own, struct unnamed *unnamed)
{
	char seen[PATH_SIZE], here[PATH_SIZE];

	if (!is_reached(trees->artifact, mount->point))
		return 0;
	if (snprintf(seen, sizeof(seen), "%s%s", root, mount->point) >= PATH_SIZE ||
	    is_made_up(seen) || !name_find(trees, mount, seen, here)) {
		unnamed_add(unnamed, mount->point);
		return 0;
	}
	/* It has the name that it has here. */
	return is_own && strcmp(here, mount->point) == 0
		       ? 0
		       : selinux_tree_add(trees, here, mount->point);
}

/* The root itself, which is the last that is mounted there. */
static int root_add(struct selinux_trees *trees, const struct mounts *mounts, const char *root,
		    bool *is_own, struct karmor_diag *diag)
{
	char seen[64], here[PATH_SIZE] = "";

	snprintf(seen, sizeof(seen), "%s/.", root);
	*is_own = is_same("/.", seen);
	for (size_t i = mounts->n; !*is_own && !*here && i-- > 0;)
		if (strcmp(mounts->entries[i].point, "/") == 0 &&
		    !name_find(trees, &mounts->entries[i], seen, here))
			*here = '\0';
	if (*is_own || *here)
		return selinux_tree_add(trees, here, "");
	diag_error(diag, NULL, "name a directory of this mount namespace",
		   "selinux: nothing can be labelled in a workload's root \"%s\": it has no name "
		   "here",
		   root);
	return -EINVAL;
}

int selinux_places_add(struct selinux_trees *trees, const char *root, struct karmor_diag *diag)
{
	_cleanup_(mounts_done) struct mounts mounts = { 0 };
	struct unnamed unnamed = { 0 };
	bool is_own = false;
	int r = mounts_read(&mounts, &trees->passing, root);

	if (r == 0 && !trees->mounts.n)
		r = mounts_read(&trees->mounts, &trees->passing, "/");
	r = r ? r : root_add(trees, &mounts, root, &is_own, diag);
	for (size_t i = 0; r == 0 && i < mounts.n; i++)
		if (strcmp(mounts.entries[i].point, "/") != 0)
			r = mount_add(trees, &mounts.entries[i], root, is_own, &unnamed);
	if (r == 0)
		unnamed_say(&unnamed, root, diag);
	else
		buf_done(&unnamed.names);
	return r;
}
