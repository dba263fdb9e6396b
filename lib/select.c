/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See select.h. All requirements of a selector must hold; an empty one holds for everything in
 * scope.
 */
#include "select.h"

#include <errno.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "diag.h"

#define HOSTNAME_KEY "kubearmor.io/hostname"
#define NAMESPACE_KEY "namespace"

static size_t count_items(const char *text)
{
	size_t n = 1;

	for (; *text; text++)
		n += *text == ',';
	return n;
}

static const struct select_label *find_label(const struct select_label *labels, size_t n,
					     const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(labels[i].key, key) == 0)
			return &labels[i];
	return NULL;
}

static char *trim(char *text)
{
	char *end = text + strlen(text);

	while (*text == ' ')
		text++;
	while (end > text && end[-1] == ' ')
		*--end = '\0';
	return text;
}

/* Splits @item at its "=". */
static int read_label(char *item, struct select_label *labels, size_t n, struct karmor_diag *diag)
{
	char *equals = strchr(item, '=');

	if (!equals || equals == item) {
		diag_error(diag, NULL, "write key=value", "\"%s\" is not a label", item);
		return -EINVAL;
	}
	*equals = '\0';
	if (find_label(labels, n, item)) {
		diag_error(diag, NULL, NULL, "label \"%s\" stands twice", item);
		return -EINVAL;
	}
	labels[n] = (struct select_label){ .key = item, .value = equals + 1 };
	return 0;
}

static int read_labels(struct arena *arena, const char *text, struct select_subject *ret,
		       struct karmor_diag *diag)
{
	size_t items, n = 0;
	struct select_label *labels;
	char *copy, *item;
	int r = 0;

	if (!text || !*text)
		return 0;
	items = count_items(text);
	if (items > SELECT_LABELS_MAX) {
		diag_error(diag, NULL, NULL, "more than %d labels", SELECT_LABELS_MAX);
		return -EINVAL;
	}
	labels = arena_array(arena, items, sizeof(*labels));
	copy = arena_strdup(arena, text);
	if (!labels || !copy)
		return -ENOMEM;
	while (r == 0 && (item = strsep(&copy, ",")))
		r = read_label(trim(item), labels, n++, diag);
	ret->labels = labels;
	ret->n_labels = n;
	return r;
}

int select_read(struct arena *arena, const struct karmor_subject *subject,
		struct select_subject *ret, struct karmor_diag *diag)
{
	const char *name = subject->namespace_name, *container = subject->container;
	struct select_subject read = {
		.everything = subject->everything,
		.host = subject->host,
		.namespace_name = name && *name ? name : "default",
		.container = container && *container ? container : NULL,
	};
	int r = read_labels(arena, subject->labels, &read, diag);

	if (r == 0)
		*ret = read;
	return r;
}

static bool is_among(const char *const *values, size_t n, const char *value)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(values[i], value) == 0)
			return true;
	return false;
}

/* What the subject has under @r's key; NULL: nothing. */
static const char *value_of(const struct ir_policy *policy, const struct ir_requirement *r,
			    const struct select_subject *subject)
{
	const struct select_label *label;

	if (policy->kind == KARMOR_CLUSTER_POLICY && !r->from_labels &&
	    strcmp(r->key, NAMESPACE_KEY) == 0)
		return subject->namespace_name;
	label = find_label(subject->labels, subject->n_labels, r->key);
	return label ? label->value : NULL;
}

static bool is_every_node(const struct ir_policy *policy, const struct ir_requirement *r)
{
	return policy->kind == KARMOR_HOST_POLICY && r->op == IR_IN &&
	       strcmp(r->key, HOSTNAME_KEY) == 0 && is_among(r->values, r->n_values, "*");
}

bool select_holds(const struct ir_policy *policy, const struct ir_requirement *r, const char *value)
{
	switch (r->op) {
	case IR_IN:
		return is_every_node(policy, r) ||
		       (value && is_among(r->values, r->n_values, value));
	case IR_NOT_IN:
		return !value || !is_among(r->values, r->n_values, value);
	case IR_EXISTS:
		return value;
	case IR_DOES_NOT_EXIST:
		return !value;
	}
	return false;
}

static bool has_label(const struct select_subject *subject, const char *key_and_value)
{
	const char *equals = strchr(key_and_value, '=');
	size_t len = (size_t)(equals - key_and_value);

	for (size_t i = 0; i < subject->n_labels; i++) {
		const struct select_label *label = &subject->labels[i];

		if (strlen(label->key) == len && memcmp(label->key, key_and_value, len) == 0)
			return strcmp(label->value, equals + 1) == 0;
	}
	return false;
}

static bool has_any_label(const struct select_subject *subject, const struct ir_requirement *r)
{
	for (size_t i = 0; i < r->n_values; i++)
		if (has_label(subject, r->values[i]))
			return true;
	return false;
}

static bool requirement_holds(const struct ir_policy *policy, const struct ir_requirement *r,
			      const struct select_subject *subject)
{
	if (r->is_any)
		return has_any_label(subject, r);
	return select_holds(policy, r, value_of(policy, r, subject));
}

bool select_matches(const struct ir_policy *policy, const struct select_subject *subject)
{
	const struct ir_selector *selector = &policy->selector;

	if ((policy->kind == KARMOR_HOST_POLICY) != subject->host)
		return false;
	if (subject->everything)
		return true;
	if (policy->kind == KARMOR_POLICY &&
	    strcmp(policy->namespace_name, subject->namespace_name) != 0)
		return false;
	for (size_t i = 0; i < selector->n_requirements; i++)
		if (!requirement_holds(policy, &selector->requirements[i], subject))
			return false;
	return !selector->n_containers ||
	       (subject->container &&
		is_among(selector->containers, selector->n_containers, subject->container));
}

static void list_add(struct buf *text, const char *const *values, size_t n, const char *gap)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(text, "%s%s", i ? gap : "", values[i]);
}

static void requirement_add(struct buf *text, const struct ir_requirement *r)
{
	if (r->is_any) {
		list_add(text, r->values, r->n_values, " or ");
	} else if (r->op == IR_EXISTS || r->op == IR_DOES_NOT_EXIST) {
		buf_printf(text, "%s%s", r->op == IR_EXISTS ? "" : "!", r->key);
	} else if (r->n_values == 1) {
		buf_printf(text, "%s%s%s", r->key, r->op == IR_IN ? "=" : "!=", r->values[0]);
	} else {
		buf_printf(text, "%s %s (", r->key, r->op == IR_IN ? "in" : "notin");
		list_add(text, r->values, r->n_values, ",");
		buf_putc(text, ')');
	}
}

const char *select_text(struct arena *arena, const struct ir_selector *selector)
{
	_cleanup_buf_ struct buf text = { 0 };

	for (size_t i = 0; i < selector->n_requirements; i++) {
		buf_puts(&text, i ? "," : "");
		requirement_add(&text, &selector->requirements[i]);
	}
	if (selector->n_containers) {
		buf_puts(&text, text.len ? ",container in (" : "container in (");
		list_add(&text, selector->containers, selector->n_containers, ",");
		buf_putc(&text, ')');
	}
	return buf_failed(&text) ? NULL : arena_strdup(arena, text.data ? text.data : "");
}

/* What a label has to be for @r to hold, "k=v", as the first of its values. */
static void example_add(struct buf *labels, const struct ir_requirement *r)
{
	buf_puts(labels, labels->len ? "," : "");
	if (r->is_any)
		buf_puts(labels, r->values[0]);
	else
		buf_printf(labels, "%s=%s", r->key, r->op == IR_IN ? r->values[0] : "");
}

static int example_make(struct arena *arena, const struct ir_policy *policy,
			struct karmor_subject *ret)
{
	const struct ir_selector *selector = &policy->selector;
	_cleanup_buf_ struct buf labels = { 0 };

	for (size_t i = 0; i < selector->n_requirements; i++) {
		const struct ir_requirement *r = &selector->requirements[i];

		if ((r->op != IR_IN && r->op != IR_EXISTS) || (r->op == IR_IN && !r->n_values))
			continue;
		if (policy->kind == KARMOR_CLUSTER_POLICY && !r->is_any && !r->from_labels &&
		    strcmp(r->key, NAMESPACE_KEY) == 0)
			ret->namespace_name = r->op == IR_IN ? r->values[0] : NULL;
		else
			example_add(&labels, r);
	}
	ret->labels = arena_strdup(arena, labels.data ? labels.data : "");
	return buf_failed(&labels) || !ret->labels ? -ENOMEM : 0;
}

/* Two requirements may ask for one label, and a value may be none that can be given: it is tried.
 */
int select_example(struct arena *arena, struct ir_policy *policy)
{
	struct karmor_subject *example = arena_array(arena, 1, sizeof(*example));
	struct select_subject subject;
	int r;

	if (!example)
		return -ENOMEM;
	*example = KARMOR_STRUCT(karmor_subject, .host = policy->kind == KARMOR_HOST_POLICY);
	if (policy->kind == KARMOR_POLICY)
		example->namespace_name = policy->namespace_name;
	if (policy->selector.n_containers)
		example->container = policy->selector.containers[0];
	r = example_make(arena, policy, example);
	r = r ? r : select_read(arena, example, &subject, NULL);
	if (r == 0 && select_matches(policy, &subject))
		policy->example = example;
	return r == -ENOMEM ? r : 0;
}
