/* SPDX-License-Identifier: Apache-2.0 */
/* Leaving the workload: the same forbidden read, by a task that became another, or elsewhere. */
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attack.h"

#define FORKS 300 /* of each generation; KARMOR_LONG: a hundred times as many */
#define CGROUP "/sys/fs/cgroup/karmor-attack"

static int plain(void)
{
	return read_path("vault/secret");
}

static int forked(void)
{
	return in_child(plain);
}

static int forked_twice(void)
{
	return in_child(forked);
}

/* The middle one goes first, so that the last belongs to somebody else. */
static int orphaned(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (setsid() < 0)
			share_end(-1);
		if (fork() == 0) {
			while (getppid() != 1)
				usleep(1000);
			share_end(plain());
		}
		_exit(0);
	}
	return shared_result(pid);
}

static int vforked(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		share_end(plain());
	return shared_result(pid);
}

static pid_t cloned(unsigned long long flags, int cgroup)
{
	struct clone_args args = { .flags = flags, .cgroup = (unsigned long long)cgroup };

	if (!(flags & CLONE_PARENT))
		args.exit_signal = SIGCHLD;
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static int clone_with(unsigned long long flags)
{
	pid_t pid = cloned(flags, 0);

	if (pid == 0)
		share_end(plain());
	return shared_result(pid);
}

static int clone_parent(void)
{
	return clone_with(CLONE_PARENT);
}

static int clone_user(void)
{
	return clone_with(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID);
}

static int clone_untraced(void)
{
	return clone_with(CLONE_UNTRACED | CLONE_FS);
}

static int cgroup_make(void)
{
	return mkdir(CGROUP, 0755) < 0 && errno != EEXIST ? -1 : 0;
}

static int clone_into_cgroup(void)
{
	int cgroup = cgroup_make() < 0 ? -1 : open(CGROUP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pid_t pid = cgroup < 0 ? -1 : cloned(CLONE_INTO_CGROUP, cgroup);

	if (pid == 0)
		share_end(plain());
	return shared_result(pid);
}

static int cgroup_changed(void)
{
	if (cgroup_make() < 0 || write_file(CGROUP "/cgroup.procs", "0", 0) < 0)
		return -1;
	return plain();
}

static int in_namespace(int flag)
{
	if (unshare(flag) < 0)
		return -1;
	return flag & CLONE_NEWPID ? in_child(plain) : plain();
}

static int unshare_mount(void)
{
	return in_namespace(CLONE_NEWNS);
}

static int unshare_user(void)
{
	return in_namespace(CLONE_NEWUSER);
}

static int unshare_pid(void)
{
	return in_namespace(CLONE_NEWPID);
}

static int unshare_all(void)
{
	return in_namespace(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWCGROUP |
			    CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS);
}

/* The namespaces of a child of ours, which has its own. */
static int setns_child(void)
{
	int go[2], fd;
	char place[4096], path[64];
	pid_t pid;

	snprintf(place, sizeof(place), "%s", at("vault/secret"));

	if (pipe(go) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWNS | CLONE_NEWPID) < 0 || write(go[1], "x", 1) < 0)
			_exit(1);
		pause();
	}
	if (read(go[0], path, 1) != 1)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNS) < 0)
		return -1;
	return read_path(place);
}

/* Those of a task outside: it is not for a workload to see the world as others do. */
static int setns_outside(void)
{
	char place[4096], path[64];
	int fd;

	snprintf(place, sizeof(place), "%s", at("vault/secret"));
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", helper_pid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNS) < 0)
		return -1;
	return read_path(place);
}

static int setns_pidfd(void)
{
	char place[4096];
	int fd = (int)syscall(SYS_pidfd_open, helper_pid(), 0);

	snprintf(place, sizeof(place), "%s", at("vault/secret"));
	if (fd < 0 || setns(fd, CLONE_NEWNS | CLONE_NEWPID) < 0)
		return -1;
	return read_path(place);
}

static int root_outside(void)
{
	char path[4096];

	snprintf(path, sizeof(path), "/proc/%d/root%s", helper_pid(), at("vault/secret"));
	return read_path(path);
}

static int cwd_outside(void)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/cwd/.", helper_pid());
	return stat(path, &st);
}

static void *threaded(void *unused)
{
	share_end(plain());
	return unused;
}

static int thread(void)
{
	pthread_t id;

	errno = pthread_create(&id, NULL, threaded, NULL);
	if (errno)
		return -1;
	pthread_join(id, NULL);
	return fail(ECHILD);
}

static void *thread_again(void *unused)
{
	pthread_t id;

	if (pthread_create(&id, NULL, threaded, NULL) == 0)
		pthread_join(id, NULL);
	return unused;
}

static int thread_of_thread(void)
{
	pthread_t id;

	errno = pthread_create(&id, NULL, thread_again, NULL);
	if (errno)
		return -1;
	pthread_join(id, NULL);
	return fail(ECHILD);
}

static int executed(void)
{
	dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
	execl(self, "attack", "cat", "vault/secret", NULL);
	return -1;
}

static int status_of(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : fail(EACCES);
}

static int exec_forked(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(executed() < 0);
	return status_of(pid);
}

static int exec_vforked(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		executed();
		_exit(1);
	}
	return status_of(pid);
}

static void *thread_execs(void *unused)
{
	executed();
	return unused;
}

/* The thread that calls exec becomes the process, under the leader's number. */
static int exec_threaded(void)
{
	pid_t pid = fork();
	pthread_t id;

	if (pid == 0) {
		pthread_create(&id, NULL, thread_execs, NULL);
		pause();
	}
	return status_of(pid);
}

static int as_nobody(void)
{
	return setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0 ? -1
											: plain();
}

static int no_new_privileges(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -1 : exec_forked();
}

/* Every child tries with its first instruction; one that succeeds is enough. */
static int fork_storm(void)
{
	int forks = getenv("KARMOR_LONG") ? FORKS * 100 : FORKS, past = 0, status;

	for (int i = 0; i < forks; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(plain() < 0);
		if (pid > 0 && i % 20 != 19)
			continue;
		while (waitpid(-1, &status, 0) > 0)
			past += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	}
	while (waitpid(-1, &status, 0) > 0)
		past += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	return past ? 0 : fail(EACCES);
}

static const struct attack attacks[] = {
	{ "fork", forked },
	{ "double-fork", forked_twice },
	{ "orphan", orphaned },
	{ "vfork", vforked },
	{ "clone-parent", clone_parent },
	{ "clone-user", clone_user },
	{ "clone-untraced", clone_untraced },
	{ "clone-into-cgroup", clone_into_cgroup },
	{ "cgroup", cgroup_changed },
	{ "unshare-mount", unshare_mount },
	{ "unshare-user", unshare_user },
	{ "unshare-pid", unshare_pid },
	{ "unshare-all", unshare_all },
	{ "setns-child", setns_child },
	{ "setns-outside", setns_outside },
	{ "setns-pidfd", setns_pidfd },
	{ "root-outside", root_outside },
	{ "cwd-outside", cwd_outside },
	{ "thread", thread },
	{ "thread-of-thread", thread_of_thread },
	{ "exec", exec_forked },
	{ "exec-vfork", exec_vforked },
	{ "exec-thread", exec_threaded },
	{ "nobody", as_nobody },
	{ "no-new-privileges", no_new_privileges },
	{ "fork-storm", fork_storm },
	{ NULL },
};

const struct group group_tasks = { "tasks", attacks, prepare_secret };
