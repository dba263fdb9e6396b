/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See parse-rule.h. Sections and lists are a table: what may stand in a rule of each and who reads
 * its matcher. A rule that is at fault makes none, and its document is dropped by the caller.
 */
#include "parse-rule.h"

#include <string.h>

#include "cleanup.h"
#include "parse-matcher.h"
#include "ruleset.h"

/* A rule as it is read: drafts become an array once all are known. */
struct draft {
	struct ir_rule rule;
	size_t ordinal;
	struct draft *next;
};

struct reading {
	struct parser *parser;
	struct ir_policy *policy;
	struct draft *head, **tail;
	size_t n;
	bool is_full; /* told that there are too many */
};

/* The list that a rule stands in. */
struct list {
	enum ir_list list;
	enum field field;
	matcher_fn *read_matcher;
	struct scope scope;
};

struct section {
	enum karmor_section section;
	enum field field;
	struct scope scope;
	const struct list *lists;
	size_t n_lists;
};

struct parser *rules_parser(struct reading *reading)
{
	return reading->parser;
}

void rules_add(struct reading *reading, const struct ir_rule *rule)
{
	struct parser *parser = reading->parser;
	struct draft *draft;

	if (reading->n == RULESET_RULES_MAX && !reading->is_full)
		fault_error(&parser->faults, &rule->place, "split the policy",
			    "policy has more than %d rules", RULESET_RULES_MAX);
	reading->is_full = reading->n == RULESET_RULES_MAX;
	if (reading->is_full)
		return;
	draft = arena_alloc(parser->scratch, sizeof(*draft));
	if (!draft) {
		parser->out_of_memory = true;
		return;
	}
	draft->rule = *rule;
	draft->ordinal = reading->n++;
	if (!reading->head)
		reading->tail = &reading->head;
	*reading->tail = draft;
	reading->tail = &draft->next;
}

#define RULE (FIELDS_OF_ATTRIBUTES | FIELD(FROM_SOURCE))
#define NOT_YET (FIELD(ALLOWED_ARGS) | FIELD(PTS))

static const struct list process_lists[] = {
	{ IR_MATCH_PATHS,
	  F_MATCH_PATHS,
	  matcher_read_path_or_execname,
	  { RULE | FIELD(PATH) | FIELD(EXECNAME) | FIELD(OWNER_ONLY), NOT_YET, NULL } },
	{ IR_MATCH_DIRECTORIES,
	  F_MATCH_DIRECTORIES,
	  matcher_read_dir,
	  { RULE | FIELD(DIR) | FIELD(RECURSIVE) | FIELD(OWNER_ONLY), NOT_YET, NULL } },
	{ IR_MATCH_PATTERNS,
	  F_MATCH_PATTERNS,
	  matcher_read_pattern,
	  { RULE | FIELD(PATTERN) | FIELD(OWNER_ONLY), NOT_YET, NULL } },
};

static const struct list file_lists[] = {
	{ IR_MATCH_PATHS,
	  F_MATCH_PATHS,
	  matcher_read_path,
	  { RULE | FIELD(PATH) | FIELD(READ_ONLY) | FIELD(OWNER_ONLY), NOT_YET, NULL } },
	{ IR_MATCH_DIRECTORIES,
	  F_MATCH_DIRECTORIES,
	  matcher_read_dir,
	  { RULE | FIELD(DIR) | FIELD(RECURSIVE) | FIELD(READ_ONLY) | FIELD(OWNER_ONLY), NOT_YET,
	    NULL } },
	{ IR_MATCH_PATTERNS,
	  F_MATCH_PATTERNS,
	  matcher_read_pattern,
	  { RULE | FIELD(PATTERN) | FIELD(READ_ONLY) | FIELD(OWNER_ONLY), NOT_YET, NULL } },
};

static const struct list network_lists[] = {
	{ IR_MATCH_PROTOCOLS,
	  F_MATCH_PROTOCOLS,
	  matcher_read_protocol,
	  { RULE | FIELD(PROTOCOL), NOT_YET, NULL } },
};

static const struct list capability_lists[] = {
	{ IR_MATCH_CAPABILITIES,
	  F_MATCH_CAPABILITIES,
	  matcher_read_capability,
	  { RULE | FIELD(CAPABILITY), NOT_YET, NULL } },
};

static const struct list syscall_lists[] = {
	{ IR_MATCH_SYSCALLS,
	  F_MATCH_SYSCALLS,
	  matcher_read_syscall,
	  { RULE | FIELD(SYSCALL), 0, NULL } },
	{ IR_MATCH_PATHS,
	  F_MATCH_PATHS,
	  matcher_read_syscall_path,
	  { RULE | FIELD(PATH) | FIELD(RECURSIVE) | FIELD(SYSCALL), 0, NULL } },
};

#define PATH_LISTS                                                                                 \
	(FIELDS_OF_ATTRIBUTES | FIELD(MATCH_PATHS) | FIELD(MATCH_DIRECTORIES) |                    \
	 FIELD(MATCH_PATTERNS))

static const struct section sections[] = {
	{ KARMOR_PROCESS,
	  F_PROCESS,
	  { PATH_LISTS, 0, NULL },
	  process_lists,
	  ARRAY_SIZE(process_lists) },
	{ KARMOR_FILE, F_FILE, { PATH_LISTS, 0, NULL }, file_lists, ARRAY_SIZE(file_lists) },
	{ KARMOR_NETWORK,
	  F_NETWORK,
	  { FIELDS_OF_ATTRIBUTES | FIELD(MATCH_PROTOCOLS), FIELD(MATCH_DNS_QUERIES), NULL },
	  network_lists,
	  ARRAY_SIZE(network_lists) },
	{ KARMOR_CAPABILITIES,
	  F_CAPABILITIES,
	  { FIELDS_OF_ATTRIBUTES | FIELD(MATCH_CAPABILITIES), 0, NULL },
	  capability_lists,
	  ARRAY_SIZE(capability_lists) },
	{ KARMOR_SYSCALLS,
	  F_SYSCALLS,
	  { FIELDS_OF_ATTRIBUTES | FIELD(MATCH_SYSCALLS) | FIELD(MATCH_PATHS), 0, NULL },
	  syscall_lists,
	  ARRAY_SIZE(syscall_lists) },
};

/* Syscall rules only log: another action is inherited without harm and cannot be written. */
static void check_audit(struct parser *parser, const struct fields *fields)
{
	const struct entry *entry = &fields->at[F_ACTION];
	enum karmor_action action;

	if (entry->value && entry->value->kind == NODE_SCALAR && !entry->value->is_bad &&
	    ir_action_find(entry->value->text, &action) == 0 && action != KARMOR_AUDIT)
		fault_error(&parser->faults, entry_place(entry), "action: Audit",
			    "syscall rules only log: action \"%s\" cannot stand here",
			    entry->value->text);
}

static void read_rule(struct reading *reading, const struct section *section,
		      const struct list *list, const struct attributes *inherited,
		      const struct node *node, size_t index)
{
	struct parser *parser = reading->parser;
	struct attributes attributes = *inherited;
	struct ir_rule rule = { .policy = reading->policy,
				.section = section->section,
				.list = list->list,
				.index = (uint32_t)index,
				.place = node->place };
	struct fields fields;

	rule.locator = arena_printf(&parser->load->arena, "%s.%s[%zu]", field_name(section->field),
				    field_name(list->field), index);
	if (!rule.locator) {
		parser->out_of_memory = true;
		return;
	}
	if (!fields_read(parser, node, rule.locator, &list->scope, &fields))
		return;
	attributes_read(parser, &fields, &attributes);
	if (section->section == KARMOR_SYSCALLS) {
		check_audit(parser, &fields);
		attributes.action = KARMOR_AUDIT;
	}
	rule.action = attributes.action;
	rule.severity = attributes.severity;
	rule.message = attributes.message;
	rule.tags = attributes.tags;
	rule.n_tags = attributes.n_tags;
	rule.recursive = entry_bool(parser, &fields.at[F_RECURSIVE]);
	rule.read_only = entry_bool(parser, &fields.at[F_READ_ONLY]);
	rule.owner_only = entry_bool(parser, &fields.at[F_OWNER_ONLY]);
	sources_read(parser, &fields.at[F_FROM_SOURCE], &rule);
	list->read_matcher(reading, &fields, &rule);
}

static void read_section(struct reading *reading, const struct section *section,
			 const struct entry *entry, const struct attributes *inherited)
{
	struct parser *parser = reading->parser;
	struct attributes attributes = *inherited;
	struct fields fields;

	if (!entry->value || !fields_read(parser, entry->value, field_name(section->field),
					  &section->scope, &fields))
		return;
	attributes_read(parser, &fields, &attributes);
	if (section->section == KARMOR_SYSCALLS)
		check_audit(parser, &fields);
	for (size_t i = 0; i < section->n_lists; i++) {
		const struct list *list = &section->lists[i];
		const struct node *node = entry_list(parser, &fields.at[list->field]);
		size_t index = 0;

		for (const struct item *item = node ? node->items : NULL; item; item = item->next)
			read_rule(reading, section, list, &attributes, item->value, index++);
	}
}

static int by_place(const void *a, const void *b)
{
	const struct draft *x = *(const struct draft *const *)a;
	const struct draft *y = *(const struct draft *const *)b;

	if (place_is_before(&x->rule.place, &y->rule.place))
		return -1;
	if (place_is_before(&y->rule.place, &x->rule.place))
		return 1;
	return x->ordinal < y->ordinal ? -1 : 1;
}

static void finish(struct reading *reading)
{
	struct parser *parser = reading->parser;
	struct ir_rule *rules = parser_array(parser, reading->n, sizeof(*rules));
	const struct draft **sorted, *draft = reading->head;

	sorted = arena_array(parser->scratch, reading->n, sizeof(*sorted));
	if (!sorted)
		parser->out_of_memory = true;
	if (!sorted || !rules)
		return;
	for (size_t i = 0; i < reading->n; i++, draft = draft->next)
		sorted[i] = draft;
	if (reading->n)
		qsort(sorted, reading->n, sizeof(*sorted), by_place);
	for (size_t i = 0; i < reading->n; i++) {
		rules[i] = sorted[i]->rule;
		rules[i].order = parser->order++;
	}
	reading->policy->rules = rules;
	reading->policy->n_rules = reading->n;
}

void rules_read(struct parser *parser, const struct fields *spec,
		const struct attributes *attributes, struct ir_policy *policy)
{
	struct reading reading = { .parser = parser, .policy = policy };

	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		read_section(&reading, &sections[i], &spec->at[sections[i].field], attributes);
	finish(&reading);
}
