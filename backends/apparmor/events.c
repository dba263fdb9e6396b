/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Audit records (lib/audit.h) to events. A record names the profile, so the workload and the class
 * of the acting executable are known; which of the profile's lines it was AppArmor does not say, so
 * that the name is looked up in the table of the rules that the profile was made of, in their
 * order.
 */
#include <errno.h>
#include <linux/audit.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "engine.h"
#include "match.h"
#include "record.h"

/* Types of records that are AppArmor's own; of a kernel they are AUDIT_AVC. */
#define APPARMOR_FIRST 1500
#define APPARMOR_LAST 1599

int apparmor_event_fd(const struct karmor_engine *base)
{
	struct apparmor_engine *engine = (struct apparmor_engine *)(uintptr_t)base;
	int r = audit_listen(&engine->audit, NULL, NULL);

	return r < 0 ? -EIO : engine->audit.fd;
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
		    apparmor_classes_have(&rule->classes, lookup->class) &&
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
		    apparmor_classes_have(&lookup->set->rules[i].classes, lookup->class) &&
		    rule_is_below(&lookup->set->rules[i], lookup->path))
			rule = &lookup->set->rules[i];
	return rule;
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
		told_write(event, &rule->told);
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

struct delivery {
	struct apparmor_engine *engine;
	karmor_event_fn *fn;
	void *data;
};

/* 1 where it was an event of ours, 0 where not, or -ENOMEM. */
static int record_deliver(const struct delivery *to, const struct apparmor_record *record)
{
	struct apparmor_engine *engine = to->engine;
	_cleanup_(event_texts_done) struct event_texts texts = { 0 };
	_cleanup_buf_ struct buf resource = { 0 }, detail = { 0 };
	struct karmor_event event = KARMOR_STRUCT(karmor_event, .count = 1);
	const struct apparmor_workload *workload;
	struct lookup lookup = { .record = record };
	struct access_kinds kinds;
	size_t class = 0;

	workload = workload_of(engine, record->profile, &class);
	if (!workload || !engine->live || !is_decision(record, &lookup.action) ||
	    !kinds_of(record, &kinds))
		return 0;
	lookup.set = apparmor_ruleset_at(engine->live, workload->ruleset);
	lookup.class = class < lookup.set->n_profiles ? (unsigned)class : 0;
	lookup.owner = record->fsuid >= 0 && record->fsuid == record->ouid;
	resource_write(&resource, record, kinds.section);
	if (buf_failed(&resource))
		return -ENOMEM;
	lookup.path = resource.data;
	verdict_describe(&event, &lookup, &kinds);
	buf_printf(&detail, "%s lsm=%s", ir_op_name(event.op), record->operation);
	if (buf_failed(&detail))
		return -ENOMEM;
	event.time = record->base.time;
	event.pid = record->pid < 0 ? 0 : (pid_t)record->pid;
	event.uid = record->fsuid < 0 ? 0 : (uid_t)record->fsuid;
	event.comm = record->comm;
	event_task(&event, record->pid, record->comm, record->fsuid < 0, &texts);
	event.resource = resource.data;
	event.data = detail.data;
	event.enforcer = "AppArmor";
	event.generation = engine->generation;
	event.lost = engine->audit.lost - engine->lost_told;
	engine->lost_told = engine->audit.lost;
	event.workload = workload->name;
	event.namespace_name = workload->namespace_name;
	event.container = workload->container;
	event.labels = workload->labels;
	engine->events++;
	to->fn(&event, to->data);
	return 1;
}

static int record_take(unsigned type, const char *text, size_t len, void *data)
{
	struct delivery *to = data;
	struct apparmor_record record;

	if ((type != AUDIT_AVC && (type < APPARMOR_FIRST || type > APPARMOR_LAST)) ||
	    !record_read(&record, text, len))
		return 0;
	return record_deliver(to, &record);
}

int apparmor_read_events(struct karmor_engine *base, karmor_event_fn *fn, void *data)
{
	struct delivery to = { (struct apparmor_engine *)base, fn, data };

	if (to.engine->audit.fd < 0)
		return 0;
	apparmor_workloads_yield(to.engine);
	return audit_read(&to.engine->audit, record_take, &to);
}
