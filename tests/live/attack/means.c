/* SPDX-License-Identifier: Apache-2.0 */
/* What attacks have in common: files, io_uring, and the helper outside. */
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "attack.h"

#define HELPER "../../helper" /* seen from a place */

int fail(int error)
{
	errno = error;
	return -1;
}

int read_fd(int fd)
{
	char text[sizeof(SECRET)] = "";
	ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);
	int error = errno;

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return fail(error);
	return strcmp(text, SECRET) == 0 ? 0 : fail(EBADMSG);
}

int read_at(int dir, const char *path)
{
	return read_fd(openat(dir, path, O_RDONLY | O_CLOEXEC));
}

int read_path(const char *path)
{
	return read_at(AT_FDCWD, path);
}

const char *at(const char *path)
{
	static char paths[4][4096];
	static unsigned next;
	char *ret = paths[next++ & 3], place[2048];

	if (!getcwd(place, sizeof(place)))
		return path;
	snprintf(ret, sizeof(paths[0]), "%s/%s", place, path);
	return ret;
}

int write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	size_t len = strlen(text);

	if (fd < 0)
		return -1;
	if (write(fd, text, len) != (ssize_t)len) {
		close(fd);
		return -1;
	}
	return close(fd);
}

int copy_file(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC),
	    out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	char block[65536];
	ssize_t n = -1;

	while (in >= 0 && out >= 0 && (n = read(in, block, sizeof(block))) > 0)
		if (write(out, block, (size_t)n) != n)
			n = -1;
	close(in);
	close(out);
	return n < 0 ? -1 : 0;
}

int prepare_secret(void)
{
	return write_file("vault/secret", SECRET, 0644);
}

int prepare_other(void)
{
	return write_file("out/other", "nothing\n", 0644);
}

int own_mounts(void)
{
	if (unshare(CLONE_NEWNS) < 0)
		return -1;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

/* io_uring */

struct rings {
	struct io_uring_params params;
	int fd;
	char *queue;
	struct io_uring_sqe *entries;
};

static void *ring_map(const struct rings *r, size_t size, unsigned long offset)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd,
		    (off_t)offset);
}

static int rings_make(struct rings *r, unsigned flags)
{
	size_t size;

	*r = (struct rings){ .params.flags = flags };
	r->fd = (int)syscall(SYS_io_uring_setup, 4, &r->params);
	if (r->fd < 0)
		return -1;
	size = r->params.cq_off.cqes + r->params.cq_entries * sizeof(struct io_uring_cqe) + 4096;
	r->queue = ring_map(r, size, IORING_OFF_SQ_RING);
	r->entries =
		ring_map(r, r->params.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	return r->queue == MAP_FAILED || (void *)r->entries == MAP_FAILED ? -1 : 0;
}

static void request_put(struct rings *r, const struct uring_request *q, unsigned i)
{
	unsigned *array = (unsigned *)(r->queue + r->params.sq_off.array);
	struct io_uring_sqe *e = &r->entries[i];

	memset(e, 0, sizeof(*e));
	e->opcode = (__u8)q->opcode;
	e->flags = (__u8)q->flags;
	e->fd = q->fd;
	e->addr = (unsigned long)q->address;
	e->len = q->length;
	e->off = q->offset;
	e->open_flags = q->op_flags;
	e->file_index = q->file_index;
	array[i] = i;
}

/* The result of the last request, or of the first that failed. */
static int requests_run(struct rings *r, unsigned n)
{
	unsigned *tail = (unsigned *)(r->queue + r->params.sq_off.tail);
	unsigned *done = (unsigned *)(r->queue + r->params.cq_off.tail);
	struct io_uring_cqe *answers = (struct io_uring_cqe *)(r->queue + r->params.cq_off.cqes);

	__atomic_store_n(tail, n, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, r->fd, n, n,
		    IORING_ENTER_GETEVENTS | IORING_ENTER_SQ_WAKEUP, NULL, 0) < 0)
		return -1;
	for (int i = 0; i < 1000 && __atomic_load_n(done, __ATOMIC_ACQUIRE) < n; i++)
		usleep(10000);
	if (__atomic_load_n(done, __ATOMIC_ACQUIRE) < n)
		return fail(ETIMEDOUT);
	for (unsigned i = 0; i < n; i++)
		if (answers[i].res < 0)
			return fail(-answers[i].res);
	return answers[n - 1].res;
}

static int uring_some(unsigned setup_flags, const struct uring_request *requests, unsigned n)
{
	struct rings rings;
	int files[] = { -1, -1 }, r;

	if (rings_make(&rings, setup_flags) < 0)
		return errno == ENOSYS || errno == EPERM ? lacks("io_uring") : -1;
	if (syscall(SYS_io_uring_register, rings.fd, IORING_REGISTER_FILES, files, 2) < 0)
		return -1;
	for (unsigned i = 0; i < n; i++)
		request_put(&rings, &requests[i], i);
	r = requests_run(&rings, n);
	return r < 0 && errno == EINVAL ? lacks("this request of io_uring") : r;
}

int uring(unsigned setup_flags, const struct uring_request *request)
{
	return uring_some(setup_flags, request, 1);
}

int uring_two(unsigned setup_flags, const struct uring_request requests[2])
{
	return uring_some(setup_flags, requests, 2);
}

/* The helper */

struct request {
	char what;
	char path[4096];
};

static int send_fd(int to, int fd, int number)
{
	char control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec part = { &number, sizeof(number) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr *head;

	if (fd >= 0) {
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(head), &fd, sizeof(int));
	}
	return sendmsg(to, &message, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static int tcp_listen(struct sockaddr_in *address)
{
	socklen_t size = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*address = (struct sockaddr_in){ .sin_family = AF_INET,
					 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (bind(fd, (struct sockaddr *)address, sizeof(*address)) < 0 || listen(fd, 8) < 0 ||
	    getsockname(fd, (struct sockaddr *)address, &size) < 0)
		return -1;
	return fd;
}

/* Both ends stay open: the other in the helper. */
static int tcp_connected(void)
{
	struct sockaddr_in address;
	int listener = tcp_listen(&address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);
	return fd;
}

/* A listener to which somebody has connected. */
static int tcp_called(void)
{
	struct sockaddr_in address;
	int fd = tcp_listen(&address), caller = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(caller, (struct sockaddr *)&address, sizeof(address)) < 0 ? -1 : fd;
}

static int map_open(const char *path)
{
	struct {
		unsigned long path;
		unsigned fd, flags;
	} request = { (unsigned long)path, 0, 0 };

	return (int)syscall(SYS_bpf, 7 /* BPF_OBJ_GET */, &request, sizeof(request));
}

static int answer(int to, const struct request *request)
{
	int fd = -1, number = getpid(), r;

	switch (request->what) {
	case 'r':
		fd = open(request->path, O_RDONLY | O_CLOEXEC);
		break;
	case 'w':
		fd = open(request->path, O_RDWR | O_CLOEXEC);
		break;
	case 'p':
		fd = open(request->path, O_PATH | O_CLOEXEC);
		break;
	case 'k': /* kept open, to be fetched: its number is the answer */
		number = open(request->path, O_RDONLY | O_CLOEXEC);
		break;
	case 't':
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		break;
	case 'c':
		fd = tcp_connected();
		break;
	case 'l':
		fd = tcp_called();
		break;
	case 'm':
		fd = map_open(request->path);
		break;
	}
	r = send_fd(to, fd, number);
	if (fd >= 0)
		close(fd);
	return r;
}

int helper_serve(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), to;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listener, 64) < 0)
		return 2;
	while ((to = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		struct request request = { 0 };

		if (read(to, &request, sizeof(request)) > 0)
			answer(to, &request);
		close(to);
	}
	return 2;
}

/* Asks; the number that is answered, and the descriptor in *fd where there is one. */
static int ask(char what, const char *path, int *fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = HELPER };
	struct request request = { .what = what };
	char control[CMSG_SPACE(sizeof(int))];
	int number = -1, to = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct iovec part = { &number, sizeof(number) };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };

	*fd = -1;
	snprintf(request.path, sizeof(request.path), "%s", path);
	if (connect(to, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    write(to, &request, sizeof(request)) < 0 ||
	    recvmsg(to, &message, MSG_CMSG_CLOEXEC) < 0) {
		close(to);
		return fail(EHOSTDOWN);
	}
	close(to);
	if (message.msg_controllen)
		memcpy(fd, CMSG_DATA((struct cmsghdr *)control), sizeof(int));
	return number;
}

int helper_fd(char what, const char *path)
{
	int fd, number = ask(what, path, &fd);

	if (number < 0)
		return -1;
	if (what == 'k')
		return number;
	/* The kernel drops from a message what may not be received. */
	return fd < 0 ? fail(EACCES) : fd;
}

pid_t helper_pid(void)
{
	int fd;

	return ask('i', "", &fd);
}
