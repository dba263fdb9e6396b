/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that read karmord.yaml share. */
#pragma once

#include <yaml.h>

#include "config.h"

/* What is being read. */
struct reading {
	const char *path;
	yaml_document_t document;
	struct config *config;
	uint64_t seen; /* keys, a bit for each */
	int result;
};

/* Tells a fault at its place. */
__attribute__((format(printf, 4, 5))) void config_fault(struct reading *reading,
							const yaml_mark_t *mark, const char *fix,
							const char *format, ...);

/* A scalar's text, or NULL. */
const char *config_scalar(const yaml_node_t *node);

/* Programs by which people get back into the node, and the node's labels. */
void config_take_ways(struct reading *reading, const yaml_node_t *node);
void config_take_labels(struct reading *reading, const yaml_node_t *node);
/* 0 or -ENOMEM. */
int config_preset_ways(struct config *config);

/* The library knows what labels are. */
bool config_are_labels(const char *labels);

/* The list of units. */
void config_take_units(struct reading *reading, const yaml_node_t *node);
