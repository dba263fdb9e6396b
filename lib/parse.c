/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See parse.h. A file is a run of documents, a document a tree; this file knows the frame of one
 * (apiVersion, kind, metadata, spec) and hands its parts on. It keeps no rule of a document with a
 * fault, but it does keep its name, so that a second of that name is told in the same run.
 */
#include "parse.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "parse-rule.h"
#include "parse-selector.h"
#include "policies.h"
#include "select.h"

#define API_VERSION "security.kubearmor.com/v1"
#define NAME_BYTES_MAX 253
#define NAMESPACE_BYTES_MAX 63
#define DOCUMENTS_MAX 10000

static const char *const status_ignored[] = { "status", NULL };

static const char *const metadata_ignored[] = { "creationTimestamp",
						"deletionGracePeriodSeconds",
						"deletionTimestamp",
						"finalizers",
						"generateName",
						"generation",
						"managedFields",
						"ownerReferences",
						"resourceVersion",
						"selfLink",
						"uid",
						NULL };

static const struct scope document_scope = {
	.known = FIELD(API_VERSION) | FIELD(KIND) | FIELD(METADATA) | FIELD(SPEC),
	.ignored = status_ignored,
};

static const struct scope metadata_scope = {
	.known = FIELD(NAME) | FIELD(NAMESPACE) | FIELD(LABELS) | FIELD(ANNOTATIONS),
	.ignored = metadata_ignored,
};

#define SPEC (FIELDS_OF_ATTRIBUTES | FIELDS_OF_SECTIONS)
#define SPEC_NOT_YET (FIELD(PRESETS) | FIELD(APPARMOR) | FIELD(DEVICE))

static const struct scope spec_scopes[] = {
	[KARMOR_POLICY] = { SPEC | FIELD(SELECTOR), SPEC_NOT_YET, NULL },
	[KARMOR_CLUSTER_POLICY] = { SPEC | FIELD(SELECTOR), SPEC_NOT_YET, NULL },
	[KARMOR_HOST_POLICY] = { SPEC | FIELD(NODE_SELECTOR), SPEC_NOT_YET, NULL },
};

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Labels of a-z, 0-9 and "-" that begin and end in a letter or digit, with dots between them. */
static bool is_dns_name(const char *name, size_t max, bool has_dots)
{
	size_t len = strlen(name);

	if (len == 0 || len > max)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool is_edge = i == 0 || i + 1 == len || name[i - 1] == '.' || name[i + 1] == '.';

		if (is_lower_alnum(name[i]))
			continue;
		if (is_edge || !(name[i] == '-' || (has_dots && name[i] == '.')))
			return false;
	}
	return true;
}

static void read_strings(struct parser *parser, const struct entry *entry)
{
	const struct node *node = entry->value;

	if (!node || (node->kind == NODE_SCALAR && node->is_bad))
		return;
	if (node->kind != NODE_MAPPING) {
		fault_error(&parser->faults, entry_place(entry), NULL,
			    "\"%s\" must be a mapping, not %s", field_name(entry->field),
			    node_type(node));
		return;
	}
	for (const struct item *item = node->items; item; item = item->next)
		if (!node_is_null(item->value))
			label_string(parser, item->value,
				     entry->field == F_LABELS ? "label " : "annotation ",
				     item->key->text);
}

static void read_namespace(struct parser *parser, const struct entry *entry,
			   struct ir_policy *policy)
{
	const char *text = entry_string(parser, entry);

	policy->namespace_name = policy->kind == KARMOR_POLICY ? "default" : "";
	if (!text)
		return;
	if (policy->kind != KARMOR_POLICY)
		fault_warning(&parser->faults, &entry->key->place, "remove it",
			      "\"namespace\" says nothing: a %s has none",
			      ir_kind_name(policy->kind));
	else if (!is_dns_name(text, NAMESPACE_BYTES_MAX, false))
		fault_error(&parser->faults, entry_place(entry),
			    "up to 63 lower-case letters, digits and \"-\"",
			    "namespace \"%s\" is not a DNS label", text);
	else
		policy->namespace_name = parser_copy(parser, text, strlen(text));
}

static void read_metadata(struct parser *parser, const struct fields *document,
			  struct ir_policy *policy)
{
	const struct node *node = document->at[F_METADATA].value;
	struct fields fields;
	const char *name;

	if (field_is_missed(document, F_METADATA))
		fault_error(&parser->faults, missed_place(document, F_METADATA),
			    "metadata: {name: ...}", "policy has no \"metadata\" and so no name");
	if (!node || !fields_read(parser, node, "metadata", &metadata_scope, &fields))
		return;
	if (field_is_missed(&fields, F_NAME))
		fault_error(&parser->faults, missed_place(&fields, F_NAME), NULL,
			    "metadata has no \"name\"");
	read_namespace(parser, &fields.at[F_NAMESPACE], policy);
	read_strings(parser, &fields.at[F_LABELS]);
	read_strings(parser, &fields.at[F_ANNOTATIONS]);
	name = entry_string(parser, &fields.at[F_NAME]);
	if (!name)
		return;
	if (is_dns_name(name, NAME_BYTES_MAX, true))
		policy->name = parser_copy(parser, name, strlen(name));
	else
		fault_error(&parser->faults, entry_place(&fields.at[F_NAME]),
			    "up to 253 lower-case letters, digits, \"-\" and \".\"",
			    "name \"%s\" is not a DNS subdomain name", name);
}

static void read_spec(struct parser *parser, const struct fields *document,
		      struct ir_policy *policy)
{
	enum field selector = policy->kind == KARMOR_HOST_POLICY ? F_NODE_SELECTOR : F_SELECTOR;
	struct attributes attributes = ATTRIBUTES_DEFAULT;
	const struct node *node = document->at[F_SPEC].value;
	struct fields fields;

	if (field_is_missed(document, F_SPEC))
		fault_error(&parser->faults, missed_place(document, F_SPEC), NULL,
			    "policy has no \"spec\"");
	if (!node || !fields_read(parser, node, "spec", &spec_scopes[policy->kind], &fields))
		return;
	if (field_is_missed(&fields, selector))
		fault_error(&parser->faults, missed_place(&fields, selector),
			    fault_fix(&parser->faults, "%s: {matchLabels: {...}}; {} selects all",
				      field_name(selector)),
			    "spec has no \"%s\"", field_name(selector));
	if (fields.at[selector].value)
		selector_read(parser, &fields.at[selector], policy->kind, &policy->selector);
	policy->selector_text = select_text(&parser->load->arena, &policy->selector);
	if (!policy->selector_text ||
	    (!parser->out_of_memory && select_example(&parser->load->arena, policy) < 0))
		parser->out_of_memory = true;
	attributes_read(parser, &fields, &attributes);
	rules_read(parser, &fields, &attributes, policy);
}

/* Tells that another policy has this one's name. */
static int check_name(struct parser *parser, const struct ir_policy *policy)
{
	const struct ir_policy *first = NULL;
	const char *where = "";
	int r;

	if (!policy->name)
		return 0;
	r = policies_claim(parser->load, policy, &first);
	if (r < 0 || !first)
		return r;
	if (policy->kind == KARMOR_POLICY)
		where = parser_text(parser, " of namespace \"%s\"", policy->namespace_name);
	fault_error(&parser->faults, &policy->place, "rename one of them",
		    "%s \"%s\"%s is defined twice, first at %s:%u:%u", ir_kind_name(policy->kind),
		    policy->name, where, first->place.source->name, first->place.line,
		    first->place.column);
	return 0;
}

static int read_policy(struct parser *parser, const struct fields *document, enum karmor_kind kind)
{
	struct ir_policy *policy = parser_array(parser, 1, sizeof(*policy));
	int r;

	if (!policy)
		return -ENOMEM;
	policy->kind = kind;
	policy->namespace_name = kind == KARMOR_POLICY ? "default" : "";
	policy->place = document->node->place;
	read_metadata(parser, document, policy);
	read_spec(parser, document, policy);
	if (parser->out_of_memory)
		return -ENOMEM;
	r = check_name(parser, policy);
	if (r < 0 || parser->faults.errors)
		return r;
	if (policy->n_rules == 0)
		fault_warning(&parser->faults, &policy->place, NULL, "policy \"%s\" has no rules",
			      policy->name);
	return policies_add(parser->load, policy);
}

/* The field of a mapping that may be no policy at all. */
static struct entry peek(const struct node *root, enum field field)
{
	struct entry ret = { .field = field };

	if (root->kind != NODE_MAPPING)
		return ret;
	for (const struct item *item = root->items; item; item = item->next) {
		if (strcmp(item->key->text, field_name(field)) != 0)
			continue;
		ret.key = item->key;
		ret.value = node_is_null(item->value) ? NULL : item->value;
	}
	return ret;
}

static bool is_text(const struct entry *entry, const char *text)
{
	return entry->value && entry->value->kind == NODE_SCALAR &&
	       strcmp(entry->value->text, text) == 0;
}

/* What kubectl makes of more than one. */
static bool lists_policies(const struct node *root)
{
	const struct entry kind = peek(root, F_KIND);

	if (!is_text(&kind, "List"))
		return false;
	for (const struct item *item = root->items; item; item = item->next) {
		const struct node *list = item->value;

		if (strcmp(item->key->text, "items") != 0 || list->kind != NODE_LIST)
			continue;
		for (const struct item *each = list->items; each; each = each->next) {
			const struct entry version = peek(each->value, F_API_VERSION);

			if (is_text(&version, API_VERSION))
				return true;
		}
	}
	return false;
}

/* A document of another API is skipped; more loudly where it looks like a policy all the same. */
static void skip(struct parser *parser, const struct entry *version, const struct node *root)
{
	const struct entry kind = peek(root, F_KIND);
	const char *fix = NULL;
	enum karmor_kind ours;

	if (kind.value && kind.value->kind == NODE_SCALAR &&
	    ir_kind_find(kind.value->text, &ours) == 0)
		fix = "apiVersion: " API_VERSION;
	else if (lists_policies(root))
		fix = "write each of its policies as a document of its own";
	faults_drop(&parser->faults);
	fault_add(&parser->faults, fix ? KARMOR_WARNING : KARMOR_NOTE, entry_place(version), fix,
		  "document of apiVersion \"%s\" is skipped", version->value->text);
}

/* Tells what keeps a document from being known as a policy or as none of ours. */
static void tell_what_it_is(struct parser *parser, const struct fields *fields)
{
	bool no_version = field_is_missed(fields, F_API_VERSION);
	bool no_kind = field_is_missed(fields, F_KIND);

	if (no_version)
		fault_error(&parser->faults, missed_place(fields, F_API_VERSION),
			    "apiVersion: " API_VERSION, "document has no \"apiVersion\"%s",
			    no_kind ? " and no \"kind\"" : "");
	else if (no_kind)
		fault_error(&parser->faults, missed_place(fields, F_KIND),
			    "kind: KubeArmorPolicy, KubeArmorClusterPolicy or KubeArmorHostPolicy",
			    "document has no \"kind\"");
}

static int read_document(struct parser *parser, const struct node *root)
{
	const struct entry version = peek(root, F_API_VERSION);
	struct fields fields;
	enum karmor_kind kind;
	const char *known, *text, *meant;

	if (version.value && version.value->kind == NODE_SCALAR &&
	    strcmp(version.value->text, API_VERSION) != 0 &&
	    strcmp(node_type(version.value), "a string") == 0) {
		skip(parser, &version, root);
		return 0;
	}
	if (node_is_null(root) || !fields_read(parser, root, "document", &document_scope, &fields))
		return 0;
	tell_what_it_is(parser, &fields);
	known = entry_string(parser, &fields.at[F_API_VERSION]);
	text = entry_string(parser, &fields.at[F_KIND]);
	if (!text)
		return 0;
	if (ir_kind_find(text, &kind) == 0)
		return read_policy(parser, &fields, kind);
	if (!known)
		return 0;
	meant = ir_kind_suggest(text);
	fault_error(&parser->faults, entry_place(&fields.at[F_KIND]),
		    meant ? fault_fix(&parser->faults, "did you mean \"%s\"?", meant)
			  : "KubeArmorPolicy, KubeArmorClusterPolicy or KubeArmorHostPolicy",
		    "unknown kind \"%s\"", text);
	return 0;
}

/* Tells the document's faults. Whether it had errors is left in *bad. */
static int finish(struct parser *parser, struct karmor_diag *diag, bool *bad)
{
	bool out_of_memory = parser->out_of_memory;
	int r;

	*bad |= parser->faults.errors > 0;
	r = faults_tell(&parser->faults, diag);
	return out_of_memory ? -ENOMEM : r;
}

/* Without a root there is a fault of another kind, which keeps the file from being used as well. */
static void tell_documents(struct parser *parser, const struct node *root)
{
	if (root)
		fault_error(&parser->faults, &root->place, "split it",
			    "file has more than %d documents", DOCUMENTS_MAX);
}

int parse_source(struct karmor_policies *load, const struct source *source,
		 struct karmor_diag *diag)
{
	struct parser parser = { .load = load };
	const struct node *root;
	size_t documents = 0;
	bool bad = false;
	struct tree tree;
	int r, told;

	parser.scratch = &tree.arena;
	r = tree_open(&tree, source, &parser.faults);
	while (r == 0) {
		r = tree_next(&tree, &root);
		if (r <= 0)
			break;
		if (++documents > DOCUMENTS_MAX) {
			tell_documents(&parser, root);
			break;
		}
		r = root ? read_document(&parser, root) : 0;
		if (r == 0)
			r = finish(&parser, diag, &bad);
	}
	told = finish(&parser, diag, &bad);
	tree_close(&tree);
	if (r >= 0 || told == -ENOMEM)
		r = told;
	return r == 0 && bad ? -EINVAL : r;
}
