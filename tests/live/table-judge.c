/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See table-live.h. A row agrees when each of its system calls came to what the verdict says, as
 * held against the same call without the policy, and gave the events of the verdict: none where it
 * is allow, else at least one, all with its action and policy. A call that does not may be one of
 * those that the backend's report says it keeps approximately: then it still has come to one of the
 * three verdicts, with that one's events, and to one on the side that the report names.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apparmor/apparmor.h"
#include "array.h"
#include "buf.h"
#include "cleanup.h"
#include "ir.h"
#include "ruleset.h"
#include "table-report.h"

/* What no report has a line for, where no rule speaks of it. */
static const struct shortcoming kept = { ACT_CAPABILITY, "kept from every workload",
					 STRICTER | UNTOLD, NULL };

void events_take(const struct karmor_event *from, void *data)
{
	struct events *events = data;
	struct event *event;

	if (array_grow(&events->events, events->n, &events->size, sizeof(*event)) < 0)
		return;
	event = &events->events[events->n++];
	*event = (struct event){
		.pid = from->pid,
		.op = from->op,
		.action = from->action,
		.denied = from->denied,
		.policy = strdup(from->policy ? from->policy : ""),
		.resource = strdup(from->resource ? from->resource : ""),
		.data = strdup(from->data ? from->data : ""),
	};
}

void events_drop(struct events *events)
{
	for (size_t i = 0; i < events->n; i++) {
		free(events->events[i].policy);
		free(events->events[i].resource);
		free(events->events[i].data);
	}
	free(events->events);
	*events = (struct events){ 0 };
}

/* Whether the event's detail is "syscall=SYS_NAME" and what may follow. */
static bool is_of_syscall(const struct event *event, const char *name)
{
	static const char prefix[] = "syscall=SYS_";
	const char *rest = event->data + sizeof(prefix) - 1;

	return strncmp(event->data, prefix, sizeof(prefix) - 1) == 0 &&
	       strncasecmp(rest, name, strlen(name)) == 0 &&
	       (!rest[strlen(name)] || rest[strlen(name)] == ' ');
}

static bool is_path(const struct event *event, const char *path)
{
	/* SELinux knows some files by their last name alone, and says so. */
	if (strstr(event->data, " path=unknown "))
		path = strrchr(path, '/') + 1;
	return strcmp(event->resource, path) == 0;
}

/* Of an exec that the report says may be kept from for the sake of reading. */
static bool is_reading(const struct event *event, const struct deed *deed)
{
	return deed->kind == ACT_EXEC && deed->shortcoming && event->op == KARMOR_READ;
}

/* Whether an event is about what the deed's row asks. */
static bool is_about(const struct event *event, const struct deed *deed)
{
	const struct access *access = &deed->row->access;
	unsigned capability;

	if (event->pid != deed->pid || !event->resource || !event->data ||
	    (event->op != access->op && !is_reading(event, deed)))
		return false;
	if (access->op == KARMOR_SYSCALL)
		return is_of_syscall(event, access->syscall);
	if (access->op == KARMOR_CAPABILITY)
		return ir_capability_find(event->resource, &capability) < 0 ||
		       capability == access->capability;
	return access->op > KARMOR_WRITE || is_path(event, access->path);
}

static enum karmor_action expected(const struct live_row *row)
{
	return (enum karmor_action)table_action(row->row->cells[TABLE_VERDICT]);
}

static bool is_expected(const struct event *event, const struct live_row *row)
{
	const char *policy = row->row->cells[TABLE_POLICY];
	enum karmor_action action = expected(row);

	return event->action == action && event->denied == (action == KARMOR_BLOCK) &&
	       event->policy && (!*policy || strcmp(policy, event->policy) == 0);
}

/* How many events of the deed there are, and how many of them are as they should be. */
static size_t count(const struct events *events, const struct deed *deed, size_t *good)
{
	size_t n = 0;

	*good = 0;
	for (size_t i = 0; i < events->n; i++) {
		if (!is_about(&events->events[i], deed))
			continue;
		n++;
		*good += is_expected(&events->events[i], deed->row);
	}
	return n;
}

bool events_complete(const struct pass *pass, const struct events *events)
{
	size_t good;

	for (size_t i = 0; i < pass->n_deeds; i++)
		if (pass->deeds[i].row->state == ROW_OPEN && !pass->deeds[i].shortcoming &&
		    expected(pass->deeds[i].row) != KARMOR_ALLOW &&
		    !count(events, &pass->deeds[i], &good))
			return false;
	return true;
}

static int denial(const struct deed *deed)
{
	return deed->row->access.op == KARMOR_CAPABILITY ? EPERM : EACCES;
}

/* The kernel may deny the same act for the sake of a capability, which is another section's say. */
static bool lacked_capability(const struct events *events, const struct deed *deed)
{
	if (deed->error != EPERM || deed->row->access.op == KARMOR_CAPABILITY)
		return false;
	for (size_t i = 0; i < events->n; i++)
		if (events->events[i].pid == deed->pid && events->events[i].denied &&
		    events->events[i].op == KARMOR_CAPABILITY)
			return true;
	return false;
}

static bool outcome_agrees(const struct events *events, const struct deed *deed)
{
	if (deed->error == ACT_SILENT)
		return true;
	if (expected(deed->row) != KARMOR_BLOCK)
		return deed->error == deed->control || lacked_capability(events, deed);
	/* Which errno a lack of a capability becomes is the system call's to say. */
	return deed->error == denial(deed) ||
	       (deed->row->access.op == KARMOR_CAPABILITY && deed->error == EACCES);
}

static bool events_agree(const struct events *events, const struct deed *deed)
{
	size_t good, n = count(events, deed, &good);

	return expected(deed->row) == KARMOR_ALLOW ? n == 0 : n > 0 && good == n;
}

static const char *error_name(int error)
{
	const char *name = error > 0 ? strerrorname_np(error) : error ? "unknown" : "ok";

	return name ? name : "?";
}

static const char *kind_name(enum act_kind kind)
{
	static const char *const names[] = {
		[ACT_BECOME] = "become",       [ACT_EXEC] = "exec",
		[ACT_READ] = "open to read",   [ACT_WRITE] = "open to write",
		[ACT_TRUNCATE] = "truncate",   [ACT_UNLINK] = "unlink",
		[ACT_MKNOD] = "mknod",	       [ACT_CHMOD] = "chmod",
		[ACT_RMDIR] = "rmdir",	       [ACT_MKDIR] = "mkdir",
		[ACT_SOCKET] = "socket",       [ACT_CAPABILITY] = "capability",
		[ACT_SYSCALL] = "system call",
	};

	return names[kind];
}

static void describe_events(struct buf *buf, const struct events *events, const struct deed *deed)
{
	bool any = false;

	for (size_t i = 0; i < events->n; i++) {
		const struct event *event = &events->events[i];

		if (event->pid != deed->pid)
			continue;
		buf_printf(buf, "%s %s by %s of %s %s", any ? ";" : ", event",
			   table_action_name(event->action), event->policy,
			   table_op_name(event->op), event->resource);
		any = true;
	}
	if (!any)
		buf_puts(buf, ", no event");
}

static void differ(struct deed *deed, const struct events *events, enum row_state state)
{
	_cleanup_buf_ struct buf buf = { 0 };

	if (state == ROW_REPORTED)
		deed->row->reported = deed->shortcoming->words;
	buf_printf(&buf, "%s: %s (%s without the policy)", kind_name(deed->kind),
		   error_name(deed->error), error_name(deed->control));
	describe_events(&buf, events, deed);
	row_settle(deed->row, state, "%s", buf_failed(&buf) ? "out of memory" : buf.data);
}

/* What cannot be had without the policy cannot be asked, but for a socket that is denied before. */
static bool is_unasked(struct deed *deed)
{
	enum karmor_op op = deed->row->access.op;

	if (op == KARMOR_CAPABILITY && deed->control == ENOSYS)
		row_settle(deed->row, ROW_UNASKED, "nothing in this kernel asks for it");
	else if (deed->error == ACT_HINDERED)
		row_settle(deed->row, ROW_UNASKED,
			   "the row's own policies forbid what asking for it needs");
	else if (op == KARMOR_NET && deed->control && expected(deed->row) == KARMOR_ALLOW)
		row_settle(deed->row, ROW_UNASKED, "this kernel has no such socket: %s",
			   strerror(deed->control));
	else if (op != KARMOR_NET && deed->control > 0)
		row_settle(deed->row, ROW_UNASKED, "%s without the policy: %s",
			   kind_name(deed->kind), strerror(deed->control));
	return deed->row->state != ROW_OPEN;
}

static bool agrees(const struct events *events, const struct deed *deed)
{
	return outcome_agrees(events, deed) && events_agree(events, deed);
}

/* The verdict that a deed came to, if what the kernel did and what it told are of one. */
static bool came_to(const struct events *events, const struct deed *deed, enum karmor_action *ret)
{
	size_t n = 0, denials = 0;

	for (size_t i = 0; i < events->n; i++) {
		if (!is_about(&events->events[i], deed))
			continue;
		n++;
		denials += events->events[i].denied && events->events[i].action == KARMOR_BLOCK;
	}
	*ret = denials ? KARMOR_BLOCK : n ? KARMOR_AUDIT : KARMOR_ALLOW;
	if (denials)
		return denials == n && (deed->error == denial(deed) || deed->error == ACT_SILENT);
	return deed->error == deed->control || deed->error == ACT_SILENT;
}

/*
 * AppArmor's profiles deny some capabilities for the sake of no rule but their own, unless a rule
 * allows them.
 */
static bool is_kept(const struct pass *pass, const struct events *events, const struct deed *deed)
{
	bool allowed = expected(deed->row) == KARMOR_ALLOW && deed->row->reference.rule;

	if (!pass->keeps_itself || deed->kind != ACT_CAPABILITY || deed->error != EPERM ||
	    allowed || expected(deed->row) == KARMOR_BLOCK ||
	    !apparmor_self_keeps(deed->row->access.capability))
		return false;
	for (size_t i = 0; i < events->n; i++)
		if (is_about(&events->events[i], deed) &&
		    (!events->events[i].denied || strcmp(events->events[i].policy, "-") != 0))
			return false;
	return true;
}

static bool is_reported(const struct pass *pass, const struct events *events, struct deed *deed)
{
	unsigned may = deed->shortcoming ? deed->shortcoming->directions : 0;
	enum karmor_action wanted = expected(deed->row), got;
	size_t good;

	if (is_kept(pass, events, deed)) {
		deed->shortcoming = &kept;
		return true;
	}
	if (may & UNTOLD && outcome_agrees(events, deed) && count(events, deed, &good) == 0)
		return true;
	if (!came_to(events, deed, &got))
		return false;
	return (may & LAXER && got < wanted) || (may & STRICTER && got > wanted) ||
	       (may & OTHER && got == wanted);
}

/* What the report does not name first: a row has several deeds. */
static void judge_deeds(struct pass *pass, const struct events *events, enum row_state state)
{
	for (size_t i = 0; i < pass->n_deeds; i++) {
		struct deed *deed = &pass->deeds[i];

		if (deed->row->state == ROW_OPEN && !is_unasked(deed) && !agrees(events, deed) &&
		    is_reported(pass, events, deed) == (state == ROW_REPORTED))
			differ(deed, events, state);
	}
}

void judge_pass(struct pass *pass, const struct events *events)
{
	judge_deeds(pass, events, ROW_DIFFERS);
	judge_deeds(pass, events, ROW_REPORTED);
	pass_settle(pass, ROW_AGREES, "as the table says");
}
