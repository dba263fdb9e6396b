/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a file that may not be read, by other names, and by what others hand over. */
#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "attack.h"

#define FSOPEN_FLAGS 1 /* FSOPEN_CLOEXEC, FSMOUNT_CLOEXEC */
#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#define OPEN_TREE_INTO_NAMESPACE 2 /* Linux 7.0: a namespace whose root is the tree */

static int prepare_secret(void)
{
	return write_file("vault/secret", SECRET, 0644);
}

static int plain(void)
{
	return read_path("vault/secret");
}

static int absolute(void)
{
	return read_path(at("vault/secret"));
}

static int dots(void)
{
	return read_path("vault/..//vault/.//../out/../vault/secret");
}

static int symlink_to(void)
{
	return symlink(at("vault/secret"), "out/link") < 0 ? -1 : read_path("out/link");
}

static int symlink_dir(void)
{
	return symlink("../vault", "out/link") < 0 ? -1 : read_path("out/link/secret");
}

static int under(const char *root)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s%s", root, at("vault/secret"));
	return read_path(path);
}

static int proc_self_root(void)
{
	return under("/proc/self/root");
}

static int proc_thread_root(void)
{
	return under("/proc/thread-self/root");
}

static int proc_pid_root(void)
{
	char root[64];

	snprintf(root, sizeof(root), "/proc/%d/root", getppid());
	return under(root);
}

static int proc_self_cwd(void)
{
	return read_path("/proc/self/cwd/vault/secret");
}

static int reopen(int fd)
{
	char path[64];

	if (fd < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return read_path(path);
}

static int proc_self_fd(void)
{
	return reopen(open("vault/secret", O_PATH | O_CLOEXEC));
}

static int proc_map_files(void)
{
	struct dirent *entry;
	DIR *dir;
	int fd = open("vault/secret", O_PATH | O_CLOEXEC), found = -1;

	/* A mapping can only be made of what was opened; its link is tried all the same. */
	mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, helper_fd('r', at("vault/secret")), 0);
	dir = opendir("/proc/self/map_files");
	while (dir && (entry = readdir(dir))) {
		struct stat a, b;

		if (fstatat(dirfd(dir), entry->d_name, &a, 0) == 0 && fstat(fd, &b) == 0 &&
		    a.st_ino == b.st_ino)
			found = read_at(dirfd(dir), entry->d_name);
	}
	return found < 0 && errno != EPERM ? fail(EACCES) : found;
}

static int dir_fd(void)
{
	int dir = open("vault", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 ? -1 : read_at(dir, "secret");
}

static int in_root(void)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	int dir = open("vault", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return read_fd((int)syscall(SYS_openat2, dir, "/../secret", &how, sizeof(how)));
}

static int chroot_in(void)
{
	if (chroot("vault") < 0 || chdir("/") < 0)
		return -1;
	return read_path("/secret");
}

static int chroot_out(void)
{
	/* A working directory outside of the root: the classic way back. */
	if (chroot("out") < 0)
		return -1;
	return read_path("vault/secret");
}

static int link_made(void)
{
	return link("vault/secret", "out/hard");
}

static int link_read(void)
{
	return read_path("out/hard");
}

static int link_new(void)
{
	return link("vault/secret", "out/hard") < 0 ? -1 : read_path("out/hard");
}

static int link_fd(void)
{
	int fd = open("vault/secret", O_PATH | O_CLOEXEC);

	return linkat(fd, "", AT_FDCWD, "out/hard", AT_EMPTY_PATH) < 0 ? -1 : read_path("out/hard");
}

static int link_proc(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", open("vault/secret", O_PATH | O_CLOEXEC));
	if (linkat(AT_FDCWD, path, AT_FDCWD, "out/hard", AT_SYMLINK_FOLLOW) < 0)
		return -1;
	return read_path("out/hard");
}

static int rename_file(void)
{
	return rename("vault/secret", "out/moved") < 0 ? -1 : read_path("out/moved");
}

static int rename_dir(void)
{
	return rename("vault", "moved") < 0 ? -1 : read_path("moved/secret");
}

static int rename_place(void)
{
	char moved[4096];

	snprintf(moved, sizeof(moved), "%s-moved", at("."));
	memmove(strstr(moved, "/.-moved"), "-moved", sizeof("-moved"));
	/* The place itself, by its own name: what is above it is on the way as well. */
	if (rename(at(""), moved) < 0)
		return -1;
	return read_path("vault/secret");
}

static int exchange(const char *a, const char *b, const char *then)
{
	if (syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) < 0)
		return -1;
	return read_path(then);
}

static int other_made(void)
{
	return write_file("out/other", "nothing\n", 0644);
}

static int exchange_out(void)
{
	return exchange("vault/secret", "out/other", "out/other");
}

static int exchange_in(void)
{
	return exchange("out/other", "vault/secret", "out/other");
}

static int exchange_dir(void)
{
	return exchange("out", "vault", "out/secret");
}

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

/* Handles: what is opened has no path that was walked. */
static int by_handle(const char *path, const char *then)
{
	char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	struct file_handle *handle = (struct file_handle *)room;
	int mount_id, fd;

	handle->handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(AT_FDCWD, path, handle, &mount_id, 0) < 0)
		return -1;
	fd = open_by_handle_at(AT_FDCWD, handle, O_RDONLY | O_CLOEXEC);
	return then && fd >= 0 ? read_at(fd, then) : read_fd(fd);
}

static int handle_file(void)
{
	return by_handle("vault/secret", NULL);
}

static int handle_dir(void)
{
	return by_handle("vault", "secret");
}

static int handle_cold(void)
{
	char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	struct file_handle *handle = (struct file_handle *)room;
	int mount_id;

	/* Out of the cache: the dentry that the handle leads to is connected to nothing. */
	handle->handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(AT_FDCWD, "vault/secret", handle, &mount_id, 0) < 0 ||
	    write_file("/proc/sys/vm/drop_caches", "2", 0) < 0)
		return -1;
	return read_fd(open_by_handle_at(AT_FDCWD, handle, O_RDONLY | O_CLOEXEC));
}

/* io_uring */
static int uring_read(unsigned setup, unsigned flags)
{
	struct uring_request request = { .opcode = IORING_OP_OPENAT,
					 .flags = flags,
					 .op_flags = O_RDONLY | O_CLOEXEC,
					 .fd = AT_FDCWD,
					 .address = at("vault/secret") };

	return read_fd(uring(setup, &request));
}

static int uring_open(void)
{
	return uring_read(0, 0);
}

static int uring_async(void)
{
	return uring_read(0, IOSQE_ASYNC);
}

static int uring_sqpoll(void)
{
	return uring_read(IORING_SETUP_SQPOLL, 0);
}

static int uring_openat2(void)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC };
	struct uring_request request = { .opcode = IORING_OP_OPENAT2,
					 .fd = AT_FDCWD,
					 .address = at("vault/secret"),
					 .length = sizeof(how),
					 .offset = (unsigned long)&how };

	return read_fd(uring(0, &request));
}

/* A descriptor that is in the ring only. */
static int uring_direct(void)
{
	char text[sizeof(SECRET)] = "";
	struct uring_request requests[] = { { .opcode = IORING_OP_OPENAT,
					      .flags = IOSQE_IO_LINK,
					      .op_flags = O_RDONLY,
					      .fd = AT_FDCWD,
					      .address = at("vault/secret"),
					      .file_index = 1 },
					    { .opcode = IORING_OP_READ,
					      .flags = IOSQE_FIXED_FILE,
					      .fd = 0,
					      .address = text,
					      .length = sizeof(text) - 1 } };

	if (uring_two(0, requests) < 0)
		return -1;
	return strcmp(text, SECRET) == 0 ? 0 : fail(EBADMSG);
}

/* Handed over */
static int received(void)
{
	return read_fd(helper_fd('r', at("vault/secret")));
}

static int received_path(void)
{
	return reopen(helper_fd('p', at("vault/secret")));
}

static int received_dir(void)
{
	return read_at(helper_fd('p', at("vault")), "secret");
}

static int fetched(void)
{
	int number = helper_fd('k', at("vault/secret"));
	int pidfd = (int)syscall(SYS_pidfd_open, helper_pid(), 0);

	return read_fd((int)syscall(SYS_pidfd_getfd, pidfd, number, 0));
}

static int proc_pid_fd(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", helper_pid(),
		 helper_fd('k', at("vault/secret")));
	return read_path(path);
}

/* Whoever watches a file for others' opens is given descriptors of it. */
static int fanotify(void)
{
	struct fanotify_event_metadata event = { .fd = -1 };
	int watch = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY | O_CLOEXEC);
	struct pollfd ready = { .fd = watch, .events = POLLIN };

	if (watch < 0 || fanotify_mark(watch, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, "vault/secret") < 0)
		return -1;
	helper_fd('k', at("vault/secret"));
	if (poll(&ready, 1, 5000) != 1 || read(watch, &event, sizeof(event)) < 0)
		return -1;
	return event.fd < 0 ? fail(EACCES) : read_fd(event.fd);
}

static int kernel_memory(void)
{
	char word[8];
	int fd = open("/proc/kcore", O_RDONLY | O_CLOEXEC);

	return fd < 0 || read(fd, word, sizeof(word)) < 0 ? -1 : 0;
}

static const struct attack attacks[] = {
	{ "plain", plain },
	{ "absolute", absolute },
	{ "dots", dots },
	{ "symlink", symlink_to },
	{ "symlink-dir", symlink_dir },
	{ "proc-self-root", proc_self_root },
	{ "proc-thread-root", proc_thread_root },
	{ "proc-pid-root", proc_pid_root },
	{ "proc-self-cwd", proc_self_cwd },
	{ "proc-self-fd", proc_self_fd },
	{ "proc-pid-fd", proc_pid_fd },
	{ "proc-map-files", proc_map_files },
	{ "dir-fd", dir_fd },
	{ "in-root", in_root },
	{ "chroot-in", chroot_in },
	{ "chroot-out", chroot_out },
	/* Only an exactly named file is protected under the names that it had before. */
	{ "link-before", link_read, link_made, RULE_PATTERN | RULE_DIR | RULE_ALLOW },
	{ "link-new", link_new },
	{ "link-fd", link_fd },
	{ "link-proc", link_proc },
	{ "rename-file", rename_file },
	{ "rename-dir", rename_dir },
	{ "rename-place", rename_place },
	{ "exchange-out", exchange_out, other_made },
	{ "exchange-in", exchange_in, other_made },
	{ "exchange-dir", exchange_dir },
	{ "bind-file", bind_file, other_made },
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
	{ "handle-file", handle_file },
	{ "handle-dir", handle_dir },
	{ "handle-cold", handle_cold },
	{ "uring-open", uring_open },
	{ "uring-async", uring_async },
	{ "uring-sqpoll", uring_sqpoll },
	{ "uring-openat2", uring_openat2 },
	{ "uring-direct", uring_direct },
	{ "received", received },
	{ "received-path", received_path },
	{ "received-dir", received_dir },
	{ "fetched", fetched },
	{ "fanotify", fanotify },
	{ "kernel-memory", kernel_memory },
	{ NULL },
};

const struct group group_names = { "names", attacks, prepare_secret };
