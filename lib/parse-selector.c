/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See parse-selector.h. What is wrong here must never widen a policy's reach: every fault is an
 * error, null too.
 */
#include "parse-selector.h"

#include <string.h>

#include "cleanup.h"

#define VALUES_MAX 1000

static const char container_label[] = "kubearmor.io/container.name";
static const char host_label[] = "kubearmor.io/hostname";

static const struct scope selector_scope = {
	.known = FIELD(MATCH_LABELS) | FIELD(MATCH_EXPRESSIONS),
};

static const struct scope expression_scope = {
	.known = FIELD(KEY) | FIELD(OPERATOR) | FIELD(VALUES),
};

/* Requirements as they are found, of the document's lifetime. */
struct draft {
	struct ir_requirement requirement;
	struct draft *next;
};

struct drafts {
	struct draft *head, **tail;
	size_t n;
};

struct reading {
	struct parser *parser;
	enum karmor_kind kind;
	struct drafts drafts;
	struct ir_selector *ret;
};

static void add(struct reading *reading, const struct ir_requirement *requirement)
{
	struct draft *draft = arena_alloc(reading->parser->scratch, sizeof(*draft));

	if (!draft) {
		reading->parser->out_of_memory = true;
		return;
	}
	draft->requirement = *requirement;
	if (!reading->drafts.head)
		reading->drafts.tail = &reading->drafts.head;
	*reading->drafts.tail = draft;
	reading->drafts.tail = &draft->next;
	reading->drafts.n++;
}

static const char *trim(const char *text, size_t *len)
{
	while (*len && (*text == ' ' || *text == '\t')) {
		text++;
		(*len)--;
	}
	while (*len && (text[*len - 1] == ' ' || text[*len - 1] == '\t'))
		(*len)--;
	return text;
}

/* "[a,b]", "a,b" or "[]" */
static void read_containers(struct reading *reading, const struct node *node, const char *text)
{
	struct parser *parser = reading->parser;
	size_t len = strlen(text), n = 1, item_len;
	const char **names;

	text = trim(text, &len);
	if (len && (*text == '[') != (text[len - 1] == ']')) {
		fault_error(&parser->faults, &node->place, "write it as \"[c1,c2]\"",
			    "container list \"%s\" is not closed", node->text);
		return;
	}
	if (len >= 2 && *text == '[') {
		text++;
		len -= 2;
		text = trim(text, &len);
	}
	if (len == 0)
		return;
	for (size_t i = 0; i < len; i++)
		n += text[i] == ',';
	names = parser_array(parser, n, sizeof(*names));
	for (size_t i = 0; names && i < n; i++) {
		const char *end = memchr(text, ',', len), *item = text;

		item_len = end ? (size_t)(end - text) : len;
		text += item_len + (end ? 1 : 0);
		len -= item_len + (end ? 1 : 0);
		item = trim(item, &item_len);
		if (item_len == 0) {
			fault_error(&parser->faults, &node->place, NULL,
				    "container list \"%s\" has an empty name", node->text);
			return;
		}
		names[i] = parser_copy(parser, item, item_len);
	}
	reading->ret->containers = names;
	reading->ret->n_containers = names ? n : 0;
}

static void add_label(struct reading *reading, const char *key, const char *value)
{
	struct parser *parser = reading->parser;
	const char **values = parser_array(parser, 1, sizeof(*values));
	struct ir_requirement requirement = { .op = IR_IN, .n_values = 1, .from_labels = true };

	requirement.key = parser_copy(parser, key, strlen(key));
	if (!values || !requirement.key)
		return;
	values[0] = parser_copy(parser, value, strlen(value));
	requirement.values = values;
	add(reading, &requirement);
}

static const char *label_value(struct parser *parser, const struct node *key,
			       const struct node *value)
{
	if (!node_is_null(value))
		return label_string(parser, value, "label ", key->text);
	fault_error(&parser->faults, &key->place,
		    fault_fix(&parser->faults,
			      "remove \"%s\", or write \"\" if its value is to be empty",
			      key->text),
		    "label \"%s\" has no value", key->text);
	return NULL;
}

static bool check_label_key(struct parser *parser, const struct node *key)
{
	bool is_good = key->len && strlen(key->text) == key->len && !node_is_null(key);

	if (!is_good)
		fault_error(&parser->faults, &key->place, NULL, "\"%s\" is no label's key",
			    key->text);
	return is_good;
}

static void read_labels(struct reading *reading, const struct entry *entry)
{
	struct parser *parser = reading->parser;
	const struct node *node = entry->value;

	if (!node || (node->kind == NODE_SCALAR && node->is_bad))
		return;
	if (node->kind != NODE_MAPPING) {
		fault_error(&parser->faults, entry_place(entry),
			    "write a line \"key: value\" for each",
			    "\"matchLabels\" must be a mapping, not %s", node_type(node));
		return;
	}
	for (const struct item *item = node->items; item; item = item->next) {
		const char *key = item->key->text, *value;

		if (!check_label_key(parser, item->key))
			continue;
		value = label_value(parser, item->key, item->value);
		if (!value)
			continue;
		if (strcmp(key, container_label) == 0)
			read_containers(reading, item->value, value);
		else if (reading->kind != KARMOR_HOST_POLICY || strcmp(key, host_label) != 0 ||
			 strcmp(value, "*") != 0)
			add_label(reading, key, value);
	}
}

static bool read_operator(struct parser *parser, const struct fields *fields, enum ir_operator *ret)
{
	const struct entry *entry = &fields->at[F_OPERATOR];
	const char *text = entry_string(parser, entry), *meant;

	if (!text || ir_operator_find(text, ret) == 0)
		return text;
	meant = ir_operator_suggest(text);
	fault_error(&parser->faults, entry_place(entry),
		    meant ? fault_fix(&parser->faults, "did you mean \"%s\"?", meant)
			  : "one of In, NotIn, Exists, DoesNotExist",
		    "unknown operator \"%s\"", text);
	return false;
}

/* The values as strings of the load; false where one is wrong. */
static bool read_values(struct parser *parser, const struct node *list, const char ***ret)
{
	const char **values = parser_array(parser, list->n, sizeof(*values));
	bool is_good = values;
	size_t n = 0;

	for (const struct item *item = list->items; values && item; item = item->next) {
		const char *text = item_string(parser, item->value, "values");

		if (text)
			values[n++] = parser_copy(parser, text, item->value->len);
		else
			is_good = false;
	}
	*ret = values;
	return is_good && !parser->out_of_memory;
}

static bool check_arity(struct parser *parser, const struct fields *fields, enum ir_operator op)
{
	const struct entry *entry = &fields->at[F_VALUES];
	bool wants = op == IR_IN || op == IR_NOT_IN;
	const struct node *list = entry_list(parser, entry);

	if (entry->value && !list)
		return false;
	if (wants && !entry->value) {
		if (field_is_missed(fields, F_VALUES))
			fault_error(&parser->faults, missed_place(fields, F_VALUES),
				    "values: [...]", "operator \"%s\" needs \"values\"",
				    op == IR_IN ? "In" : "NotIn");
		return false;
	}
	if (wants && list->n == 0) {
		fault_error(&parser->faults, entry_place(entry), "values: [...]",
			    "\"values\" is empty");
		return false;
	}
	if (list && list->n > VALUES_MAX) {
		fault_error(&parser->faults, entry_place(entry), NULL,
			    "\"values\" has more than %d entries", VALUES_MAX);
		return false;
	}
	if (!wants && list && list->n) {
		fault_error(&parser->faults, entry_place(entry),
			    "remove \"values\", or use In or NotIn",
			    "operator \"%s\" takes no \"values\"",
			    op == IR_EXISTS ? "Exists" : "DoesNotExist");
		return false;
	}
	return true;
}

/* KubeArmor's older form: key `label`, values `key=value`, of which In wants one, NotIn none. */
static bool is_old_form(const char *key, const char *const *values, size_t n)
{
	if (strcmp(key, "label") != 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strchr(values[i], '='))
			return true;
	return false;
}

static bool check_old_values(struct parser *parser, const struct node *list)
{
	bool is_good = true;

	for (const struct item *item = list->items; item; item = item->next) {
		const char *equals = strchr(item->value->text, '=');

		if (equals && equals != item->value->text)
			continue;
		fault_error(&parser->faults, &item->value->place, NULL,
			    "\"%s\" is not key=value, as the values beside it are",
			    item->value->text);
		is_good = false;
	}
	return is_good;
}

static bool has_key(const char *value, const char *key, size_t len)
{
	return strncmp(value, key, len) == 0 && value[len] == '=';
}

/* How many of the values have the key of the first. */
static size_t count_key(const char **values, size_t n, size_t len)
{
	size_t ret = 0;

	for (size_t i = 0; i < n; i++)
		ret += has_key(values[i], values[0], len);
	return ret;
}

/* One of several labels is enough: not what a requirement for each key would say. */
static void add_any(struct reading *reading, const char **values, size_t n)
{
	struct ir_requirement requirement = { .key = "label",
					      .op = IR_IN,
					      .values = values,
					      .n_values = n,
					      .from_labels = true,
					      .is_any = true };

	add(reading, &requirement);
}

/* One requirement for each key among the values. */
static void add_keys(struct reading *reading, enum ir_operator op, const char **values, size_t n)
{
	struct parser *parser = reading->parser;
	bool *done = arena_array(parser->scratch, n, sizeof(*done));

	if (!done)
		parser->out_of_memory = true;
	for (size_t i = 0; done && i < n; i++) {
		size_t len = (size_t)(strchr(values[i], '=') - values[i]);
		struct ir_requirement requirement = { .op = op, .from_labels = true };
		const char **mine;

		if (done[i])
			continue;
		requirement.key = parser_copy(parser, values[i], len);
		mine = parser_array(parser, count_key(values + i, n - i, len), sizeof(*mine));
		for (size_t j = i; mine && j < n; j++) {
			if (done[j] || !has_key(values[j], values[i], len))
				continue;
			mine[requirement.n_values++] = values[j] + len + 1;
			done[j] = true;
		}
		requirement.values = mine;
		if (requirement.key && mine)
			add(reading, &requirement);
	}
}

static void add_old_form(struct reading *reading, enum ir_operator op, const char **values,
			 size_t n)
{
	size_t len = (size_t)(strchr(values[0], '=') - values[0]);

	if (op == IR_IN && count_key(values, n, len) < n)
		add_any(reading, values, n);
	else
		add_keys(reading, op, values, n);
}

static void add_expression(struct reading *reading, const struct fields *fields, const char *key,
			   enum ir_operator op)
{
	struct parser *parser = reading->parser;
	const struct node *list = fields->at[F_VALUES].value;
	struct ir_requirement requirement = { .op = op };
	const char **values = NULL;

	if (list && !read_values(parser, list, &values))
		return;
	if (list && is_old_form(key, values, list->n)) {
		if (check_old_values(parser, list))
			add_old_form(reading, op, values, list->n);
		return;
	}
	requirement.key = parser_copy(parser, key, strlen(key));
	requirement.values = values;
	requirement.n_values = list ? list->n : 0;
	if (requirement.key)
		add(reading, &requirement);
}

static void read_expression(struct reading *reading, const struct node *node, size_t i)
{
	struct parser *parser = reading->parser;
	struct fields fields;
	enum ir_operator op;
	const char *key;

	if (!fields_read(parser, node, parser_text(parser, "matchExpressions[%zu]", i),
			 &expression_scope, &fields))
		return;
	if (field_is_missed(&fields, F_KEY) && field_is_missed(&fields, F_OPERATOR))
		fault_error(&parser->faults, &node->place, NULL,
			    "expression has neither \"key\" nor \"operator\"");
	else if (field_is_missed(&fields, F_KEY))
		fault_error(&parser->faults, missed_place(&fields, F_KEY), NULL,
			    "expression has no \"key\"");
	else if (field_is_missed(&fields, F_OPERATOR))
		fault_error(&parser->faults, missed_place(&fields, F_OPERATOR),
			    "operator: In, NotIn, Exists or DoesNotExist",
			    "expression has no \"operator\"");
	key = entry_string(parser, &fields.at[F_KEY]);
	if (key && !*key) {
		fault_error(&parser->faults, entry_place(&fields.at[F_KEY]), NULL,
			    "\"key\" is empty");
		key = NULL;
	}
	if (key && strcmp(key, container_label) == 0) {
		fault_error(&parser->faults, entry_place(&fields.at[F_KEY]),
			    "matchLabels with kubearmor.io/container.name: \"[c1,c2]\"",
			    "\"%s\" can stand in matchLabels only", key);
		key = NULL;
	}
	if (!read_operator(parser, &fields, &op) || !check_arity(parser, &fields, op))
		return;
	if (key)
		add_expression(reading, &fields, key, op);
}

static void finish(struct reading *reading)
{
	size_t n = 0;
	struct ir_requirement *requirements =
		parser_array(reading->parser, reading->drafts.n, sizeof(*requirements));

	for (const struct draft *draft = reading->drafts.head; requirements && draft;
	     draft = draft->next)
		requirements[n++] = draft->requirement;
	reading->ret->requirements = requirements;
	reading->ret->n_requirements = n;
}

void selector_read(struct parser *parser, const struct entry *entry, enum karmor_kind kind,
		   struct ir_selector *ret)
{
	struct reading reading = { .parser = parser, .kind = kind, .ret = ret };
	const struct node *list;
	struct fields fields;
	size_t i = 0;

	if (!fields_read(parser, entry->value, field_name(entry->field), &selector_scope, &fields))
		return;
	read_labels(&reading, &fields.at[F_MATCH_LABELS]);
	list = entry_list(parser, &fields.at[F_MATCH_EXPRESSIONS]);
	for (const struct item *item = list ? list->items : NULL; item; item = item->next)
		read_expression(&reading, item->value, i++);
	finish(&reading);
}
