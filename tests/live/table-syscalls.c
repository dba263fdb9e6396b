/* SPDX-License-Identifier: Apache-2.0 */
/* See table-syscalls.h. Numbers are those of this machine's headers. */
#include "table-syscalls.h"

#include <string.h>
#include <sys/syscall.h>

#include "cleanup.h"

#define ARG(n) (1 << (n))

static const struct {
	const char *name;
	int number;
} numbers[] = {
#include "syscall-numbers.inc"
};

/* Those whose path is not the first argument. */
static const struct {
	const char *name;
	int args;
} places[] = {
	{ "execveat", ARG(1) },
	{ "faccessat", ARG(1) },
	{ "faccessat2", ARG(1) },
	{ "fanotify_mark", ARG(4) },
	{ "fchmodat", ARG(1) },
	{ "fchmodat2", ARG(1) },
	{ "fchownat", ARG(1) },
	{ "futimesat", ARG(1) },
	{ "inotify_add_watch", ARG(1) },
	{ "link", ARG(0) | ARG(1) },
	{ "linkat", ARG(1) | ARG(3) },
	{ "mkdirat", ARG(1) },
	{ "mknodat", ARG(1) },
	{ "mount", ARG(1) },
	{ "mount_setattr", ARG(1) },
	{ "move_mount", ARG(1) | ARG(3) },
	{ "name_to_handle_at", ARG(1) },
	{ "newfstatat", ARG(1) },
	{ "open_tree", ARG(1) },
	{ "openat", ARG(1) },
	{ "openat2", ARG(1) },
	{ "pivot_root", ARG(0) | ARG(1) },
	{ "quotactl", ARG(1) },
	{ "readlinkat", ARG(1) },
	{ "rename", ARG(0) | ARG(1) },
	{ "renameat", ARG(1) | ARG(3) },
	{ "renameat2", ARG(1) | ARG(3) },
	{ "statx", ARG(1) },
	{ "symlink", ARG(1) },
	{ "symlinkat", ARG(2) },
	{ "unlinkat", ARG(1) },
	{ "utimensat", ARG(1) },
};

static const char *const first[] = {
	"access",    "acct",	 "chdir",  "chmod",	"chown",     "chroot",	   "creat",
	"execve",    "getxattr", "lchown", "lgetxattr", "listxattr", "llistxattr", "lremovexattr",
	"lsetxattr", "lstat",	 "mkdir",  "mknod",	"open",	     "readlink",   "removexattr",
	"rmdir",     "setxattr", "stat",   "statfs",	"swapoff",   "swapon",	   "truncate",
	"umount2",   "unlink",	 "uselib", "utime",	"utimes",
};

static int path_args(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (strcmp(places[i].name, name) == 0)
			return places[i].args;
	for (size_t i = 0; i < ARRAY_SIZE(first); i++)
		if (strcmp(first[i], name) == 0)
			return ARG(0);
	return 0;
}

bool syscall_find(const char *name, int *number, int *paths)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (strcmp(numbers[i].name, name) == 0) {
			*number = numbers[i].number;
			*paths = path_args(name);
			return true;
		}
	return false;
}
