/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See match.h. Exact paths, directories, names and protocols are compared here; globs are glob.c's.
 */
#include "match.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "glob.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

/* @dir is @len bytes without a trailing slash, but for "/". */
static bool dir_matches(const char *dir, size_t len, bool recursive, const char *path)
{
	if (len == 1)
		len = 0; /* "/": what follows the empty prefix is always a slash */
	if (strncmp(dir, path, len) != 0)
		return false;
	if (path[len] == '\0')
		return true;
	if (path[len] != '/')
		return false;
	return recursive || !strchr(path + len + 1, '/');
}

static bool execname_matches(const char *name, const char *path)
{
	const char *slash = strrchr(path, '/');

	return strcmp(name, slash ? slash + 1 : path) == 0;
}

static bool pattern_matches(const char *pattern, const char *path)
{
	bool recursive;
	size_t len;

	if (match_form(pattern, &recursive, &len) != IR_DIR)
		return match_pattern(pattern, path);
	/* The directory itself is not in the glob's reach. */
	return match_pattern(pattern, path) || glob_matches(pattern, len, path);
}

bool match_pattern(const char *pattern, const char *path)
{
	if (*pattern == '/' || *pattern == '\0')
		return glob_matches(pattern, strlen(pattern), path);
	return glob_matches_anywhere(pattern, strlen(pattern), path);
}

bool match_path(enum ir_match match, const char *matcher, bool recursive, const char *path)
{
	switch ((int)match) {
	case IR_PATH:
		return strcmp(matcher, path) == 0;
	case IR_PATTERN:
		return pattern_matches(matcher, path);
	case IR_EXECNAME:
		return execname_matches(matcher, path);
	case IR_DIR:
		return dir_matches(matcher, strlen(matcher), recursive, path);
	default:
		return false;
	}
}

bool match_source(const struct ruleset_rule *rule, const char *source)
{
	if (!rule->ir->n_sources)
		return true;
	for (size_t i = 0; source && i < rule->ir->n_sources; i++) {
		const struct ir_source *s = &rule->sources[i];

		if (match_path(s->match, s->path, s->recursive, source))
			return true;
	}
	return false;
}

bool match_family_exempt(int family)
{
	return family == AF_UNIX || family == AF_NETLINK;
}

/* A protocol by type and number within AF_INET and AF_INET6; 0 or -1: not asked. */
struct inet_protocol {
	int type, numbers[3];
};

static const struct inet_protocol inet_protocols[IR_PROTOCOL_COUNT] = {
	[IR_TCP] = { SOCK_STREAM, { 0, IPPROTO_TCP, IPPROTO_MPTCP } },
	[IR_UDP] = { SOCK_DGRAM, { 0, IPPROTO_UDP, IPPROTO_UDP } },
	[IR_ICMP] = { 0, { IPPROTO_ICMP, IPPROTO_ICMP, IPPROTO_ICMP } },
	[IR_ICMPV6] = { 0, { IPPROTO_ICMPV6, IPPROTO_ICMPV6, IPPROTO_ICMPV6 } },
	[IR_SCTP] = { 0, { IPPROTO_SCTP, IPPROTO_SCTP, IPPROTO_SCTP } },
	[IR_DCCP] = { 0, { IPPROTO_DCCP, IPPROTO_DCCP, IPPROTO_DCCP } },
	[IR_UDPLITE] = { 0, { IPPROTO_UDPLITE, IPPROTO_UDPLITE, IPPROTO_UDPLITE } },
};

static const int socket_types[IR_PROTOCOL_COUNT] = {
	[IR_RAW] = SOCK_RAW, [IR_STREAM] = SOCK_STREAM,	      [IR_DGRAM] = SOCK_DGRAM,
	[IR_RDM] = SOCK_RDM, [IR_SEQPACKET] = SOCK_SEQPACKET, [IR_PACKET] = SOCK_PACKET,
};

static bool inet_matches(const struct inet_protocol *p, int family, int type, int number)
{
	if (family != AF_INET && family != AF_INET6)
		return false;
	if (p->type && p->type != type)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(p->numbers); i++)
		if (p->numbers[i] == number)
			return true;
	return false;
}

bool match_protocol(enum ir_protocol protocol, int family, int type, int number)
{
	if (match_family_exempt(family))
		return false;
	if (protocol == IR_ALL)
		return true;
	if (protocol == IR_RAW && family == AF_PACKET)
		return true;
	if (socket_types[protocol])
		return socket_types[protocol] == type;
	return inet_matches(&inet_protocols[protocol], family, type, number);
}

uint64_t match_protocol_specificity(enum ir_protocol protocol)
{
	if (protocol == IR_ALL)
		return 0;
	return socket_types[protocol] ? 1 : 2;
}

#define TIER (UINT64_C(1) << 32)

uint64_t match_specificity(enum ir_match match, const char *matcher)
{
	bool recursive;
	size_t len = strlen(matcher), literals = len;

	if (match == IR_PATTERN) {
		match = match_form(matcher, &recursive, &len);
		literals = glob_literals(matcher, len);
	}
	switch ((int)match) {
	case IR_PATH:
		return 3 * TIER;
	case IR_PATTERN:
	case IR_EXECNAME:
		return 2 * TIER + literals;
	case IR_DIR:
		return TIER + literals;
	default:
		return 0;
	}
}

int match_pattern_check(const char *pattern, const char **what, size_t *offset)
{
	return glob_check(pattern, what, offset);
}

bool match_is_pattern(const char *path)
{
	return path[strcspn(path, "*?[{")] != '\0';
}

/* How many bytes of @pattern stand for themselves before the first wildcard. *@slash: where the
 * last of them begins if it is a slash, escaped or not; else as many. */
static size_t literal_prefix(const char *pattern, size_t len, size_t *slash)
{
	struct glob_element element;
	size_t at = 0;

	*slash = 0;
	for (; at < len; at += element.size) {
		element = glob_element(pattern, len, at);
		if (element.kind != GLOB_BYTE && element.kind != GLOB_NEXT)
			break;
		*slash = element.byte == '/' ? at : at + element.size;
	}
	return at;
}

enum ir_match match_form(const char *pattern, bool *recursive, size_t *len)
{
	size_t all = strlen(pattern), slash, prefix = literal_prefix(pattern, all, &slash);

	*recursive = false;
	*len = all;
	if (*pattern != '/')
		return IR_PATTERN;
	if (prefix == all)
		return IR_PATH;
	if (slash == prefix || strspn(pattern + prefix, "*") != all - prefix)
		return IR_PATTERN;
	*recursive = all - prefix > 1;
	*len = slash ? slash : 1;
	return IR_DIR;
}

int match_read(struct arena *arena, enum ir_match *match, bool *recursive, const char **matcher)
{
	struct glob_element element;
	enum ir_match form;
	size_t len, n = 0;
	char *text;

	if (*match != IR_PATTERN)
		return 0;
	form = match_form(*matcher, recursive, &len);
	if (form == IR_PATTERN)
		return 0;
	text = arena_alloc(arena, len + 1);
	if (!text)
		return -ENOMEM;
	for (size_t at = 0; at < len; at += element.size) {
		element = glob_element(*matcher, len, at);
		text[n++] = element.byte;
	}
	*matcher = text;
	*match = form;
	return 0;
}
