/* SPDX-License-Identifier: Apache-2.0 */
#include "audit.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "audit-record.h"
#include "cleanup.h"

#define RECEIVE_BUFFER (8 << 20)
#define RECORDS_MAX 65536
/* How long to wait for records that the kernel has made but not sent yet. */
#define SETTLE_MS 20
#define SETTLE_ROUNDS 25

static int bind_self(int fd, const struct sockaddr *address, socklen_t len, void *data)
{
	return bind(fd, address, len) < 0 ? -errno : 0;
}

static int netlink_open(unsigned groups, audit_bind_fn *how, void *data)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT), r;

	if (fd < 0)
		return -errno;
	r = how(fd, (struct sockaddr *)&address, sizeof(address), data);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

void audit_unlisten(struct audit *audit)
{
	cleanup_close(&audit->fd);
	audit->fd = -1;
}

/* What the kernel says of its queue of records; false where it does not. */
static bool status_ask(struct audit_status *ret)
{
	_cleanup_close_ int fd = netlink_open(0, bind_self, NULL);
	struct nlmsghdr ask = { .nlmsg_len = NLMSG_LENGTH(0),
				.nlmsg_type = AUDIT_GET,
				.nlmsg_flags = NLM_F_REQUEST };
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	union {
		struct nlmsghdr header;
		char bytes[1024];
	} answer;
	ssize_t n;

	if (fd < 0 ||
	    sendto(fd, &ask, ask.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return false;
	if (poll(&wait, 1, SETTLE_MS) != 1)
		return false;
	n = recv(fd, &answer, sizeof(answer), 0);
	if (n < (ssize_t)NLMSG_LENGTH(offsetof(struct audit_status, version)) ||
	    answer.header.nlmsg_type != AUDIT_GET)
		return false;
	memset(ret, 0, sizeof(*ret));
	memcpy(ret, NLMSG_DATA(&answer.header),
	       (size_t)n - NLMSG_LENGTH(0) < sizeof(*ret) ? (size_t)n - NLMSG_LENGTH(0)
							  : sizeof(*ret));
	return true;
}

/* Counts what the kernel dropped before it got to anybody. */
static void dropped_count(struct audit *audit, const struct audit_status *status)
{
	/* Somebody may have set the count to nothing since. */
	if (audit->asked)
		audit->lost += status->lost - (status->lost < audit->dropped ? 0 : audit->dropped);
	audit->dropped = status->lost;
	audit->asked = true;
}

int audit_listen(struct audit *audit, audit_bind_fn *bind, void *data)
{
	struct audit_status status;
	int size = RECEIVE_BUFFER, fd;

	if (audit->fd >= 0)
		return 0;
	fd = netlink_open(1u << (AUDIT_NLGRP_READLOG - 1), bind ? bind : bind_self, data);
	if (fd < 0)
		return fd;
	(void)!setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	audit->fd = fd;
	/* What was lost before is nobody's. */
	if (status_ask(&status))
		dropped_count(audit, &status);
	return 0;
}

/* Where what was read is given to. */
struct reading {
	audit_fn *fn;
	void *data;
	int n;
};

/* 1 where there was a message, 0 where there is none, or a negative errno. */
static int message_read(struct audit *audit, struct reading *to)
{
	union {
		struct nlmsghdr header;
		char bytes[AUDIT_RECORD_MAX + NLMSG_HDRLEN];
	} message;
	ssize_t len = recv(audit->fd, &message, sizeof(message), 0);
	int r;

	if (len < 0 && errno == ENOBUFS) {
		audit->lost++;
		return 1;
	}
	if (len < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -EIO;
	if (len < NLMSG_HDRLEN)
		return 1;
	r = to->fn(message.header.nlmsg_type, NLMSG_DATA(&message.header),
		   (size_t)len - NLMSG_HDRLEN, to->data);
	to->n += r > 0 ? r : 0;
	return r < 0 ? r : 1;
}

static int drain(struct audit *audit, struct reading *to)
{
	int r = 1;

	for (int i = 0; r == 1 && i < RECORDS_MAX; i++)
		r = message_read(audit, to);
	return r < 0 ? r : 0;
}

/* The kernel sends records from a thread of its own: those that are waiting are waited for. */
int audit_read(struct audit *audit, audit_fn *fn, void *data)
{
	struct pollfd more = { .fd = audit->fd, .events = POLLIN };
	struct reading to = { fn, data, 0 };
	struct audit_status status;
	bool known = false;
	int r;

	if (audit->fd < 0)
		return 0;
	r = drain(audit, &to);
	for (int i = 0; r == 0 && i < SETTLE_ROUNDS; i++) {
		bool waiting;

		known = status_ask(&status);
		waiting = known && status.backlog;
		if (poll(&more, 1, waiting ? SETTLE_MS : 1) == 1)
			r = drain(audit, &to);
		else if (!waiting)
			break;
	}
	if (known)
		dropped_count(audit, &status);
	return r < 0 ? r : to.n;
}
