/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See parse-path.h. One fault a value: the checks go from the coarse to the fine and the first that
 * fails is told, for what follows it would speak of the same mistake.
 */
#include "parse-path.h"

#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "match.h"

static bool ends_with(const char *text, size_t len, const char *tail)
{
	size_t n = strlen(tail);

	return len >= n && memcmp(text + len - n, tail, n) == 0;
}

static bool check_length(struct parser *parser, const struct entry *entry, const char *text)
{
	const char *name = field_name(entry->field);
	size_t len = strlen(text);

	if (len == 0)
		fault_error(&parser->faults, entry_place(entry), NULL, "\"%s\" is empty", name);
	else if (len > PATH_BYTES_MAX)
		fault_error(&parser->faults, entry_place(entry), NULL,
			    "\"%s\" is longer than %d bytes", name, PATH_BYTES_MAX);
	return len && len <= PATH_BYTES_MAX;
}

static bool check_absolute(struct parser *parser, const struct entry *entry, const char *text,
			   enum path_use use)
{
	const char *fix;

	if (*text == '/')
		return true;
	if (entry->field == F_PATH && match_is_pattern(text) && use == PATH_OF_RULE)
		fix = fault_fix(&parser->faults, "matchPatterns with pattern: \"%s\"", text);
	else if (entry->field == F_PATH && match_is_pattern(text))
		fix = fault_fix(&parser->faults, "path: \"/**/%s\"", text);
	else
		fix = fault_fix(&parser->faults, "%s: \"/%s\"", field_name(entry->field), text);
	fault_error(&parser->faults, entry_place(entry), fix, "%s \"%s\" is not absolute",
		    field_name(entry->field), text);
	return false;
}

/* Components that no real path has; sets the text that shows it. */
static bool has_odd_component(const char *text, const char **shown, const char **verb,
			      const char **at)
{
	static const char *const within[] = { "//", "/./", "/../" };
	static const char *const ends[] = { "/.", "/.." };
	static const char *const begins[] = { "./", "../" };
	size_t len = strlen(text);

	for (size_t i = 0; i < ARRAY_SIZE(within); i++) {
		*at = strstr(text, within[i]);
		if (*at) {
			*shown = within[i];
			*verb = "contains";
			return true;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		if (ends_with(text, len, ends[i]) || strcmp(text, ends[i] + 1) == 0) {
			*shown = ends[i];
			*verb = "ends in";
			*at = text + len - strlen(ends[i]) + (*text != '/' && len < 3);
			return true;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(begins); i++) {
		if (strncmp(text, begins[i], strlen(begins[i])) == 0) {
			*shown = begins[i];
			*verb = "begins with";
			*at = text;
			return true;
		}
	}
	return false;
}

/* The same path without "//" and "/./"; ".." is left to whoever knows what the links are. */
static const char *tidy_fix(struct parser *parser, const struct entry *entry, const char *text)
{
	_cleanup_buf_ struct buf buf = { 0 };

	if (strstr(text, ".."))
		return "write the path that this leads to";
	while (strncmp(text, "./", 2) == 0)
		text += 2;
	if (!*text || strcmp(text, ".") == 0)
		return NULL;
	for (const char *at = text; *at;) {
		if (at[0] == '/' && at[1] == '/')
			at++;
		else if (at[0] == '/' && at[1] == '.' && (at[2] == '/' || at[2] == '\0'))
			at += 2;
		else
			buf_putc(&buf, *at++);
	}
	return fault_fix(&parser->faults, "%s: \"%s\"", field_name(entry->field),
			 buf.data ? buf.data : "/");
}

static bool check_components(struct parser *parser, const struct entry *entry, const char *text)
{
	const char *shown, *verb, *at;
	struct place place;

	if (!has_odd_component(text, &shown, &verb, &at))
		return true;
	place = node_place(entry->value, (size_t)(at - text),
			   strlen(at) < strlen(shown) ? strlen(at) : strlen(shown));
	fault_error(&parser->faults, &place, tidy_fix(parser, entry, text), "%s \"%s\" %s \"%s\"",
		    field_name(entry->field), text, verb, shown);
	return false;
}

static bool check_end(struct parser *parser, const struct entry *entry, const char *text,
		      enum path_use use)
{
	const char *fix;

	if (!ends_with(text, strlen(text), "/"))
		return true;
	if (match_is_pattern(text))
		fix = fault_fix(&parser->faults,
				"\"%s**\" for what lies below it, or matchDirectories without "
				"wildcards",
				text);
	else if (use == PATH_OF_SOURCE)
		fix = fault_fix(&parser->faults, "dir: \"%s\"", text);
	else
		fix = fault_fix(&parser->faults, "matchDirectories with dir: \"%s\"", text);
	fault_error(&parser->faults, entry_place(entry), fix, "%s \"%s\" ends in \"/\"",
		    field_name(entry->field), text);
	return false;
}

static bool check_pattern(struct parser *parser, const struct entry *entry, const char *text)
{
	struct place place;
	const char *what;
	size_t offset;

	if (match_pattern_check(text, &what, &offset) == 0)
		return true;
	place = node_place(entry->value, offset, 1);
	fault_error(&parser->faults, &place, NULL, "%s \"%s\": %s", field_name(entry->field), text,
		    what);
	return false;
}

static bool check_no_wildcard(struct parser *parser, const struct entry *entry, const char *text,
			      const char *fix)
{
	size_t at = strcspn(text, "*?[{");
	struct place place;

	if (!match_is_pattern(text))
		return true;
	place = node_place(entry->value, at, 1);
	fault_error(&parser->faults, &place, fix, "%s \"%s\" cannot have a wildcard",
		    field_name(entry->field), text);
	return false;
}

static bool keep(struct parser *parser, enum ir_match match, const char *text, struct path *ret)
{
	size_t len = strlen(text);

	if (match == IR_DIR && len > 1 && text[len - 1] == '/')
		len--;
	ret->match = match;
	ret->text = parser_copy(parser, text, len);
	return ret->text;
}

bool path_read(struct parser *parser, const struct entry *entry, enum path_use use,
	       struct path *ret)
{
	const char *text = entry_string(parser, entry);
	enum ir_match match = IR_PATH;

	if (!text || !check_length(parser, entry, text) ||
	    !check_absolute(parser, entry, text, use) || !check_components(parser, entry, text))
		return false;
	if (use == PATH_OF_SYSCALL) {
		if (!check_no_wildcard(parser, entry, text,
				       "name the directory; a pattern cannot stand here"))
			return false;
		if (ends_with(text, strlen(text), "/"))
			match = IR_DIR;
	} else {
		if (!check_end(parser, entry, text, use))
			return false;
		if (match_is_pattern(text))
			match = IR_PATTERN;
		if (match == IR_PATTERN && !check_pattern(parser, entry, text))
			return false;
	}
	return keep(parser, match, text, ret);
}

bool path_read_dir(struct parser *parser, const struct entry *entry, bool recursive,
		   enum path_use use, struct path *ret)
{
	const char *text = entry_string(parser, entry);
	const char *fix, *slash;

	if (!text || !check_length(parser, entry, text) ||
	    !check_absolute(parser, entry, text, use) || !check_components(parser, entry, text))
		return false;
	slash = ends_with(text, strlen(text), "/") ? "" : "/";
	fix = fault_fix(&parser->faults,
			use == PATH_OF_SOURCE ? "path, which may be a pattern: \"%s%s%s\""
					      : "matchPatterns with pattern: \"%s%s%s\"",
			text, slash, recursive ? "**" : "*");
	if (!check_no_wildcard(parser, entry, text, fix))
		return false;
	return keep(parser, IR_DIR, text, ret);
}

bool path_read_pattern(struct parser *parser, const struct entry *entry, struct path *ret)
{
	const char *text = entry_string(parser, entry);

	if (!text || !check_length(parser, entry, text) || !check_components(parser, entry, text) ||
	    !check_end(parser, entry, text, PATH_OF_RULE) || !check_pattern(parser, entry, text))
		return false;
	return keep(parser, IR_PATTERN, text, ret);
}

bool path_read_execname(struct parser *parser, const struct entry *entry, struct path *ret)
{
	const char *text = entry_string(parser, entry);
	const char *fix;

	if (!text || !check_length(parser, entry, text))
		return false;
	if (strchr(text, '/')) {
		fix = *text == '/' ? fault_fix(&parser->faults, "path: \"%s\"", text)
				   : "write the last component alone";
		fault_error(&parser->faults, entry_place(entry), fix,
			    "execname \"%s\" cannot have a \"/\"", text);
		return false;
	}
	if (strcmp(text, ".") == 0 || strcmp(text, "..") == 0) {
		fault_error(&parser->faults, entry_place(entry), NULL,
			    "execname \"%s\" is no executable's name", text);
		return false;
	}
	fix = fault_fix(&parser->faults, "matchPatterns with pattern: \"%s\"", text);
	return check_no_wildcard(parser, entry, text, fix) && keep(parser, IR_EXECNAME, text, ret);
}
