/* SPDX-License-Identifier: Apache-2.0 */
/* See table-live.h: from what a row says to system calls. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"
#include "table-live.h"
#include "table-syscalls.h"

/*
 * Sockets that can be had: a row that says only a protocol or a type is asked with one that the
 * row's rules do not tell from it.
 */
static const int sockets[][3] = {
	{ AF_INET, SOCK_STREAM, IPPROTO_TCP },
	{ AF_INET, SOCK_DGRAM, IPPROTO_UDP },
	{ AF_INET, SOCK_DGRAM, IPPROTO_ICMP },
	{ AF_INET, SOCK_RAW, IPPROTO_ICMP },
	{ AF_INET, SOCK_RAW, IPPROTO_RAW },
	{ AF_INET, SOCK_STREAM, IPPROTO_SCTP },
	{ AF_INET, SOCK_SEQPACKET, IPPROTO_SCTP },
	{ AF_INET, SOCK_DCCP, IPPROTO_DCCP },
	{ AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE },
	{ AF_INET, SOCK_RAW, IPPROTO_UDPLITE },
	{ AF_INET, SOCK_RAW, IPPROTO_SCTP },
	{ AF_INET, SOCK_RAW, IPPROTO_DCCP },
	{ AF_INET6, SOCK_STREAM, IPPROTO_TCP },
	{ AF_INET6, SOCK_DGRAM, IPPROTO_UDP },
	{ AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6 },
	{ AF_INET6, SOCK_RAW, IPPROTO_ICMPV6 },
	{ AF_PACKET, SOCK_RAW, 0 },
	{ AF_PACKET, SOCK_DGRAM, 0 },
	{ AF_PACKET, SOCK_PACKET, 0 },
	{ AF_VSOCK, SOCK_STREAM, 0 },
	{ AF_VSOCK, SOCK_DGRAM, 0 },
	{ AF_VSOCK, SOCK_SEQPACKET, 0 },
	{ AF_ALG, SOCK_SEQPACKET, 0 },
	{ AF_TIPC, SOCK_RDM, 0 },
	{ AF_TIPC, SOCK_DGRAM, 0 },
	{ AF_TIPC, SOCK_STREAM, 0 },
	{ AF_TIPC, SOCK_SEQPACKET, 0 },
	{ AF_KCM, SOCK_DGRAM, 0 },
	{ AF_CAN, SOCK_RAW, 1 },
	{ AF_CAN, SOCK_DGRAM, 2 },
};

/* Whether a socket of these numbers has all that the row says. */
static bool has_said(const struct access *access, const int numbers[3])
{
	return (access->family == AF_UNSPEC || access->family == numbers[0]) &&
	       (!access->type || access->type == numbers[1]) &&
	       (access->number < 0 || access->number == numbers[2]);
}

static bool can_be_had(const int numbers[3])
{
	_cleanup_close_ int fd = socket(numbers[0], numbers[1] | SOCK_CLOEXEC, numbers[2]);

	return fd >= 0;
}

/* 1 chosen, 0 there is none, -ENOMEM. One that this kernel lacks only where there is no other. */
static int socket_choose(const struct live_row *row, struct asker *asker, int ret[3])
{
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(sockets); i++) {
		char object[64];
		int r = has_said(&row->access, sockets[i]);

		snprintf(object, sizeof(object), "%d:%d:%d", sockets[i][0], sockets[i][1],
			 sockets[i][2]);
		if (r)
			r = row_is_like(row, asker, TABLE_OBJECT, object);
		if (r < 0)
			return r;
		if (!r || (found && !can_be_had(sockets[i])))
			continue;
		memcpy(ret, sockets[i], sizeof(sockets[i]));
		if (can_be_had(ret))
			return 1;
		found = true;
	}
	return found;
}

static int socket_deed(struct live_row *row, struct asker *asker, struct deed *deed)
{
	const struct access *access = &row->access;
	int r = 1;

	deed->kind = ACT_SOCKET;
	if (strchr(row->row->cells[TABLE_OBJECT], ':')) {
		deed->numbers[0] = access->family;
		deed->numbers[1] = access->type;
		deed->numbers[2] = access->number;
	} else {
		r = socket_choose(row, asker, deed->numbers);
	}
	if (r == 0)
		row_settle(row, ROW_UNASKED,
			   "no socket is this and nothing else that the rules name");
	return r;
}

/*
 * Paths for a call that takes one where the row has none: one that the row's rules do not tell from
 * none. 1, 0 or -ENOMEM.
 */
static int path_choose(const struct live_row *row, struct asker *asker, const char **ret)
{
	static const char *const paths[] = { "/karmor-table/none", "/none-of-karmor-table" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		char object[128];
		int r;

		snprintf(object, sizeof(object), "%s:%s", row->access.syscall, paths[i]);
		r = row_is_like(row, asker, TABLE_OBJECT, object);
		if (r)
			*ret = paths[i];
		if (r)
			return r;
	}
	return 0;
}

static int syscall_deed(struct live_row *row, struct asker *asker, struct deed *deed)
{
	int r = 1;

	deed->kind = ACT_SYSCALL;
	if (!syscall_find(row->access.syscall, &deed->numbers[0], &deed->numbers[1])) {
		row_settle(row, ROW_UNASKED, "this machine has no such system call");
		return 0;
	}
	if (row->access.path && !deed->numbers[1]) {
		row_settle(row, ROW_UNASKED, "the system call takes no path");
		return 0;
	}
	if (!row->access.path && deed->numbers[1])
		r = path_choose(row, asker, &deed->path);
	if (r == 0)
		row_settle(row, ROW_UNASKED, "the row's rules match every path");
	return r;
}

static const enum act_kind to_file[] = { ACT_WRITE, ACT_TRUNCATE, ACT_UNLINK, ACT_MKNOD };
static const enum act_kind to_directory[] = { ACT_CHMOD, ACT_RMDIR, ACT_MKDIR };

/*
 * A program may be running, and then nobody may open it for writing; and what holds what other rows
 * name must stay.
 */
static int write_deeds(struct live_row *row, const struct tree *tree, struct deed *deeds)
{
	const char *path = row->access.path;
	enum node_kind kind = tree_kind(tree, path);

	const enum act_kind *kinds = kind == NODE_ANY ? to_file : to_directory;
	int n = kind == NODE_ANY ? ARRAY_SIZE(to_file) : ARRAY_SIZE(to_directory);

	if (kind == NODE_PROGRAM || tree_has_below(tree, path) || !path[1])
		n = 1;
	for (int i = 0; i < n; i++)
		deeds[i] = (struct deed){ .row = row, .kind = kinds[i], .path = path };
	return n;
}

int deeds_make(struct live_row *row, const struct tree *tree, struct asker *asker,
	       struct deed deeds[DEEDS_MAX])
{
	deeds[0] = (struct deed){ .row = row, .path = row->access.path };
	switch (row->access.op) {
	case KARMOR_EXEC:
		deeds[0].kind = ACT_EXEC;
		return 1;
	case KARMOR_READ:
		deeds[0].kind = ACT_READ;
		return 1;
	case KARMOR_WRITE:
		return write_deeds(row, tree, deeds);
	case KARMOR_NET:
		return socket_deed(row, asker, &deeds[0]);
	case KARMOR_CAPABILITY:
		deeds[0].kind = ACT_CAPABILITY;
		deeds[0].numbers[0] = (int)row->access.capability;
		return 1;
	case KARMOR_SYSCALL:
		return syscall_deed(row, asker, &deeds[0]);
	}
	return 0;
}
