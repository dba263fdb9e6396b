/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Being bin/reader, the one program that may read vault/secret. A reader that is given "-" reads
 * its standard input, and so waits to be attacked.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attack.h"

#define READER "bin/reader"
#define PRELOAD "bin/preload.so"

static int prepare_reader(void)
{
	if (write_file("vault/secret", SECRET, 0644) < 0)
		return -1;
	return copy_file(self, READER);
}

static int plain(void)
{
	return read_path("vault/secret");
}

/* Starts @program on @file, with a pipe from it, and a pipe to it where @input is not NULL. */
static pid_t start(const char *program, const char *file, int *output, int *input)
{
	int out[2], in[2];
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(in, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		dup2(in[0], STDIN_FILENO);
		execl(program, "reader", "cat", file, NULL);
		_exit(3);
	}
	close(out[1]);
	close(in[0]);
	*output = out[0];
	if (input)
		*input = in[1];
	else
		close(in[1]);
	return pid;
}

/* What @program says that is in the secret's file. */
static int told_by(const char *program)
{
	char text[sizeof(SECRET)] = "";
	int fd;
	pid_t pid = start(program, at("vault/secret"), &fd, NULL);
	ssize_t n = pid < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	waitpid(pid, NULL, 0);
	return n > 0 && strcmp(text, SECRET) == 0 ? 0 : fail(EACCES);
}

static int as_it_is(void)
{
	return told_by(READER);
}

static int by_copy(void)
{
	return copy_file(READER, "out/reader") < 0 ? -1 : told_by("out/reader");
}

static int by_link(void)
{
	return link(READER, "out/reader") < 0 ? -1 : told_by("out/reader");
}

static int by_name(void)
{
	/* What a process calls itself, and what is told of it in /proc. */
	if (prctl(PR_SET_NAME, "reader", 0, 0, 0) < 0)
		return -1;
	return plain();
}

static int by_symlink_other(void)
{
	return symlink(self, "out/reader") < 0 ? -1 : told_by("out/reader");
}

/* Takes the mapped file of this program away, so that another may be named for it. */
static int unmap_self(void)
{
	char line[512], file[256];
	unsigned long from, to;
	FILE *maps = fopen("/proc/self/maps", "re");

	while (maps && fgets(line, sizeof(line), maps)) {
		void *aside;

		if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %255s", &from, &to, file) != 3 ||
		    strcmp(file, self) != 0)
			continue;
		aside = mmap(NULL, to - from, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1, 0);
		if (aside == MAP_FAILED)
			return -1;
		memcpy(aside, (void *)from, to - from);
		if (mprotect(aside, to - from, PROT_READ | PROT_WRITE | PROT_EXEC) < 0 ||
		    mremap(aside, to - from, to - from, MREMAP_MAYMOVE | MREMAP_FIXED,
			   (void *)from) == MAP_FAILED)
			return -1;
	}
	return maps ? fclose(maps) : -1;
}

static int by_exe_file(void)
{
	char exe[4096] = "";
	int fd = open(READER, O_RDONLY | O_CLOEXEC);

	if (unmap_self() < 0 || prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, fd, 0, 0) < 0)
		return -1;
	/* It is the reader now, for whoever looks. */
	if (readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0 || !strstr(exe, READER))
		return fail(EBADMSG);
	return plain();
}

static int as_waiting_reader(int (*act)(pid_t pid))
{
	int fd, input, r;
	char exe[4096] = "", path[64];
	pid_t pid = start(READER, "-", &fd, &input);

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	for (int i = 0; i < 500 && !strstr(exe, READER); i++) {
		usleep(10000);
		if (readlink(path, exe, sizeof(exe) - 1) < 0)
			return -1;
	}
	r = act(pid);
	kill(pid, SIGKILL);
	return r;
}

static int attach(pid_t pid)
{
	return ptrace(PTRACE_ATTACH, pid, NULL, NULL) < 0 ? -1 : 0;
}

static int seize(pid_t pid)
{
	return ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0 ? -1 : 0;
}

/* Any page that can be written, out of the maps that everybody may read of his own workload. */
static unsigned long page_of(pid_t pid)
{
	char path[64], line[512], rights[8];
	unsigned long from = 0, found = 0;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%*x %7s", &from, rights) == 2 && rights[1] == 'w')
			found = from;
	if (maps)
		fclose(maps);
	return found;
}

static int vm_write(pid_t pid)
{
	char word[8] = "attack";
	struct iovec ours = { word, sizeof(word) }, theirs = { (void *)page_of(pid), 8 };

	return process_vm_writev(pid, &ours, 1, &theirs, 1, 0) < 0 ? -1 : 0;
}

static int vm_read(pid_t pid)
{
	char word[8];
	struct iovec ours = { word, sizeof(word) }, theirs = { (void *)page_of(pid), 8 };

	return process_vm_readv(pid, &ours, 1, &theirs, 1, 0) < 0 ? -1 : 0;
}

static int memory(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -1;
	return pwrite(fd, "attack", 6, (off_t)page_of(pid)) < 0 ? -1 : 0;
}

static int getfd(pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	return syscall(SYS_pidfd_getfd, pidfd, 0, 0) < 0 ? -1 : 0;
}

static int by_attach(void)
{
	return as_waiting_reader(attach);
}

static int by_seize(void)
{
	return as_waiting_reader(seize);
}

static int by_vm_write(void)
{
	return as_waiting_reader(vm_write);
}

static int by_vm_read(void)
{
	return as_waiting_reader(vm_read);
}

static int by_memory(void)
{
	return as_waiting_reader(memory);
}

static int by_getfd(void)
{
	return as_waiting_reader(getfd);
}

/* A child that its parent traces becomes the reader. */
static int by_traced_exec(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execl(READER, "reader", "cat", "vault/secret", NULL);
		_exit(3);
	}
	waitpid(pid, &status, 0);
	kill(pid, SIGKILL);
	return WIFSTOPPED(status) ? 0 : fail(EACCES);
}

/* The secret, by the way that the reader would take. */
static int by_proc_root(void)
{
	char path[64];
	int fd, input;
	pid_t pid = start(READER, "-", &fd, &input);

	snprintf(path, sizeof(path), "/proc/%d/root%s", pid, at("vault/secret"));
	return read_path(path);
}

static int exec_memfd(void)
{
	int in = open(READER, O_RDONLY | O_CLOEXEC), fd = memfd_create("reader", 0);
	char path[64];
	struct stat st;

	if (fstat(in, &st) < 0 || copy_file_range(in, NULL, fd, NULL, (size_t)st.st_size, 0) < 0) {
		char block[65536];
		ssize_t n;

		while ((n = read(in, block, sizeof(block))) > 0)
			if (write(fd, block, (size_t)n) != n)
				return -1;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return told_by(path);
}

static int over_made(void)
{
	return copy_file(self, "out/attacker");
}

static int by_bind(void)
{
	if (own_mounts() < 0 || mount("out/attacker", READER, NULL, MS_BIND, NULL) < 0)
		return -1;
	return told_by(READER);
}

static int by_cover(void)
{
	if (own_mounts() < 0 || mount("none", "bin", "tmpfs", 0, NULL) < 0 ||
	    copy_file("out/attacker", READER) < 0)
		return -1;
	return told_by(READER);
}

static int by_rename_dir(void)
{
	if (rename("bin", "bin-moved") < 0 || mkdir("bin", 0755) < 0 ||
	    copy_file("out/attacker", READER) < 0)
		return -1;
	return told_by(READER);
}

/* A file that nothing forbids to write is whatever its writer makes of it: protect it by a rule. */
static int by_replace(void)
{
	if (unlink(READER) < 0 || copy_file("out/attacker", READER) < 0)
		return -1;
	return told_by(READER);
}

static int cat_made(void)
{
	char library[4096];

	snprintf(library, sizeof(library), "%s", self);
	snprintf(strrchr(library, '/'), 64, "/attack-preload.so");
	if (copy_file(library, PRELOAD) < 0)
		return -1;
	return unlink(READER) < 0 ? -1 : copy_file("/bin/true", READER);
}

/* @loader, or NULL, runs @program with the library, which prints the secret where it can. */
static int with_preload(const char *loader, const char *program)
{
	char text[sizeof(SECRET)] = "";
	int out[2];
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		setenv("LD_PRELOAD", at(PRELOAD), 1);
		setenv("ATTACK_READ", at("vault/secret"), 1);
		execl(loader ? loader : program, "reader", loader ? program : NULL, NULL);
		_exit(3);
	}
	close(out[1]);
	waitpid(pid, NULL, 0);
	if (read(out[0], text, sizeof(text) - 1) <= 0 || strcmp(text, SECRET) != 0)
		return fail(EACCES);
	return 0;
}

/* What a program loads is the program: the manual says so. */
static int by_preload(void)
{
	return with_preload(NULL, READER);
}

/* The same into a program that is none of the sources. */
static int by_preload_other(void)
{
	return with_preload(NULL, "/bin/true");
}

/* The loader is what runs, and no source. */
static int by_loader(void)
{
	return with_preload("/lib64/ld-linux-x86-64.so.2", at(READER));
}

static const struct attack attacks[] = {
	{ "plain", plain },
	{ "as-it-is", as_it_is, NULL, RULE_ANY },
	{ "copy", by_copy },
	{ "link", by_link },
	{ "name", by_name },
	{ "symlink-other", by_symlink_other },
	{ "exe-file", by_exe_file },
	{ "attach", by_attach },
	{ "seize", by_seize },
	{ "vm-write", by_vm_write },
	{ "vm-read", by_vm_read },
	{ "memory", by_memory },
	{ "getfd", by_getfd },
	{ "traced-exec", by_traced_exec },
	{ "proc-root", by_proc_root },
	{ "memfd-copy", exec_memfd },
	{ "bind-over", by_bind, over_made },
	{ "cover", by_cover, over_made },
	{ "rename-dir", by_rename_dir, over_made },
	{ "replace", by_replace, over_made, RULE_ANY },
	{ "preload", by_preload, cat_made, RULE_ANY },
	{ "preload-other", by_preload_other, cat_made },
	{ "loader", by_loader, cat_made },
	{ NULL },
};

const struct group group_sources = { "sources", attacks, prepare_reader };
