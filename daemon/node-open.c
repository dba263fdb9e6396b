/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a node begins: a backend that is ready, and the workloads that the kernel has held since
 * before.
 */
#include "node-open.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host.h"
#include "log.h"
#include "messages.h"
#include "node-ahead.h"
#include "records.h"
#include "scope.h"

static void pinned_count(const char *name, long tasks, void *data)
{
	++*(size_t *)data;
}

/*
 * Whether what the engine enforces lasts: one that cannot tell what it holds will not do. A dry run
 * will.
 */
static int check_lasting(struct node *node, json_t *messages)
{
	char label[KARMOR_LABEL_SIZE];
	size_t n = 0;
	int r = karmor_engine_pinned(node->engine, pinned_count, &n, node->diag);

	if (!karmor_backend_enforces(node->backend))
		return 0;
	if (r == -EOPNOTSUPP)
		messages_add(messages, KARMOR_WARNING, NULL, 0, NULL,
			     "%s keeps no workloads: karmord cannot use it", node->title);
	if (r < 0)
		return r;
	if (karmor_engine_label(node->engine, "", label, sizeof(label)) == -EOPNOTSUPP)
		return 0;
	node->must_enter = true;
	messages_add(messages, KARMOR_NOTE, NULL, 0, NULL,
		     "%s confines only tasks that enter by themselves: containers must be prepared "
		     "by karmor oci-hook precreate",
		     node->title);
	return 0;
}

/* Where there is one that a task must enter by itself, another one has been added to it. */
bool node_has_cgroups(const struct node *node)
{
	return !node->must_enter || node->n_caps > 1;
}

static int probe(struct node *node, const struct karmor_backend *backend, json_t *messages)
{
	struct karmor_caps *caps;
	size_t at = strlen(node->title);
	int r = karmor_caps_probe(backend, &caps, node->diag);

	if (r < 0)
		return r;
	node->caps[node->n_caps++] = caps;
	node->prepares |= karmor_backend_prepares(backend);
	snprintf(node->title + at, sizeof(node->title) - at, "%s%s", at ? ", " : "",
		 karmor_backend_title(backend));
	if (karmor_caps_state(caps) == KARMOR_READY)
		return 0;
	messages_add(messages, KARMOR_WARNING, NULL, 0, karmor_caps_fix(caps),
		     "%s is not usable here: %s", karmor_backend_title(backend),
		     karmor_caps_reason(caps));
	return -EOPNOTSUPP;
}

/* All of @names must be ready. */
static int probe_all(struct node *node, json_t *messages)
{
	char names[sizeof(node->names)], *left = names, *name;
	int r = 0;

	memcpy(names, node->names, sizeof(names));
	node->backend = NULL;
	while (r == 0 && (name = strsep(&left, ","))) {
		const struct karmor_backend *backend = karmor_backend_find(name);

		node->backend = node->backend ? node->backend : backend;
		r = node->n_caps < KARMOR_PLAN_BACKENDS_MAX ? probe(node, backend, messages)
							    : -EINVAL;
	}
	return r;
}

static int open_all(struct node *node)
{
	return node->n_caps == 1
		       ? karmor_engine_open(node->backend, &node->engine, node->diag)
		       : karmor_plan_open_all((const struct karmor_caps *const *)node->caps,
					      node->n_caps, &node->engine, node->diag);
}

static void caps_free(struct node *node)
{
	while (node->n_caps)
		karmor_caps_free(node->caps[--node->n_caps]);
}

static int try_backends(struct node *node, const char *names, json_t *messages)
{
	int r;

	snprintf(node->names, sizeof(node->names), "%s", names);
	node->title[0] = '\0';
	node->must_enter = node->prepares = false;
	r = probe_all(node, messages);
	if (r == 0)
		r = open_all(node);
	if (r == 0)
		r = check_lasting(node, messages);
	messages_take(messages, node->diag);
	if (r == 0)
		return 0;
	karmor_engine_close(node->engine);
	caps_free(node);
	node->engine = NULL;
	return r;
}

static void on_events(uint32_t events, void *data)
{
	node_read_events(data);
}

/* A backend may have no events. */
static int events_watch(struct node *node)
{
	int fd = karmor_engine_event_fd(node->engine);

	if (fd == -EOPNOTSUPP)
		return 0;
	return fd < 0 ? fd : loop_add(node->loop, fd, EPOLLIN, on_events, node, &node->events);
}

int node_open(struct node *node, const struct config *config, struct loop *loop, node_event_fn *fn,
	      void *data, json_t *messages)
{
	const struct documents nothing = { 0 };
	int r = -EOPNOTSUPP;

	*node = (struct node){ .config = config, .loop = loop, .fn = fn, .data = data };
	node->diag = karmor_diag_new();
	node->postures = node_postures(config);
	if (!node->diag || !node->postures || documents_copy(&nothing, &node->in_force) < 0 ||
	    karmor_policies_new(&node->policies) < 0)
		return -ENOMEM;
	for (size_t i = 0; r < 0 && config->backends[i]; i++)
		r = try_backends(node, config->backends[i], messages);
	if (r < 0) {
		messages_add(messages, KARMOR_ERROR, NULL, 0, "karmor-probe says what to change",
			     "no enforcer is usable on this node");
		return r;
	}
	r = loop_timer(loop, node_on_ending, node, &node->ending);
	if (r == 0)
		r = loop_timer(loop, on_events, node, &node->floods);
	if (r == 0)
		r = loop_timer(loop, node_on_again, node, &node->again.timer);
	return r < 0 ? r : events_watch(node);
}

void node_keep(struct node *node, const char *path, json_t *messages)
{
	const struct config *config = node->config;
	const char *const paths[] = { config->state, config->policies, config->runtime, path };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		_cleanup_free_ char *real = realpath(paths[i], NULL);
		int r = real ? karmor_engine_keep(node->engine, real, node->diag) : 0;

		messages_take(messages, node->diag);
		if (r < 0 && r != -EOPNOTSUPP)
			messages_add(messages, KARMOR_ERROR, NULL, 0, NULL,
				     "workloads that may write \"%s\" can change what is enforced",
				     real);
	}
}

void node_close(struct node *node)
{
	loop_remove(node->loop, node->events);
	loop_remove(node->loop, node->ending);
	loop_remove(node->loop, node->floods);
	loop_remove(node->loop, node->again.timer);
	for (size_t i = 0; i < node->n_slots; i++)
		if (node->slots[i])
			node_slot_drop(node, node->slots[i]);
	free(node->slots);
	json_decref(node->others);
	json_decref(node->postures);
	karmor_engine_close(node->engine);
	compiled_done(&node->compiled);
	ahead_done(&node->ahead);
	karmor_ruleset_free(node->nothing);
	karmor_policies_free(node->none);
	caps_free(node);
	karmor_policies_free(node->policies);
	documents_done(&node->in_force);
	karmor_diag_free(node->diag);
}

static void pinned_note(const char *name, long tasks, void *data)
{
	json_object_set_new(data, name, json_integer(tasks));
}

int node_pinned(struct node *node, json_t **ret)
{
	json_t *pinned = json_object();
	int r = pinned ? karmor_engine_pinned(node->engine, pinned_note, pinned, node->diag)
		       : -ENOMEM;

	*ret = NULL;
	if (r == 0)
		*ret = pinned;
	else
		json_decref(pinned);
	return r == -EOPNOTSUPP ? 0 : r;
}

/* Whether the workload is still there to be taken over. */
static bool is_there(const struct workload *workload, json_t *pinned)
{
	return pinned ? json_object_get(pinned, workload->name) != NULL : workload_lives(workload);
}

/*
 * Whether it was put under the same backends. What is under others cannot be put under these: its
 * record waits for a karmord that has them.
 */
static bool is_ours(struct node *node, const json_t *record, const struct workload *workload,
		    json_t *pinned, json_t *messages)
{
	const char *names = json_string_value(json_object_get(record, "backends"));
	bool known = json_object_get(pinned, workload->name);

	if (!names || strcmp(names, node->names) == 0)
		return true;
	if (known || workload_lives(workload)) {
		if (!node->others)
			node->others = json_array();
		json_array_append(node->others, (json_t *)(uintptr_t)record);
		messages_add(messages, KARMOR_WARNING, NULL, 0,
			     "end its tasks, or have \"backends\" as it was",
			     "workload \"%s\" was put under \"%s\", not \"%s\": it stays enforced "
			     "as it is",
			     workload->name, names, node->names);
	}
	json_object_del(pinned, workload->name);
	return false;
}

/* Whether its first task lives is asked by @living: others are left out. */
static int remember(struct node *node, const json_t *record, bool living, json_t *pinned,
		    json_t *messages)
{
	struct workload *workload;
	int r = workload_known(record, &workload);

	if (r == 0 && workload_lives(workload) != living) {
		workload_free(workload);
		return 0;
	}
	if (r == 0 && !is_ours(node, record, workload, pinned, messages)) {
		workload_free(workload);
		return 0;
	}
	if (r < 0 || !is_there(workload, pinned) || node_find(node, workload->name) ||
	    strcmp(workload->name, HOST_NAME) == 0) {
		if (r == 0)
			workload_free(workload);
		return r == -ENOMEM ? r : 0;
	}
	if (workload->pid == 0 && !workload->is_prepared && !workload->is_unit &&
	    !workload->is_removed)
		messages_add(messages, KARMOR_WARNING, NULL, 0, NULL,
			     "the first task of workload \"%s\" is gone: names of rules are "
			     "looked up in the node's root",
			     workload->name);
	workload->adopted = true;
	json_object_del(pinned, workload->name);
	r = node_slot_add(node, workload);
	if (r < 0)
		workload_free(workload);
	return r;
}

int node_remember(struct node *node, json_t *messages)
{
	_cleanup_json_ json_t *records = NULL, *pinned = NULL;
	const char *name;
	json_t *value;
	size_t i;
	int r = node_pinned(node, &pinned);

	messages_take(messages, node->diag);
	r = r < 0 ? r : records_load(node, &records, messages);
	/* Where there are two of a name it is the one that lives. */
	for (int living = 1; living >= 0; living--)
		json_array_foreach(records, i, value)
		{
			if (r == 0)
				r = remember(node, value, living, pinned, messages);
		}
	/* Of the node nothing is to be known but that it is one. */
	if (r == 0 && pinned && json_object_del(pinned, HOST_NAME) == 0)
		r = host_remember(node);
	json_object_foreach(pinned, name, value)
	{
		messages_add(messages, KARMOR_WARNING, NULL, 0, "end its tasks",
			     "nothing is known of workload \"%s\": it stays enforced as it is",
			     name);
	}
	return r;
}

size_t node_adopt(struct node *node, json_t *messages)
{
	size_t failed = 0;

	for (size_t i = 0; i < node->n_slots; i++) {
		struct workload *workload = node->slots[i];
		int r = workload ? node_enrol(node, workload) : 0;

		messages_take(messages, node->diag);
		if (r == 0)
			continue;
		failed++;
		if (node_may_later(r)) {
			messages_add(
				messages, KARMOR_WARNING, NULL, 0, "start it anew",
				"workload \"%s\" cannot be taken over yet, and stays under the "
				"rules of before",
				workload->name);
			node_again(node);
			continue;
		}
		messages_add(messages, KARMOR_ERROR, NULL, 0, NULL,
			     "workload \"%s\" cannot be taken over: %s", workload->name,
			     strerror(-r));
		node_slot_drop(node, workload);
	}
	return failed;
}
