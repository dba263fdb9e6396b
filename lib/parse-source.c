/* SPDX-License-Identifier: Apache-2.0 */
/* See parse-matcher.h: whose accesses a rule is about. */
#include "parse-matcher.h"
#include "parse-path.h"

static const struct scope source_scope = {
	.known = FIELD(PATH) | FIELD(DIR) | FIELD(RECURSIVE),
};

static bool read_source(struct parser *parser, const struct node *node, const char *what,
			struct ir_source *ret)
{
	const struct entry *path_entry, *dir_entry;
	struct fields fields;
	struct path path;
	bool is_good;

	if (!fields_read(parser, node, what, &source_scope, &fields))
		return false;
	path_entry = &fields.at[F_PATH];
	dir_entry = &fields.at[F_DIR];
	ret->recursive = entry_bool(parser, &fields.at[F_RECURSIVE]);
	if (path_entry->value && dir_entry->value)
		fault_error(&parser->faults,
			    place_is_before(&path_entry->key->place, &dir_entry->key->place)
				    ? &dir_entry->key->place
				    : &path_entry->key->place,
			    "keep one of them; two entries say both",
			    "source has both \"path\" and \"dir\"");
	else if (field_is_missed(&fields, F_PATH) && field_is_missed(&fields, F_DIR))
		fault_error(&parser->faults,
			    missed_place(&fields, path_entry->key ? F_PATH : F_DIR), NULL,
			    "source has neither \"path\" nor \"dir\"");
	else if (path_entry->value && fields.at[F_RECURSIVE].value)
		fault_error(&parser->faults, &fields.at[F_RECURSIVE].key->place,
			    "remove it, or write dir instead of path",
			    "\"recursive\" goes with \"dir\", not with \"path\"");
	if (path_entry->value)
		is_good = path_read(parser, path_entry, PATH_OF_SOURCE, &path);
	else
		is_good = path_read_dir(parser, dir_entry, ret->recursive, PATH_OF_SOURCE, &path);
	if (!is_good)
		return false;
	ret->match = path.match;
	ret->path = path.text;
	ret->place = *entry_place(path_entry->value ? path_entry : dir_entry);
	return true;
}

void sources_read(struct parser *parser, const struct entry *entry, struct ir_rule *rule)
{
	const struct node *list = entry_list(parser, entry);
	struct ir_source *sources;
	size_t i = 0;

	if (!list || !list->n)
		return;
	sources = parser_array(parser, list->n, sizeof(*sources));
	for (const struct item *item = list->items; sources && item; item = item->next, i++) {
		const char *what = parser_text(parser, "%s.fromSource[%zu]", rule->locator, i);

		if (read_source(parser, item->value, what, &sources[rule->n_sources]))
			rule->n_sources++;
	}
	rule->sources = sources;
}
