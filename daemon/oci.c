/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See oci.h. Runtimes and engines tell Kubernetes' names under keys of their own, hence the table.
 * Every other annotation is a label, as is each of Kubernetes' that an engine hands on.
 */
#include "oci.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "scope.h"

#define LABELS_MAX 4096
#define LABEL_MAX 253

static const struct known {
	const char *annotation, *field;
} known[] = {
	{ "io.kubernetes.pod.namespace", "namespace" },
	{ "io.kubernetes.cri.sandbox-namespace", "namespace" },
	{ "io.kubernetes.pod.name", "pod" },
	{ "io.kubernetes.cri.sandbox-name", "pod" },
	{ "io.kubernetes.container.name", "container" },
	{ "io.kubernetes.cri.container-name", "container" },
	{ "io.kubernetes.cri.image-name", "image" },
	{ "io.kubernetes.cri-o.ImageName", "image" },
	{ "org.opencontainers.image.ref.name", "image" },
};

/* Of the machinery: nobody selects by them. */
static const char *const machinery[] = { "io.kubernetes.", "io.container.",	  "io.containers.",
					 "io.podman.",	   "org.opencontainers.", "org.systemd.",
					 "run.oci." };

static bool is_machinery(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(machinery); i++)
		if (strncmp(key, machinery[i], strlen(machinery[i])) == 0)
			return true;
	return false;
}

/* What a label may be: letters, digits and a few signs; lists of labels have others. */
static bool is_label(const char *text)
{
	size_t len = strlen(text);

	return len <= LABEL_MAX && strspn(text, "abcdefghijklmnopqrstuvwxyz"
						"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/") == len;
}

static void labels_add(char *labels, const char *key, const char *value)
{
	size_t at = strlen(labels);

	if (!*key || !value || is_machinery(key) || !is_label(key) || !is_label(value) ||
	    at + strlen(key) + strlen(value) + 3 > LABELS_MAX)
		return;
	snprintf(labels + at, LABELS_MAX - at, "%s%s=%s", at ? "," : "", key, value);
}

/* The pod's own labels, as CRI-O hands them on: a JSON object in a text. */
static void labels_add_all(char *labels, const char *text)
{
	_cleanup_json_ json_t *object = text ? json_loads(text, 0, NULL) : NULL;
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		labels_add(labels, key, json_string_value(value));
	}
}

static json_t *annotations_of(const json_t *state, const json_t *config)
{
	json_t *all = json_object(), *more = json_object_get(config, "annotations");

	if (json_is_object(more))
		json_object_update(all, more);
	more = json_object_get(state, "annotations");
	if (json_is_object(more))
		json_object_update(all, more);
	return all;
}

json_t *oci_workload(const json_t *state, const json_t *config)
{
	const char *id = json_string_value(json_object_get(state, "id")), *key;
	json_int_t pid = json_integer_value(json_object_get(state, "pid"));
	_cleanup_json_ json_t *annotations = annotations_of(state, config);
	char labels[LABELS_MAX] = "";
	json_t *workload, *value;

	if (!id)
		return NULL;
	workload = pid > 0 ? json_pack("{s:s, s:I, s:b}", "name", id, "pid", pid, "atExec", 1)
			   : json_pack("{s:s}", "name", id);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		value = json_object_get(annotations, known[i].annotation);
		if (json_is_string(value) && !json_object_get(workload, known[i].field))
			json_object_set(workload, known[i].field, value);
	}
	labels_add_all(labels, json_string_value(
				       json_object_get(annotations, "io.kubernetes.cri-o.Labels")));
	json_object_foreach(annotations, key, value)
	{
		labels_add(labels, key, json_string_value(value));
	}
	json_object_set_new(workload, "labels", json_string(labels));
	return workload;
}
