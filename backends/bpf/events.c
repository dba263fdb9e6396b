/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of the ring to events: the rule number becomes the rule's name and place by the table
 * that was compiled with it. Nothing is matched again.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "engine.h"
#include "names.h"
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
	[ABI_HOOK_LOCK] = "file_lock",
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

/* The rule that decided, where one did and its table is or was ours. */
static const struct told *rule_of(const struct bpf_engine *engine,
				  const struct bpf_workload *workload,
				  const struct abi_event *record)
{
	uint32_t number = ABI_RULE(record->verdict);
	const struct bpf_ruleset *set;

	if (!workload || !number || !engine->live)
		return NULL;
	if (workload->ruleset >= engine->live->n_rulesets ||
	    record->generation != engine->live_tables[workload->ruleset].generation)
		return names_find(engine, record->generation, workload->ruleset, number);
	set = bpf_ruleset_at(engine->live, workload->ruleset);
	return number <= set->n_rules ? &set->rules[number - 1].told : NULL;
}

static void decision_describe(struct karmor_event *event, const struct abi_event *record,
			      const struct told *rule)
{
	event->policy = "-";
	if (rule)
		told_write(event, rule);
	else if (record->verdict & ABI_POSTURE)
		event->policy = "DefaultPosture";
	else if (record->verdict & ABI_KEPT)
		event->message = "no workload may change what karmor keeps for itself";
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
	       size - sizeof(*record) >= (size_t)record->resource_len + record->source_len +
						 record->parent_len + record->cwd_len &&
	       record->section <= ABI_SYSCALLS && record->op <= ABI_OP_SYSCALL &&
	       record->hook < ARRAY_SIZE(hook_names);
}

/* What was accessed, as far as @record says: of folded ones, what is the same for all. */
static void resource_add(struct buf *buf, const struct abi_event *record, uint64_t count)
{
	if (record->section == ABI_CAPABILITIES)
		buf_printf(buf, "%s", ir_capability_name(record->family) ?: "?");
	else if (record->section != ABI_NETWORK)
		buf_add(buf, (const char *)(record + 1), record->resource_len);
	else if (count == 1)
		network_add(buf, record);
}

/* The next path of those that follow a record; NULL where it was not known. */
static const char *path_take(const char **at, size_t len, struct buf *ret)
{
	buf_add(ret, *at, len);
	*at += len;
	return len ? ret->data : NULL;
}

/* The strings of an event, as long as it lasts. */
enum { RESOURCE, SOURCE, PARENT, CWD, DETAIL, COMM, TERMINAL, TEXTS };

struct texts {
	struct buf of[TEXTS];
};

static void texts_done(struct texts *texts)
{
	for (size_t i = 0; i < TEXTS; i++)
		buf_done(&texts->of[i]);
}

static bool texts_failed(const struct texts *texts)
{
	bool failed = false;

	for (size_t i = 0; i < TEXTS; i++)
		failed |= buf_failed(&texts->of[i]);
	return failed;
}

static void task_write(struct karmor_event *event, const struct abi_event *record,
		       struct texts *texts)
{
	const char *at = (const char *)(record + 1) + record->resource_len;

	buf_add(&texts->of[COMM], record->comm, strnlen(record->comm, sizeof(record->comm)));
	buf_add(&texts->of[TERMINAL], record->tty, strnlen(record->tty, sizeof(record->tty)));
	event->pid = (pid_t)record->tgid;
	event->ppid = (pid_t)record->ppid;
	event->ns_pid = (pid_t)record->ns_tgid;
	event->ns_ppid = (pid_t)record->ns_ppid;
	event->uid = record->uid;
	event->comm = texts->of[COMM].data;
	event->tty = texts->of[TERMINAL].data;
	event->source = path_take(&at, record->source_len, &texts->of[SOURCE]);
	event->parent = path_take(&at, record->parent_len, &texts->of[PARENT]);
	event->cwd = path_take(&at, record->cwd_len, &texts->of[CWD]);
}

static void access_write(struct karmor_event *event, const struct abi_event *record,
			 struct texts *texts, uint64_t count)
{
	resource_add(&texts->of[RESOURCE], record, count);
	if (record->section == ABI_SYSCALLS)
		syscall_add(&texts->of[DETAIL], record);
	else
		buf_printf(&texts->of[DETAIL], "%s lsm=%s", ir_op_name((enum karmor_op)record->op),
			   hook_names[record->hook]);
	event->time = event_time(record->time);
	event->section = (enum karmor_section)record->section;
	event->op = (enum karmor_op)record->op;
	event->resource = texts->of[RESOURCE].len ? texts->of[RESOURCE].data : NULL;
	event->data = texts->of[DETAIL].data;
	event->enforcer = "BPFLSM";
	event->generation = record->generation;
	event->lost = record->lost;
}

int bpf_event_deliver(struct bpf_engine *engine, const struct abi_event *record, size_t size,
		      uint64_t count)
{
	const struct bpf_workload *workload;
	_cleanup_(texts_done) struct texts texts = { 0 };
	struct karmor_event event = KARMOR_STRUCT(karmor_event, .count = count);

	if (!record_valid(record, size))
		return 0;
	workload = workload_of(engine, record);
	access_write(&event, record, &texts, count);
	task_write(&event, record, &texts);
	if (texts_failed(&texts))
		return -ENOMEM;
	if (workload) {
		/* The node itself is none. */
		event.workload = workload->slot == ABI_HOST_SLOT ? NULL : workload->name;
		event.namespace_name = workload->namespace_name;
		event.container = workload->container;
		event.labels = workload->labels;
	}
	decision_describe(&event, record, rule_of(engine, workload, record));
	engine->fn(&event, engine->data);
	return 0;
}

static int record_deliver(void *data, void *bytes, size_t size)
{
	return bpf_event_deliver(data, bytes, size, 1);
}

static int map_make(enum bpf_map_type type, const char *name, uint32_t key, uint32_t value,
		    uint32_t entries, uint32_t flags, int *ret)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = flags);

	if (*ret < 0)
		*ret = bpf_map_create(type, name, key, value, entries, &opts);
	return *ret < 0 ? -errno : 0;
}

static int poll_add(int poll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int poll_open(struct bpf_engine *engine)
{
	int r;

	engine->poll = epoll_create1(EPOLL_CLOEXEC);
	engine->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (engine->poll < 0 || engine->timer < 0)
		return -errno;
	r = poll_add(engine->poll, engine->timer);
	return r < 0 ? r : poll_add(engine->poll, ring_buffer__epoll_fd(engine->reader));
}

int bpf_events_open(struct bpf_engine *engine)
{
	int r;

	if (engine->reader)
		return 0;
	r = map_make(BPF_MAP_TYPE_RINGBUF, "karmor_ring", 0, 0, RING_BYTES, 0, &engine->ring);
	if (r == 0)
		r = map_make(BPF_MAP_TYPE_HASH, "karmor_folds", sizeof(struct abi_fold_key),
			     sizeof(struct abi_fold), ABI_FOLD_KINDS, BPF_F_NO_PREALLOC,
			     &engine->folds);
	if (r == 0)
		r = map_make(BPF_MAP_TYPE_HASH, "karmor_told", sizeof(struct abi_fold_key),
			     sizeof(uint64_t), ABI_FOLD_KINDS, BPF_F_NO_PREALLOC, &engine->told);
	if (r < 0)
		return r;
	engine->reader = ring_buffer__new(engine->ring, record_deliver, engine, NULL);
	r = engine->reader ? poll_open(engine) : -errno;
	if (r < 0)
		bpf_events_close(engine);
	return r;
}

void bpf_events_close(struct bpf_engine *engine)
{
	int *fds[] = { &engine->ring, &engine->folds, &engine->told, &engine->poll,
		       &engine->timer };

	ring_buffer__free(engine->reader);
	engine->reader = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		cleanup_close(fds[i]);
		*fds[i] = -1;
	}
}

int bpf_events_direct(const struct bpf_engine *engine, uint32_t slot)
{
	return bpf_map_update_elem(engine->maps.folds, &slot, &engine->folds, BPF_ANY) < 0 ||
			       bpf_map_update_elem(engine->maps.rings, &slot, &engine->ring,
						   BPF_ANY) < 0
		       ? -errno
		       : 0;
}

void bpf_events_undirect(const struct kernel_maps *maps, uint32_t slot)
{
	bpf_map_delete_elem(maps->rings, &slot);
	bpf_map_delete_elem(maps->folds, &slot);
}

int bpf_event_fd(const struct karmor_engine *base)
{
	struct bpf_engine *engine = (struct bpf_engine *)(uintptr_t)base;

	return bpf_events_open(engine) < 0 ? -EIO : engine->poll;
}

/* After events came, folded ones may stand unread without anything in the ring to tell of them. */
static void timer_start(const struct bpf_engine *engine)
{
	const struct itimerspec second = { .it_value.tv_sec = 1 };
	struct itimerspec now;

	if (timerfd_gettime(engine->timer, &now) == 0 && !now.it_value.tv_sec &&
	    !now.it_value.tv_nsec)
		timerfd_settime(engine->timer, 0, &second, NULL);
}

static bool timer_ended(const struct bpf_engine *engine)
{
	uint64_t times;

	return read(engine->timer, &times, sizeof(times)) == sizeof(times);
}

int bpf_read_events(struct karmor_engine *base, karmor_event_fn *fn, void *data)
{
	struct bpf_engine *engine = (struct bpf_engine *)base;
	int n, folded = 0;
	bool due;

	if (!engine->reader)
		return 0;
	engine->fn = fn;
	engine->data = data;
	due = timer_ended(engine);
	n = ring_buffer__consume(engine->reader);
	if (n == 0 || (n > 0 && (due || names_kept(engine))))
		folded = bpf_folds_tell(engine);
	if (n < 0 || folded < 0)
		return -EIO;
	names_release(engine);
	if (n || folded)
		timer_start(engine);
	return n > INT_MAX - folded ? INT_MAX : n + folded;
}
