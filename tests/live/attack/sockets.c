/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reaching the network where tcp, udp and raw are blocked. Whatever is not refused with EACCES is
 * past: that nobody listens, or that the kernel has no such family, the policy had no part in.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "attack.h"

#define PORT 9 /* nobody listens */
#define AF_SMC_ 43
#define IPPROTO_SMC_ 256
#define IPPROTO_MPTCP_ 262
#define IPPROTO_UDPLITE_ 136
#define URING_SOCKET 45
#define URING_LISTEN 57

static int refused(int r)
{
	return r < 0 && errno == EACCES ? -1 : 0;
}

static int made(int family, int type, int protocol)
{
	return refused(socket(family, type | SOCK_CLOEXEC, protocol));
}

static struct sockaddr_in loopback(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT) };

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return to;
}

static int tcp(void)
{
	return made(AF_INET, SOCK_STREAM, 0);
}

static int tcp_named(void)
{
	return made(AF_INET, SOCK_STREAM, IPPROTO_TCP);
}

static int tcp6(void)
{
	return made(AF_INET6, SOCK_STREAM, 0);
}

static int mapped(void)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET6, "::ffff:127.0.0.1", &to.sin6_addr);
	return fd < 0 ? refused(fd) : refused(connect(fd, (struct sockaddr *)&to, sizeof(to)));
}

static int mptcp(void)
{
	return made(AF_INET, SOCK_STREAM, IPPROTO_MPTCP_);
}

static int mptcp6(void)
{
	return made(AF_INET6, SOCK_STREAM, IPPROTO_MPTCP_);
}

/* Falls back to TCP wherever the other side has nothing better. */
static int smc(void)
{
	return made(AF_SMC_, SOCK_STREAM, 0);
}

static int smc6(void)
{
	return made(AF_SMC_, SOCK_STREAM, 1);
}

static int smc_protocol(void)
{
	return made(AF_INET, SOCK_STREAM, IPPROTO_SMC_);
}

static int udp(void)
{
	struct sockaddr_in to = loopback();
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? refused(fd)
		      : refused((int)sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)));
}

static int udp6(void)
{
	return made(AF_INET6, SOCK_DGRAM, 0);
}

static int raw(void)
{
	return made(AF_INET, SOCK_RAW, IPPROTO_TCP);
}

static int raw6(void)
{
	return made(AF_INET6, SOCK_RAW, IPPROTO_UDP);
}

static int packet(void)
{
	return made(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
}

static int packet_dgram(void)
{
	return made(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP));
}

static int packet_old(void)
{
	return made(AF_INET, SOCK_PACKET, htons(ETH_P_IP));
}

static int vsock(void)
{
	return made(AF_VSOCK, SOCK_STREAM, 0);
}

static int in_user_namespace(void)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return -1;
	return packet();
}

/* io_uring */
static int uring_socket(void)
{
	struct uring_request request = {
		.opcode = URING_SOCKET, .fd = AF_INET, .offset = SOCK_STREAM, .length = 0
	};

	return refused(uring(0, &request));
}

static int uring_connect(void)
{
	struct sockaddr_in to = loopback();
	struct uring_request request = { .opcode = IORING_OP_CONNECT,
					 .fd = helper_fd('t', ""),
					 .address = &to,
					 .offset = sizeof(to) };

	return refused(request.fd) < 0 ? -1 : refused(uring(0, &request));
}

static int uring_send(void)
{
	struct uring_request request = {
		.opcode = IORING_OP_SEND, .fd = helper_fd('c', ""), .address = "x", .length = 1
	};

	return refused(request.fd) < 0 ? -1 : refused(uring(0, &request));
}

static int uring_send_async(void)
{
	struct uring_request request = { .opcode = IORING_OP_SEND,
					 .flags = IOSQE_ASYNC,
					 .fd = helper_fd('c', ""),
					 .address = "x",
					 .length = 1 };

	return refused(request.fd) < 0 ? -1 : refused(uring(0, &request));
}

static int uring_accept(void)
{
	struct uring_request request = { .opcode = IORING_OP_ACCEPT, .fd = helper_fd('l', "") };

	return refused(request.fd) < 0 ? -1 : refused(uring(0, &request));
}

static int uring_listen(void)
{
	struct uring_request request = { .opcode = URING_LISTEN,
					 .fd = helper_fd('t', ""),
					 .length = 1 };

	return refused(request.fd) < 0 ? -1 : refused(uring(0, &request));
}

/* Received from outside */
static int received_connect(void)
{
	struct sockaddr_in to = loopback();
	int fd = helper_fd('t', "");

	return fd < 0 ? -1 : refused(connect(fd, (struct sockaddr *)&to, sizeof(to)));
}

static int received_fastopen(void)
{
	struct sockaddr_in to = loopback();
	int fd = helper_fd('t', "");

	return fd < 0 ? -1
		      : refused((int)sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&to,
					    sizeof(to)));
}

static int received_bind(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd = helper_fd('t', "");

	return fd < 0 ? -1 : refused(bind(fd, (struct sockaddr *)&to, sizeof(to)));
}

static int received_listen(void)
{
	int fd = helper_fd('t', "");

	return fd < 0 ? -1 : refused(listen(fd, 1));
}

static int received_accept(void)
{
	int fd = helper_fd('l', "");

	return fd < 0 ? -1 : refused(accept(fd, NULL, NULL));
}

static int received_send(void)
{
	int fd = helper_fd('c', "");

	return fd < 0 ? -1 : refused((int)send(fd, "x", 1, MSG_NOSIGNAL));
}

static int received_write(void)
{
	int fd = helper_fd('c', "");

	return fd < 0 ? -1 : refused((int)write(fd, "x", 1));
}

static int received_sendfile(void)
{
	int fd = helper_fd('c', ""), file = open("/etc/hostname", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -1 : refused((int)sendfile(fd, file, NULL, 1));
}

static int received_splice(void)
{
	int fd = helper_fd('c', ""), ends[2];

	if (pipe(ends) < 0 || write(ends[1], "x", 1) != 1)
		return -1;
	return fd < 0 ? -1 : refused((int)splice(ends[0], NULL, fd, NULL, 1, 0));
}

/* What no rule of these hits. */
static int unix_pair(void)
{
	int ends[2];

	return socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 || write(ends[0], "x", 1) != 1 ? -1
											    : 0;
}

static int unix_dgram(void)
{
	return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) < 0 ? -1 : 0;
}

static int netlink_raw(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0) < 0 ? -1 : 0;
}

static const struct attack attacks[] = {
	{ "tcp", tcp },
	{ "tcp-named", tcp_named },
	{ "tcp6", tcp6 },
	{ "mapped", mapped },
	{ "mptcp", mptcp },
	{ "mptcp6", mptcp6 },
	{ "smc", smc },
	{ "smc6", smc6 },
	{ "smc-protocol", smc_protocol },
	{ "udp", udp },
	{ "udp6", udp6 },
	{ "raw", raw },
	{ "raw6", raw6 },
	{ "packet", packet },
	{ "packet-dgram", packet_dgram },
	{ "packet-old", packet_old },
	/* No rule of these names it: only an allow-list, or "all", does. */
	{ "vsock", vsock, NULL, RULE_PATH },
	{ "user-namespace", in_user_namespace },
	{ "uring-socket", uring_socket },
	{ "uring-connect", uring_connect },
	{ "uring-send", uring_send },
	{ "uring-send-async", uring_send_async },
	{ "uring-accept", uring_accept },
	{ "uring-listen", uring_listen },
	{ "received-connect", received_connect },
	{ "received-fastopen", received_fastopen },
	{ "received-bind", received_bind },
	{ "received-listen", received_listen },
	{ "received-accept", received_accept },
	{ "received-send", received_send },
	{ "received-write", received_write },
	{ "received-sendfile", received_sendfile },
	{ "received-splice", received_splice },
	{ "unix-pair", unix_pair, NULL, RULE_ANY },
	{ "unix-dgram", unix_dgram, NULL, RULE_ANY },
	{ "netlink", netlink_raw, NULL, RULE_ANY },
	{ NULL },
};

const struct group group_sockets = { "sockets", attacks, NULL };
