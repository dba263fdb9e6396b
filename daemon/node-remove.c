/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a node is taken out: its workloads come under no policy. What has no task is forgotten; of
 * what has some a record says that its rules were taken out, by which a later karmord, or another
 * try, knows it and forgets it with its last task: the kernel need not.
 */
#include <errno.h>
#include <string.h>

#include "host.h"
#include "messages.h"
#include "node-open.h"
#include "records.h"
#include "scope.h"

/* Nobody comes in any more. */
static int unknown_add(struct node *node, const char *name)
{
	struct workload *workload;
	_cleanup_json_ json_t *record = json_pack("{s:s, s:b}", "name", name, "removed", 1);
	int r = strcmp(name, HOST_NAME) == 0 ? 1
		: record		     ? workload_known(record, &workload)
					     : -ENOMEM;

	if (r != 0)
		return r < 0 ? r : host_remember(node);
	r = workload_unit(workload, NULL);
	r = r < 0 ? r : node_slot_add(node, workload);
	if (r < 0)
		workload_free(workload);
	return r;
}

/* All that the kernel holds, under nothing. How many cannot be, or a negative errno. */
static int take_out(struct node *node, json_t *pinned, json_t *messages)
{
	const struct documents nothing = { 0 };
	const char *name;
	json_t *tasks;
	int r = 0;

	json_object_foreach(pinned, name, tasks)
	{
		if (r == 0)
			r = unknown_add(node, name);
	}
	r = r < 0 ? r : node_apply(node, &nothing, messages);
	return r < 0 ? r : (int)node_adopt(node, messages);
}

/* Nobody is there to be told of its events. */
static bool forget(struct node *node, struct workload *workload)
{
	if (karmor_engine_tasks(node->engine, workload->name) > 0 ||
	    karmor_engine_detach(node->engine, workload->name, NULL) < 0)
		return false;
	node_slot_drop(node, workload);
	return true;
}

/* Adds the records of what goes on without rules, and marks in @pinned what is dealt with. */
static size_t removed_add(struct node *node, json_t *pinned, json_t *records)
{
	size_t n = 0;

	for (size_t i = 0; i < node->n_slots; i++) {
		struct workload *workload = node->slots[i];

		if (!workload || !workload->attached || workload->is_host)
			continue;
		json_object_set_new(pinned, workload->name, json_true());
		if (forget(node, workload))
			continue;
		records_add(records, node, workload);
		n++;
	}
	return n;
}

/* Adds those records of before whose workloads are as they were: some could not be taken out, and
 * others are another list of backends'. */
static void others_add(const struct node *node, const json_t *pinned, const json_t *before,
		       json_t *records)
{
	json_t *record;
	size_t i;

	json_array_foreach(before, i, record)
	{
		const char *name = json_string_value(json_object_get(record, "name"));
		const char *backends = json_string_value(json_object_get(record, "backends"));
		const json_t *tasks = json_object_get(pinned, name ? name : "");

		if (json_is_integer(tasks) ||
		    (!tasks && backends && strcmp(backends, node->names) != 0))
			json_array_append(records, record);
	}
}

int node_remove(struct node *node, json_t *messages)
{
	_cleanup_json_ json_t *pinned = NULL, *before = NULL, *records = json_array();
	int failed = -ENOMEM, r = records ? node_pinned(node, &pinned) : -ENOMEM;
	size_t n;

	r = r < 0 ? r : records_load(node, &before, messages);
	if (r == 0)
		failed = r = take_out(node, pinned, messages);
	messages_take(messages, node->diag);
	if (r < 0)
		return r;
	n = removed_add(node, pinned, records);
	if (n)
		messages_add(messages, KARMOR_NOTE, NULL, 0, NULL,
			     "%zu workload%s without rules from now on; what is loaded for %s is "
			     "taken out by karmord, or karmord --remove, once the tasks have ended",
			     n, n == 1 ? " is" : "s are", n == 1 ? "it" : "them");
	others_add(node, pinned, before, records);
	r = records_write(node, records);
	return failed ? -EBUSY : r;
}
