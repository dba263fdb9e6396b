/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The enforcement itself: its programs, maps and pins, the tasks that hold them, and the kernel
 * below. Root, with every capability, must not reach them from within a workload.
 *
 * What would do harm is done to a pin of the attack's own, beside those that count.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "attack.h"

#define BPFFS "/sys/fs/bpf"
#define KARMOR BPFFS "/karmor"

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* The pin of this attack's own, which bears its name. */
static const char *pin_own(void)
{
	static char path[256];
	char place[4096] = "";

	if (getcwd(place, sizeof(place)))
		snprintf(path, sizeof(path), BPFFS "/attack_%s", strrchr(place, '/') + 1);
	return path;
}

static const char *pin_beside(void)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s_beside", pin_own());
	return path;
}

/* The pins that count lie in a directory that is named for the build. */
static int pins_find(char *path, size_t size)
{
	DIR *dir = opendir(KARMOR);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			snprintf(path, size, KARMOR "/%s/workloads", entry->d_name);
	return dir ? closedir(dir) : -1;
}

static int prepare_pin(void)
{
	union bpf_attr map = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1
	};
	union bpf_attr attr = { .pathname = (unsigned long)pin_own() };
	char path[512] = "";
	int fd = bpf(BPF_MAP_CREATE, &map);

	unlink(pin_own());
	unlink(pin_beside());
	rmdir(pin_beside());
	attr.bpf_fd = (unsigned)fd;
	if (fd < 0 || bpf(BPF_OBJ_PIN, &attr) < 0 || pins_find(path, sizeof(path)) < 0)
		return -1;
	close(fd);
	/* For who may not look any more. */
	return write_file("out/workloads", path, 0644);
}

static const char *workloads(void)
{
	static char path[512];
	int fd = open("out/workloads", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, path, sizeof(path) - 1);

	path[n > 0 ? n : 0] = '\0';
	close(fd);
	return path;
}

static int get(const char *path)
{
	union bpf_attr attr = { .pathname = (unsigned long)path };

	return bpf(BPF_OBJ_GET, &attr);
}

static int done(int r)
{
	return r < 0 ? -1 : 0;
}

/* bpf() */

static int bpf_get(void)
{
	return done(get(workloads()));
}

static int bpf_by_id(int next, int fd_of)
{
	union bpf_attr attr = { 0 };

	unsigned id;

	if (bpf(next, &attr) < 0)
		return -1;
	id = attr.next_id;
	attr = (union bpf_attr){ .start_id = id };
	return done(bpf(fd_of, &attr));
}

static int bpf_map_id(void)
{
	return bpf_by_id(BPF_MAP_GET_NEXT_ID, BPF_MAP_GET_FD_BY_ID);
}

static int bpf_program_id(void)
{
	return bpf_by_id(BPF_PROG_GET_NEXT_ID, BPF_PROG_GET_FD_BY_ID);
}

static int bpf_link_id(void)
{
	return bpf_by_id(BPF_LINK_GET_NEXT_ID, BPF_LINK_GET_FD_BY_ID);
}

static int bpf_create(void)
{
	union bpf_attr map = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1
	};

	return done(bpf(BPF_MAP_CREATE, &map));
}

static int bpf_load(void)
{
	static const struct bpf_insn code[] = { { 0xb7, 0, 0, 0, 0 }, { 0x95, 0, 0, 0, 0 } };
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
				.insns = (unsigned long)code,
				.insn_cnt = 2,
				.license = (unsigned long)"GPL" };

	return done(bpf(BPF_PROG_LOAD, &attr));
}

/* A map that was handed over. */
static int map_use(void)
{
	unsigned long key = 0, value[8];
	union bpf_attr attr = { .key = (unsigned long)&key, .value = (unsigned long)value };
	int fd = helper_fd('m', workloads());

	attr.map_fd = (unsigned)fd;
	return fd < 0 ? -1 : done(bpf(BPF_MAP_LOOKUP_ELEM, &attr));
}

static int map_memory(void)
{
	int fd = helper_fd('m', workloads());

	return fd < 0									   ? -1
	       : mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED ? -1
											   : 0;
}

/* The pins */

static int pin_open(void)
{
	char byte;
	int fd = open(workloads(), O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -1 : done((int)read(fd, &byte, 1));
}

static int pin_list(void)
{
	return opendir(KARMOR) ? 0 : -1;
}

static int pin_unlink(void)
{
	return unlink(pin_own());
}

static int pin_rename(void)
{
	return rename(pin_own(), pin_beside());
}

static int pin_link(void)
{
	return link(pin_own(), pin_beside());
}

static int pin_chmod(void)
{
	return chmod(pin_own(), 0666);
}

static int pin_chown(void)
{
	return chown(pin_own(), 1, 1);
}

static int pins_mkdir(void)
{
	return mkdir(pin_beside(), 0755);
}

static int pins_rmdir(void)
{
	return rmdir(pin_beside());
}

static int pins_symlink(void)
{
	return symlink("/", pin_beside());
}

static int pin_aliased(void)
{
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, BPFFS, 1 /* OPEN_TREE_CLONE */);

	return tree < 0 ? -1 : unlinkat(tree, strrchr(pin_own(), '/') + 1, 0);
}

static int pin_bound(void)
{
	const char *name = strrchr(pin_own(), '/') + 1;

	if (own_mounts() < 0 || mount(BPFFS, "out", NULL, MS_BIND, NULL) < 0 || chdir("out") < 0)
		return -1;
	return unlink(name);
}

static int unmount(const char *path)
{
	return own_mounts() < 0 ? -1 : umount2(path, MNT_DETACH);
}

static int bpffs_unmount(void)
{
	return unmount(BPFFS);
}

static int bpffs_unmount_above(void)
{
	return unmount("/sys");
}

static int bpffs_cover(void)
{
	return own_mounts() < 0 ? -1 : mount("none", BPFFS, "tmpfs", 0, NULL);
}

static int bpffs_again(void)
{
	return own_mounts() < 0 ? -1 : mount("none", "out", "bpf", 0, NULL);
}

static int bpffs_again_new(void)
{
	int fs = (int)syscall(SYS_fsopen, "bpf", 1), tree;

	if (own_mounts() < 0 || fs < 0 || syscall(SYS_fsconfig, fs, 6, NULL, NULL, 0) < 0)
		return -1;
	tree = (int)syscall(SYS_fsmount, fs, 1, 0);
	return done((int)syscall(SYS_move_mount, tree, "", AT_FDCWD, "out", 4));
}

static int bpffs_move(void)
{
	return own_mounts() < 0 ? -1 : mount(BPFFS, "out", NULL, MS_MOVE, NULL);
}

/* Tasks outside */

static int attach(void)
{
	pid_t pid = helper_pid();
	int r = ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0 ? -1 : 0;

	if (r == 0)
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
	return r;
}

static int vm_read(void)
{
	char word[8];
	struct iovec ours = { word, sizeof(word) }, theirs = { (void *)0x400000, 8 };

	return done((int)process_vm_readv(helper_pid(), &ours, 1, &theirs, 1, 0));
}

static int outside_open(const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", helper_pid(), file);
	return done(open(path, O_RDONLY | O_CLOEXEC));
}

static int outside_memory(void)
{
	return outside_open("mem");
}

static int outside_descriptors(void)
{
	return outside_open("fd/0");
}

static int outside_root(void)
{
	return outside_open("root/etc/hostname");
}

static int outside_namespace(void)
{
	return outside_open("ns/mnt");
}

static int outside_getfd(void)
{
	int pidfd = (int)syscall(SYS_pidfd_open, helper_pid(), 0);

	return done((int)syscall(SYS_pidfd_getfd, pidfd, 0, 0));
}

/* The kernel below */

/* Not a module: who gets to be told so was let in. */
static int module_load(void)
{
	static char nothing[4096];

	return syscall(SYS_init_module, nothing, sizeof(nothing), "") < 0 && errno == EPERM ? -1
											    : 0;
}

static int module_made(void)
{
	return write_file("out/module", SECRET SECRET SECRET, 0644);
}

static int module_load_file(void)
{
	int fd = open("out/module", O_RDONLY | O_CLOEXEC);

	return syscall(SYS_finit_module, fd, "", 0) < 0 && errno == EPERM ? -1 : 0;
}

static int kexec(void)
{
	return syscall(SYS_kexec_load, 0, 0, NULL, 0) < 0 && errno == EPERM ? -1 : 0;
}

static int kernel_memory(void)
{
	return done(open("/proc/kcore", O_RDONLY | O_CLOEXEC));
}

static int probe_trace(void)
{
	return done(open("/sys/kernel/tracing/kprobe_events", O_WRONLY | O_CLOEXEC));
}

/* What the kernel starts by itself is in no workload: who may name it has left his own. */
static int names_program(const char *file)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return lacks(file);
	return done(fd);
}

static int core_pattern(void)
{
	return names_program("/proc/sys/kernel/core_pattern");
}

static int modprobe_path(void)
{
	return names_program("/proc/sys/kernel/modprobe");
}

static int core_pattern_proc(void)
{
	/* The same by another mount of proc. */
	if (own_mounts() < 0 || mount("none", "out", "proc", 0, NULL) < 0)
		return -1;
	return names_program("out/sys/kernel/core_pattern");
}

static int core_pattern_sysctl(void)
{
	int dir = open("/proc/sys/kernel", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return done(openat(dir, "core_pattern", O_RDWR | O_CLOEXEC));
}

static int poweroff(void)
{
	return names_program("/proc/sys/kernel/poweroff_cmd");
}

/* BPF programs hang on trampolines, which this takes out of the kernel. */
static int trampolines(void)
{
	return names_program("/proc/sys/kernel/ftrace_enabled");
}

static int uevent_helper(void)
{
	return names_program("/sys/kernel/uevent_helper");
}

static const struct attack attacks[] = {
	{ "bpf-get", bpf_get },
	{ "bpf-map-id", bpf_map_id },
	{ "bpf-program-id", bpf_program_id },
	{ "bpf-link-id", bpf_link_id },
	{ "bpf-create", bpf_create },
	{ "bpf-load", bpf_load },
	{ "map-use", map_use },
	{ "map-memory", map_memory },
	{ "pin-open", pin_open },
	{ "pin-list", pin_list },
	{ "pin-unlink", pin_unlink },
	{ "pin-rename", pin_rename },
	{ "pin-link", pin_link },
	{ "pin-chmod", pin_chmod },
	{ "pin-chown", pin_chown },
	{ "pin-aliased", pin_aliased },
	{ "pin-bound", pin_bound },
	{ "pins-mkdir", pins_mkdir },
	{ "pins-rmdir", pins_rmdir, pins_mkdir },
	{ "pins-symlink", pins_symlink },
	{ "bpffs-unmount", bpffs_unmount },
	{ "bpffs-unmount-above", bpffs_unmount_above },
	{ "bpffs-cover", bpffs_cover },
	{ "bpffs-again", bpffs_again },
	{ "bpffs-again-new", bpffs_again_new },
	{ "bpffs-move", bpffs_move },
	{ "attach", attach },
	{ "vm-read", vm_read },
	{ "outside-memory", outside_memory },
	{ "outside-descriptors", outside_descriptors },
	{ "outside-root", outside_root },
	{ "outside-namespace", outside_namespace },
	{ "outside-getfd", outside_getfd },
	{ "module-load", module_load },
	{ "module-load-file", module_load_file, module_made },
	{ "kexec", kexec },
	{ "kernel-memory", kernel_memory },
	{ "probe-trace", probe_trace },
	{ "core-pattern", core_pattern },
	{ "core-pattern-dir", core_pattern_sysctl },
	{ "core-pattern-proc", core_pattern_proc },
	{ "modprobe", modprobe_path },
	{ "poweroff", poweroff },
	{ "trampolines", trampolines },
	{ "uevent-helper", uevent_helper },
	{ NULL },
};

const struct group group_keys = { "keys", attacks, prepare_pin };
