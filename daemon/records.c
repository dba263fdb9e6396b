/* SPDX-License-Identifier: Apache-2.0 */
/* See records.h. */
#include "records.h"

#include <errno.h>
#include <string.h>

#include "durable.h"
#include "messages.h"
#include "scope.h"

#define NAME "workloads"

/* With who enforces it. */
int records_add(json_t *records, const struct node *node, const struct workload *workload)
{
	json_t *record = workload_record(workload);

	json_object_set_new(record, "backends", json_string(node->names));
	return json_array_append_new(records, record);
}

static int list_write(const struct node *node, const json_t *records)
{
	_cleanup_free_ char *text = json_dumps(records, JSON_INDENT(1));

	return text ? durable_write(node->config->runtime, NAME, text, strlen(text)) : -ENOMEM;
}

/* One of another list of backends is not written beside a newer one of its name. */
int records_save(const struct node *node)
{
	_cleanup_json_ json_t *records = json_array();
	json_t *value;
	size_t i;

	json_array_foreach(node->others, i, value)
	{
		if (!node_find(node, json_string_value(json_object_get(value, "name"))) &&
		    json_array_append(records, value) < 0)
			return -ENOMEM;
	}
	for (i = 0; i < node->n_slots; i++)
		if (node->slots[i] && !node->slots[i]->is_waiting && !node->slots[i]->is_host &&
		    records_add(records, node, node->slots[i]) < 0)
			return -ENOMEM;
	return list_write(node, records);
}

int records_write(const struct node *node, const json_t *records)
{
	return json_array_size(records) ? list_write(node, records)
					: durable_remove(node->config->runtime, NAME);
}

int records_load(const struct node *node, json_t **ret, json_t *messages)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int recovered, r = durable_read(node->config->runtime, NAME, &text, &len, &recovered);

	if (r == 0 && recovered)
		messages_add(messages, KARMOR_WARNING, NULL, 0, NULL,
			     "the list of workloads was torn: that before it is used");
	if (r == -ENOENT || r == -EIO)
		*ret = json_array();
	else if (r == 0)
		*ret = json_loadb(text, len, 0, NULL);
	else
		return r;
	if (r == -EIO || !*ret)
		messages_add(messages, KARMOR_ERROR, NULL, 0, NULL,
			     "the list of workloads in \"%s\" cannot be read",
			     node->config->runtime);
	if (!*ret)
		*ret = json_array();
	return *ret ? 0 : -ENOMEM;
}
