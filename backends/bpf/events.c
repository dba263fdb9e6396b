/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of the ring to events: the rule number becomes the rule's name and place by the table
 * that was compiled with it. Nothing is matched again.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "engine.h"
#include "syscalls.h"

#define RING_BYTES (1u << 20)

/* By enum abi_hook. */
static const char *const hook_names[] = {
	[ABI_HOOK_EXEC] = "bprm_check_security", [ABI_HOOK_MMAP] = "mmap_file",
	[ABI_HOOK_MPROTECT] = "file_mprotect",	 [ABI_HOOK_OPEN] = "file_open",
	[ABI_HOOK_RECEIVE] = "file_receive",	 [ABI_HOOK_UNLINK] = "path_unlink",
	[ABI_HOOK_MKDIR] = "path_mkdir",	 [ABI_HOOK_RMDIR] = "path_rmdir",
	[ABI_HOOK_MKNOD] = "path_mknod",	 [ABI_HOOK_SYMLINK] = "path_symlink",
	[ABI_HOOK_LINK] = "path_link",		 [ABI_HOOK_RENAME] = "path_rename",
	[ABI_HOOK_TRUNCATE] = "path_truncate",	 [ABI_HOOK_CHMOD] = "path_chmod",
	[ABI_HOOK_CHOWN] = "path_chown",	 [ABI_HOOK_XATTR] = "inode_setxattr",
	[ABI_HOOK_ACL] = "inode_set_acl",	 [ABI_HOOK_TIMES] = "inode_setattr",
	[ABI_HOOK_IOCTL] = "file_ioctl",	 [ABI_HOOK_MOUNT] = "sb_mount",
	[ABI_HOOK_SOCKET] = "socket_create",	 [ABI_HOOK_BIND] = "socket_bind",
	[ABI_HOOK_CONNECT] = "socket_connect",	 [ABI_HOOK_LISTEN] = "socket_listen",
	[ABI_HOOK_ACCEPT] = "socket_accept",	 [ABI_HOOK_SEND] = "socket_sendmsg",
	[ABI_HOOK_CAPABLE] = "capable",		 [ABI_HOOK_SYSCALL] = "sys_enter",
};

static const char *const op_names[] = {
	[ABI_OP_EXEC] = "exec",
	[ABI_OP_READ] = "read",
	[ABI_OP_WRITE] = "write",
	[ABI_OP_NET] = "net",
	[ABI_OP_CAPABILITY] = "capability",
	[ABI_OP_SYSCALL] = "syscall",
};

/* Numbers of the kernel's with their names. */
struct number {
	uint32_t number;
	const char *name;
};

static const struct number families[] = { { 1, "AF_UNIX" },    { 2, "AF_INET" },
					  { 10, "AF_INET6" },  { 16, "AF_NETLINK" },
					  { 17, "AF_PACKET" }, { 40, "AF_VSOCK" } };
static const struct number types[] = { { 1, "SOCK_STREAM" },	{ 2, "SOCK_DGRAM" },
				       { 3, "SOCK_RAW" },	{ 4, "SOCK_RDM" },
				       { 5, "SOCK_SEQPACKET" }, { 6, "SOCK_DCCP" },
				       { 10, "SOCK_PACKET" } };
static const struct number protocols[] = { { 0, "0" },	    { 1, "ICMP" },	{ 6, "TCP" },
					   { 17, "UDP" },   { 33, "DCCP" },	{ 58, "ICMPv6" },
					   { 132, "SCTP" }, { 136, "UDPLITE" }, { 262, "MPTCP" } };

static void number_add(struct buf *buf, const char *key, uint32_t number,
		       const struct number *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (names[i].number == number) {
			buf_printf(buf, "%s=%s", key, names[i].name);
			return;
		}
	buf_printf(buf, "%s=%u", key, number);
}

static void network_add(struct buf *buf, const struct abi_event *record)
{
	number_add(buf, "domain", record->family, families, ARRAY_SIZE(families));
	number_add(buf, " type", record->type, types, ARRAY_SIZE(types));
	number_add(buf, " protocol", record->protocol, protocols, ARRAY_SIZE(protocols));
}

/* "syscall=SYS_UNLINK", as KubeArmor writes it. */
static void syscall_add(struct buf *buf, const struct abi_event *record)
{
	const char *name = bpf_syscall_name(record->family) ?: "?";

	buf_puts(buf, "syscall=SYS_");
	for (; *name; name++)
		buf_putc(buf, (char)toupper((unsigned char)*name));
	if (record->family >= ABI_SYSCALL_COMPAT)
		buf_puts(buf, " abi=ia32");
}

/* The kernel's clock of the event in calendar time, by the two clocks now. */
static struct timespec event_time(uint64_t monotonic)
{
	struct timespec now, real;
	int64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	clock_gettime(CLOCK_REALTIME, &real);
	ns = ((int64_t)real.tv_sec - (int64_t)now.tv_sec) * 1000000000 + real.tv_nsec -
	     now.tv_nsec + (int64_t)monotonic;
	return (struct timespec){ .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
}

static const struct bpf_workload *workload_of(const struct bpf_engine *engine,
					      const struct abi_event *record)
{
	for (size_t i = 0; i < engine->n_workloads; i++)
		if (engine->workloads[i].id == record->workload)
			return &engine->workloads[i];
	return NULL;
}

/* The rule that decided, where one did and its table is still ours. */
static const struct bpf_rule *rule_of(const struct bpf_engine *engine,
				      const struct bpf_workload *workload,
				      const struct abi_event *record)
{
	uint32_t number = ABI_RULE(record->verdict);
	const struct bpf_ruleset *set;

	if (!workload || !number || !engine->live || record->generation != engine->generation ||
	    workload->ruleset >= engine->live->base.n_rulesets)
		return NULL;
	set = &engine->live->rulesets[workload->ruleset];
	return number <= set->n_rules ? &set->rules[number - 1] : NULL;
}

static const char *nonempty(const char *text)
{
	return text && *text ? text : NULL;
}

static void rule_describe(struct karmor_event *event, const struct bpf_rule *rule)
{
	event->policy = rule->policy;
	event->policy_file = rule->file;
	event->rule = rule->locator;
	event->rule_path = nonempty(rule->path);
	event->message = nonempty(rule->message);
	event->tags = nonempty(rule->tags);
	event->severity = rule->severity;
}

static void decision_describe(struct karmor_event *event, const struct abi_event *record,
			      const struct bpf_rule *rule)
{
	event->policy = "-";
	if (rule)
		rule_describe(event, rule);
	else if (record->verdict & ABI_POSTURE)
		event->policy = "DefaultPosture";
	else if (record->verdict & ABI_UNDECIDED)
		event->message = record->section == ABI_SYSCALLS
					 ? "the path argument could not be read"
					 : "the access could not be decided and was denied";
	event->action = ABI_ACTION(record->verdict) == ABI_BLOCK ? KARMOR_BLOCK : KARMOR_AUDIT;
	event->denied = record->error != 0;
	event->error = -record->error;
}

/* A record is the kernel's, but its lengths are checked all the same: a reader must not depend on a
 * writer. */
static bool record_valid(const struct abi_event *record, size_t size)
{
	return size >= sizeof(*record) &&
	       size - sizeof(*record) >= (size_t)record->resource_len + record->source_len &&
	       record->section <= ABI_SYSCALLS && record->op < ARRAY_SIZE(op_names) &&
	       record->hook < ARRAY_SIZE(hook_names);
}

static int record_deliver(void *data, void *bytes, size_t size)
{
	struct bpf_engine *engine = data;
	const struct abi_event *record = bytes;
	const char *text = (const char *)(record + 1);
	const struct bpf_workload *workload;
	_cleanup_buf_ struct buf resource = { 0 }, source = { 0 }, detail = { 0 }, comm = { 0 };
	struct karmor_event event = KARMOR_STRUCT(karmor_event, .count = 1);

	if (!record_valid(record, size))
		return 0;
	workload = workload_of(engine, record);
	if (record->section == ABI_NETWORK)
		network_add(&resource, record);
	else if (record->section == ABI_CAPABILITIES)
		buf_printf(&resource, "%s", ir_capability_name(record->family) ?: "?");
	else
		buf_add(&resource, text, record->resource_len);
	buf_add(&source, text + record->resource_len, record->source_len);
	if (record->section == ABI_SYSCALLS)
		syscall_add(&detail, record);
	else
		buf_printf(&detail, "%s lsm=%s", op_names[record->op], hook_names[record->hook]);
	buf_add(&comm, record->comm, strnlen(record->comm, sizeof(record->comm)));
	if (buf_failed(&resource) || buf_failed(&source) || buf_failed(&detail) ||
	    buf_failed(&comm))
		return -ENOMEM;
	event.time = event_time(record->time);
	event.section = (enum karmor_section)record->section;
	event.op = (enum karmor_op)record->op;
	event.pid = (pid_t)record->tgid;
	event.ppid = (pid_t)record->ppid;
	event.uid = record->uid;
	event.comm = comm.data;
	event.source = nonempty(source.data);
	event.resource = nonempty(resource.data);
	event.data = detail.data;
	event.enforcer = "BPFLSM";
	event.generation = record->generation;
	event.lost = record->lost;
	if (workload) {
		event.workload = workload->name;
		event.namespace_name = workload->namespace_name;
		event.container = workload->container;
		event.labels = workload->labels;
	}
	decision_describe(&event, record, rule_of(engine, workload, record));
	engine->fn(&event, engine->data);
	return 0;
}

int bpf_events_open(struct bpf_engine *engine)
{
	if (engine->reader)
		return 0;
	if (engine->ring < 0)
		engine->ring =
			bpf_map_create(BPF_MAP_TYPE_RINGBUF, "karmor_ring", 0, 0, RING_BYTES, NULL);
	if (engine->ring < 0)
		return -errno;
	engine->reader = ring_buffer__new(engine->ring, record_deliver, engine, NULL);
	return engine->reader ? 0 : -errno;
}

void bpf_events_close(struct bpf_engine *engine)
{
	ring_buffer__free(engine->reader);
	engine->reader = NULL;
	cleanup_close(&engine->ring);
	engine->ring = -1;
}

int bpf_event_fd(const struct karmor_engine *base)
{
	struct bpf_engine *engine = (struct bpf_engine *)(uintptr_t)base;

	return bpf_events_open(engine) < 0 ? -EIO : ring_buffer__epoll_fd(engine->reader);
}

int bpf_read_events(struct karmor_engine *base, karmor_event_fn *fn, void *data)
{
	struct bpf_engine *engine = (struct bpf_engine *)base;
	int n;

	if (!engine->reader)
		return 0;
	engine->fn = fn;
	engine->data = data;
	n = ring_buffer__consume(engine->reader);
	return n < 0 ? -EIO : n;
}
