/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a file that may not be read, by names that mounts give it, and from the disk. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "attack.h"

#define FSOPEN_FLAGS 1 /* FSOPEN_CLOEXEC, FSMOUNT_CLOEXEC */
#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#define OPEN_TREE_INTO_NAMESPACE 2 /* Linux 7.0: a namespace whose root is the tree */

static int bind_to(const char *from, const char *to, unsigned long flags, const char *then)
{
	if (own_mounts() < 0 || mount(from, to, NULL, MS_BIND | flags, NULL) < 0)
		return -1;
	return read_path(then);
}

static int bind_file(void)
{
	return bind_to("vault/secret", "out/other", 0, "out/other");
}

static int bind_dir(void)
{
	return bind_to("vault", "out", 0, "out/secret");
}

static int bind_all(void)
{
	char path[4096];

	snprintf(path, sizeof(path), "out%s", at("vault/secret"));
	return bind_to("/", "out", MS_REC, path);
}

static int move_made(void)
{
	return mount("none", "bin", "tmpfs", 0, NULL) < 0 || mkdir("bin/vault", 0755) < 0 ? -1 : 0;
}

/* A mount that is moved has its files under other names. */
static int move_away(void)
{
	if (mount("bin", "out", NULL, MS_MOVE, NULL) < 0)
		return -1;
	return 0;
}

static int tree_clone(unsigned flags)
{
	int fd = (int)syscall(SYS_open_tree, AT_FDCWD, "vault", flags | O_CLOEXEC);

	return fd < 0 && errno == EINVAL ? lacks("this kind of open_tree") : fd;
}

static int tree_detached(void)
{
	int tree = tree_clone(1 /* OPEN_TREE_CLONE */);

	return tree < 0 ? -1 : read_at(tree, "secret");
}

static int tree_move(void)
{
	int tree = tree_clone(1);

	if (tree < 0 || syscall(SYS_move_mount, tree, "", AT_FDCWD, "out", 4) < 0)
		return -1;
	return read_path("out/secret");
}

static int tree_moved(void)
{
	return own_mounts() < 0 ? -1 : tree_move();
}

/* Without a mount(2) before it, by which a namespace's mounts are made its own. */
static int tree_moved_alone(void)
{
	return unshare(CLONE_NEWNS) < 0 ? -1 : tree_move();
}

static int tree_namespace(void)
{
	int ns = tree_clone(OPEN_TREE_INTO_NAMESPACE);

	if (ns < 0 || setns(ns, CLONE_NEWNS) < 0)
		return -1;
	return read_path("/secret");
}

/* The device of the filesystem that the place lies on. */
static int device_open(int flags)
{
	struct stat st;

	if (stat(".", &st) < 0 || mknod("out/disk", S_IFBLK | 0600, st.st_dev) < 0)
		return -1;
	return open("out/disk", flags | O_CLOEXEC);
}

static int raw_disk(void)
{
	int fd = device_open(O_RDONLY), r;
	char block[512];

	r = fd < 0 ? -1 : (int)read(fd, block, sizeof(block));
	return r < 0 ? -1 : 0;
}

static int disk_mounted(void)
{
	struct stat st;
	char path[4096];

	if (own_mounts() < 0 || stat(".", &st) < 0)
		return -1;
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", major(st.st_dev), minor(st.st_dev));
	if (mknod("out/disk", S_IFBLK | 0600, st.st_dev) < 0)
		return -1;
	return mount("out/disk", "bin", "ext4", 0, NULL);
}

static int disk_detached(void)
{
	int fs, root;

	if (own_mounts() < 0 || (device_open(O_PATH) < 0))
		return -1;
	fs = (int)syscall(SYS_fsopen, "ext4", FSOPEN_FLAGS);
	if (fs < 0 || syscall(SYS_fsconfig, fs, 1, "source", at("out/disk"), 0) < 0 ||
	    syscall(SYS_fsconfig, fs, 6, NULL, NULL, 0) < 0)
		return -1;
	root = (int)syscall(SYS_fsmount, fs, FSOPEN_FLAGS, 0);
	/* Any name of it is a name that no rule has. */
	return root < 0 ? -1 : openat(root, ".", O_RDONLY | O_CLOEXEC) < 0 ? -1 : 0;
}

static int overlay(void)
{
	char options[8192];

	if (own_mounts() < 0)
		return -1;
	snprintf(options, sizeof(options), "lowerdir=%s:%s", at("vault"), at("bin"));
	if (mount("none", "out", "overlay", 0, options) < 0)
		return errno == ENODEV ? lacks("overlayfs") : -1;
	return read_path("out/secret");
}

/* What is mounted over it takes the name from it, and a file of the attacker's has it. */
static int cover(void)
{
	if (own_mounts() < 0 || mount("none", "vault", "tmpfs", 0, NULL) < 0)
		return -1;
	return 0;
}

static int cover_place(void)
{
	return own_mounts() < 0 ? -1 : mount("none", at(""), "tmpfs", 0, NULL);
}

static int pivot_made(void)
{
	return mount("none", "out", "tmpfs", 0, NULL) < 0 || mkdir("out/old", 0755) < 0 ? -1 : 0;
}

static int pivot(void)
{
	char path[4096];

	snprintf(path, sizeof(path), "/old%s", at("vault/secret"));
	if (own_mounts() < 0 || syscall(SYS_pivot_root, "out", "out/old") < 0)
		return -1;
	return read_path(path);
}

static const struct attack attacks[] = {
	{ "bind-file", bind_file, prepare_other },
	{ "bind-dir", bind_dir },
	{ "bind-all", bind_all },
	{ "move-mount", move_away, move_made },
	{ "tree-detached", tree_detached },
	{ "tree-moved", tree_moved },
	{ "tree-moved-alone", tree_moved_alone },
	{ "tree-namespace", tree_namespace },
	{ "raw-disk", raw_disk },
	{ "disk-mounted", disk_mounted },
	{ "disk-detached", disk_detached },
	{ "overlay", overlay },
	{ "cover", cover },
	{ "cover-place", cover_place },
	{ "pivot-root", pivot, pivot_made },
	{ NULL },
};

const struct group group_mounts = { "mounts", attacks, prepare_secret };
