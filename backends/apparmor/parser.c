/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See parser.h. The child gets three anonymous files and nothing else: the text as its input, and
 * two that it writes. It reads no configuration, includes no file and keeps no cache.
 */
#include "parser.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"

#define TIME_MAX_S 60
#define MEMORY_MAX (UINT64_C(1) << 30)
#define OUTPUT_MAX (UINT64_C(128) << 20)
#define MESSAGE_MAX 300

static const char *const parsers[] = { "/usr/sbin/apparmor_parser", "/sbin/apparmor_parser" };

struct run {
	int text, output, messages;
	const char *features;
	bool names; /* many, and few patterns */
};

static int file_make(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int file_write(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n <= 0)
			return n < 0 && errno == ENOMEM ? -ENOMEM : -EIO;
		data += n;
		len -= (size_t)n;
	}
	return lseek(fd, 0, SEEK_SET) < 0 ? -EIO : 0;
}

static int file_read(int fd, struct buf *ret)
{
	char chunk[65536];
	ssize_t n;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return -EIO;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(ret, chunk, (size_t)n);
	return n < 0 ? -EIO : buf_failed(ret) ? -ENOMEM : 0;
}

static void limit(int resource, uint64_t value)
{
	struct rlimit limit = { value, value };

	if (setrlimit((__rlimit_resource_t)resource, &limit) < 0)
		_exit(126);
}

/* The child; never returns. */
static void run_child(const struct run *run)
{
	const char *const argv[] = { "apparmor_parser",
				     "--config-file=/dev/null",
				     "-Q",
				     "-K",
				     "-S",
				     "-j1",
				     "--warn=all",
				     "-M",
				     run->features,
				     run->names ? "-Ono-expr-simplify" : NULL,
				     NULL };
	static const char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C",
						   NULL };
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	limit(RLIMIT_AS, MEMORY_MAX);
	limit(RLIMIT_CPU, TIME_MAX_S);
	limit(RLIMIT_FSIZE, OUTPUT_MAX);
	limit(RLIMIT_CORE, 0);
	if (dup2(run->text, 0) < 0 || dup2(run->output, 1) < 0 || dup2(run->messages, 2) < 0)
		_exit(126);
	for (size_t i = 0; i < ARRAY_SIZE(parsers); i++)
		execve(parsers[i], (char *const *)(uintptr_t)argv,
		       (char *const *)(uintptr_t)environment);
	_exit(127);
}

/* Its status, or that of a child that was killed for the time it took. */
static int child_wait(pid_t pid)
{
	_cleanup_close_ int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	int status = 0;

	if (fd < 0 || TEMP_FAILURE_RETRY(poll(&poll_fd, 1, 2 * TIME_MAX_S * 1000)) != 1)
		kill(pid, SIGKILL);
	if (TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) < 0)
		return -EIO;
	return status;
}

#define SPLIT "split the workload, or name directories rather than patterns"

/* What a parser says when its tables or its memory are full. */
static bool is_too_much(const char *text)
{
	static const char *const words[] = { "states", "memory", "bad_alloc", "too many" };
	bool ret = false;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		ret |= strcasestr(text, words[i]) != NULL;
	return ret;
}

/* The first line of what the parser said, as a message. */
static void complain(const struct buf *messages, int status, struct karmor_diag *diag)
{
	const char *text = messages->len ? messages->data : "";
	_cleanup_buf_ struct buf line = { 0 };
	size_t len = strcspn(text, "\n");

	buf_escape(&line, text, len < MESSAGE_MAX ? len : MESSAGE_MAX);
	if (WIFSIGNALED(status))
		diag_error(diag, NULL, SPLIT,
			   "apparmor_parser took more than %d seconds or %d MiB for the states of "
			   "these rules, and was stopped",
			   TIME_MAX_S, (int)(MEMORY_MAX >> 20));
	else
		diag_error(diag, NULL, is_too_much(text) ? SPLIT : NULL,
			   "apparmor_parser refuses the profile: %s",
			   line.len ? line.data : "it gives no reason");
}

/*
 * What a kernel cannot enforce the parser leaves out, and says so as a warning. (An AF_UNIX socket
 * by family and type is all that is asked for, so that its fall back to that is none.)
 */
static bool leaves_out(const struct buf *messages)
{
	const char *line = messages->len ? messages->data : "";

	for (; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t len = strcspn(line, "\n");

		if (memmem(line, len, "not enforced", strlen("not enforced")) ||
		    (memmem(line, len, "downgrad", strlen("downgrad")) &&
		     !memmem(line, len, "to generic network", strlen("to generic network"))))
			return true;
	}
	return false;
}

static int run_parser(const struct run *run, struct buf *ret, struct karmor_diag *diag)
{
	_cleanup_buf_ struct buf messages = { 0 };
	pid_t pid = fork();
	int status, r;

	if (pid == 0)
		run_child(run);
	if (pid < 0)
		return errno == ENOMEM ? -ENOMEM : -EIO;
	status = child_wait(pid);
	if (status < 0)
		return -EIO;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
		diag_error(diag, NULL, "install the package apparmor", "there is no %s",
			   parsers[0]);
		return -ENOENT;
	}
	r = file_read(run->messages, &messages);
	if (r == 0 && (status != 0 || leaves_out(&messages))) {
		complain(&messages, status, diag);
		return -EINVAL;
	}
	return r ? r : file_read(run->output, ret);
}

int parser_run(const char *text, size_t len, const char *features, bool names, struct buf *ret,
	       struct karmor_diag *diag)
{
	_cleanup_close_ int in = file_make("karmor-profile");
	_cleanup_close_ int out = file_make("karmor-policy");
	_cleanup_close_ int messages = file_make("karmor-messages");
	struct run run = { .text = in,
			   .output = out,
			   .messages = messages,
			   .features = features,
			   .names = names && len <= PARSER_NAMES_MAX };
	int r;

	if (in < 0 || out < 0 || messages < 0)
		return -EIO;
	r = file_write(in, text, len);
	return r ? r : run_parser(&run, ret, diag);
}

int parser_identify(struct parser_identity *ret)
{
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(parsers); i++) {
		if (stat(parsers[i], &st) < 0)
			continue;
		*ret = (struct parser_identity){
			.device = st.st_dev,
			.inode = st.st_ino,
			.size = (uint64_t)st.st_size,
			.modified_s = (uint64_t)st.st_mtim.tv_sec,
			.modified_ns = (uint64_t)st.st_mtim.tv_nsec,
			.changed_s = (uint64_t)st.st_ctim.tv_sec,
			.changed_ns = (uint64_t)st.st_ctim.tv_nsec,
		};
		return 0;
	}
	return -ENOENT;
}

int parser_takes(const char *text, const char *features)
{
	_cleanup_buf_ struct buf binary = { 0 };
	int r = parser_run(text, strlen(text), features, false, &binary, NULL);

	return r == 0 ? 1 : r == -EINVAL ? 0 : r;
}
