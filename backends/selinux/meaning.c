/* SPDX-License-Identifier: Apache-2.0 */
#include "meaning.h"

#include <netinet/in.h>
#include <string.h>

#include "cleanup.h"

static bool is_one_of(const char *text, const char *const *of, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(text, of[i]) == 0)
			return true;
	return false;
}

static bool is_socket(const char *class)
{
	static const char end[] = "socket";
	size_t len = strlen(class);

	return len >= sizeof(end) - 1 && strcmp(class + len - (sizeof(end) - 1), end) == 0;
}

/* A change before an exec before a reading, where one record is of several. */
static int op_of(const struct avc *avc)
{
	static const enum selinux_op order[] = { SELINUX_WRITE, SELINUX_EXEC, SELINUX_READ };

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (selinux_is_op(order[i], avc->class, avc->perms))
			return order[i];
	return -1;
}

/* What a workload is denied whatever its rules say. */
static const struct protection {
	const char *class, *perms; /* NULL: of a file, of whatever class */
	const char *resource, *why;
	enum karmor_section section;
	enum karmor_op op;
} protections[] = {
	{ "process", AVC_NO_DOMAIN, "type",
	  "the machine's policy has a domain for this program, which "
	  "no workload has",
	  KARMOR_PROCESS, KARMOR_EXEC },
	{ "process", "setexec", "exec label", "a role could be chosen that has other rules",
	  KARMOR_PROCESS, KARMOR_EXEC },
	{ "process", "dyntransition", "label", "a role could be chosen that has other rules",
	  KARMOR_PROCESS, KARMOR_EXEC },
	{ "process", "setfscreate", "fscreate", "a label could give a file other rules",
	  KARMOR_FILE, KARMOR_WRITE },
	{ "process", "setsockcreate", "socket label", "a label could keep sockets from the log",
	  KARMOR_PROCESS, KARMOR_EXEC },
	{ "process", "ptrace", "ptrace", "another task could be made to do what is denied",
	  KARMOR_PROCESS, KARMOR_EXEC },
	{ "filesystem", "relabelfrom", "mount label", "a label could give files other rules",
	  KARMOR_FILE, KARMOR_WRITE },
	{ "filesystem", "relabelto", "mount label", "a label could give files other rules",
	  KARMOR_FILE, KARMOR_WRITE },
	{ NULL, "relabelfrom", NULL, "a label could give a file other rules", KARMOR_FILE,
	  KARMOR_WRITE },
	{ NULL, "relabelto", NULL, "a label could give a file other rules", KARMOR_FILE,
	  KARMOR_WRITE },
};

static const struct protection *protection_of(const struct avc *avc)
{
	for (size_t i = 0; i < ARRAY_SIZE(protections); i++)
		if (strcmp(protections[i].perms, avc->perms) == 0 &&
		    (!protections[i].class || strcmp(protections[i].class, avc->class) == 0))
			return &protections[i];
	return NULL;
}

bool meaning_read(const struct avc *avc, struct meaning *ret)
{
	static const char *const capabilities[] = { "capability", "capability2", "cap_userns",
						    "cap2_userns" };

	*ret = (struct meaning){ .kind = -1 };
	if (is_one_of(avc->class, capabilities, ARRAY_SIZE(capabilities))) {
		ret->section = KARMOR_CAPABILITIES;
		ret->op = KARMOR_CAPABILITY;
		ret->kind = avc->capability >= 0 && avc->capability < IR_CAPABILITY_COUNT
				    ? (int)avc->capability
				    : -1;
		return ret->kind >= 0;
	}
	/* Of "sock_file" the class is a file's. */
	if (is_socket(avc->class)) {
		ret->section = KARMOR_NETWORK;
		ret->op = KARMOR_NET;
		return selinux_is_socket_perm(avc->perms);
	}
	ret->kind = op_of(avc);
	ret->protection = ret->kind < 0 ? protection_of(avc) : NULL;
	if (ret->protection)
		ret->kind = SELINUX_OPS;
	if (ret->kind < 0)
		return false;
	ret->is_file = !ret->protection || !ret->protection->class;
	ret->section =
		ret->protection ? ret->protection->section : selinux_asked[ret->kind].section;
	ret->op = ret->protection ? ret->protection->op : selinux_asked[ret->kind].op;
	return true;
}

static const struct selinux_rule *rule_at(const struct selinux_class *class, const uint32_t *rules,
					  size_t i)
{
	return rules[i] == SELINUX_NO_RULE ? NULL : &class->set->rules[rules[i]];
}

static bool file_decide(const struct selinux_artifact *artifact, const struct selinux_class *class,
			const struct avc *avc, size_t label, struct meaning *ret)
{
	enum karmor_action logged = avc->granted ? KARMOR_AUDIT : KARMOR_BLOCK;
	uint32_t accept = artifact->rest;

	if (label != SELINUX_NO_LABEL)
		accept = strcmp(avc->class, "dir") == 0 && strcmp(avc->perms, "add_name") != 0
				 ? artifact->labels[label].own
				 : artifact->labels[label].child;
	if (class->verdicts[ret->kind][accept] != (uint8_t)logged)
		return false;
	ret->rule = rule_at(class, class->rules[ret->kind], accept);
	return true;
}

/* What a task may do to those that have its role. */
static bool is_own(const struct avc *avc)
{
	size_t len, other_len;
	const char *role = avc_role(avc->subject, &len), *other = avc_role(avc->object, &other_len);

	return role && other && len == other_len && memcmp(role, other, len) == 0;
}

static bool protection_decide(const struct avc *avc, struct meaning *ret)
{
	ret->protects = ret->protection->why;
	return !avc->granted && !(strcmp(avc->perms, "ptrace") == 0 && is_own(avc));
}

static bool socket_decide(const struct selinux_artifact *artifact,
			  const struct selinux_class *class, const struct avc *avc,
			  struct meaning *ret)
{
	enum karmor_action logged = avc->granted ? KARMOR_AUDIT : KARMOR_BLOCK;

	for (size_t i = 0; i < artifact->n_sockets; i++)
		if (strcmp(artifact->sockets[i], avc->class) == 0) {
			ret->rule = rule_at(class, class->network_rules, i);
			return class->network[i] == logged;
		}
	return false;
}

bool meaning_decide(const struct selinux_artifact *artifact, const struct selinux_class *class,
		    const struct avc *avc, size_t label, struct meaning *ret)
{
	if (ret->section == KARMOR_NETWORK)
		return socket_decide(artifact, class, avc, ret);
	if (ret->section == KARMOR_CAPABILITIES) {
		ret->rule = rule_at(class, class->capability_rules, (size_t)ret->kind);
		return class->capabilities[ret->kind] ==
		       (avc->granted ? KARMOR_AUDIT : KARMOR_BLOCK);
	}
	if (ret->kind == SELINUX_OPS)
		return protection_decide(avc, ret);
	return file_decide(artifact, class, avc, label, ret);
}

static bool is_named(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');

	return name && slash && strcmp(slash + 1, name) == 0;
}

/* A label that an exact path decides of was given to the file under that path. */
static const char *rule_path(const struct meaning *meaning, const struct avc *avc)
{
	const struct selinux_rule *rule = meaning->rule;

	return rule && rule->match == IR_PATH && is_named(rule->path, avc->name) ? rule->path
										 : NULL;
}

static void file_write(const struct meaning *meaning, struct avc *avc, struct buf *resource,
		       struct buf *data)
{
	const char *path = avc_path(avc), *of_rule = path ? NULL : rule_path(meaning, avc),
		   *labelled = meaning->labelled;

	buf_puts(resource, path ?: of_rule ?: labelled ?: avc->path ?: avc->name ?: "?");
	if (path)
		return;
	buf_printf(data, " path=%s dev=%s ino=%s",
		   of_rule    ? "rule"
		   : labelled ? "label"
			      : "unknown",
		   avc->dev ?: "?", avc->inode ?: "?");
}

/* What a class says of its sockets, of which the kernel makes no more known; -1: not the protocol.
 */
static const struct {
	const char *class, *domain, *type;
	int protocol;
} sockets[] = {
	{ "tcp_socket", NULL, "SOCK_STREAM", IPPROTO_TCP },
	{ "udp_socket", NULL, "SOCK_DGRAM", IPPROTO_UDP },
	{ "sctp_socket", NULL, NULL, IPPROTO_SCTP },
	{ "unix_stream_socket", "AF_UNIX", "SOCK_STREAM", 0 },
	{ "unix_dgram_socket", "AF_UNIX", "SOCK_DGRAM", 0 },
	{ "packet_socket", "AF_PACKET", NULL, -1 },
	{ "key_socket", "AF_KEY", NULL, -1 },
	{ "netlink_route_socket", "AF_NETLINK", NULL, 0 },
	{ "vsock_socket", "AF_VSOCK", NULL, -1 },
	{ "alg_socket", "AF_ALG", NULL, -1 },
	{ "bluetooth_socket", "AF_BLUETOOTH", NULL, -1 },
	{ "can_socket", "AF_CAN", NULL, -1 },
	{ "xdp_socket", "AF_XDP", NULL, -1 },
};

/* As the other backends write it, as far as it is known. */
static void socket_write(const char *class, struct buf *resource)
{
	for (size_t i = 0; i < ARRAY_SIZE(sockets); i++) {
		if (strcmp(sockets[i].class, class) != 0)
			continue;
		if (sockets[i].domain)
			buf_printf(resource, "domain=%s ", sockets[i].domain);
		if (sockets[i].type)
			buf_printf(resource, "type=%s ", sockets[i].type);
		if (sockets[i].protocol >= 0)
			buf_printf(resource, "protocol=%d ", sockets[i].protocol);
	}
	buf_printf(resource, "class=%s", class);
}

static void protection_write(const struct protection *protection, const struct avc *avc,
			     struct buf *resource)
{
	size_t len;
	const char *role = avc_role(avc->object, &len), *type = role ? role + len + 1 : "";

	buf_puts(resource, protection->resource);
	if (strcmp(protection->perms, AVC_NO_DOMAIN) == 0)
		buf_printf(resource, "=%.*s", (int)strcspn(type, ":"), type);
}

void meaning_write(const struct meaning *meaning, struct avc *avc, struct buf *resource,
		   struct buf *data)
{
	buf_printf(data, "%s lsm=%s perms=", ir_op_name(meaning->op), avc->class);
	for (const char *p = avc->perms; *p; p++)
		buf_putc(data, *p == ' ' ? ',' : *p);
	if (meaning->section == KARMOR_NETWORK)
		socket_write(avc->class, resource);
	else if (meaning->section == KARMOR_CAPABILITIES)
		buf_puts(resource, ir_capability_name((unsigned)meaning->kind) ?: "?");
	else if (!meaning->is_file)
		protection_write(meaning->protection, avc, resource);
	else
		file_write(meaning, avc, resource, data);
}
