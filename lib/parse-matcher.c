/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See parse-matcher.h. Paths, names and comma lists; the syntax of paths is parse-path.c's.
 */
#include "parse-matcher.h"

#include <string.h>

#include "parse-path.h"

/* Of a comma list: longer than all names together. */
#define NAMES_BYTES_MAX 1024

/* Points path_place at the matcher's value and adds the rule when it could be read. */
static void add_path(struct reading *reading, const struct entry *entry, bool is_good,
		     const struct path *path, struct ir_rule *rule)
{
	if (!is_good)
		return;
	rule->match = path->match;
	rule->path = path->text;
	rule->path_place = *entry_place(entry);
	rules_add(reading, rule);
}

static void tell_missing(struct reading *reading, const struct fields *fields, enum field field)
{
	if (field_is_missed(fields, field))
		fault_error(&rules_parser(reading)->faults, missed_place(fields, field), NULL,
			    "rule has no \"%s\"", field_name(field));
}

void matcher_read_path(struct reading *reading, const struct fields *fields, struct ir_rule *rule)
{
	const struct entry *entry = &fields->at[F_PATH];
	struct path path;

	tell_missing(reading, fields, F_PATH);
	add_path(reading, entry, path_read(rules_parser(reading), entry, PATH_OF_RULE, &path),
		 &path, rule);
}

void matcher_read_path_or_execname(struct reading *reading, const struct fields *fields,
				   struct ir_rule *rule)
{
	const struct entry *path_entry = &fields->at[F_PATH], *name_entry = &fields->at[F_EXECNAME];
	struct parser *parser = rules_parser(reading);
	struct path path;

	if (path_entry->value && name_entry->value)
		fault_error(&parser->faults,
			    place_is_before(&path_entry->key->place, &name_entry->key->place)
				    ? &name_entry->key->place
				    : &path_entry->key->place,
			    "keep one of them; two rules say both",
			    "rule has both \"path\" and \"execname\"");
	else if (field_is_missed(fields, F_PATH) && field_is_missed(fields, F_EXECNAME))
		fault_error(&parser->faults,
			    missed_place(fields, path_entry->key ? F_PATH : F_EXECNAME), NULL,
			    "rule has neither \"path\" nor \"execname\"");
	if (path_entry->value)
		add_path(reading, path_entry, path_read(parser, path_entry, PATH_OF_RULE, &path),
			 &path, rule);
	if (name_entry->value)
		add_path(reading, name_entry, path_read_execname(parser, name_entry, &path), &path,
			 rule);
}

void matcher_read_dir(struct reading *reading, const struct fields *fields, struct ir_rule *rule)
{
	const struct entry *entry = &fields->at[F_DIR];
	struct path path;

	tell_missing(reading, fields, F_DIR);
	add_path(reading, entry,
		 path_read_dir(rules_parser(reading), entry, rule->recursive, PATH_OF_RULE, &path),
		 &path, rule);
}

void matcher_read_pattern(struct reading *reading, const struct fields *fields,
			  struct ir_rule *rule)
{
	const struct entry *entry = &fields->at[F_PATTERN];
	struct path path;

	tell_missing(reading, fields, F_PATTERN);
	add_path(reading, entry, path_read_pattern(rules_parser(reading), entry, &path), &path,
		 rule);
}

static const char *names_fix(bool is_protocol)
{
	if (!is_protocol)
		return "a capability's name, as capabilities(7) has them";
	return "one of tcp, udp, icmp, icmpv6, sctp, dccp, udplite, raw, stream, dgram, rdm, "
	       "seqpacket, packet, all";
}

/* One name of a comma list, trimmed. */
static void read_name(struct reading *reading, const struct entry *entry, size_t at, size_t len,
		      struct ir_rule *rule)
{
	bool is_protocol = entry->field == F_PROTOCOL;
	struct parser *parser = rules_parser(reading);
	const char *name, *meant;
	struct place place;

	place = node_place(entry->value, at, len);
	if (len == 0) {
		fault_error(&parser->faults, &place, "remove the comma, or name what is missing",
			    "\"%s\" has an empty item", field_name(entry->field));
		return;
	}
	name = parser_text(parser, "%.*s", (int)len, entry->value->text + at);
	rule->path_place = place;
	if ((is_protocol ? ir_protocol_find(name, &rule->protocol)
			 : ir_capability_find(name, &rule->capability)) == 0) {
		rules_add(reading, rule);
		return;
	}
	meant = is_protocol ? ir_protocol_suggest(name) : ir_capability_suggest(name);
	fault_error(&parser->faults, &place,
		    meant ? fault_fix(&parser->faults, "did you mean \"%s\"?", meant)
			  : names_fix(is_protocol),
		    "unknown %s \"%s\"", field_name(entry->field), name);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static void read_names(struct reading *reading, const struct entry *entry, struct ir_rule *rule)
{
	const char *text = entry_string(rules_parser(reading), entry);
	size_t at = 0, end, next;

	if (!text)
		return;
	if (strlen(text) > NAMES_BYTES_MAX) {
		fault_error(&rules_parser(reading)->faults, entry_place(entry), NULL,
			    "\"%s\" is longer than %d bytes", field_name(entry->field),
			    NAMES_BYTES_MAX);
		return;
	}
	do {
		next = end = at + strcspn(text + at, ",");
		while (at < end && is_blank(text[at]))
			at++;
		while (end > at && is_blank(text[end - 1]))
			end--;
		read_name(reading, entry, at, end - at, rule);
		at = next + 1;
	} while (text[next] == ',');
}

void matcher_read_protocol(struct reading *reading, const struct fields *fields,
			   struct ir_rule *rule)
{
	tell_missing(reading, fields, F_PROTOCOL);
	rule->match = IR_PROTOCOL;
	read_names(reading, &fields->at[F_PROTOCOL], rule);
}

void matcher_read_capability(struct reading *reading, const struct fields *fields,
			     struct ir_rule *rule)
{
	tell_missing(reading, fields, F_CAPABILITY);
	rule->match = IR_CAPABILITY;
	read_names(reading, &fields->at[F_CAPABILITY], rule);
}

static const char *read_syscall_name(struct parser *parser, const struct node *node)
{
	const char *name = item_string(parser, node, "syscall"), *meant;

	if (!name)
		return NULL;
	if (ir_syscall_is_known(name))
		return parser_copy(parser, name, node->len);
	meant = ir_syscall_suggest(name);
	fault_error(&parser->faults, &node->place,
		    meant ? fault_fix(&parser->faults, "did you mean \"%s\"?", meant)
			  : "a system call's name, as syscalls(2) has them",
		    "unknown syscall \"%s\"", name);
	return NULL;
}

/* False where the rule names none that is known. */
static bool read_syscall_names(struct reading *reading, const struct fields *fields,
			       struct ir_rule *rule)
{
	const struct entry *entry = &fields->at[F_SYSCALL];
	struct parser *parser = rules_parser(reading);
	const struct node *list = entry_list(parser, entry);
	const char **names;
	size_t n = 0;

	tell_missing(reading, fields, F_SYSCALL);
	if (!list)
		return false;
	if (list->n == 0)
		fault_error(&parser->faults, entry_place(entry), NULL, "\"syscall\" is empty");
	names = parser_array(parser, list->n, sizeof(*names));
	for (const struct item *item = list->items; names && item; item = item->next) {
		names[n] = read_syscall_name(parser, item->value);
		n += names[n] != NULL;
	}
	rule->match = IR_SYSCALL;
	rule->syscalls = names;
	rule->n_syscalls = n;
	rule->path_place = *entry_place(entry);
	return n;
}

void matcher_read_syscall(struct reading *reading, const struct fields *fields,
			  struct ir_rule *rule)
{
	if (read_syscall_names(reading, fields, rule))
		rules_add(reading, rule);
}

void matcher_read_syscall_path(struct reading *reading, const struct fields *fields,
			       struct ir_rule *rule)
{
	const struct entry *entry = &fields->at[F_PATH];
	struct parser *parser = rules_parser(reading);
	struct path path;
	bool has_names;

	if (field_is_missed(fields, F_PATH) && field_is_missed(fields, F_SYSCALL)) {
		fault_error(&parser->faults, &fields->node->place, NULL,
			    "rule has neither \"path\" nor \"syscall\"");
		return;
	}
	has_names = read_syscall_names(reading, fields, rule);
	tell_missing(reading, fields, F_PATH);
	if (!path_read(parser, entry, PATH_OF_SYSCALL, &path) || !has_names)
		return;
	if (rule->recursive && path.match == IR_PATH)
		fault_warning(&parser->faults, &fields->at[F_RECURSIVE].key->place,
			      fault_fix(&parser->faults, "path: \"%s/\"", path.text),
			      "\"recursive\" says nothing of a path that does not end in \"/\"");
	rule->path = path.text;
	rule->path_match = path.match;
	rule->path_place = *entry_place(entry);
	rules_add(reading, rule);
}
