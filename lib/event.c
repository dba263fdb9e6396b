/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event as JSON with KubeArmor's field names, and as a line for a person.
 *
 * Bytes of a name are an attacker's: what is not printable UTF-8 is escaped before it gets into
 * either, and so is the backslash itself, so that nobody can name a file like an escape.
 */
#include <karmor/event.h>

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "ir.h"
#include "sized.h"

DEFINE_CLEANUP(json, json_t, json_decref)

static const char *const operation_names[] = {
	[KARMOR_PROCESS] = "Process",  [KARMOR_FILE] = "File",
	[KARMOR_NETWORK] = "Network",  [KARMOR_CAPABILITIES] = "Capabilities",
	[KARMOR_SYSCALLS] = "Syscall",
};

static const char *const action_names[] = {
	[KARMOR_ALLOW] = "Allow",
	[KARMOR_AUDIT] = "Audit",
	[KARMOR_BLOCK] = "Block",
};

static const char *result_name(const struct karmor_event *event)
{
	if (!event->denied)
		return "Passed";
	return event->error == EPERM ? "Operation not permitted" : "Permission denied";
}

static void add_text(struct buf *line, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\\");

		buf_escape(line, text, len);
		text += len;
		if (*text) {
			buf_puts(line, "\\\\");
			text++;
		}
	}
}

static json_t *text_json(const char *text)
{
	_cleanup_buf_ struct buf escaped = { 0 };

	add_text(&escaped, text);
	if (buf_failed(&escaped))
		return NULL;
	return json_string(escaped.data ? escaped.data : "");
}

/* These add nothing where the value is unknown, and latch a failure. */
static void set_text(json_t *object, const char *key, const char *text, bool *failed)
{
	if (text && !*failed && json_object_set_new(object, key, text_json(text)) < 0)
		*failed = true;
}

/* Text of our own that was just put together. */
static void set_buf(json_t *object, const char *key, const struct buf *text, bool *failed)
{
	if (buf_failed(text))
		*failed = true;
	set_text(object, key, text->data, failed);
}

/* KubeArmor has these keys always, and its readers look for them. */
static void set_known(json_t *object, const char *key, const char *text, bool *failed)
{
	set_text(object, key, text ? text : "", failed);
}

static void set_number(json_t *object, const char *key, uint64_t number, bool *failed)
{
	if (!*failed && json_object_set_new(object, key, json_integer((json_int_t)number)) < 0)
		*failed = true;
}

static void set_time(json_t *object, const struct timespec *time, bool *failed)
{
	struct tm tm;
	char date[32];
	_cleanup_buf_ struct buf text = { 0 };

	if (!gmtime_r(&time->tv_sec, &tm) ||
	    !strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm))
		return;
	buf_printf(&text, "%s.%06ldZ", date, time->tv_nsec / 1000);
	set_number(object, "Timestamp", (uint64_t)time->tv_sec, failed);
	set_buf(object, "UpdatedTime", &text, failed);
}

static int add_tags(json_t *list, const char *tags)
{
	_cleanup_free_ char *copy = strdup(tags);
	char *rest = copy, *tag;

	if (!copy)
		return -1;
	while ((tag = strsep(&rest, ",")))
		if (json_array_append_new(list, text_json(tag)) < 0)
			return -1;
	return 0;
}

static void set_tags(json_t *object, const char *tags, bool *failed)
{
	json_t *list;

	set_text(object, "Tags", tags, failed);
	if (!tags || !*tags || *failed)
		return;
	list = json_array();
	if (!list || json_object_set_new(object, "ATags", list) < 0 || add_tags(list, tags) < 0)
		*failed = true;
}

static json_t *event_json(const struct karmor_event *event)
{
	_cleanup_(cleanup_json) json_t *object = json_object();
	_cleanup_buf_ struct buf severity = { 0 };
	bool failed = !object, host = !event->workload;
	char node[256] = "";

	if (gethostname(node, sizeof(node) - 1) < 0)
		node[0] = '\0';
	buf_printf(&severity, "%u", event->severity);
	set_time(object, &event->time, &failed);
	set_known(object, "ClusterName", NULL, &failed);
	set_known(object, "HostName", node, &failed);
	set_known(object, "NamespaceName", event->namespace_name, &failed);
	set_known(object, "PodName", NULL, &failed);
	set_known(object, "Labels", event->labels, &failed);
	set_known(object, "ContainerID", NULL, &failed);
	set_known(object, "ContainerName", event->container ? event->container : event->workload,
		  &failed);
	set_known(object, "ContainerImage", NULL, &failed);
	set_number(object, "HostPID", (uint64_t)event->pid, &failed);
	set_number(object, "HostPPID", (uint64_t)event->ppid, &failed);
	set_number(object, "PID", (uint64_t)(event->ns_pid ?: event->pid), &failed);
	set_number(object, "PPID", (uint64_t)(event->ns_pid ? event->ns_ppid : event->ppid),
		   &failed);
	set_number(object, "UID", event->uid, &failed);
	set_known(object, "ParentProcessName", event->parent, &failed);
	set_known(object, "ProcessName", event->source, &failed);
	set_text(object, "PolicyName", event->policy, &failed);
	if (event->severity)
		set_buf(object, "Severity", &severity, &failed);
	set_tags(object, event->tags, &failed);
	set_text(object, "Message", event->message, &failed);
	set_text(object, "Type", host ? "MatchedHostPolicy" : "MatchedPolicy", &failed);
	set_known(object, "Source", event->source, &failed);
	set_text(object, "Operation", operation_names[event->section], &failed);
	set_known(object, "Resource", event->resource, &failed);
	set_known(object, "Data", event->data, &failed);
	set_text(object, "Enforcer", event->enforcer, &failed);
	set_text(object, "Action", action_names[event->action], &failed);
	set_text(object, "Result", result_name(event), &failed);
	set_known(object, "Cwd", event->cwd, &failed);
	set_known(object, "TTY", event->tty, &failed);
	set_text(object, "Rule", event->rule, &failed);
	set_text(object, "RulePath", event->rule_path, &failed);
	set_text(object, "PolicyFile", event->policy_file, &failed);
	set_number(object, "Generation", event->generation, &failed);
	set_number(object, "Count", event->count, &failed);
	set_number(object, "Lost", event->lost, &failed);
	return failed ? NULL : TAKE_PTR(object);
}

static int dump(const char *text, size_t len, void *data)
{
	buf_add(data, text, len);
	return 0;
}

int karmor_event_print_json(const struct karmor_event *theirs, FILE *out)
{
	_cleanup_(cleanup_json) json_t *object = NULL;
	_cleanup_buf_ struct buf line = { 0 };
	struct karmor_event event;

	if (SIZED_READ(&event, theirs) < 0)
		return -EINVAL;
	object = event_json(&event);
	/* json_dumps() leaves keys out where memory is (2.14); a buf stays failed. */
	if (!object || json_dump_callback(object, dump, &line, JSON_COMPACT) < 0)
		return -ENOMEM;
	buf_putc(&line, '\n');
	if (buf_failed(&line))
		return -ENOMEM;
	return fputs(line.data, out) < 0 || fflush(out) ? -EIO : 0;
}

/* Of several accesses in one event no object is known: what the rule says then. */
static const char *folded_object(const struct karmor_event *event)
{
	return event->count > 1 && event->rule_path ? event->rule_path : "?";
}

int karmor_event_print_text(const struct karmor_event *theirs, FILE *out)
{
	struct karmor_event ours, *event = &ours;
	_cleanup_buf_ struct buf line = { 0 };

	if (SIZED_READ(&ours, theirs) < 0)
		return -EINVAL;
	buf_printf(&line, "karmor: %s %s ", ir_action_name(event->action), ir_op_name(event->op));
	if (event->op ==
	    KARMOR_SYSCALL) /* its path, where it has one, is not all there is to say */
		add_text(&line, event->data ? event->data : "?");
	if (event->resource || event->op != KARMOR_SYSCALL) {
		buf_puts(&line, event->op == KARMOR_SYSCALL ? " " : "");
		add_text(&line, event->resource ? event->resource : folded_object(event));
	}
	buf_puts(&line, " by ");
	add_text(&line, event->source ? event->source : event->comm ? event->comm : "?");
	buf_printf(&line, " (pid %d): ", (int)event->pid);
	add_text(&line, event->policy ? event->policy : "-");
	if (event->rule) {
		buf_putc(&line, ' ');
		add_text(&line, event->rule);
	}
	if (event->message) {
		buf_puts(&line, ": ");
		add_text(&line, event->message);
	}
	if (event->count > 1)
		buf_printf(&line, " [%llu times]", (unsigned long long)event->count);
	if (event->lost)
		buf_printf(&line, " [%llu events lost]", (unsigned long long)event->lost);
	buf_putc(&line, '\n');
	if (buf_failed(&line))
		return -ENOMEM;
	return fputs(line.data, out) < 0 || fflush(out) ? -EIO : 0;
}
