/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What spec, section and rule have in common: action, severity, message, tags. A field that stands,
 * even empty, counts; one that is wrong is told and leaves what was inherited.
 */
#include <string.h>

#include "cleanup.h"
#include "parse-rule.h"

#define SEVERITY_MIN 1
#define SEVERITY_MAX 10

static void read_action(struct parser *parser, const struct entry *entry, struct attributes *ret)
{
	const char *text = entry_string(parser, entry), *meant;

	if (!text || ir_action_find(text, &ret->action) == 0)
		return;
	meant = ir_action_suggest(text);
	fault_error(&parser->faults, entry_place(entry),
		    meant ? fault_fix(&parser->faults, "did you mean \"%s\"?", meant)
			  : "action: Allow, Audit or Block",
		    "unknown action \"%s\"", text);
}

static void read_severity(struct parser *parser, const struct entry *entry, struct attributes *ret)
{
	long value;

	if (!entry_integer(parser, entry, &value))
		return;
	if (value < SEVERITY_MIN || value > SEVERITY_MAX) {
		fault_error(&parser->faults, entry_place(entry), NULL,
			    "severity %s is not from %d to %d", entry->value->text, SEVERITY_MIN,
			    SEVERITY_MAX);
		return;
	}
	ret->severity = (unsigned)value;
}

static void read_tags(struct parser *parser, const struct entry *entry, struct attributes *ret)
{
	const struct node *list = entry_list(parser, entry);
	const char **tags;
	size_t n = 0;

	if (!list)
		return;
	tags = parser_array(parser, list->n, sizeof(*tags));
	for (const struct item *item = list->items; tags && item; item = item->next) {
		const char *text = item_string(parser, item->value, "tags");

		if (text)
			tags[n++] = parser_copy(parser, text, item->value->len);
	}
	ret->tags = tags;
	ret->n_tags = tags ? n : 0;
}

void attributes_read(struct parser *parser, const struct fields *fields, struct attributes *ret)
{
	const char *message = entry_string(parser, &fields->at[F_MESSAGE]);

	read_action(parser, &fields->at[F_ACTION], ret);
	read_severity(parser, &fields->at[F_SEVERITY], ret);
	read_tags(parser, &fields->at[F_TAGS], ret);
	if (message)
		ret->message = parser_copy(parser, message, strlen(message));
}
