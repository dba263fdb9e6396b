/* SPDX-License-Identifier: Apache-2.0 */
/* What karmord.yaml says of the node itself: its labels, and the ways back into it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <karmor/karmor.h>

#include "config-read.h"
#include "scope.h"

#define LABELS_MAX 4096
#define NAME_MAX_BYTES 30 /* of a program; what the kernel side has place for */

/* Where people log in over the network and at a console, as distributions have them. */
static const char *const presets[] = {
	"/usr/sbin/sshd", "/usr/sbin/dropbear", "/usr/sbin/agetty", "/sbin/agetty",
	"/usr/bin/login", "/bin/login",		"/sbin/sulogin",    "/usr/sbin/sulogin",
};

void config_ways_free(struct config *config)
{
	for (size_t i = 0; config->ways_back && config->ways_back[i]; i++)
		free(config->ways_back[i]);
	free(config->ways_back);
	config->ways_back = NULL;
}

static int ways_make(struct config *config, size_t n)
{
	config_ways_free(config);
	config->ways_back = calloc(n + 1, sizeof(*config->ways_back));
	return config->ways_back ? 0 : -ENOMEM;
}

int config_preset_ways(struct config *config)
{
	int r = ways_make(config, ARRAY_SIZE(presets));

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(presets); i++) {
		config->ways_back[i] = strdup(presets[i]);
		r = config->ways_back[i] ? 0 : -ENOMEM;
	}
	return r;
}

static bool is_program(const yaml_node_t *node)
{
	const char *path = config_scalar(node), *name = path ? strrchr(path, '/') : NULL;

	return name && *path == '/' && name[1] && strlen(name + 1) <= NAME_MAX_BYTES &&
	       strlen(path) == node->data.scalar.length;
}

void config_take_ways(struct reading *reading, const yaml_node_t *node)
{
	bool is_list = node->type == YAML_SEQUENCE_NODE;
	size_t n =
		is_list ? (size_t)(node->data.sequence.items.top - node->data.sequence.items.start)
			: 0;

	if (!is_list || n > KARMOR_EXEMPT_MAX) {
		config_fault(reading, &node->start_mark, "[/usr/sbin/sshd, /usr/sbin/agetty]",
			     "\"waysBack\" is a list of at most %d programs", KARMOR_EXEMPT_MAX);
		return;
	}
	if (ways_make(reading->config, n) < 0) {
		reading->result = -ENOMEM;
		return;
	}
	for (size_t i = 0, got = 0; i < n; i++) {
		const yaml_node_t *each = yaml_document_get_node(
			&reading->document, node->data.sequence.items.start[i]);

		if (!is_program(each))
			config_fault(reading, &each->start_mark, "/usr/sbin/sshd",
				     "a way back is an absolute path, whose last part has at most "
				     "%d bytes",
				     NAME_MAX_BYTES);
		else if (!(reading->config->ways_back[got++] = strdup(config_scalar(each))))
			reading->result = -ENOMEM;
	}
}

/* With those that the node has anyway; a ruleset of nothing asks the library. */
static bool are_node_labels(const char *text)
{
	_cleanup_free_ char *all = NULL;

	return asprintf(&all, "%s,/a=,/b=", text) > 0 && config_are_labels(all);
}

bool config_are_labels(const char *labels)
{
	struct karmor_subject subject = KARMOR_STRUCT(karmor_subject, .labels = labels);
	struct karmor_policies *none = NULL;
	struct karmor_ruleset *set = NULL;
	bool ret = karmor_policies_new(&none) == 0 &&
		   karmor_ruleset_new(none, &subject, &set, NULL) == 0;

	karmor_ruleset_free(set);
	karmor_policies_free(none);
	return ret;
}

void config_take_labels(struct reading *reading, const yaml_node_t *node)
{
	const char *text = config_scalar(node);

	if (!text || !*text || strlen(text) != node->data.scalar.length ||
	    strlen(text) > LABELS_MAX || !are_node_labels(text)) {
		config_fault(reading, &node->start_mark, "nodeLabels: role=worker,zone=a",
			     "\"%s\" are no labels", text ? text : "?");
		return;
	}
	free(reading->config->node_labels);
	reading->config->node_labels = strdup(text);
	if (!reading->config->node_labels)
		reading->result = -ENOMEM;
}
