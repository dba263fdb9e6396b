/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets and capabilities of a class of sources.
 *
 * SELinux decides about classes of sockets, which a kernel makes of family, type and protocol.
 * Where a class has sockets that rules tell apart, the strictest verdict holds for all of them.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "selinux.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#define TYPE_DCCP 6
#define FAMILIES 46

static const char *const families[FAMILIES] = {
	[AF_AX25] = "ax25_socket",
	[AF_IPX] = "ipx_socket",
	[AF_APPLETALK] = "appletalk_socket",
	[AF_NETROM] = "netrom_socket",
	[8] = "atmpvc_socket",
	[AF_X25] = "x25_socket",
	[AF_ROSE] = "rose_socket",
	[12] = "decnet_socket",
	[AF_KEY] = "key_socket",
	[AF_PACKET] = "packet_socket",
	[20] = "atmsvc_socket",
	[21] = "rds_socket",
	[23] = "irda_socket",
	[24] = "pppox_socket",
	[26] = "llc_socket",
	[29] = "can_socket",
	[30] = "tipc_socket",
	[31] = "bluetooth_socket",
	[32] = "iucv_socket",
	[33] = "rxrpc_socket",
	[34] = "isdn_socket",
	[35] = "phonet_socket",
	[36] = "ieee802154_socket",
	[37] = "caif_socket",
	[38] = "alg_socket",
	[39] = "nfc_socket",
	[40] = "vsock_socket",
	[41] = "kcm_socket",
	[42] = "qipcrtr_socket",
	[43] = "smc_socket",
	[44] = "xdp_socket",
};

static const char *const inet_classes[] = { "tcp_socket",  "udp_socket",  "rawip_socket",
					    "icmp_socket", "sctp_socket", "dccp_socket" };

/*
 * The sockets of AF_INET and AF_INET6 that a kernel makes; a protocol 0 is the usual one. For one
 * of SOCK_PACKET it makes one of AF_PACKET, before it asks.
 */
static const struct {
	int type, number;
} inet_sockets[] = {
	{ SOCK_STREAM, 0 },
	{ SOCK_STREAM, IPPROTO_TCP },
	{ SOCK_STREAM, IPPROTO_MPTCP },
	{ SOCK_STREAM, IPPROTO_SCTP },
	{ SOCK_SEQPACKET, IPPROTO_SCTP },
	{ SOCK_DGRAM, 0 },
	{ SOCK_DGRAM, IPPROTO_UDP },
	{ SOCK_DGRAM, IPPROTO_UDPLITE },
	{ SOCK_DGRAM, IPPROTO_ICMP },
	{ SOCK_DGRAM, IPPROTO_ICMPV6 },
	{ TYPE_DCCP, 0 },
	{ TYPE_DCCP, IPPROTO_DCCP },
	{ SOCK_RAW, 0 },
	{ SOCK_RAW, IPPROTO_ICMP },
	{ SOCK_RAW, IPPROTO_TCP },
	{ SOCK_RAW, IPPROTO_UDP },
	{ SOCK_RAW, IPPROTO_DCCP },
	{ SOCK_RAW, IPPROTO_ICMPV6 },
	{ SOCK_RAW, IPPROTO_SCTP },
	{ SOCK_RAW, IPPROTO_UDPLITE },
	{ SOCK_RAW, IPPROTO_RAW },
};

static const int types[] = { SOCK_STREAM, SOCK_DGRAM,	  SOCK_RAW,
			     SOCK_RDM,	  SOCK_SEQPACKET, SOCK_PACKET };

static bool is_inet(int family)
{
	return family == AF_INET || family == AF_INET6;
}

static bool is_known(const struct selinux_artifact *artifact, const char *class)
{
	for (size_t i = 0; i < artifact->n_sockets; i++)
		if (strcmp(artifact->sockets[i], class) == 0)
			return true;
	return false;
}

static const char *inet_class(int type, int number)
{
	bool usual = number <= 0;

	if (type == SOCK_STREAM || type == SOCK_SEQPACKET) {
		if (number == IPPROTO_SCTP)
			return "sctp_socket";
		return usual || number == IPPROTO_TCP || number == IPPROTO_MPTCP ? "tcp_socket"
										 : "rawip_socket";
	}
	if (type == SOCK_DGRAM) {
		if (number == IPPROTO_ICMP || number == IPPROTO_ICMPV6)
			return "icmp_socket";
		return usual || number == IPPROTO_UDP ? "udp_socket" : "rawip_socket";
	}
	return type == TYPE_DCCP ? "dccp_socket" : "rawip_socket";
}

const char *selinux_socket_class(const struct selinux_artifact *artifact, int family, int type,
				 int number)
{
	const char *class = NULL;

	if (family == AF_UNIX || family == AF_NETLINK)
		return NULL;
	if (is_inet(family)) {
		bool made = type == SOCK_RAW;

		for (size_t i = 0; i < ARRAY_SIZE(inet_sockets); i++)
			made |= inet_sockets[i].type == type &&
				inet_sockets[i].number == (number < 0 ? 0 : number);
		class = made ? inet_class(type, number) : "";
		return *class && !is_known(artifact, class) ? "rawip_socket" : class;
	}
	if (family > 0 && family < FAMILIES)
		class = families[family];
	return class && is_known(artifact, class) ? class : "socket";
}

/* A socket that a kernel makes, and its class by index into the artifact's. */
struct selinux_socket {
	int family, type, number;
	size_t class;
};

static void socket_add(struct selinux_compiler *c, int family, int type, int number)
{
	const char *class = selinux_socket_class(c->ret, family, type, number);
	struct selinux_socket *ret = &c->all_sockets[c->n_all_sockets++];

	*ret = (struct selinux_socket){ family, type, number, 0 };
	while (strcmp(c->ret->sockets[ret->class], class) != 0)
		ret->class ++;
}

/* Found once, for each class of sources of each ruleset decides about all of them. */
static int sockets_list(struct selinux_compiler *c)
{
	size_t room = FAMILIES * ARRAY_SIZE(inet_sockets);

	c->all_sockets = arena_array(&c->ret->arena, room, sizeof(*c->all_sockets));
	if (!c->all_sockets)
		return -ENOMEM;
	for (int family = 1; family < FAMILIES; family++) {
		if (family == AF_UNIX || family == AF_NETLINK)
			continue;
		for (size_t i = 0; is_inet(family) && i < ARRAY_SIZE(inet_sockets); i++)
			socket_add(c, family, inet_sockets[i].type, inet_sockets[i].number);
		for (size_t i = 0; !is_inet(family) && i < ARRAY_SIZE(types); i++)
			socket_add(c, family, types[i], 0);
	}
	return 0;
}

/* The classes that the policy has; those of old alone where it makes no use of others. */
int selinux_sockets(struct selinux_compiler *c)
{
	bool all = base_has_socket_classes(c->policy);
	size_t room = ARRAY_SIZE(inet_classes) + FAMILIES + 1;
	static const char *const old[] = { "tcp_socket", "udp_socket", "rawip_socket",
					   "dccp_socket" };
	struct selinux_artifact *ret = c->ret;

	ret->sockets = arena_array(&ret->arena, room, sizeof(*ret->sockets));
	if (!ret->sockets)
		return -ENOMEM;
	for (size_t i = 0; i < (all ? ARRAY_SIZE(inet_classes) : ARRAY_SIZE(old)); i++)
		if (base_has_perm(c->policy, all ? inet_classes[i] : old[i], "create"))
			ret->sockets[ret->n_sockets++] = all ? inet_classes[i] : old[i];
	for (size_t i = 0; i < FAMILIES; i++) {
		bool is_old = i == AF_KEY || i == AF_PACKET || i == AF_APPLETALK;

		if (families[i] && (all || is_old) &&
		    base_has_perm(c->policy, families[i], "create"))
			ret->sockets[ret->n_sockets++] = families[i];
	}
	ret->sockets[ret->n_sockets++] = "socket";
	return sockets_list(c);
}

/* The sockets of one class under way: the strictest verdict so far, and who gave it. */
struct decided {
	bool any, mixed;
	struct eval_verdict worst;
};

struct network {
	struct selinux_compiler *c;
	size_t set, class;
	uint32_t *matched;
	struct decided *decided; /* by index into the artifact's sockets */
};

static struct eval_verdict socket_verdict(const struct network *net,
					  const struct selinux_socket *socket)
{
	const struct karmor_ruleset *set = net->c->sets[net->set];
	struct eval_access about = { .section = KARMOR_NETWORK, .op = KARMOR_NET, .owner = true };
	size_t n, first = eval_section(set, KARMOR_NETWORK, &n), n_matched = 0;

	for (size_t i = first; i < first + n; i++)
		if (net->c->active[net->set][net->class][i] &&
		    eval_matches_socket(&set->rules[i], socket->family, socket->type,
					socket->number))
			net->matched[n_matched++] = (uint32_t)i;
	return eval_choose(set, &about, net->matched, n_matched);
}

/* In one of the marks by rule. */
static void mark(const struct network *net, bool *marks, const struct eval_verdict *verdict)
{
	const struct karmor_ruleset *set = net->c->sets[net->set];

	if (verdict->rule)
		marks[net->c->offsets[net->set] + (size_t)(verdict->rule - set->rules)] = true;
}

/* Of two verdicts that say the same, the one that has a rule is the one that is told. */
static bool is_worse(const struct eval_verdict *a, const struct eval_verdict *b)
{
	return a->action > b->action || (a->action == b->action && a->rule && !b->rule);
}

static void socket_decide(const struct network *net, const struct selinux_socket *socket)
{
	struct eval_verdict verdict = socket_verdict(net, socket);
	struct decided *decided = &net->decided[socket->class];

	if (decided->any && decided->worst.action != verdict.action) {
		decided->mixed = true;
		mark(net, net->c->mixed, &verdict);
		mark(net, net->c->mixed, &decided->worst);
	} else if (decided->any && decided->worst.rule != verdict.rule &&
		   verdict.action != KARMOR_ALLOW) {
		mark(net, net->c->shared, &verdict);
		mark(net, net->c->shared, &decided->worst);
	}
	if (!decided->any || is_worse(&verdict, &decided->worst))
		decided->worst = verdict;
	decided->any = true;
}

int selinux_network(struct selinux_compiler *c, size_t set, size_t class)
{
	size_t n = c->ret->n_sockets;
	_cleanup_free_ uint32_t *matched = calloc(c->sets[set]->n_rules + 1, sizeof(*matched));
	_cleanup_free_ struct decided *decided = calloc(n, sizeof(*decided));
	struct network net = { c, set, class, matched, decided };
	struct selinux_class *ret = &c->ret->rulesets[set].classes[class];

	ret->network = arena_array(&c->ret->arena, n, sizeof(*ret->network));
	ret->mixed = arena_array(&c->ret->arena, n, sizeof(*ret->mixed));
	ret->network_rules = arena_array(&c->ret->arena, n, sizeof(*ret->network_rules));
	if (!matched || !decided || !ret->network || !ret->mixed || !ret->network_rules)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_all_sockets; i++)
		socket_decide(&net, &c->all_sockets[i]);
	for (size_t i = 0; i < n; i++) {
		ret->network[i] = decided[i].any ? decided[i].worst.action : KARMOR_ALLOW;
		ret->mixed[i] = decided[i].mixed;
		ret->network_rules[i] = selinux_rule_of(c, set, &decided[i].worst);
	}
	return 0;
}

const char *selinux_capability_class(unsigned capability)
{
	return capability < 32 ? "capability" : "capability2";
}

int selinux_capabilities(struct selinux_compiler *c, size_t set, size_t class)
{
	const struct karmor_ruleset *rules = c->sets[set];
	_cleanup_free_ uint32_t *matched = calloc(rules->n_rules + 1, sizeof(*matched));
	struct eval_access about = { .section = KARMOR_CAPABILITIES,
				     .op = KARMOR_CAPABILITY,
				     .owner = true };
	size_t n, first = eval_section(rules, KARMOR_CAPABILITIES, &n);
	struct selinux_class *ret = &c->ret->rulesets[set].classes[class];

	if (!matched)
		return -ENOMEM;
	for (unsigned capability = 0; capability < IR_CAPABILITY_COUNT; capability++) {
		struct eval_verdict verdict;
		size_t n_matched = 0;

		for (size_t i = first; i < first + n; i++)
			if (c->active[set][class][i] && !c->left_out[c->offsets[set] + i] &&
			    eval_matches_capability(&rules->rules[i], capability))
				matched[n_matched++] = (uint32_t)i;
		verdict = eval_choose(rules, &about, matched, n_matched);
		ret->capabilities[capability] = verdict.action;
		ret->capability_rules[capability] = selinux_rule_of(c, set, &verdict);
	}
	return 0;
}
