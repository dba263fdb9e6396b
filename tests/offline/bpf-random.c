/* SPDX-License-Identifier: Apache-2.0 */
/* See bpf-random.h. */
#include "bpf-random.h"

#include "cleanup.h"

static uint64_t state;

void random_seed(uint64_t seed)
{
	state = seed ? seed : 1;
}

uint32_t random_below(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 33) % n;
}

#define PICK(array) array[random_below(ARRAY_SIZE(array))]

static const char *const names[] = { "a",  "b",	 "etc",		  "bin", "ab",		 "passwd",
				     "sh", "x1", "longer-name-1", "usr", "longer-name-2" };
static const char *const protocols[] = { "tcp",	 "udp",	   "icmp",    "icmpv6",	  "sctp",
					 "dccp", "raw",	   "all",     "stream",	  "dgram",
					 "rdm",	 "packet", "udplite", "seqpacket" };
static const char *const capabilities[] = { "chown", "NET_RAW", "sys_admin", "cap_kill" };
static const char *const sockets[] = {
	"tcp",
	"udp",
	"icmp",
	"raw",
	"all",
	"inet6:stream:tcp",
	"inet:dgram:icmp",
	"inet:raw:icmp",
	"inet:stream:mptcp",
	"unix:stream:0",
	"netlink:raw:0",
	"packet:raw:768",
	"vsock:stream:0",
	"inet:stream:sctp",
	"inet:dccp:dccp",
	"inet:dgram:udplite",
	"inet6:raw:icmpv6",
	"inet:stream:0",
	"bluetooth:seqpacket:0",
	"inet:packet:0",
	"inet:raw:gre",
	"unix:dgram:17",
};
static const char *const syscalls[] = { "unlink", "mount", "rename", "getpid", "chown", "openat" };
static const char *const globs[] = { "*",   "?",  "**",	   "a*",  "[ab]",	   "{a,b}",
				     "*sh", "x?", "[!a]*", "**/", "{etc,usr/bin}", "longer-*",
				     "*-2" };
static const char *const postures[] = {
	"",
	"file=block,network=block,capabilities=block",
	"file=block",
	"network=block",
	"capabilities=block",
};

const char *random_posture(void)
{
	return PICK(postures);
}

void random_path(struct buf *buf)
{
	uint32_t n = random_below(4);

	if (!n)
		buf_putc(buf, '/');
	while (n--)
		buf_printf(buf, "/%s", PICK(names));
}

static void random_glob(struct buf *buf)
{
	uint32_t n = 1 + random_below(3);
	bool anywhere = random_below(4) == 0;

	for (uint32_t i = 0; i < n; i++) {
		if (i || !anywhere)
			buf_putc(buf, '/');
		buf_puts(buf, random_below(2) ? PICK(names) : PICK(globs));
		if (buf->data[buf->len - 1] == '/')
			buf_puts(buf, PICK(names));
	}
}

static void maybe(struct buf *buf, const char *text)
{
	if (random_below(4) == 0)
		buf_puts(buf, text);
}

static void random_source(struct buf *buf)
{
	uint32_t n = 1 + random_below(2);

	if (random_below(3))
		return;
	buf_puts(buf, ", fromSource: [");
	for (uint32_t i = 0; i < n; i++) {
		buf_puts(buf, i ? ", {" : "{");
		if (random_below(3) == 0) {
			buf_puts(buf, "dir: \"");
			random_path(buf);
			buf_puts(buf, "\", recursive: true}");
		} else {
			buf_puts(buf, "path: \"");
			random_path(buf);
			if (buf->data[buf->len - 1] == '/')
				buf_putc(buf, 'a');
			buf_puts(buf, random_below(4) ? "\"}" : "*\"}");
		}
	}
	buf_putc(buf, ']');
}

static void end_rule(struct buf *buf, bool file, bool owner)
{
	static const char *const actions[] = { "Allow", "Audit", "Block", "Block" };

	if (file)
		maybe(buf, ", readOnly: true");
	if (owner)
		maybe(buf, ", ownerOnly: true");
	random_source(buf);
	buf_printf(buf, ", action: %s}\n", PICK(actions));
}

static void random_list(struct buf *buf, const char *list, bool file)
{
	uint32_t n = 1 + random_below(3);

	buf_printf(buf, "    %s:\n", list);
	while (n--) {
		buf_puts(buf, "    - {");
		if (list[5] == 'P' && list[7] == 't' && list[8] == 'h') {
			bool execname = !file && random_below(4) == 0;

			buf_puts(buf, execname ? "execname: \"" : "path: \"");
			if (execname)
				buf_puts(buf, PICK(names));
			else
				random_path(buf);
			if (buf->data[buf->len - 1] == '/')
				buf_puts(buf, PICK(names));
		} else if (list[5] == 'D') {
			buf_puts(buf, "dir: \"");
			random_path(buf);
		} else {
			buf_puts(buf, "pattern: \"");
			random_glob(buf);
		}
		buf_puts(buf, "\"");
		if (list[5] == 'D')
			buf_puts(buf, random_below(2) ? ", recursive: true" : "");
		end_rule(buf, file, true);
	}
}

static void random_section(struct buf *buf, const char *section, bool file)
{
	static const char *const lists[] = { "matchPaths", "matchDirectories", "matchPatterns" };
	uint32_t which = 1 + random_below(7);

	buf_printf(buf, "  %s:\n", section);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (which >> i & 1)
			random_list(buf, lists[i], file);
}

static void random_words(struct buf *buf, const char *section, const char *list, const char *field,
			 const char *const *words, uint32_t n_words)
{
	uint32_t n = 1 + random_below(4);

	buf_printf(buf, "  %s:\n    %s:\n", section, list);
	while (n--) {
		buf_printf(buf, "    - {%s: %s", field, words[random_below(n_words)]);
		end_rule(buf, false, false);
	}
}

static void random_syscalls(struct buf *buf)
{
	uint32_t n = 1 + random_below(4);

	buf_puts(buf, "  syscalls:\n    matchSyscalls:\n");
	for (uint32_t i = 0; i < n; i++) {
		buf_printf(buf, "    - {syscall: [%s, %s]", PICK(syscalls), PICK(syscalls));
		random_source(buf);
		buf_puts(buf, "}\n");
	}
	buf_puts(buf, "    matchPaths:\n");
	while (n--) {
		buf_puts(buf, "    - {path: \"");
		random_path(buf);
		if (random_below(2) && buf->data[buf->len - 1] != '/')
			buf_putc(buf, '/');
		buf_puts(buf, buf->data[buf->len - 1] == '/' && random_below(2)
				      ? "\", recursive: true"
				      : "\"");
		buf_printf(buf, ", syscall: [%s]", PICK(syscalls));
		random_source(buf);
		buf_puts(buf, "}\n");
	}
}

void random_policy(struct buf *buf, unsigned number)
{
	uint32_t sections = 1 + random_below(31);

	buf_printf(buf,
		   "---\napiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\n"
		   "metadata: {name: p%u}\nspec:\n  selector: {}\n",
		   number);
	if (sections & 1)
		random_section(buf, "process", false);
	if (sections & 2)
		random_section(buf, "file", true);
	if (sections & 4)
		random_words(buf, "network", "matchProtocols", "protocol", protocols,
			     ARRAY_SIZE(protocols));
	if (sections & 8)
		random_words(buf, "capabilities", "matchCapabilities", "capability", capabilities,
			     ARRAY_SIZE(capabilities));
	if (sections & 16)
		random_syscalls(buf);
}

struct karmor_access random_access(struct buf *object, struct buf *source)
{
	struct karmor_access ret =
		KARMOR_STRUCT(karmor_access, .op = random_below(KARMOR_SYSCALL + 1),
			      .not_owner = random_below(2));

	if (ret.op == KARMOR_NET)
		buf_puts(object, PICK(sockets));
	else if (ret.op == KARMOR_CAPABILITY)
		buf_puts(object, PICK(capabilities));
	else if (ret.op == KARMOR_SYSCALL)
		buf_printf(object, "%s%s", PICK(syscalls), random_below(4) ? ":" : "");
	if (ret.op <= KARMOR_WRITE || (object->len && object->data[object->len - 1] == ':'))
		random_path(object);
	if (random_below(4)) {
		random_path(source);
		ret.source = source->data;
	}
	ret.object = object->data;
	return ret;
}
