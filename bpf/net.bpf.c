/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sockets: asked about when they are made, and again when they are used, so that one that came from
 * outside is covered too. A part of open.bpf.c.
 */
#include "hook.bpf.h"

#define S_IFSOCK 0140000
#define AF_INET 2
#define AF_INET6 10
#define AF_SMC 43
#define SMC_OVER_INET6 1 /* a protocol of AF_SMC */
#define IPPROTO_TCP 6
#define IPPROTO_SMC 256 /* Linux 6.11: the same as a protocol of AF_INET and AF_INET6 */

static __always_inline int ask_socket(__u32 family, __u32 type, __u32 protocol, __u32 hook)
{
	struct label *label = label_current();
	__u32 as_family = family, as_protocol = protocol, index;

	if (!label)
		return 0;
	/* SMC opens, and falls back to, a TCP connection by a socket of the kernel's own. */
	if (family == AF_SMC) {
		as_family = protocol == SMC_OVER_INET6 ? AF_INET6 : AF_INET;
		as_protocol = IPPROTO_TCP;
	}
	if (protocol == IPPROTO_SMC && (family == AF_INET || family == AF_INET6))
		as_protocol = IPPROTO_TCP;
	index = decide_net_index(as_family, type, as_protocol);
	if (quick_words(label, ABI_NETWORK, index))
		return 0;
	return ask_word(label, &(struct question){ .section = ABI_NETWORK,
						   .hook = hook,
						   .index = index,
						   .family = family,
						   .type = type,
						   .protocol = protocol });
}

static __always_inline int ask_use(struct socket *socket, __u32 hook)
{
	struct sock *sk = socket->sk;

	return sk ? ask_socket(sk->__sk_common.skc_family, socket->type, sk->sk_protocol, hook) : 0;
}

SEC("lsm/socket_create")
int BPF_PROG(karmor_socket, int family, int type, int protocol, int kern, int ret)
{
	if (ret || kern)
		return ret;
	return ask_socket(family, type, protocol, ABI_HOOK_SOCKET);
}

/*
 * Until 6.5 what splice and sendfile put into a socket comes by no hook of it, so that one which
 * may not be used is not let in.
 */
SEC("lsm/file_receive")
int BPF_PROG(karmor_receive_socket, struct file *file, int ret)
{
	struct socket *socket;
	struct sock *sk;

	if (ret || !bpf_core_field_exists(struct proto_ops, sendpage) ||
	    (file->f_inode->i_mode & S_IFMT) != S_IFSOCK || !label_current())
		return ret;
	socket = file->private_data;
	sk = BPF_CORE_READ(socket, sk);
	if (!sk)
		return 0;
	return ask_socket(BPF_CORE_READ(sk, __sk_common.skc_family), BPF_CORE_READ(socket, type),
			  BPF_CORE_READ(sk, sk_protocol), ABI_HOOK_RECEIVE);
}

#define ASK_USE(name, hook, ...)                                                                   \
	SEC("lsm/socket_" #name)                                                                   \
	int BPF_PROG(karmor_##name, struct socket *socket, ##__VA_ARGS__, int ret)                 \
	{                                                                                          \
		return ret ?: ask_use(socket, hook);                                               \
	}

ASK_USE(bind, ABI_HOOK_BIND, void *address, int len)
ASK_USE(connect, ABI_HOOK_CONNECT, void *address, int len)
ASK_USE(listen, ABI_HOOK_LISTEN, int backlog)
ASK_USE(accept, ABI_HOOK_ACCEPT, struct socket *new)
ASK_USE(sendmsg, ABI_HOOK_SEND, void *message, int size)
