/* SPDX-License-Identifier: Apache-2.0 */
/* Executing a program that may not be executed: vault/tool, which is dynamic and needs no file. */
#include <fcntl.h>
#include <linux/io_uring.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attack.h"

#define TOOL "vault/tool"
#define LOADER "/lib64/ld-linux-x86-64.so.2"
#define PAGE 4096
/* A copy is a program of its own: only an allow-list asks where it comes from. */
#define AS_A_COPY (RULE_PATH | RULE_PATTERN | RULE_DIR)

static char name[] = "tool";
static char *const arguments[] = { name, NULL };
static char *const nothing[] = { NULL };

static int prepare_tool(void)
{
	return copy_file("/bin/true", TOOL);
}

/* How the child's exec went, which does not return where it succeeds. */
static int ran(int (*exec)(void))
{
	int report[2], error = 0, status;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		exec();
		error = errno;
		if (write(report[1], &error, sizeof(error)) < 0)
			_exit(3);
		_exit(3);
	}
	close(report[1]);
	if (read(report[0], &error, sizeof(error)) < 0)
		return -1;
	waitpid(pid, &status, 0);
	close(report[0]);
	if (error)
		return fail(error);
	/* The dynamic loader's way of saying that it may not. */
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : fail(EACCES);
}

static const char *target;

static int exec_target(void)
{
	return execve(target, arguments, nothing);
}

static int run_path(const char *path)
{
	target = path;
	return ran(exec_target);
}

static int plain(void)
{
	return run_path(TOOL);
}

static int absolute(void)
{
	return run_path(at(TOOL));
}

static int by_symlink(void)
{
	return symlink(at(TOOL), "out/link") < 0 ? -1 : run_path("out/link");
}

static int by_proc_root(void)
{
	char path[4096];

	snprintf(path, sizeof(path), "/proc/self/root%s", at(TOOL));
	return run_path(path);
}

static int exec_loader(void)
{
	return execl(LOADER, "ld.so", at(TOOL), NULL);
}

static int by_loader(void)
{
	return ran(exec_loader);
}

static int loader_copied(void)
{
	return copy_file(LOADER, "out/loader");
}

static int exec_loader_copy(void)
{
	return execl("out/loader", "ld.so", at(TOOL), NULL);
}

static int by_loader_copy(void)
{
	return ran(exec_loader_copy);
}

static int exec_fd(void)
{
	return fexecve(open(TOOL, O_RDONLY | O_CLOEXEC), arguments, nothing);
}

static int by_fexecve(void)
{
	return ran(exec_fd);
}

static int exec_at(void)
{
	int fd = open(TOOL, O_PATH | O_CLOEXEC);

	return (int)syscall(SYS_execveat, fd, "", arguments, nothing, AT_EMPTY_PATH);
}

static int by_execveat(void)
{
	return ran(exec_at);
}

static int exec_proc_fd(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", open(TOOL, O_PATH | O_CLOEXEC));
	return execve(path, arguments, nothing);
}

static int by_proc_fd(void)
{
	return ran(exec_proc_fd);
}

static int received_fd;

static int exec_received(void)
{
	return (int)syscall(SYS_execveat, received_fd, "", arguments, nothing, AT_EMPTY_PATH);
}

static int by_received(void)
{
	received_fd = helper_fd('p', at(TOOL));
	return received_fd < 0 ? -1 : ran(exec_received);
}

static int fd_copy(int fd)
{
	int in = open(TOOL, O_RDONLY | O_CLOEXEC);
	char block[65536];
	ssize_t n;

	while ((n = read(in, block, sizeof(block))) > 0)
		if (write(fd, block, (size_t)n) != n)
			return -1;
	close(in);
	return fd;
}

static int exec_memfd(void)
{
	int fd = fd_copy(memfd_create("tool", MFD_CLOEXEC));

	return (int)syscall(SYS_execveat, fd, "", arguments, nothing, AT_EMPTY_PATH);
}

static int by_memfd(void)
{
	return ran(exec_memfd);
}

static int by_copy(void)
{
	return copy_file(TOOL, "out/copy") < 0 ? -1 : run_path("out/copy");
}

static int tmpfile_copy(void)
{
	int fd = open("out", O_TMPFILE | O_RDWR | O_CLOEXEC, 0755);
	char path[64];

	if (fd_copy(fd) < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, path, AT_FDCWD, "out/linked", AT_SYMLINK_FOLLOW) < 0)
		return -1;
	close(fd);
	return run_path("out/linked");
}

static int exec_tmpfile(void)
{
	int fd = fd_copy(open("out", O_TMPFILE | O_RDWR, 0755)), again;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_CLOEXEC);
	close(fd);
	return (int)syscall(SYS_execveat, again, "", arguments, nothing, AT_EMPTY_PATH);
}

static int by_tmpfile(void)
{
	return ran(exec_tmpfile);
}

/* Removed while it is held open: it has no name any more, and is what it was. */
static int exec_deleted(void)
{
	int fd = open("out/copy", O_RDONLY | O_CLOEXEC);

	unlink("out/copy");
	return (int)syscall(SYS_execveat, fd, "", arguments, nothing, AT_EMPTY_PATH);
}

static int by_deleted_copy(void)
{
	return copy_file(TOOL, "out/copy") < 0 ? -1 : ran(exec_deleted);
}

static int script_to(const char *script, const char *interpreter)
{
	char line[4096];

	/* The kernel reads 255 bytes of it. */
	snprintf(line, sizeof(line), "#!%s\n", interpreter);
	return write_file(script, line, 0755);
}

static int by_script(void)
{
	return script_to("out/script", at(TOOL)) < 0 ? -1 : run_path("out/script");
}

static int by_nested_script(void)
{
	if (script_to("out/inner", at(TOOL)) < 0 || script_to("out/outer", at("out/inner")) < 0)
		return -1;
	return run_path("out/outer");
}

/* The script itself may be what is not to be run. */
static int script_made(void)
{
	return script_to(TOOL, "/bin/true");
}

static int by_being_script(void)
{
	return run_path(TOOL);
}

#define REGISTER "/proc/sys/fs/binfmt_misc/register"

static int binfmt_made(void)
{
	char line[4096];

	if (access(REGISTER, F_OK) < 0)
		mount("binfmt_misc", "/proc/sys/fs/binfmt_misc", "binfmt_misc", 0, NULL);
	snprintf(line, sizeof(line), ":attack%d:E::attack%d::%s:", getpid(), getpid(), at(TOOL));
	if (write_file(REGISTER, line, 0) < 0)
		return 0; /* said when it is tried */
	snprintf(line, sizeof(line), "out/x.attack%d", getpid());
	return write_file("out/name", line, 0644) < 0 ? -1 : write_file(line, "x", 0755);
}

static int by_binfmt(void)
{
	char file[64] = "";
	int fd = open("out/name", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, file, sizeof(file) - 1) <= 0)
		return lacks("binfmt_misc");
	return run_path(file);
}

static int link_made(void)
{
	return link(TOOL, "out/hard");
}

static int link_run(void)
{
	return run_path("out/hard");
}

static int link_new(void)
{
	return link(TOOL, "out/hard") < 0 ? -1 : run_path("out/hard");
}

static int by_rename(void)
{
	return rename(TOOL, "out/moved") < 0 ? -1 : run_path("out/moved");
}

static int other_made(void)
{
	return write_file("out/other", "nothing\n", 0755);
}

static int by_exchange(void)
{
	if (syscall(SYS_renameat2, AT_FDCWD, "out/other", AT_FDCWD, TOOL, 2) < 0)
		return -1;
	return run_path("out/other");
}

static int by_rename_dir(void)
{
	return rename("vault", "moved") < 0 ? -1 : run_path("moved/tool");
}

static int by_bind(void)
{
	if (own_mounts() < 0 || mount(TOOL, "out/other", NULL, MS_BIND, NULL) < 0)
		return -1;
	return run_path("out/other");
}

/* Over a program that may be executed, where there is one. */
static int by_bind_over(void)
{
	if (own_mounts() < 0 || mount(TOOL, "/usr/bin/false", NULL, MS_BIND, NULL) < 0)
		return -1;
	return run_path("/usr/bin/false");
}

static int by_chroot(void)
{
	if (chroot("vault") < 0 || chdir("/") < 0)
		return -1;
	/* There is no loader: what a policy lets through ends with ENOENT. */
	if (run_path("/tool") < 0 && errno != ENOENT)
		return -1;
	return 0;
}

/* Mapped to execute, as a loader of one's own would. */
static int map_tool(int protection)
{
	int fd = open(TOOL, O_RDONLY | O_CLOEXEC);
	void *text = fd < 0 ? MAP_FAILED : mmap(NULL, PAGE, protection, MAP_PRIVATE, fd, 0);

	return text == MAP_FAILED ? -1 : 0;
}

static int by_mmap(void)
{
	return map_tool(PROT_READ | PROT_EXEC);
}

static int by_personality(void)
{
	if (personality(READ_IMPLIES_EXEC) < 0)
		return -1;
	return map_tool(PROT_READ);
}

static int by_mprotect(void)
{
	int fd = open(TOOL, O_RDONLY | O_CLOEXEC);
	void *text = fd < 0 ? MAP_FAILED : mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

	return text == MAP_FAILED ? -1 : mprotect(text, PAGE, PROT_READ | PROT_EXEC);
}

static int by_pkey(void)
{
	int fd = open(TOOL, O_RDONLY | O_CLOEXEC);
	void *text = fd < 0 ? MAP_FAILED : mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

	if (text == MAP_FAILED)
		return -1;
	return (int)syscall(SYS_pkey_mprotect, text, PAGE, PROT_READ | PROT_EXEC, -1);
}

static const struct attack attacks[] = {
	{ "plain", plain },
	{ "absolute", absolute },
	{ "symlink", by_symlink },
	{ "proc-root", by_proc_root },
	{ "loader", by_loader },
	/* A copy of the loader is no program that an allow-list has. */
	{ "loader-copy", by_loader_copy, loader_copied },
	{ "fexecve", by_fexecve },
	{ "execveat", by_execveat },
	{ "proc-fd", by_proc_fd },
	{ "received", by_received },
	{ "memfd-copy", by_memfd, NULL, AS_A_COPY },
	{ "copy", by_copy, NULL, AS_A_COPY },
	{ "tmpfile-linked", tmpfile_copy, NULL, AS_A_COPY },
	{ "tmpfile", by_tmpfile, NULL, AS_A_COPY },
	{ "deleted-copy", by_deleted_copy, NULL, AS_A_COPY },
	{ "script", by_script },
	{ "nested-script", by_nested_script },
	{ "being-script", by_being_script, script_made },
	{ "binfmt", by_binfmt, binfmt_made },
	/* Only an exactly named program is protected under the names that it had before. */
	{ "link-before", link_run, link_made, RULE_PATTERN | RULE_DIR },
	/* A directory's rule is about what lies in it, as a copy of it shows. */
	{ "link-new", link_new, NULL, RULE_DIR },
	{ "rename", by_rename, NULL, RULE_DIR },
	{ "exchange", by_exchange, other_made, RULE_DIR },
	{ "rename-dir", by_rename_dir },
	{ "bind", by_bind, other_made },
	{ "bind-over", by_bind_over },
	{ "chroot", by_chroot },
	/* Mapping is not executing where the directory or the list is what says no: libraries. */
	{ "mmap", by_mmap, NULL, RULE_DIR | RULE_ALLOW },
	{ "personality", by_personality, NULL, RULE_DIR | RULE_ALLOW },
	{ "mprotect", by_mprotect, NULL, RULE_DIR | RULE_ALLOW },
	{ "pkey-mprotect", by_pkey, NULL, RULE_DIR | RULE_ALLOW },
	{ NULL },
};

const struct group group_programs = { "programs", attacks, prepare_tool };
