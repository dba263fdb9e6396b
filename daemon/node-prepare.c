/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workloads that have no task yet, under a backend whose tasks enter by themselves: a runtime reads
 * the label of a container's first task before anything tells of that task. So the workload is
 * attached first and its label handed out; the task that comes is waited for as any other
 * (node-entry.c), and looked at once it is its program.
 */
#include <errno.h>
#include <time.h>

#include "log.h"
#include "messages.h"
#include "node-open.h"
#include "records.h"

#define PREPARED_MS 600000

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

unsigned node_prepared_left(struct workload *workload)
{
	uint64_t now = now_ms();

	if (!workload->is_prepared)
		return 0;
	/* One of before a restart has all the time again. */
	if (!workload->expires)
		workload->expires = now + PREPARED_MS;
	return workload->expires > now ? (unsigned)(workload->expires - now) : 0;
}

int node_check_prepared(const struct node *node, const struct workload *workload, json_t *messages)
{
	const struct workload *other = node_find(node, workload->name);

	if (!node->must_enter || (other && (other->is_prepared || other->pid == workload->pid)))
		return 0;
	messages_add(messages, KARMOR_ERROR, NULL, 0,
		     "have karmor oci-hook precreate change the bundle's config.json before the "
		     "runtime reads it",
		     "workload \"%s\" was not prepared, and %s needs to be named in its "
		     "configuration",
		     workload->name, node->title);
	return -EOPNOTSUPP;
}

void node_prepared_become(struct node *node, struct workload *prepared, struct workload *workload)
{
	node->slots[prepared->slot] = workload;
	workload->slot = prepared->slot;
	workload->node = node;
	workload->attached = true;
	workload->no_new_privs = prepared->no_new_privs;
	workload_posture(workload, prepared->postures);
	/* One that was late may be waited for by a task that came without being told of. */
	loop_remove(node->loop, prepared->source);
	workload_free(prepared);
}

static int attach(struct node *node, struct workload *workload, json_t *messages)
{
	int r = node_publish(node, messages);

	if (r == 0)
		r = records_save(node);
	if (r == 0)
		r = node_enrol(node, workload);
	return r;
}

int node_prepare(struct node *node, struct workload *workload, const char *program, char *label,
		 size_t size, json_t *messages)
{
	const char *name = workload->name;
	int r = node_forget(node, name);

	*label = '\0';
	if (!node->must_enter || r == -EEXIST) {
		workload_free(workload);
		return node->must_enter ? r : 0;
	}
	workload->is_prepared = true;
	r = node_slot_add(node, workload);
	if (r < 0) {
		workload_free(workload);
		return r;
	}
	r = attach(node, workload, messages);
	if (r == 0)
		r = karmor_engine_label_of(node->engine, name, program, label, size);
	messages_take(messages, node->diag);
	if (r == 0)
		return 0;
	(void)!karmor_engine_detach(node->engine, name, NULL);
	node_slot_drop(node, workload);
	(void)!records_save(node);
	return r;
}
