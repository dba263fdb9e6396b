/* SPDX-License-Identifier: Apache-2.0 */
/* See node.h: workloads, from their first task to their last. */
#include "node.h"

#include <errno.h>
#include <string.h>

#include "cgroup.h"
#include "host.h"
#include "log.h"
#include "messages.h"
#include "node-open.h"
#include "records.h"
#include "scope.h"

#define ENDING_FIRST_MS 200 /* a dead task's memory is freed a little later */
#define ENDING_MS 2000
#define FLOOD_MS 1000

struct workload *node_find(const struct node *node, const char *name)
{
	for (size_t i = 0; i < node->n_slots; i++)
		if (node->slots[i] && strcmp(node->slots[i]->name, name) == 0)
			return node->slots[i];
	return NULL;
}

size_t node_workloads(const struct node *node)
{
	size_t n = 0;

	for (size_t i = 0; i < node->n_slots; i++)
		n += node->slots[i] != NULL;
	return n;
}

int node_slot_add(struct node *node, struct workload *workload)
{
	struct workload **slots;
	size_t i = 0;

	if (!workload->is_host && strcmp(workload->name, HOST_NAME) == 0)
		return -EEXIST;
	while (i < node->n_slots && node->slots[i])
		i++;
	if (i == NODE_WORKLOADS_MAX)
		return -EBUSY;
	if (i == node->n_slots) {
		slots = reallocarray(node->slots, i + 1, sizeof(struct workload *));
		if (!slots)
			return -ENOMEM;
		node->slots = slots;
		node->n_slots++;
	}
	node->slots[i] = workload;
	workload->slot = i;
	workload->node = node;
	workload_posture(workload, node->postures);
	return 0;
}

void node_slot_drop(struct node *node, struct workload *workload)
{
	loop_remove(node->loop, workload->source);
	node->slots[workload->slot] = NULL;
	workload_free(workload);
}

static void unwatch(struct workload *workload)
{
	loop_remove(workload->node->loop, workload->source);
	workload->source = NULL;
	scope_close(&workload->other);
	workload->other = -1;
}

/* Its first task has ended, or another that was waited for since. */
static void on_end(uint32_t events, void *data)
{
	struct workload *workload = data;
	/* Looking for yet another takes a look at each process of the machine. */
	unsigned ms = workload->other < 0 ? ENDING_FIRST_MS : ENDING_MS;

	unwatch(workload);
	loop_timer_soon(workload->node->ending, ms);
}

/* What systemd runs in a unit's cgroup before the unit's program, and beside it (sd-pam). */
static const char *const ways_in[] = { "systemd-executor", "systemd" };

/* One that cannot have its cgroup is enforced without: the first task and all it starts. */
static int attach(struct node *node, const struct workload *workload)
{
	struct karmor_workload asked = KARMOR_STRUCT(
		karmor_workload, .name = workload->name, .namespace_name = workload->namespace_name,
		.container = workload->container, .labels = workload->labels,
		.ruleset = workload->slot, .pid = workload->pid, .lasting = true,
		.cgroup = workload->cgroup, .running = workload->is_unit,
		.by_path = workload->is_unit, .host = workload->is_host,
		.exempt = (const char *const *)node->config->ways_back);
	const struct karmor_message *why;
	int r;

	for (size_t i = 0; workload->is_unit && i < ARRAY_SIZE(ways_in); i++)
		asked.through[i] = ways_in[i];
	r = karmor_engine_attach(node->engine, &asked, node->diag);
	if (!asked.cgroup || workload->is_unit || (r != -EINVAL && r != -EBUSY && r != -EOPNOTSUPP))
		return r;
	why = karmor_diag_at(node->diag, 0);
	log_about(LOG_CAUTION, &(struct log_subject){ .workload = workload->name },
		  ENTERED_LATER ": %s", workload->name, why ? why->text : strerror(-r));
	karmor_diag_clear(node->diag);
	asked.cgroup = NULL;
	return karmor_engine_attach(node->engine, &asked, node->diag);
}

int node_enrol(struct node *node, struct workload *workload)
{
	int r = attach(node, workload);

	if (r < 0)
		return r;
	workload->attached = true;
	return node_watch(node, workload);
}

int node_watch(struct node *node, struct workload *workload)
{
	if (workload->pidfd >= 0)
		return loop_add(node->loop, workload->pidfd, EPOLLIN, on_end, workload,
				&workload->source);
	if (!workload->is_unit && !workload->is_host)
		loop_timer_soon(node->ending, ENDING_MS);
	return 0;
}

/* Whether it has no task any more, and is forgotten. A unit may start again. */
static bool forget(struct node *node, struct workload *workload)
{
	if (workload->is_unit || workload->is_host || workload_lives(workload) ||
	    (workload->adopted && !workload->attached && node_enrol_again(node, workload) < 0) ||
	    karmor_engine_tasks(node->engine, workload->name) > 0)
		return false;
	node_read_events(node);
	if (karmor_engine_detach(node->engine, workload->name, NULL) < 0)
		return false;
	log_about(LOG_DETAIL, &(struct log_subject){ .workload = workload->name },
		  "workload \"%s\" has ended", workload->name);
	node_slot_drop(node, workload);
	node_again_soon(node);
	return true;
}

int node_forget(struct node *node, const char *name)
{
	struct workload *workload = node_find(node, name);

	return !workload || forget(node, workload) ? 0 : -EEXIST;
}

/* Whether its end is waited for, by that of a task which it still has, and need not be looked for.
 */
static bool watch_other(struct node *node, struct workload *workload)
{
	workload->other = karmor_engine_process(node->engine, workload->name);
	if (workload->other < 0)
		return false;
	if (loop_add(node->loop, workload->other, EPOLLIN, on_end, workload, &workload->source) ==
	    0)
		return true;
	scope_close(&workload->other);
	workload->other = -1;
	return false;
}

void node_on_ending(uint32_t events, void *data)
{
	struct node *node = data;
	bool waits = false, gone = false;
	unsigned soonest = 0;

	for (size_t i = 0; i < node->n_slots; i++) {
		struct workload *workload = node->slots[i];
		unsigned left;

		if (!workload || workload->source || !workload->attached || workload->is_waiting ||
		    workload->is_unit || workload->is_host)
			continue;
		left = node_prepared_left(workload);
		if (left) {
			soonest = !soonest || left < soonest ? left : soonest;
			continue;
		}
		if (forget(node, workload))
			gone = true;
		else if (!watch_other(node, workload))
			waits = true;
	}
	if (gone && records_save(node) < 0)
		log_tell(LOG_CAUTION, "cannot write the list of workloads");
	if (waits || soonest)
		loop_timer_soon(node->ending, waits ? ENDING_MS : soonest);
}

int node_check_entry(const struct node *node, const struct workload *workload, json_t *messages)
{
	if (!node->must_enter)
		return 0;
	messages_add(
		messages, KARMOR_ERROR, NULL, 0, NODE_ENTER_FIX,
		"workload \"%s\" cannot be put under %s, which a task can enter only by itself",
		workload->name, node->title);
	return -EOPNOTSUPP;
}

int node_attach(struct node *node, struct workload *workload, json_t *messages)
{
	struct workload *other = node_find(node, workload->name);
	int r = node_check_entry(node, workload, messages);

	if (r < 0) {
		workload_free(workload);
		return r;
	}
	if (other && !forget(node, other)) {
		bool same = other->pid == workload->pid && other->started == workload->started;

		workload_free(workload);
		return same ? 0 : -EEXIST;
	}
	r = node_slot_add(node, workload);
	if (r < 0) {
		workload_free(workload);
		return r;
	}
	r = node_publish(node, messages);
	/* Before it is enforced: what is enforced and not known cannot be taken over. */
	if (r == 0)
		r = records_save(node);
	if (r == 0)
		r = node_enrol(node, workload);
	messages_take(messages, node->diag);
	if (r < 0) {
		(void)!karmor_engine_detach(node->engine, workload->name, NULL);
		node_slot_drop(node, workload);
		(void)!records_save(node);
	}
	return r;
}

int node_detach(struct node *node, const char *name)
{
	struct workload *workload = node_find(node, name);

	if (!workload || workload->is_unit || workload->is_host)
		return -ENOENT;
	if (forget(node, workload))
		return records_save(node);
	unwatch(workload);
	loop_timer_soon(node->ending, ENDING_FIRST_MS);
	return 0;
}

static void deliver(const struct karmor_event *event, void *data)
{
	struct node *node = data;

	node->fn(event, event->workload ? node_find(node, event->workload) : NULL, node->data);
}

void node_read_events(struct node *node)
{
	/* What was counted of a flood comes later. */
	if (karmor_engine_read_events(node->engine, deliver, node) > 0)
		loop_timer_set(node->floods, FLOOD_MS);
}
