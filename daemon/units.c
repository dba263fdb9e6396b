/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See units.h. A unit is a workload as long as it is configured, whether it runs or not: the kernel
 * side knows its cgroup by its path, so that nobody has to see it start, and none of its programs
 * starts before it is seen.
 */
#include "units.h"

#include <errno.h>
#include <string.h>

#include "log.h"
#include "messages.h"
#include "node-open.h"
#include "records.h"
#include "scope.h"

static const struct config_unit *unit_find(const struct node *node, const char *name)
{
	for (size_t i = 0; i < node->config->n_units; i++)
		if (strcmp(node->config->units[i].name, name) == 0)
			return &node->config->units[i];
	return NULL;
}

/* Its name is the container's, too, by which a policy may select it. */
static int workload_make(const struct config_unit *unit, struct workload **ret)
{
	_cleanup_json_ json_t *record = json_pack(
		"{s:s, s:s, s:s, s:s?, s:s?}", "name", unit->name, "container", unit->name, "unit",
		unit->cgroup, "namespace", unit->namespace_name, "labels", unit->labels);

	return record ? workload_known(record, ret) : -ENOMEM;
}

/* One that was known before, as it is configured now. */
static int unit_change(struct node *node, struct workload *workload, const struct config_unit *unit,
		       bool *changed)
{
	struct workload *wanted;
	int r = workload_make(unit, &wanted);

	if (r < 0)
		return r;
	if (!workload_is_like(workload, wanted)) {
		workload_exchange(workload, wanted);
		*changed = true;
		r = node_enrol(node, workload);
	}
	workload_free(wanted);
	return r;
}

static int unit_add(struct node *node, const struct config_unit *unit, json_t *messages)
{
	struct workload *workload;
	int r = workload_make(unit, &workload);

	r = r < 0 ? r : node_attach(node, workload, messages);
	if (r == 0)
		log_about(LOG_DETAIL, &(struct log_subject){ .workload = unit->name },
			  "unit \"%s\" is under policies, by %s", unit->name, unit->cgroup);
	return r;
}

static void unit_sync(struct node *node, const struct config_unit *unit, bool *changed,
		      json_t *messages)
{
	struct workload *workload = node_find(node, unit->name);
	int r;

	if (!workload)
		r = unit_add(node, unit, messages);
	else if (!workload->is_host &&
		 (workload->is_unit || (!workload->pid && !workload->is_prepared)))
		r = unit_change(node, workload, unit, changed);
	else
		r = -EEXIST;
	messages_take(messages, node->diag);
	if (r == 0)
		return;
	node->hook_errors++;
	messages_add(messages, KARMOR_ERROR, NULL, 0,
		     r == -EEXIST ? "name one of them otherwise" : NULL,
		     "unit \"%s\" is not under policies: %s", unit->name,
		     r == -EEXIST ? "another workload has its name" : strerror(-r));
}

/* Nobody comes into it any more; who is in it stays, and no policy selects it. */
static int unit_release(struct node *node, struct workload *workload)
{
	_cleanup_json_ json_t *record = json_pack("{s:s}", "name", workload->name);
	struct workload *bare;
	int r = record ? workload_known(record, &bare) : -ENOMEM;

	if (r < 0)
		return r;
	workload_exchange(workload, bare);
	workload_free(bare);
	r = workload_unit(workload, NULL);
	return r < 0 ? r : node_enrol(node, workload);
}

int units_sync(struct node *node, json_t *messages)
{
	bool changed = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < node->n_slots; i++) {
		struct workload *workload = node->slots[i];

		if (!workload || !workload->is_unit || unit_find(node, workload->name))
			continue;
		r = unit_release(node, workload);
		changed = true;
	}
	messages_take(messages, node->diag);
	for (size_t i = 0; r == 0 && i < node->config->n_units; i++)
		unit_sync(node, &node->config->units[i], &changed, messages);
	if (r == 0 && changed)
		r = node_publish(node, messages);
	if (r == 0 && changed)
		r = records_save(node);
	return r;
}
