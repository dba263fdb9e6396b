/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Audit records to events. A record names the profile, so the workload and the class of the acting
 * executable are known; which of the profile's lines it was AppArmor does not say, so that the name
 * is looked up in the table of the rules that the profile was made of, in their order.
 *
 * The records come by multicast: auditd, where there is one, gets them as well.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "engine.h"
#include "match.h"
#include "record.h"

#define RECEIVE_BUFFER (8 << 20)
#define RECORDS_MAX 65536
/* How long to wait for records that the kernel has made but not sent yet. */
#define SETTLE_MS 20
#define SETTLE_ROUNDS 25

static int netlink_open(unsigned groups)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

int apparmor_events_open(struct apparmor_engine *engine)
{
	int size = RECEIVE_BUFFER;

	if (engine->records >= 0)
		return 0;
	engine->records = netlink_open(1u << (AUDIT_NLGRP_READLOG - 1));
	if (engine->records < 0)
		return engine->records;
	(void)!setsockopt(engine->records, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return 0;
}

int apparmor_event_fd(const struct karmor_engine *base)
{
	struct apparmor_engine *engine = (struct apparmor_engine *)(uintptr_t)base;
	int r = apparmor_events_open(engine);

	return r < 0 ? -EIO : engine->records;
}

/* What the kernel says of its queue of records; false where it does not. */
static bool status_ask(struct audit_status *ret)
{
	_cleanup_close_ int fd = netlink_open(0);
	struct nlmsghdr ask = { .nlmsg_len = NLMSG_LENGTH(0),
				.nlmsg_type = AUDIT_GET,
				.nlmsg_flags = NLM_F_REQUEST };
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	union {
		struct nlmsghdr header;
		char bytes[1024];
	} answer;
	ssize_t n;

	if (fd < 0 ||
	    sendto(fd, &ask, ask.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return false;
	if (poll(&wait, 1, SETTLE_MS) != 1)
		return false;
	n = recv(fd, &answer, sizeof(answer), 0);
	if (n < (ssize_t)NLMSG_LENGTH(offsetof(struct audit_status, version)) ||
	    answer.header.nlmsg_type != AUDIT_GET)
		return false;
	memset(ret, 0, sizeof(*ret));
	memcpy(ret, NLMSG_DATA(&answer.header),
	       (size_t)n - NLMSG_LENGTH(0) < sizeof(*ret) ? (size_t)n - NLMSG_LENGTH(0)
							  : sizeof(*ret));
	return true;
}

/* What an event is about, and the accesses it may be. */
struct access_kinds {
	enum karmor_section section;
	enum karmor_op ops[2];
	size_t n;
};

static bool is_any_of(const char *text, const char *letters)
{
	return text && text[strcspn(text, letters)];
}

/* A change before a reading, for a file that is opened for both is one record. */
static bool kinds_of(const struct apparmor_record *record, struct access_kinds *ret)
{
	const char *mask = record->denied ? record->denied : record->requested;

	*ret = (struct access_kinds){ 0 };
	if (record->capability >= 0) {
		ret->section = KARMOR_CAPABILITIES;
		ret->ops[ret->n++] = KARMOR_CAPABILITY;
	} else if (record->family) {
		ret->section = KARMOR_NETWORK;
		ret->ops[ret->n++] = KARMOR_NET;
	} else if (strcmp(record->operation, "exec") == 0) {
		ret->section = KARMOR_PROCESS;
		ret->ops[ret->n++] = KARMOR_EXEC;
	} else if (record->name &&
		   (strstr(record->operation, "mount") || strstr(record->operation, "pivot"))) {
		ret->section = KARMOR_FILE;
		ret->ops[ret->n++] = KARMOR_WRITE;
	} else if (record->name) {
		ret->section = KARMOR_FILE;
		if (is_any_of(mask, "wacdl"))
			ret->ops[ret->n++] = KARMOR_WRITE;
		if (is_any_of(mask, "r"))
			ret->ops[ret->n++] = KARMOR_READ;
	}
	return ret->n > 0;
}

static int family_number(const char *name)
{
	for (unsigned i = 0; i < APPARMOR_FAMILIES; i++)
		if (apparmor_family_name(i) && strcmp(apparmor_family_name(i), name) == 0)
			return (int)i;
	return 0;
}

static int type_number(const char *name)
{
	for (unsigned i = 0; name && i < APPARMOR_TYPES; i++)
		if (apparmor_type_name(i) && strcmp(apparmor_type_name(i), name) == 0)
			return (int)i;
	return 0;
}

static bool rule_matches(const struct apparmor_rule *rule, const struct apparmor_record *record,
			 const char *path)
{
	switch (rule->section) {
	case KARMOR_NETWORK:
		return match_protocol(rule->protocol, family_number(record->family),
				      type_number(record->sock_type), (int)record->protocol);
	case KARMOR_CAPABILITIES:
		return (long)rule->capability == record->capability;
	case KARMOR_PROCESS:
	case KARMOR_FILE:
		return match_path(rule->match, rule->path, rule->recursive, path);
	case KARMOR_SYSCALLS:
		break;
	}
	return false;
}

/* Whose place is below @path: for its sake that directory may not be renamed. */
static bool rule_is_below(const struct apparmor_rule *rule, const char *path)
{
	size_t len = strlen(path);

	return rule->section <= KARMOR_FILE && strncmp(rule->path, path, len) == 0 &&
	       (rule->path[len] == '/' || (rule->path[len] == '\0' && rule->match == IR_DIR));
}

struct lookup {
	const struct apparmor_ruleset *set;
	const struct apparmor_record *record;
	const char *path;
	unsigned class;
	enum karmor_action action;
	bool owner;
};

static const struct apparmor_rule *rule_find(const struct lookup *lookup,
					     enum karmor_section section, enum karmor_op op)
{
	struct eval_access access = { .section = section, .op = op, .owner = lookup->owner };

	for (size_t i = 0; i < lookup->set->n_rules; i++) {
		const struct apparmor_rule *rule = &lookup->set->rules[i];

		if (rule->section == section && rule->action == lookup->action &&
		    rule->classes >> lookup->class & 1 &&
		    rule_matches(rule, lookup->record, lookup->path) &&
		    eval_speaks(rule->action, rule->read_only, rule->owner_only, &access))
			return rule;
	}
	return NULL;
}

/* The rule that a socket's or a capability's line of the profile was made for, or NULL. */
static const struct apparmor_rule *rule_noted(const struct lookup *lookup,
					      enum karmor_section section)
{
	const struct apparmor_profile *profile = &lookup->set->profiles[lookup->class];
	const struct apparmor_record *record = lookup->record;
	uint32_t rule = APPARMOR_NO_RULE;

	if (section == KARMOR_NETWORK)
		rule = profile->network_rules[family_number(record->family)]
					     [type_number(record->sock_type)];
	else if (section == KARMOR_CAPABILITIES && record->capability < IR_CAPABILITY_COUNT)
		rule = profile->capability_rules[record->capability];
	return rule < lookup->set->n_rules && lookup->set->rules[rule].action == lookup->action
		       ? &lookup->set->rules[rule]
		       : NULL;
}

static const struct apparmor_rule *rule_of(const struct lookup *lookup,
					   const struct access_kinds *kinds, enum karmor_op *op)
{
	const struct apparmor_rule *rule = rule_noted(lookup, kinds->section);

	*op = kinds->ops[0];
	for (size_t i = 0; i < kinds->n && !rule; i++) {
		rule = rule_find(lookup, kinds->section, kinds->ops[i]);
		*op = rule ? kinds->ops[i] : *op;
	}
	for (size_t i = 0; i < lookup->set->n_rules && !rule; i++)
		if (*op == KARMOR_WRITE && lookup->action == KARMOR_BLOCK &&
		    lookup->set->rules[i].action == KARMOR_BLOCK &&
		    lookup->set->rules[i].classes >> lookup->class & 1 &&
		    rule_is_below(&lookup->set->rules[i], lookup->path))
			rule = &lookup->set->rules[i];
	return rule;
}

static const char *nonempty(const char *text)
{
	return text && *text ? text : NULL;
}

static void rule_describe(struct karmor_event *event, const struct apparmor_rule *rule)
{
	event->policy = rule->policy;
	event->policy_file = rule->file;
	event->rule = rule->locator;
	event->rule_path = nonempty(rule->written);
	event->message = nonempty(rule->message);
	event->tags = nonempty(rule->tags);
	event->severity = rule->severity;
}

/* What procfs knows of the task, if it still is the one that the record speaks of. */
static void task_describe(struct karmor_event *event, const struct apparmor_record *record,
			  struct buf *source)
{
	_cleanup_buf_ struct buf path = { 0 };
	_cleanup_fclose_ FILE *stat_file = NULL;
	char exe[MATCH_PATH_MAX + 1], comm[64] = "", state;
	struct stat st;
	int ppid = 0;
	ssize_t n;

	buf_printf(&path, "/proc/%ld/stat", record->pid);
	stat_file = buf_failed(&path) ? NULL : fopen(path.data, "re");
	if (!stat_file || fscanf(stat_file, "%*d (%63[^)]) %c %d", comm, &state, &ppid) != 3)
		return;
	event->ppid = ppid;
	if (fstat(fileno(stat_file), &st) == 0 && record->fsuid < 0)
		event->uid = st.st_uid;
	if (!record->comm || strcmp(comm, record->comm) != 0)
		return;
	buf_reset(&path);
	buf_printf(&path, "/proc/%ld/exe", record->pid);
	n = buf_failed(&path) ? -1 : readlink(path.data, exe, sizeof(exe));
	if (n > 0)
		buf_add(source, exe, (size_t)n);
	event->source = n > 0 && !buf_failed(source) ? source->data : NULL;
}

static void upper_write(struct buf *buf, const char *text)
{
	for (; *text; text++)
		buf_putc(buf, *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text);
}

/* As the BPF backend writes it. */
static void socket_write(struct buf *buf, const struct apparmor_record *record)
{
	buf_puts(buf, "domain=AF_");
	upper_write(buf, record->family);
	buf_puts(buf, " type=SOCK_");
	upper_write(buf, record->sock_type ? record->sock_type : "?");
	buf_printf(buf, " protocol=%ld", record->protocol < 0 ? 0 : record->protocol);
}

static void resource_write(struct buf *buf, const struct apparmor_record *record,
			   enum karmor_section section)
{
	if (section == KARMOR_NETWORK)
		socket_write(buf, record);
	else if (section == KARMOR_CAPABILITIES)
		buf_puts(buf, ir_capability_name((unsigned)record->capability) ?: "?");
	else
		buf_puts(buf, record->name);
	/* AppArmor writes a directory with a slash behind it. */
	if (section <= KARMOR_FILE && buf->len > 1 && !buf->failed &&
	    buf->data[buf->len - 1] == '/')
		buf->data[--buf->len] = '\0';
}

static const char *const op_names[] = {
	[KARMOR_EXEC] = "exec",
	[KARMOR_READ] = "read",
	[KARMOR_WRITE] = "write",
	[KARMOR_NET] = "net",
	[KARMOR_CAPABILITY] = "capability",
	[KARMOR_SYSCALL] = "syscall",
};

static void verdict_describe(struct karmor_event *event, const struct lookup *lookup,
			     const struct access_kinds *kinds)
{
	const struct apparmor_rule *rule = rule_of(lookup, kinds, &event->op);
	bool mount = strstr(lookup->record->operation, "mount") ||
		     strstr(lookup->record->operation, "pivot");

	event->section = kinds->section;
	event->action = lookup->action;
	event->denied = lookup->action == KARMOR_BLOCK;
	event->error = !event->denied ? 0 : kinds->section == KARMOR_CAPABILITIES ? EPERM : EACCES;
	event->policy = mount ? "-" : "DefaultPosture";
	if (mount)
		event->message = "a mount could give a file another name";
	else if (rule)
		rule_describe(event, rule);
	else if (event->denied && !lookup->set->closed[kinds->section])
		event->policy = "-"; /* what protects the rules' names has none of its own */
}

static const struct apparmor_workload *workload_of(const struct apparmor_engine *engine,
						   const char *profile, size_t *class)
{
	for (size_t i = 0; i < engine->n_workloads; i++)
		if (apparmor_workload_has(&engine->workloads[i], profile, class))
			return &engine->workloads[i];
	return NULL;
}

static bool is_decision(const struct apparmor_record *record, enum karmor_action *ret)
{
	*ret = strcmp(record->verdict, "DENIED") == 0 ? KARMOR_BLOCK : KARMOR_AUDIT;
	return *ret == KARMOR_BLOCK || strcmp(record->verdict, "AUDIT") == 0;
}

/* 1 where it was an event of ours, 0 where not, or -ENOMEM. */
static int record_deliver(struct apparmor_engine *engine, const struct apparmor_record *record,
			  karmor_event_fn *fn, void *data)
{
	_cleanup_buf_ struct buf resource = { 0 }, source = { 0 }, detail = { 0 };
	struct karmor_event event = KARMOR_STRUCT(karmor_event, .count = 1);
	const struct apparmor_workload *workload;
	struct lookup lookup = { .record = record };
	struct access_kinds kinds;
	size_t class = 0;

	workload = workload_of(engine, record->profile, &class);
	if (!workload || !engine->live || !is_decision(record, &lookup.action) ||
	    !kinds_of(record, &kinds))
		return 0;
	lookup.set = &engine->live->rulesets[workload->ruleset];
	lookup.class = class < lookup.set->n_profiles ? (unsigned)class : 0;
	lookup.owner = record->fsuid >= 0 && record->fsuid == record->ouid;
	resource_write(&resource, record, kinds.section);
	if (buf_failed(&resource))
		return -ENOMEM;
	lookup.path = resource.data;
	verdict_describe(&event, &lookup, &kinds);
	buf_printf(&detail, "%s lsm=%s", op_names[event.op], record->operation);
	if (buf_failed(&detail))
		return -ENOMEM;
	event.time = record->time;
	event.pid = record->pid < 0 ? 0 : (pid_t)record->pid;
	event.uid = record->fsuid < 0 ? 0 : (uid_t)record->fsuid;
	event.comm = record->comm;
	task_describe(&event, record, &source);
	event.resource = resource.data;
	event.data = detail.data;
	event.enforcer = "AppArmor";
	event.generation = engine->generation;
	event.lost = engine->lost - engine->lost_told;
	engine->lost_told = engine->lost;
	event.workload = workload->name;
	event.namespace_name = workload->namespace_name;
	event.container = workload->container;
	event.labels = workload->labels;
	engine->events++;
	fn(&event, data);
	return 1;
}

/* 1 where there was a message, 0 where there is none, or -ENOMEM or -EIO. */
static int message_read(struct apparmor_engine *engine, karmor_event_fn *fn, void *data, int *n)
{
	union {
		struct nlmsghdr header;
		char bytes[RECORD_TEXT_MAX + NLMSG_HDRLEN];
	} message;
	struct apparmor_record record;
	ssize_t len = recv(engine->records, &message, sizeof(message), 0);
	int r;

	if (len < 0 && errno == ENOBUFS) {
		engine->lost++;
		return 1;
	}
	if (len < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -EIO;
	if (len < NLMSG_HDRLEN ||
	    (message.header.nlmsg_type != AUDIT_AVC &&
	     (message.header.nlmsg_type < 1500 || message.header.nlmsg_type > 1599)) ||
	    !record_read(&record, NLMSG_DATA(&message.header), (size_t)len - NLMSG_HDRLEN))
		return 1;
	r = record_deliver(engine, &record, fn, data);
	*n += r > 0;
	return r < 0 ? r : 1;
}

static int drain(struct apparmor_engine *engine, karmor_event_fn *fn, void *data, int *n)
{
	int r = 1;

	for (int i = 0; r == 1 && i < RECORDS_MAX; i++)
		r = message_read(engine, fn, data, n);
	return r < 0 ? r : 0;
}

/* Counts what the kernel dropped before it got to anybody. */
static void lost_count(struct apparmor_engine *engine, const struct audit_status *status)
{
	if (engine->audit_asked)
		engine->lost += status->lost - engine->audit_lost;
	engine->audit_lost = status->lost;
	engine->audit_asked = true;
}

/* The kernel sends records from a thread of its own: those that are waiting are waited for. */
int apparmor_read_events(struct karmor_engine *base, karmor_event_fn *fn, void *data)
{
	struct apparmor_engine *engine = (struct apparmor_engine *)base;
	struct pollfd more = { .fd = engine->records, .events = POLLIN };
	struct audit_status status = { 0 };
	int n = 0, r;

	if (engine->records < 0)
		return 0;
	apparmor_workloads_yield(engine);
	r = drain(engine, fn, data, &n);
	for (int i = 0; r == 0 && i < SETTLE_ROUNDS; i++) {
		bool waiting = status_ask(&status) && status.backlog;

		if (poll(&more, 1, waiting ? SETTLE_MS : 1) == 1)
			r = drain(engine, fn, data, &n);
		else if (!waiting)
			break;
	}
	lost_count(engine, &status);
	return r < 0 ? r : n;
}
