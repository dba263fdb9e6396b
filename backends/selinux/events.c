/* SPDX-License-Identifier: Apache-2.0 */
#include "events.h"

#include <errno.h>
#include <linux/audit.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "event-make.h"

/* Digits of a role's name from *at on, and what has to be behind them. */
static bool number_read(const char **at, const char *end, const char *then, size_t *ret)
{
	size_t len = strlen(then), n = 0;

	for (*ret = 0; *at < end && **at >= '0' && **at <= '9' && n < 9; ++*at, n++)
		*ret = *ret * 10 + (size_t)(**at - '0');
	if (!n || (size_t)(end - *at) < len || memcmp(*at, then, len) != 0)
		return false;
	*at += len;
	return true;
}

static bool starts(const char **at, const char *end, const char *with)
{
	size_t len = strlen(with);

	if ((size_t)(end - *at) < len || memcmp(*at, with, len) != 0)
		return false;
	*at += len;
	return true;
}

/* Whether the rest of a role's name is @id and the end. */
static bool ends(const char *at, const char *end, const char *id)
{
	return starts(&at, end, id) && starts(&at, end, "_r") && at == end;
}

bool selinux_set_find(const struct selinux_artifact *artifact, size_t number, size_t *set)
{
	for (*set = 0; *set < artifact->base.n_rulesets; ++*set)
		if (artifact->numbers[*set] == number)
			return true;
	return false;
}

bool selinux_role_task(const struct selinux_artifact *artifact, const char *role, size_t len,
		       size_t *set, size_t *class)
{
	const char *end = role + len;

	size_t number;

	if (!starts(&role, end, "karmor_w") || !number_read(&role, end, "_", &number) ||
	    !selinux_set_find(artifact, number, set))
		return false;
	for (*class = 0; *class < artifact->rulesets[*set].n_classes; ++*class)
		if (ends(role, end, artifact->rulesets[*set].classes[*class].id))
			return true;
	return false;
}

bool selinux_role_file(const struct selinux_artifact *artifact, const char *role, size_t len,
		       size_t *label)
{
	const char *end = role + len;

	*label = SELINUX_NO_LABEL;
	if (len == strlen("object_r") && memcmp(role, "object_r", len) == 0)
		return true;
	if (!starts(&role, end, "karmor_o"))
		return false;
	for (*label = 0; *label < artifact->n_labels; ++*label)
		if (ends(role, end, artifact->labels[*label].name))
			return true;
	return false;
}

int selinux_events_open(struct selinux_events *events, audit_bind_fn *bind, void *data)
{
	if (!events->pending)
		events->pending = calloc(SELINUX_PENDING, sizeof(*events->pending));
	return events->pending ? audit_listen(&events->audit, bind, data) : -ENOMEM;
}

void selinux_events_close(struct selinux_events *events)
{
	audit_unlisten(&events->audit);
	free(events->pending);
	events->pending = NULL;
	events->n_pending = 0;
}

static bool task_find(const struct selinux_events *events, const struct avc *avc,
		      struct selinux_task *ret)
{
	size_t len;
	const char *role = avc_role(avc->subject, &len);

	*ret = (struct selinux_task){ 0 };
	return role && events->roles.task(role, len, ret, events->roles.data) &&
	       ret->set < ret->artifact->base.n_rulesets &&
	       ret->class < ret->artifact->rulesets[ret->set].n_classes;
}

static bool file_find(const struct selinux_events *events, const struct selinux_task *task,
		      const struct avc *avc, size_t *label)
{
	size_t len;
	const char *role = avc_role(avc->object, &len);

	return role && events->roles.file(role, len, label, events->roles.data) &&
	       (*label == SELINUX_NO_LABEL || *label < task->artifact->n_labels);
}

static bool is_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Of one system call, or of an open that is asked about twice, by name and then by path. */
static bool is_again(const struct selinux_pending *a, const struct selinux_pending *b)
{
	const struct avc *old = &a->avc, *new = &b->avc;
	bool opened = old->granted && !old->path && new->path;

	return (old->base.serial == new->base.serial || opened) && old->pid == new->pid &&
	       old->granted == new->granted && old->permissive == new->permissive &&
	       a->meaning.section == b->meaning.section &&
	       a->meaning.kind == b->meaning.kind &&is_text(old->class, new->class) &&
	       is_text(old->subject, new->subject) && is_text(old->object, new->object) &&
	       is_text(old->inode, new->inode) && is_text(old->dev, new->dev) &&
	       (old->inode || is_text(old->name, new->name));
}

static struct selinux_pending *pending_at(const struct selinux_events *events, size_t i)
{
	return &events->pending[(events->first + i) % SELINUX_PENDING];
}

/* Whether @new says no more than one that waits. */
static bool fold(struct selinux_events *events, const struct selinux_pending *new)
{
	for (size_t i = events->n_pending; i > 0; i--) {
		struct avc *old = &pending_at(events, i - 1)->avc;

		if (!is_again(pending_at(events, i - 1), new))
			continue;
		if (!old->path && new->avc.path)
			old->path =
				audit_text_add(&old->base, new->avc.path, strlen(new->avc.path));
		return true;
	}
	return false;
}

static void decision_write(struct karmor_event *event, const struct avc *avc,
			   const struct meaning *meaning)
{
	event->section = meaning->section;
	event->op = meaning->op;
	event->action = avc->granted ? KARMOR_AUDIT : KARMOR_BLOCK;
	event->denied = !avc->granted && avc->permissive <= 0;
	if (event->denied)
		event->error = meaning->section == KARMOR_CAPABILITIES ? EPERM : EACCES;
	event->policy = meaning->protects ? "-" : "DefaultPosture";
	event->message = meaning->protects;
	if (meaning->rule)
		told_write(event, &meaning->rule->told);
}

static void task_write(struct karmor_event *event, const struct avc *avc,
		       const struct selinux_task *task, struct event_texts *texts)
{
	event->time = avc->base.time;
	event->pid = avc->pid < 0 ? 0 : (pid_t)avc->pid;
	event->comm = avc->comm;
	event_task(event, avc->pid, avc->comm, avc->uid < 0, texts);
	event->source = avc->exe ? avc->exe : event->source;
	event->ppid = avc->ppid < 0 ? event->ppid : (pid_t)avc->ppid;
	event->uid = avc->uid < 0 ? event->uid : (uid_t)avc->uid;
	event->workload = task->workload;
	event->namespace_name = task->namespace_name;
	event->container = task->container;
	event->labels = task->labels;
}

/* 1 where it was an event, 0 where it is of no rule of ours, or -ENOMEM. */
static int tell(struct selinux_events *events, struct selinux_pending *pending, karmor_event_fn *fn,
		void *data)
{
	_cleanup_(event_texts_done) struct event_texts texts = { 0 };
	_cleanup_buf_ struct buf resource = { 0 }, detail = { 0 };
	struct karmor_event event = KARMOR_STRUCT(karmor_event, .count = 1);
	struct meaning *meaning = &pending->meaning;
	size_t label = SELINUX_NO_LABEL;
	struct avc *avc = &pending->avc;
	struct selinux_task task;

	if (!task_find(events, avc, &task) ||
	    (meaning->is_file && !file_find(events, &task, avc, &label)) ||
	    !meaning_decide(task.artifact, &task.artifact->rulesets[task.set].classes[task.class],
			    avc, label, meaning))
		return 0;
	decision_write(&event, avc, meaning);
	if (events->roles.path && meaning->is_file && avc->inode && avc->name && !avc->path &&
	    !avc->found)
		meaning->labelled = events->roles.path(avc->inode, avc->name, events->roles.data);
	meaning_write(meaning, avc, &resource, &detail);
	if (buf_failed(&resource) || buf_failed(&detail))
		return -ENOMEM;
	task_write(&event, avc, &task, &texts);
	event.resource = resource.data;
	event.data = detail.data;
	event.enforcer = "SELinux";
	event.generation = events->generation;
	event.lost = events->audit.lost - events->lost_told;
	events->lost_told = events->audit.lost;
	events->told++;
	fn(&event, data);
	return 1;
}

static int first_tell(struct selinux_events *events, karmor_event_fn *fn, void *data)
{
	int r = tell(events, pending_at(events, 0), fn, data);

	events->first = (events->first + 1) % SELINUX_PENDING;
	events->n_pending--;
	return r;
}

int selinux_events_flush(struct selinux_events *events, karmor_event_fn *fn, void *data)
{
	int n = 0, r = 0;

	while (r >= 0 && events->n_pending) {
		r = first_tell(events, fn, data);
		n += r > 0;
	}
	return r < 0 ? r : n;
}

/* What is none of ours waits for nothing. */
static int decision_take(struct selinux_events *events, unsigned type, const char *text, size_t len,
			 karmor_event_fn *fn, void *data)
{
	int r = events->n_pending < SELINUX_PENDING ? 0 : first_tell(events, fn, data);
	struct selinux_pending *new = pending_at(events, events->n_pending);
	struct selinux_task task;

	if (avc_read(&new->avc, type, text, len) && meaning_read(&new->avc, &new->meaning) &&
	    task_find(events, &new->avc, &task) && !fold(events, new))
		events->n_pending++;
	return r;
}

int selinux_events_take(struct selinux_events *events, unsigned type, const char *text, size_t len,
			karmor_event_fn *fn, void *data)
{
	if (type == AUDIT_AVC || type == AUDIT_SELINUX_ERR)
		return decision_take(events, type, text, len, fn, data);
	if (type == AUDIT_SYSCALL || type == AUDIT_CWD || type == AUDIT_PATH)
		for (size_t i = 0; i < events->n_pending; i++)
			avc_add(&pending_at(events, i)->avc, type, text, len);
	return 0;
}

struct delivery {
	struct selinux_events *events;
	karmor_event_fn *fn;
	void *data;
};

static int record_take(unsigned type, const char *text, size_t len, void *data)
{
	struct delivery *to = data;

	return selinux_events_take(to->events, type, text, len, to->fn, to->data);
}

int selinux_events_read(struct selinux_events *events, karmor_event_fn *fn, void *data)
{
	struct delivery to = { events, fn, data };
	int n = events->pending ? audit_read(&events->audit, record_take, &to) : 0, r;

	if (n < 0)
		return n;
	r = selinux_events_flush(events, fn, data);
	return r < 0 ? r : n + r;
}
