/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For each capability something that the kernel asks exactly that capability for, and that changes
 * nothing that lasts. No other is effective meanwhile, so that none stands in for one that was
 * denied; and no file has a name, so that no file rule is in the way (but for a device node's).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "table-act.h"

#define LOG_SIZE_UNREAD 9
#define SOL_NETLINK_LEVEL 270
#define ENOTSUPP 524

/* 0 where the call passed, or failed only after the capability was had. */
static int passed(long result, int late)
{
	return result >= 0 || (late && errno == late) ? 0 : errno;
}

/* A file without a name, of this user. */
static int file_new(void)
{
	return memfd_create("table", 0);
}

/* A pipe that its owner may not use. */
static int pipe_locked(void)
{
	int fds[2];

	return pipe(fds) < 0 || fchmod(fds[0], 0) < 0 ? -1 : fds[0];
}

static int do_chown(void)
{
	int fds[2];

	return passed(pipe(fds) < 0 ? -1 : fchown(fds[0], 1, (gid_t)-1), 0);
}

static int do_access(int mode)
{
	int fd = pipe_locked();

	return passed(syscall(SYS_faccessat2, fd, "", mode, AT_EACCESS | AT_EMPTY_PATH), 0);
}

static int do_dac_override(void)
{
	return do_access(W_OK);
}

static int do_dac_read_search(void)
{
	return do_access(R_OK);
}

static int do_fowner(void)
{
	return passed(fchmod(ACT_FD_OTHERS, 0), 0);
}

/* Without it the bit is silently left out. */
static int do_fsetid(void)
{
	struct stat st;

	if (fchmod(ACT_FD_GROUP, S_ISGID | 0755) < 0 || fstat(ACT_FD_GROUP, &st) < 0)
		return errno;
	return st.st_mode & S_ISGID ? 0 : EPERM;
}

static pid_t other;

static int do_kill(void)
{
	return passed(kill(other, 0), 0);
}

static int do_setgid(void)
{
	return passed(syscall(SYS_setgid, 1), 0);
}

static int do_setuid(void)
{
	return passed(syscall(SYS_setuid, 1), 0);
}

static int do_setpcap(void)
{
	return passed(prctl(PR_CAPBSET_DROP, CAP_MAC_OVERRIDE), 0);
}

static int do_linux_immutable(void)
{
	int flags = FS_IMMUTABLE_FL;

	return passed(ioctl(file_new(), FS_IOC_SETFLAGS, &flags), 0);
}

/* Policies may forbid some kinds of sockets, but a port below 1024 is one to all. */
static int do_net_bind_service(void)
{
	static const struct {
		int family, type;
	} sockets[] = { { AF_INET, SOCK_DGRAM },
			{ AF_INET, SOCK_STREAM },
			{ AF_INET6, SOCK_DGRAM },
			{ AF_INET6, SOCK_STREAM } };
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(1) };
	struct sockaddr_in6 at6 = { .sin6_family = AF_INET6, .sin6_port = htons(1) };

	for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++) {
		int fd = socket(sockets[i].family, sockets[i].type, 0);

		if (fd < 0)
			continue;
		return sockets[i].family == AF_INET
			       ? passed(bind(fd, (void *)&at, sizeof(at)), EADDRINUSE)
			       : passed(bind(fd, (void *)&at6, sizeof(at6)), EADDRINUSE);
	}
	return ACT_HINDERED;
}

static int do_net_broadcast(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), on = 1;

	return passed(setsockopt(fd, SOL_NETLINK_LEVEL, NETLINK_LISTEN_ALL_NSID, &on, sizeof(on)),
		      0);
}

static int do_net_admin(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0), size = 4096;

	return passed(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)), 0);
}

/* A socket that is bound to a device may be bound to another only with it. */
static int do_net_raw(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2) < 0)
		return ENODEV;
	return passed(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2), 0);
}

static int do_ipc_lock(void)
{
	struct rlimit none = { 0 };
	static char page[1];

	if (setrlimit(RLIMIT_MEMLOCK, &none) < 0)
		return errno;
	return passed(mlock(page, sizeof(page)), 0);
}

static int do_ipc_owner(void)
{
	int id = semget(IPC_PRIVATE, 1, 0), error;

	error = passed(semctl(id, 0, GETVAL), 0);
	semctl(id, 0, IPC_RMID);
	return error;
}

static int do_sys_module(void)
{
	return passed(syscall(SYS_delete_module, "karmor_table", O_NONBLOCK), ENOENT);
}

static int do_sys_rawio(void)
{
	int block = 0;

	return passed(ioctl(file_new(), FIBMAP, &block), EINVAL);
}

static int do_sys_chroot(void)
{
	return passed(chroot("/"), 0);
}

/* A child of this task that nobody may look at without the capability. */
static pid_t start_hidden(void)
{
	int fds[2];
	pid_t pid;
	char byte;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_DUMPABLE, 0);
		close(fds[1]);
		pause();
		_exit(0);
	}
	close(fds[1]);
	/* Ends when the child has hidden itself. */
	(void)!read(fds[0], &byte, 1);
	close(fds[0]);
	return pid;
}

/* Nobody looks at a task outside, whatever it has: this one is of the same workload. */
static int do_sys_ptrace(void)
{
	pid_t hidden = start_hidden();
	void *head;
	size_t len;
	int r;

	if (hidden < 0)
		return errno;
	r = passed(syscall(SYS_get_robust_list, hidden, &head, &len), 0);
	kill(hidden, SIGKILL);
	waitpid(hidden, NULL, 0);
	return r;
}

static int do_sys_pacct(void)
{
	return passed(acct(NULL), 0);
}

static int do_sys_admin(void)
{
	return passed(unshare(CLONE_NEWUTS), 0);
}

static int do_sys_boot(void)
{
	return passed(syscall(SYS_reboot, 0, 0, 0, NULL), EINVAL);
}

static int do_sys_nice(void)
{
	return passed(setpriority(PRIO_PROCESS, 0, -1), 0);
}

static int do_sys_resource(void)
{
	struct rlimit low = { 64, 64 }, high = { 65, 65 };

	if (setrlimit(RLIMIT_NOFILE, &low) < 0)
		return errno;
	return passed(setrlimit(RLIMIT_NOFILE, &high), 0);
}

static int do_sys_time(void)
{
	struct timex clock = { .modes = 0 };

	if (adjtimex(&clock) < 0)
		return errno;
	clock.modes = ADJ_MAXERROR;
	return passed(adjtimex(&clock), 0);
}

static int do_sys_tty_config(void)
{
	setsid();
	return passed(vhangup(), 0);
}

static int do_mknod(void)
{
	int error = passed(mknod(ACT_NODE, S_IFCHR | 0600, makedev(1, 3)), 0);

	unlink(ACT_NODE);
	return error == EACCES ? ACT_HINDERED : error;
}

/* The file is open for writing too, which is asked after. */
static int do_lease(void)
{
	return passed(fcntl(ACT_FD_OTHERS, F_SETLEASE, F_RDLCK), EAGAIN);
}

static int audit_listen(void)
{
	return socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);
}

/* Sends a message without a body and returns what came of it. */
static int audit_ask(uint16_t type)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[512];
	} answer;
	struct nlmsghdr message = { .nlmsg_len = NLMSG_HDRLEN,
				    .nlmsg_type = type,
				    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK };
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int fd = audit_listen();

	if (sendto(fd, &message, message.nlmsg_len, 0, (void *)&kernel, sizeof(kernel)) < 0 ||
	    recv(fd, &answer, sizeof(answer), 0) < 0)
		return errno;
	return answer.header.nlmsg_type == NLMSG_ERROR ? -answer.error.error : 0;
}

static int do_audit_write(void)
{
	return audit_ask(AUDIT_FIRST_USER_MSG);
}

static int do_audit_control(void)
{
	return audit_ask(AUDIT_GET);
}

static int do_audit_read(void)
{
	struct sockaddr_nl at = { .nl_family = AF_NETLINK, .nl_groups = AUDIT_NLGRP_READLOG };

	return passed(bind(audit_listen(), (void *)&at, sizeof(at)), 0);
}

static int do_setfcap(void)
{
	struct vfs_cap_data caps = { .magic_etc = VFS_CAP_REVISION_2 };

	return passed(fsetxattr(file_new(), "security.capability", &caps, XATTR_CAPS_SZ_2, 0), 0);
}

static int do_syslog(void)
{
	return passed(klogctl(LOG_SIZE_UNREAD, NULL, 0), 0);
}

static int do_wake_alarm(void)
{
	return passed(timerfd_create(CLOCK_REALTIME_ALARM, 0), 0);
}

/* Without it the flag is left out, and nothing tells. */
static int do_block_suspend(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLWAKEUP };
	int fds[2], poll = epoll_create1(0);

	if (pipe(fds) < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, fds[0], &event) < 0)
		return errno;
	return ACT_SILENT;
}

static int do_perfmon(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_CPU_CLOCK };

	return passed(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0), 0);
}

/*
 * bpf() is closed to workloads, and asks too late; but once the kernel's compiled programs have
 * used up their memory, which our caller sees to, one more needs it, or is interpreted.
 */
static int do_bpf(void)
{
	struct sock_filter pass = { .code = BPF_RET | BPF_K, .k = 1 };
	struct sock_fprog program = { 1, &pass };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		return errno == ENOTSUPP ? EPERM : errno;
	return ACT_SILENT;
}

/* The process number is taken, which is asked after. */
static int do_checkpoint_restore(void)
{
	pid_t number = 1;
	struct clone_args args = { .exit_signal = SIGCHLD,
				   .set_tid = (uintptr_t)&number,
				   .set_tid_size = 1 };

	return passed(syscall(SYS_clone3, &args, sizeof(args)), EEXIST);
}

/* What nothing here asks for: the two of security modules that have a use for them. */
static int (*const acts[])(void) = {
	[CAP_CHOWN] = do_chown,
	[CAP_DAC_OVERRIDE] = do_dac_override,
	[CAP_DAC_READ_SEARCH] = do_dac_read_search,
	[CAP_FOWNER] = do_fowner,
	[CAP_FSETID] = do_fsetid,
	[CAP_KILL] = do_kill,
	[CAP_SETGID] = do_setgid,
	[CAP_SETUID] = do_setuid,
	[CAP_SETPCAP] = do_setpcap,
	[CAP_LINUX_IMMUTABLE] = do_linux_immutable,
	[CAP_NET_BIND_SERVICE] = do_net_bind_service,
	[CAP_NET_BROADCAST] = do_net_broadcast,
	[CAP_NET_ADMIN] = do_net_admin,
	[CAP_NET_RAW] = do_net_raw,
	[CAP_IPC_LOCK] = do_ipc_lock,
	[CAP_IPC_OWNER] = do_ipc_owner,
	[CAP_SYS_MODULE] = do_sys_module,
	[CAP_SYS_RAWIO] = do_sys_rawio,
	[CAP_SYS_CHROOT] = do_sys_chroot,
	[CAP_SYS_PTRACE] = do_sys_ptrace,
	[CAP_SYS_PACCT] = do_sys_pacct,
	[CAP_SYS_ADMIN] = do_sys_admin,
	[CAP_SYS_BOOT] = do_sys_boot,
	[CAP_SYS_NICE] = do_sys_nice,
	[CAP_SYS_RESOURCE] = do_sys_resource,
	[CAP_SYS_TIME] = do_sys_time,
	[CAP_SYS_TTY_CONFIG] = do_sys_tty_config,
	[CAP_MKNOD] = do_mknod,
	[CAP_LEASE] = do_lease,
	[CAP_AUDIT_WRITE] = do_audit_write,
	[CAP_AUDIT_CONTROL] = do_audit_control,
	[CAP_SETFCAP] = do_setfcap,
	[CAP_MAC_OVERRIDE] = NULL,
	[CAP_MAC_ADMIN] = NULL,
	[CAP_SYSLOG] = do_syslog,
	[CAP_WAKE_ALARM] = do_wake_alarm,
	[CAP_BLOCK_SUSPEND] = do_block_suspend,
	[CAP_AUDIT_READ] = do_audit_read,
	[CAP_PERFMON] = do_perfmon,
	[CAP_BPF] = do_bpf,
	[CAP_CHECKPOINT_RESTORE] = do_checkpoint_restore,
};

/* Leaves the one capability effective. */
static bool keep_only(unsigned capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2] = { 0 };

	if (syscall(SYS_capget, &header, sets) < 0)
		return false;
	sets[0].effective = sets[1].effective = 0;
	sets[capability / 32].effective = 1u << capability % 32;
	return syscall(SYS_capset, &header, sets) == 0;
}

int act_capability(const struct act_request *request)
{
	unsigned capability = (unsigned)request->numbers[0];

	if (capability >= sizeof(acts) / sizeof(acts[0]) || !acts[capability])
		return ENOSYS;
	other = request->numbers[1];
	return keep_only(capability) ? acts[capability]() : errno;
}
