/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was refused for the sake of a task that runs and cannot follow: a change of policies or of
 * the configuration, or a workload of before that was to be taken over. Nobody tells of that task's
 * end, so it is tried again when a workload has ended, and without that ever more seldom.
 */
#include <string.h>

#include "log.h"
#include "messages.h"
#include "node-open.h"
#include "scope.h"

#define FIRST_MS 2000
#define LAST_MS 60000
#define SOON_MS 200

void node_again(struct node *node)
{
	node->again.ms = FIRST_MS;
	loop_timer_soon(node->again.timer, FIRST_MS);
}

void node_change_again(struct node *node)
{
	node->again.is_change = true;
	node_again(node);
}

void node_again_soon(struct node *node)
{
	if (node->again.ms)
		loop_timer_soon(node->again.timer, SOON_MS);
}

int node_enrol_again(struct node *node, struct workload *workload)
{
	int r;

	/* Its number may be another's. */
	if (!workload_lives(workload))
		workload->pid = 0;
	r = node_enrol(node, workload);
	karmor_diag_clear(node->diag);
	if (r == 0)
		log_about(LOG_NEWS, &(struct log_subject){ .workload = workload->name },
			  "workload \"%s\" is taken over", workload->name);
	return r;
}

struct sought {
	const char *name;
	long tasks;
};

static void pinned_look(const char *name, long tasks, void *data)
{
	struct sought *sought = data;

	if (strcmp(name, sought->name) == 0)
		sought->tasks = tasks;
}

/* Also of one that is not attached; where it cannot be told there are some. */
static bool has_tasks(struct node *node, const struct workload *workload)
{
	struct sought sought = { .name = workload->name };
	int r = karmor_engine_pinned(node->engine, pinned_look, &sought, node->diag);

	karmor_diag_clear(node->diag);
	return r < 0 || sought.tasks != 0;
}

/* Whether some still wait. */
static bool adopt_again(struct node *node)
{
	bool waits = false;

	for (size_t i = 0; i < node->n_slots; i++) {
		struct workload *workload = node->slots[i];

		if (!workload || workload->attached || workload->is_waiting ||
		    node_enrol_again(node, workload) == 0)
			continue;
		if (workload_lives(workload) || has_tasks(node, workload))
			waits = true;
		else
			node_slot_drop(node, workload);
	}
	return waits;
}

static bool change_again(struct node *node)
{
	if (!node->again.is_change)
		return false;
	node->again.is_change = false;
	node->again.change(node->again.data);
	return node->again.is_change;
}

/* What was told of it is not told again, nor counted. */
static bool config_again(struct node *node)
{
	unsigned long long errors = node->apply_errors;
	_cleanup_json_ json_t *messages = json_array();

	if (!node->again.is_config)
		return false;
	(void)!node_follow(node, messages);
	if (node->again.is_config)
		node->apply_errors = errors;
	else
		messages_log(messages);
	return node->again.is_config;
}

void node_on_again(uint32_t events, void *data)
{
	struct node *node = data;
	unsigned ms = node->again.ms * 2;
	bool waits = change_again(node);

	waits |= config_again(node);
	waits |= adopt_again(node);
	ms = ms > LAST_MS ? LAST_MS : ms;
	node->again.ms = waits ? ms : 0;
	loop_timer_set(node->again.timer, node->again.ms);
	if (!waits)
		log_tell(LOG_NEWS, "nothing waits for the end of a task any more");
}
