/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sockets: asked about when they are made, and again when they are used, so that one that came from
 * outside is covered too.
 */
#include "hook.bpf.h"

static const struct abi_record *decide_record(void *table, __u32 index)
{
	return bpf_map_lookup_elem(table, &index);
}

#include "decide.bpf.h"

static __always_inline int ask_socket(__u32 family, __u32 type, __u32 protocol, __u32 hook)
{
	struct label *label = label_current();
	struct word_question question = { .section = ABI_NETWORK,
					  .hook = hook,
					  .family = family,
					  .type = type,
					  .protocol = protocol };

	if (!label)
		return 0;
	question.index = decide_net_index(family, type, protocol);
	return ask_word(label, &question);
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

char LICENSE[] SEC("license") = "GPL";
