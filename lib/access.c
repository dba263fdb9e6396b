/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See access.h. Sockets are written PROTOCOL or FAMILY:TYPE:PROTOCOL; a plain protocol says of a
 * socket what its name says and no more, but that tcp is a stream and udp a dgram.
 */
#include "access.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "buf.h"
#include "cleanup.h"
#include "diag.h"
#include "ir.h"
#include "match.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef AF_MCTP
#define AF_MCTP 45
#endif

struct word {
	const char *name;
	int value;
};

static const struct word families[] = {
	{ "unspec", AF_UNSPEC },
	{ "unix", AF_UNIX },
	{ "local", AF_UNIX },
	{ "inet", AF_INET },
	{ "ax25", AF_AX25 },
	{ "ipx", AF_IPX },
	{ "appletalk", AF_APPLETALK },
	{ "netrom", AF_NETROM },
	{ "bridge", AF_BRIDGE },
	{ "atmpvc", AF_ATMPVC },
	{ "x25", AF_X25 },
	{ "inet6", AF_INET6 },
	{ "rose", AF_ROSE },
	{ "key", AF_KEY },
	{ "netlink", AF_NETLINK },
	{ "packet", AF_PACKET },
	{ "econet", AF_ECONET },
	{ "atmsvc", AF_ATMSVC },
	{ "rds", AF_RDS },
	{ "irda", AF_IRDA },
	{ "pppox", AF_PPPOX },
	{ "llc", AF_LLC },
	{ "ib", AF_IB },
	{ "mpls", AF_MPLS },
	{ "can", AF_CAN },
	{ "tipc", AF_TIPC },
	{ "bluetooth", AF_BLUETOOTH },
	{ "iucv", AF_IUCV },
	{ "rxrpc", AF_RXRPC },
	{ "isdn", AF_ISDN },
	{ "phonet", AF_PHONET },
	{ "ieee802154", AF_IEEE802154 },
	{ "caif", AF_CAIF },
	{ "alg", AF_ALG },
	{ "nfc", AF_NFC },
	{ "vsock", AF_VSOCK },
	{ "kcm", AF_KCM },
	{ "qipcrtr", AF_QIPCRTR },
	{ "smc", AF_SMC },
	{ "xdp", AF_XDP },
	{ "mctp", AF_MCTP },
};

static const struct word types[] = {
	{ "stream", SOCK_STREAM },
	{ "dgram", SOCK_DGRAM },
	{ "raw", SOCK_RAW },
	{ "rdm", SOCK_RDM },
	{ "dccp", SOCK_DCCP },
	{ "packet", SOCK_PACKET },
	{ "seqpacket", SOCK_SEQPACKET },
};

static const struct word numbers[] = {
	{ "ip", IPPROTO_IP },	    { "icmp", IPPROTO_ICMP },	    { "igmp", IPPROTO_IGMP },
	{ "ipip", IPPROTO_IPIP },   { "tcp", IPPROTO_TCP },	    { "udp", IPPROTO_UDP },
	{ "dccp", IPPROTO_DCCP },   { "ipv6", IPPROTO_IPV6 },	    { "gre", IPPROTO_GRE },
	{ "esp", IPPROTO_ESP },	    { "ah", IPPROTO_AH },	    { "icmpv6", IPPROTO_ICMPV6 },
	{ "sctp", IPPROTO_SCTP },   { "udplite", IPPROTO_UDPLITE }, { "raw", IPPROTO_RAW },
	{ "mptcp", IPPROTO_MPTCP },
};

/* What a plain protocol says of a socket. */
static const struct socket {
	int family, type, number;
} plain_sockets[IR_PROTOCOL_COUNT] = {
	[IR_TCP] = { AF_INET, SOCK_STREAM, IPPROTO_TCP },
	[IR_UDP] = { AF_INET, SOCK_DGRAM, IPPROTO_UDP },
	[IR_ICMP] = { AF_INET, 0, IPPROTO_ICMP },
	[IR_ICMPV6] = { AF_INET6, 0, IPPROTO_ICMPV6 },
	[IR_SCTP] = { AF_INET, 0, IPPROTO_SCTP },
	[IR_DCCP] = { AF_INET, 0, IPPROTO_DCCP },
	[IR_UDPLITE] = { AF_INET, 0, IPPROTO_UDPLITE },
	[IR_RAW] = { AF_UNSPEC, SOCK_RAW, -1 },
	[IR_STREAM] = { AF_UNSPEC, SOCK_STREAM, -1 },
	[IR_DGRAM] = { AF_UNSPEC, SOCK_DGRAM, -1 },
	[IR_RDM] = { AF_UNSPEC, SOCK_RDM, -1 },
	[IR_SEQPACKET] = { AF_UNSPEC, SOCK_SEQPACKET, -1 },
	[IR_PACKET] = { AF_UNSPEC, SOCK_PACKET, -1 },
	[IR_ALL] = { AF_UNSPEC, 0, -1 },
};

/* Decimal or, as the protocols of AF_PACKET are known, 0x and hexadecimal. */
static int read_number(const char *text, size_t len, int *ret)
{
	bool is_hex = len > 2 && text[0] == '0' && text[1] == 'x';
	const char *set = is_hex ? "0123456789abcdefABCDEF" : "0123456789";
	char copy[12] = { 0 };
	long value;

	if (!len || len >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, len);
	if (strspn(copy + (is_hex ? 2 : 0), set) < len - (is_hex ? 2 : 0))
		return -EINVAL;
	value = strtol(copy, NULL, is_hex ? 16 : 10);
	if (value > 0xffffff)
		return -EINVAL;
	*ret = (int)value;
	return 0;
}

/* A word of the list, in any letter case, or a number. */
static int read_word(const struct word *words, size_t n, const char *text, size_t len, int *ret)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(words[i].name) == len && strncasecmp(words[i].name, text, len) == 0) {
			*ret = words[i].value;
			return 0;
		}
	return read_number(text, len, ret);
}

static int bad_word(const char *what, const char *text, size_t len, struct karmor_diag *diag)
{
	diag_error(diag, NULL, NULL, "\"%.*s\" is no socket %s", (int)len, text, what);
	return -EINVAL;
}

static int read_triple(const char *object, struct access *ret, struct karmor_diag *diag)
{
	const char *type = strchr(object, ':') + 1, *number = strchr(type, ':');
	size_t family_len = (size_t)(type - object) - 1, type_len;

	if (!number || strchr(number + 1, ':')) {
		diag_error(diag, NULL, "write it as inet:stream:tcp",
			   "\"%s\" is not FAMILY:TYPE:PROTOCOL", object);
		return -EINVAL;
	}
	type_len = (size_t)(number - type);
	number++;
	if (read_word(families, ARRAY_SIZE(families), object, family_len, &ret->family) < 0)
		return bad_word("family", object, family_len, diag);
	if (read_word(types, ARRAY_SIZE(types), type, type_len, &ret->type) < 0)
		return bad_word("type", type, type_len, diag);
	if (read_word(numbers, ARRAY_SIZE(numbers), number, strlen(number), &ret->number) < 0)
		return bad_word("protocol", number, strlen(number), diag);
	return 0;
}

/* @meant: what was likely meant; NULL: nothing is near, @fix says what is expected. */
static int bad_name(const char *what, const char *name, size_t len, const char *meant,
		    const char *fix, struct karmor_diag *diag)
{
	_cleanup_buf_ struct buf buf = { 0 };

	if (meant)
		buf_printf(&buf, "did you mean \"%s\"?", meant);
	diag_error(diag, NULL, buf.data ? buf.data : fix, "\"%.*s\" is no %s", (int)len, name,
		   what);
	return -EINVAL;
}

static int read_socket(const char *object, struct access *ret, struct karmor_diag *diag)
{
	enum ir_protocol protocol;

	if (strchr(object, ':'))
		return read_triple(object, ret, diag);
	if (ir_protocol_find(object, &protocol) < 0)
		return bad_name("protocol", object, strlen(object), ir_protocol_suggest(object),
				"a protocol as in a policy, or FAMILY:TYPE:PROTOCOL", diag);
	ret->family = plain_sockets[protocol].family;
	ret->type = plain_sockets[protocol].type;
	ret->number = plain_sockets[protocol].number;
	return 0;
}

static int read_capability(const char *object, struct access *ret, struct karmor_diag *diag)
{
	if (ir_capability_find(object, &ret->capability) == 0)
		return 0;
	return bad_name("capability", object, strlen(object), ir_capability_suggest(object), NULL,
			diag);
}

bool access_is_path(const char *path, const char **why)
{
	*why = "is not absolute";
	if (*path != '/')
		return false;
	*why = "is longer than 4095 bytes";
	if (strnlen(path, MATCH_PATH_MAX + 1) > MATCH_PATH_MAX)
		return false;
	*why = "is not normal: it has an empty component, \".\" or \"..\"";
	while (path[1] || path[0] != '/') {
		size_t len = strcspn(path + 1, "/");

		if (!len || (len <= 2 && strspn(path + 1, ".") >= len))
			return false;
		path += 1 + len;
		if (!*path)
			return true;
		if (!path[1])
			return false;
	}
	return true;
}

static int read_path(const char *path, struct karmor_diag *diag)
{
	const char *why;

	if (access_is_path(path, &why))
		return 0;
	diag_error(diag, NULL, NULL, "\"%s\" %s", path, why);
	return -EINVAL;
}

static int read_object_path(const char *path, struct access *ret, struct karmor_diag *diag)
{
	ret->path = path;
	ret->name = strrchr(path, '/');
	if (ret->name)
		ret->name++;
	return read_path(path, diag);
}

static int read_syscall(const char *object, struct access *ret, struct karmor_diag *diag)
{
	size_t len = strcspn(object, ":");

	if (len < sizeof(ret->syscall))
		memcpy(ret->syscall, object, len);
	if (!ir_syscall_is_known(ret->syscall))
		return bad_name("system call", object, len, ir_syscall_suggest(ret->syscall), NULL,
				diag);
	return object[len] ? read_object_path(object + len + 1, ret, diag) : 0;
}

enum karmor_section access_section(enum karmor_op op)
{
	static const enum karmor_section sections[] = {
		[KARMOR_EXEC] = KARMOR_PROCESS,
		[KARMOR_READ] = KARMOR_FILE,
		[KARMOR_WRITE] = KARMOR_FILE,
		[KARMOR_NET] = KARMOR_NETWORK,
		[KARMOR_CAPABILITY] = KARMOR_CAPABILITIES,
		[KARMOR_SYSCALL] = KARMOR_SYSCALLS,
	};

	return sections[op];
}

static int read_object(const char *object, struct access *ret, struct karmor_diag *diag)
{
	switch (ret->op) {
	case KARMOR_EXEC:
	case KARMOR_READ:
	case KARMOR_WRITE:
		return read_object_path(object, ret, diag);
	case KARMOR_NET:
		return read_socket(object, ret, diag);
	case KARMOR_CAPABILITY:
		return read_capability(object, ret, diag);
	case KARMOR_SYSCALL:
		return read_syscall(object, ret, diag);
	}
	return -EINVAL;
}

int access_read(const struct karmor_access *question, struct access *ret, struct karmor_diag *diag)
{
	if ((unsigned)question->op > KARMOR_SYSCALL || !question->object) {
		diag_error(diag, NULL, NULL, "a question needs an operation and an object");
		return -EINVAL;
	}
	*ret = (struct access){
		.section = access_section(question->op),
		.op = question->op,
		.source = question->source,
		.owner = !question->not_owner,
		.number = -1,
	};
	if (question->source && read_path(question->source, diag) < 0)
		return -EINVAL;
	return read_object(question->object, ret, diag);
}
