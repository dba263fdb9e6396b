/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the engine's event to what is told: the line that the library prints, and what the daemon
 * knows of the workload beside.
 */
#include <stdio.h>
#include <string.h>

#include "karmord.h"
#include "scope.h"
#include "text.h"

static char *event_line(const struct karmor_event *event)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int r;

	if (!out)
		return NULL;
	r = karmor_event_print_json(event, out);
	if (fclose(out) == 0 && r == 0)
		return text;
	free(text);
	return NULL;
}

static void put(json_t *event, const char *name, const char *text)
{
	if (text)
		json_object_set_new(event, name, text_json(text));
}

static void count(struct daemon *daemon, const struct karmor_event *event)
{
	struct event_count *place;

	daemon->events++;
	if ((size_t)event->action >= METRICS_ACTIONS || (size_t)event->section >= METRICS_SECTIONS)
		return;
	place = &daemon->counts[event->action][event->section];
	place->events++;
	place->accesses += event->count;
}

void daemon_event(const struct karmor_event *from, const struct workload *workload, void *data)
{
	struct daemon *daemon = data;
	_cleanup_free_ char *line = event_line(from), *text = NULL;
	_cleanup_json_ json_t *event = line ? json_loads(line, 0, NULL) : NULL;

	count(daemon, from);
	if (!event)
		return;
	if (workload) {
		put(event, "PodName", workload->pod);
		put(event, "ContainerID", workload->name);
		put(event, "ContainerImage", workload->image);
	}
	text = json_dumps(event, JSON_COMPACT);
	if (!text)
		return;
	history_add(daemon->history, (long long)from->time.tv_sec, text);
	sinks_write(daemon->sinks, event, text);
	if (daemon->control)
		control_publish(daemon->control, event, text);
}
