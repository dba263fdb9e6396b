/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network and capabilities: what eval says of each socket family and type, and of each capability.
 *
 * A profile knows no protocols. A family and type is treated as its usual protocol is; of raw
 * sockets, which have none, the strictest verdict holds.
 */
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "apparmor.h"
#include "cleanup.h"

static const char *const families[APPARMOR_FAMILIES] = {
	[1] = "unix",	   [2] = "inet",     [3] = "ax25",	 [4] = "ipx",
	[5] = "appletalk", [6] = "netrom",   [7] = "bridge",	 [8] = "atmpvc",
	[9] = "x25",	   [10] = "inet6",   [11] = "rose",	 [12] = "netbeui",
	[13] = "security", [14] = "key",     [15] = NULL,	 [16] = "netlink",
	[17] = "packet",   [18] = "ash",     [19] = "econet",	 [20] = "atmsvc",
	[21] = "rds",	   [22] = "sna",     [23] = "irda",	 [24] = "pppox",
	[25] = "wanpipe",  [26] = "llc",     [27] = "ib",	 [28] = "mpls",
	[29] = "can",	   [30] = "tipc",    [31] = "bluetooth", [32] = "iucv",
	[33] = "rxrpc",	   [34] = "isdn",    [35] = "phonet",	 [36] = "ieee802154",
	[37] = "caif",	   [38] = "alg",     [39] = "nfc",	 [40] = "vsock",
	[41] = "kcm",	   [42] = "qipcrtr", [43] = "smc",	 [44] = "xdp",
};

static const char *const types[APPARMOR_TYPES] = {
	[SOCK_STREAM] = "stream", [SOCK_DGRAM] = "dgram",	  [SOCK_RAW] = "raw",
	[SOCK_RDM] = "rdm",	  [SOCK_SEQPACKET] = "seqpacket", [SOCK_PACKET] = "packet",
};

/* The protocols that rules tell apart; the first is that of a socket for which none is asked. */
static const int numbers[] = { 0, 1, 6, 17, 33, 58, 132, 136, 255, 262 };

const char *apparmor_family_name(unsigned family)
{
	return family < APPARMOR_FAMILIES ? families[family] : NULL;
}

const char *apparmor_type_name(unsigned type)
{
	return type < APPARMOR_TYPES ? types[type] : NULL;
}

struct active_rules {
	const struct karmor_ruleset *set;
	const bool *active;
	uint32_t *matched;
	size_t n;
};

static struct eval_verdict socket_verdict(struct active_rules *rules, int family, int type,
					  int number)
{
	struct eval_access about = { .section = KARMOR_NETWORK,
				     .op = KARMOR_NET,
				     .owner = true,
				     .exempt = family == AF_UNIX || family == AF_NETLINK };
	size_t n, first = eval_section(rules->set, KARMOR_NETWORK, &n);

	rules->n = 0;
	for (size_t i = first; i < first + n; i++)
		if (rules->active[i] &&
		    eval_matches_socket(&rules->set->rules[i], family, type, number))
			rules->matched[rules->n++] = (uint32_t)i;
	return eval_choose(rules->set, &about, rules->matched, rules->n);
}

static uint32_t rule_index(const struct karmor_ruleset *set, const struct eval_verdict *verdict)
{
	return verdict->rule ? (uint32_t)(verdict->rule - set->rules) : APPARMOR_NO_RULE;
}

static void socket_decide(struct apparmor_profile *profile, struct active_rules *rules, int family,
			  int type)
{
	struct eval_verdict worst = socket_verdict(rules, family, type, 0);

	for (size_t i = 1; type == SOCK_RAW && i < ARRAY_SIZE(numbers); i++) {
		struct eval_verdict verdict = socket_verdict(rules, family, type, numbers[i]);

		if (verdict.action > worst.action)
			worst = verdict;
	}
	/* SMC opens, and falls back to, a TCP connection of the kernel's own, which no profile
	 * sees. */
	if (family == AF_SMC && type == SOCK_STREAM) {
		struct eval_verdict tcp = socket_verdict(rules, AF_INET, SOCK_STREAM, IPPROTO_TCP);

		if (tcp.action > worst.action)
			worst = tcp;
	}
	profile->network[family][type] = worst.action;
	profile->network_rules[family][type] = rule_index(rules->set, &worst);
}

/* Marks the rules that a socket's verdict is not kept of. */
static void socket_compare(const struct apparmor_profile *profile, struct active_rules *rules,
			   int family, int type, int number, bool *off)
{
	struct eval_verdict verdict = socket_verdict(rules, family, type, number);
	uint32_t made = profile->network_rules[family][type];

	if (verdict.action == profile->network[family][type])
		return;
	if (verdict.rule)
		off[verdict.rule - rules->set->rules] = true;
	if (made != APPARMOR_NO_RULE)
		off[made] = true;
}

int apparmor_network(struct apparmor_profile *profile, const struct karmor_ruleset *set,
		     const bool *active, bool *off)
{
	_cleanup_free_ uint32_t *matched = calloc(set->n_rules + 1, sizeof(*matched));
	struct active_rules rules = { .set = set, .active = active, .matched = matched };

	if (!matched)
		return -ENOMEM;
	for (size_t i = 0; i < set->n_rules; i++) /* their sockets are of a type without a name */
		off[i] |= set->rules[i].ir->section == KARMOR_NETWORK &&
			  set->rules[i].ir->protocol == IR_DCCP;
	for (int family = 1; family < APPARMOR_FAMILIES; family++)
		for (int type = 1; type < APPARMOR_TYPES; type++) {
			bool inet = family == AF_INET || family == AF_INET6;

			if (!families[family] || !types[type])
				continue;
			socket_decide(profile, &rules, family, type);
			/* That SMC counts as TCP is no shortcoming. */
			for (size_t i = 0; family != AF_SMC && i < (inet ? ARRAY_SIZE(numbers) : 1);
			     i++)
				socket_compare(profile, &rules, family, type, numbers[i], off);
		}
	return 0;
}

int apparmor_capabilities(struct apparmor_profile *profile, const struct karmor_ruleset *set,
			  const bool *active)
{
	_cleanup_free_ uint32_t *matched = calloc(set->n_rules + 1, sizeof(*matched));
	struct eval_access about = { .section = KARMOR_CAPABILITIES,
				     .op = KARMOR_CAPABILITY,
				     .owner = true };
	size_t n, first = eval_section(set, KARMOR_CAPABILITIES, &n);

	if (!matched)
		return -ENOMEM;
	for (unsigned capability = 0; capability < IR_CAPABILITY_COUNT; capability++) {
		struct eval_verdict verdict;
		size_t n_matched = 0;

		for (size_t i = first; i < first + n; i++)
			if (active[i] && eval_matches_capability(&set->rules[i], capability))
				matched[n_matched++] = (uint32_t)i;
		verdict = eval_choose(set, &about, matched, n_matched);
		profile->capabilities[capability] = verdict.action;
		profile->capability_rules[capability] = rule_index(set, &verdict);
	}
	return 0;
}
