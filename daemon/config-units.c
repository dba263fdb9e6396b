/* SPDX-License-Identifier: Apache-2.0 */
/* The units of karmord.yaml: a list of mappings, each a workload by its cgroup. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <karmor/karmor.h>

#include "config-read.h"
#include "host.h"
#include "scope.h"

#define UNITS_MAX 1024
#define SLICE "/system.slice/"
#define CGROUP_MAX 254 /* bytes; what the kernel side has place for */
#define LABELS_MAX 4096

static const struct field {
	const char *name;
	size_t offset, max;
} fields[] = {
	{ "cgroup", offsetof(struct config_unit, cgroup), CGROUP_MAX },
	{ "labels", offsetof(struct config_unit, labels), LABELS_MAX },
	{ "name", offsetof(struct config_unit, name), KARMOR_WORKLOAD_NAME_MAX },
	{ "namespace", offsetof(struct config_unit, namespace_name), KARMOR_WORKLOAD_NAME_MAX },
};

static char **field_at(struct config_unit *unit, const struct field *field)
{
	return (char **)((char *)unit + field->offset);
}

static bool is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static void take_field(struct reading *reading, struct config_unit *unit,
		       const yaml_node_pair_t *pair)
{
	const yaml_node_t *name = yaml_document_get_node(&reading->document, pair->key);
	const yaml_node_t *value = yaml_document_get_node(&reading->document, pair->value);
	const char *key = config_scalar(name), *text = config_scalar(value);
	const struct field *field = NULL;

	for (size_t i = 0; key && !field && i < ARRAY_SIZE(fields); i++)
		if (strcmp(fields[i].name, key) == 0)
			field = &fields[i];
	if (!field) {
		config_fault(reading, &name->start_mark, "cgroup, labels, name or namespace",
			     "a unit has no \"%s\"", key ? key : "?");
		return;
	}
	if (*field_at(unit, field))
		config_fault(reading, &name->start_mark, "remove one of them",
			     "\"%s\" is there twice", key);
	else if (!text || !*text || strlen(text) != value->data.scalar.length || !is_plain(text))
		config_fault(reading, &value->start_mark, NULL, "\"%s\" is one line of text", key);
	else if (strlen(text) > field->max)
		config_fault(reading, &value->start_mark, NULL, "\"%s\" is longer than %zu bytes",
			     key, field->max);
	else if (!(*field_at(unit, field) = strdup(text)))
		reading->result = -ENOMEM;
}

/* "/a/b", as systemctl show -P ControlGroup prints it. */
static bool is_cgroup(const char *path)
{
	size_t len = strlen(path);

	return path[0] == '/' && len > 1 && path[len - 1] != '/' && !strstr(path, "//") &&
	       !strstr(path, "/./") && !strstr(path, "/../") &&
	       strcmp(strrchr(path, '/'), "/.") != 0 && strcmp(strrchr(path, '/'), "/..") != 0;
}

static int cgroup_preset(struct config_unit *unit)
{
	if (!unit->cgroup && asprintf(&unit->cgroup, SLICE "%s", unit->name) < 0)
		unit->cgroup = NULL;
	return unit->cgroup ? 0 : -ENOMEM;
}

static void check_unit(struct reading *reading, struct config_unit *unit, const yaml_mark_t *mark)
{
	const struct config *config = reading->config;

	if (!unit->name) {
		config_fault(reading, mark, "name: nginx.service", "a unit has a name");
		return;
	}
	if (strcmp(unit->name, HOST_NAME) == 0)
		config_fault(reading, mark, NULL, "\"%s\" is the node itself, and no unit",
			     unit->name);
	else if (strchr(unit->name, '/'))
		config_fault(reading, mark, "cgroup: /a/b", "\"%s\" is no unit's name, but a path",
			     unit->name);
	else if (cgroup_preset(unit) < 0)
		reading->result = -ENOMEM;
	else if (strlen(unit->cgroup) > CGROUP_MAX)
		config_fault(reading, mark, NULL, "the path \"%s\" is longer than %d bytes",
			     unit->cgroup, CGROUP_MAX);
	else if (!is_cgroup(unit->cgroup))
		config_fault(reading, mark, "systemctl show -P ControlGroup prints it",
			     "\"%s\" is no path of a cgroup", unit->cgroup);
	if (unit->labels && !config_are_labels(unit->labels))
		config_fault(reading, mark, "app=web,tier=front", "\"%s\" are no labels",
			     unit->labels);
	for (size_t i = 0; unit->cgroup && i + 1 < config->n_units; i++)
		if (strcmp(config->units[i].name, unit->name) == 0 ||
		    strcmp(config->units[i].cgroup, unit->cgroup) == 0)
			config_fault(reading, mark, "remove one of them",
				     "unit \"%s\" or its cgroup is there twice", unit->name);
}

static void take_unit(struct reading *reading, const yaml_node_t *node)
{
	struct config *config = reading->config;
	struct config_unit *unit = &config->units[config->n_units];

	if (node->type != YAML_MAPPING_NODE) {
		config_fault(reading, &node->start_mark, "{name: nginx.service, labels: app=web}",
			     "a unit is a mapping");
		return;
	}
	config->n_units++;
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++)
		take_field(reading, unit, pair);
	if (reading->result == 0)
		check_unit(reading, unit, &node->start_mark);
}

void config_take_units(struct reading *reading, const yaml_node_t *node)
{
	size_t n =
		node->type == YAML_SEQUENCE_NODE
			? (size_t)(node->data.sequence.items.top - node->data.sequence.items.start)
			: 0;

	if (node->type != YAML_SEQUENCE_NODE || n > UNITS_MAX) {
		config_fault(reading, &node->start_mark, "[{name: nginx.service, labels: app=web}]",
			     "\"units\" is a list of at most %d units", UNITS_MAX);
		return;
	}
	config_units_free(reading->config);
	reading->config->units = calloc(n + 1, sizeof(struct config_unit));
	if (!reading->config->units) {
		reading->result = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < n && reading->result != -ENOMEM; i++)
		take_unit(reading, yaml_document_get_node(&reading->document,
							  node->data.sequence.items.start[i]));
}

void config_units_free(struct config *config)
{
	for (size_t i = 0; i < config->n_units; i++)
		for (size_t j = 0; j < ARRAY_SIZE(fields); j++)
			free(*field_at(&config->units[i], &fields[j]));
	free(config->units);
	config->units = NULL;
	config->n_units = 0;
}
