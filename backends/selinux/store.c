/* SPDX-License-Identifier: Apache-2.0 */
/* See store.h. */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <selinux/selinux.h>
#include <semanage/semanage.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "guard.h"
#include "state.h"

#define PRIORITY 400
#define PRIORITY_TEXT "400"
#define STORE "/var/lib/selinux"
#define TIME_MAX_S                                                                                 \
	900 /* a whole policy is made anew; it takes ten seconds, and emulated a minute */
#define MESSAGE_MAX 300
/* How the child ends. */
#define FAILED 1
#define NOT_BEGUN 2
#define LOCK 3 /* in the child */

/* What is to be done: install a text, or remove the module. */
struct change {
	char *text;
	size_t len;
	int messages, lock;
};

/* What is wrong goes to a file, so that the child needs nobody who reads. */
__attribute__((format(printf, 3, 4))) static void
message_take(void *data, semanage_handle_t *handle, const char *format, ...)
{
	const struct change *change = data;
	va_list args;

	if (semanage_msg_get_level(handle) != SEMANAGE_MSG_ERR)
		return;
	va_start(args, format);
	vdprintf(change->messages, format, args);
	va_end(args);
	dprintf(change->messages, "\n");
}

static int transact(semanage_handle_t *handle, const struct change *change)
{
	char name[] = SELINUX_MODULE, language[] = "cil";

	semanage_msg_set_callback(handle, message_take, (void *)(uintptr_t)change);
	if (semanage_connect(handle) < 0 || semanage_set_default_priority(handle, PRIORITY) < 0 ||
	    semanage_begin_transaction(handle) < 0)
		return NOT_BEGUN;
	if (change->text
		    ? semanage_module_install(handle, change->text, change->len, name, language) < 0
		    : semanage_module_remove(handle, name) < 0)
		return FAILED;
	return semanage_commit(handle) < 0 ? FAILED : 0;
}

/*
 * The child; never returns. It goes on when its parent was killed, for half a transaction is none
 * that the store always recovers from; and has the engine's lock until then (state.c), but nothing
 * else of the parent's, whose own successor may wait for that. No signal of a terminal or of the
 * parent's process group ends it.
 */
static void run_child(struct change *change)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int messages = fcntl(change->messages, F_DUPFD, LOCK + 1);
	int lock = fcntl(change->lock, F_DUPFD, LOCK + 1);
	semanage_handle_t *handle;
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(messages, 2) < 0 ||
	    dup2(lock, LOCK) < 0 || fcntl(LOCK, F_SETFD, FD_CLOEXEC) < 0 ||
	    syscall(SYS_close_range, LOCK + 1, ~0U, 0) < 0)
		_exit(126);
	change->messages = 2;
	handle = semanage_handle_create();
	_exit(handle ? transact(handle, change) : NOT_BEGUN);
}

/* Its status, or that of a child that was killed for the time it took. */
static int child_wait(pid_t pid)
{
	_cleanup_close_ int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	int status = 0;

	if (fd < 0 || TEMP_FAILURE_RETRY(poll(&poll_fd, 1, TIME_MAX_S * 1000)) != 1)
		kill(pid, SIGKILL);
	return TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) < 0 ? -EIO : status;
}

/* The first line of what the library said. */
static void complain(const struct change *change, int status, struct karmor_diag *diag)
{
	char text[MESSAGE_MAX + 1] = "";
	_cleanup_buf_ struct buf line = { 0 };

	if (pread(change->messages, text, MESSAGE_MAX, 0) > 0)
		buf_escape(&line, text, strcspn(text, "\n"));
	if (WIFSIGNALED(status))
		diag_error(diag, NULL, NULL,
			   "selinux: the policy's store took more than %d seconds and was stopped",
			   TIME_MAX_S);
	else
		diag_error(diag, NULL, NULL, "selinux: the policy's store refuses the module: %s",
			   line.len ? line.data : "it gives no reason");
}

static int change_do(struct change *change, struct karmor_diag *diag)
{
	_cleanup_close_ int messages = memfd_create("karmor-messages", MFD_CLOEXEC);
	int status;
	pid_t pid;

	if (messages < 0)
		return -EIO;
	change->messages = messages;
	selinux_state_busy(true);
	pid = fork();
	if (pid == 0)
		run_child(change);
	status = pid < 0 ? -errno : child_wait(pid);
	selinux_state_busy(false);
	if (pid < 0)
		return status == -ENOMEM ? status : -EIO;
	if (status == 0)
		return 0;
	if (status > 0)
		complain(change, status, diag);
	if (status < 0 || !WIFEXITED(status))
		return -EIO;
	return WEXITSTATUS(status) == NOT_BEGUN ? -EAGAIN : -EINVAL;
}

int selinux_store_install(const char *text, size_t len, int lock, struct karmor_diag *diag)
{
	_cleanup_free_ char *copy = malloc(len + 1); /* which the library wants to be writable */
	struct change change = { .text = copy, .len = len, .lock = lock };

	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, len);
	return change_do(&change, diag);
}

int selinux_store_remove(int lock, struct karmor_diag *diag)
{
	struct change change = { .lock = lock };
	int r = selinux_store_has();

	/* What has a role of it is to have a valid one after it. */
	selinux_guard(false, diag);
	r = r <= 0 ? r : change_do(&change, diag);
	if (r < 0)
		selinux_guard(true, diag);
	return r;
}

int selinux_store_has(void)
{
	_cleanup_buf_ struct buf path = { 0 };
	char *type = NULL;

	if (selinux_getpolicytype(&type) < 0)
		return 0;
	buf_printf(&path, STORE "/%s/active/modules/" PRIORITY_TEXT "/" SELINUX_MODULE, type);
	free(type);
	return buf_failed(&path) ? -ENOMEM : access(path.data, F_OK) == 0;
}
