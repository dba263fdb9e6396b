/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a file that may not be read, by other names, and by what others hand over. */
#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attack.h"

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
	{ "exchange-out", exchange_out, prepare_other },
	{ "exchange-in", exchange_in, prepare_other },
	{ "exchange-dir", exchange_dir },
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
