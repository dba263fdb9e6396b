/* SPDX-License-Identifier: Apache-2.0 */
/* See ir.h: the tables of names, in the order of the enums. */
#include "ir.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "suggest.h"

static const char *const kind_names[] = {
	"KubeArmorPolicy",
	"KubeArmorClusterPolicy",
	"KubeArmorHostPolicy",
};

static const char *const section_names[] = {
	"process", "file", "network", "capabilities", "syscalls",
};

static const char *const op_names[] = {
	[KARMOR_EXEC] = "exec",
	[KARMOR_READ] = "read",
	[KARMOR_WRITE] = "write",
	[KARMOR_NET] = "net",
	[KARMOR_CAPABILITY] = "capability",
	[KARMOR_SYSCALL] = "syscall",
};

static const char *const list_names[] = {
	"matchPaths",	  "matchDirectories",  "matchPatterns",
	"matchProtocols", "matchCapabilities", "matchSyscalls",
};

static const char *const action_names[] = { "allow", "audit", "block" };

static const char *const operator_names[] = { "In", "NotIn", "Exists", "DoesNotExist" };

static const char *const protocol_names[IR_PROTOCOL_COUNT] = {
	"tcp", "udp",	 "icmp",  "icmpv6", "sctp",	 "dccp",   "udplite",
	"raw", "stream", "dgram", "rdm",    "seqpacket", "packet", "all",
};

/* By number, as linux/capability.h has them. */
static const char *const capability_names[IR_CAPABILITY_COUNT] = {
	"chown",
	"dac_override",
	"dac_read_search",
	"fowner",
	"fsetid",
	"kill",
	"setgid",
	"setuid",
	"setpcap",
	"linux_immutable",
	"net_bind_service",
	"net_broadcast",
	"net_admin",
	"net_raw",
	"ipc_lock",
	"ipc_owner",
	"sys_module",
	"sys_rawio",
	"sys_chroot",
	"sys_ptrace",
	"sys_pacct",
	"sys_admin",
	"sys_boot",
	"sys_nice",
	"sys_resource",
	"sys_time",
	"sys_tty_config",
	"mknod",
	"lease",
	"audit_write",
	"audit_control",
	"setfcap",
	"mac_override",
	"mac_admin",
	"syslog",
	"wake_alarm",
	"block_suspend",
	"audit_read",
	"perfmon",
	"bpf",
	"checkpoint_restore",
};

static int find(const char *name, const char *const *names, size_t n,
		int (*compare)(const char *, const char *))
{
	for (size_t i = 0; i < n; i++)
		if (compare(name, names[i]) == 0)
			return (int)i;
	return -ENOENT;
}

const char *ir_kind_name(enum karmor_kind kind)
{
	return kind_names[kind];
}

int ir_kind_find(const char *name, enum karmor_kind *ret)
{
	int i = find(name, kind_names, ARRAY_SIZE(kind_names), strcmp);

	if (i < 0)
		return i;
	*ret = (enum karmor_kind)i;
	return 0;
}

const char *ir_kind_suggest(const char *name)
{
	return suggest(name, kind_names, ARRAY_SIZE(kind_names));
}

const char *ir_section_name(enum karmor_section section)
{
	return section_names[section];
}

const char *ir_op_name(enum karmor_op op)
{
	return op_names[op];
}

const char *ir_list_name(enum ir_list list)
{
	return list_names[list];
}

const char *ir_action_name(enum karmor_action action)
{
	return action_names[action];
}

int ir_action_find(const char *name, enum karmor_action *ret)
{
	int i = find(name, action_names, ARRAY_SIZE(action_names), strcasecmp);

	if (i < 0)
		return i;
	*ret = (enum karmor_action)i;
	return 0;
}

/* What others call them. */
static const struct {
	const char *word;
	enum karmor_action action;
} action_words[] = {
	{ "accept", KARMOR_ALLOW },   { "permit", KARMOR_ALLOW },  { "pass", KARMOR_ALLOW },
	{ "log", KARMOR_AUDIT },      { "warn", KARMOR_AUDIT },	   { "monitor", KARMOR_AUDIT },
	{ "complain", KARMOR_AUDIT }, { "deny", KARMOR_BLOCK },	   { "drop", KARMOR_BLOCK },
	{ "reject", KARMOR_BLOCK },   { "enforce", KARMOR_BLOCK }, { "forbid", KARMOR_BLOCK },
};

const char *ir_action_suggest(const char *name)
{
	static const char *const written[] = { "Allow", "Audit", "Block" };

	for (size_t i = 0; i < ARRAY_SIZE(action_words); i++)
		if (strcasecmp(action_words[i].word, name) == 0)
			return written[action_words[i].action];
	return suggest(name, written, ARRAY_SIZE(written));
}

int ir_operator_find(const char *name, enum ir_operator *ret)
{
	int i = find(name, operator_names, ARRAY_SIZE(operator_names), strcmp);

	if (i < 0)
		return i;
	*ret = (enum ir_operator)i;
	return 0;
}

const char *ir_operator_suggest(const char *name)
{
	return suggest(name, operator_names, ARRAY_SIZE(operator_names));
}

int ir_protocol_find(const char *name, enum ir_protocol *ret)
{
	int i = find(name, protocol_names, ARRAY_SIZE(protocol_names), strcasecmp);

	if (i < 0)
		return i;
	*ret = (enum ir_protocol)i;
	return 0;
}

const char *ir_protocol_name(enum ir_protocol protocol)
{
	return protocol_names[protocol];
}

const char *ir_protocol_suggest(const char *name)
{
	return suggest(name, protocol_names, ARRAY_SIZE(protocol_names));
}

static const char *without_cap(const char *name)
{
	return strncasecmp(name, "CAP_", 4) == 0 ? name + 4 : name;
}

int ir_capability_find(const char *name, unsigned *ret)
{
	int i = find(without_cap(name), capability_names, ARRAY_SIZE(capability_names), strcasecmp);

	if (i < 0)
		return i;
	*ret = (unsigned)i;
	return 0;
}

const char *ir_capability_name(unsigned capability)
{
	return capability < IR_CAPABILITY_COUNT ? capability_names[capability] : NULL;
}

const char *ir_capability_suggest(const char *name)
{
	return suggest(without_cap(name), capability_names, ARRAY_SIZE(capability_names));
}
