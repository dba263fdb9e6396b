/* SPDX-License-Identifier: Apache-2.0 */
/* See parse-value.h: types and single values. */
#include "parse-value.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"

char *parser_copy(struct parser *parser, const char *text, size_t len)
{
	char *ret = arena_memdup(&parser->load->arena, text, len);

	if (!ret)
		parser->out_of_memory = true;
	return ret;
}

void *parser_array(struct parser *parser, size_t n, size_t size)
{
	void *ret = arena_array(&parser->load->arena, n, size);

	if (!ret)
		parser->out_of_memory = true;
	return ret;
}

const char *parser_text(struct parser *parser, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	const char *ret = NULL;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		text = NULL;
	else
		ret = arena_memdup(parser->scratch, text, (size_t)len);
	if (!ret)
		parser->out_of_memory = true;
	return ret ? ret : "";
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(text, *words) == 0)
			return true;
	return false;
}

static size_t digits(const char *text, const char *set)
{
	return strspn(text, set);
}

/* [-+]?[0-9]+ | 0o[0-7]+ | 0x[0-9a-fA-F]+ */
static bool is_integer(const char *text)
{
	size_t n;

	if (text[0] == '0' && (text[1] == 'o' || text[1] == 'x')) {
		n = digits(text + 2, text[1] == 'o' ? "01234567" : "0123456789abcdefABCDEF");
		return n && text[2 + n] == '\0';
	}
	if (*text == '-' || *text == '+')
		text++;
	n = digits(text, "0123456789");
	return n && text[n] == '\0';
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? and the words for what is no number */
static bool is_float(const char *text)
{
	static const char *const words[] = { ".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN", NULL };
	size_t whole, part = 0;

	if (is_one_of(text, words))
		return true;
	if (*text == '-' || *text == '+')
		text++;
	if (is_one_of(text, words) && tolower((unsigned char)text[1]) == 'i')
		return true;
	whole = digits(text, "0123456789");
	text += whole;
	if (*text == '.') {
		part = digits(text + 1, "0123456789");
		text += 1 + part;
	}
	if (whole + part == 0)
		return false;
	if (*text == 'e' || *text == 'E') {
		text += text[1] == '-' || text[1] == '+' ? 2 : 1;
		whole = digits(text, "0123456789");
		if (whole == 0)
			return false;
		text += whole;
	}
	return *text == '\0';
}

static bool is_true(const struct node *node)
{
	static const char *const words[] = { "true", "True", "TRUE", NULL };

	return node->kind == NODE_SCALAR && node->is_plain && is_one_of(node->text, words);
}

static bool is_bool(const struct node *node)
{
	static const char *const words[] = { "false", "False", "FALSE", NULL };

	return is_true(node) ||
	       (node->kind == NODE_SCALAR && node->is_plain && is_one_of(node->text, words));
}

bool node_is_null(const struct node *node)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL", NULL };

	return node->kind == NODE_SCALAR && node->is_plain && !node->is_bad &&
	       is_one_of(node->text, words);
}

static bool is_string(const struct node *node)
{
	return node->kind == NODE_SCALAR &&
	       !(node->is_plain && (node_is_null(node) || is_bool(node) || is_integer(node->text) ||
				    is_float(node->text)));
}

const char *node_type(const struct node *node)
{
	if (node->kind != NODE_SCALAR)
		return node->kind == NODE_LIST ? "a list" : "a mapping";
	if (is_string(node))
		return "a string";
	if (node_is_null(node))
		return "null";
	if (is_bool(node))
		return "a boolean";
	return is_integer(node->text) ? "an integer" : "a number";
}

bool place_is_before(const struct place *a, const struct place *b)
{
	return a->line < b->line || (a->line == b->line && a->column < b->column);
}

const struct place *entry_place(const struct entry *entry)
{
	return entry->value && entry->value->place.width ? &entry->value->place
							 : &entry->key->place;
}

static size_t characters(const char *text, size_t len)
{
	size_t ret = 0;

	for (size_t at = 0; at < len; ret++) {
		size_t n = utf8_length(text + at, len - at);

		at += n ? n : 1;
	}
	return ret;
}

struct place node_place(const struct node *node, size_t offset, size_t len)
{
	struct place ret = node->place;
	const struct source *source = node->place.source;
	size_t quote = node->is_plain ? 0 : 1;
	const char *text = source->text + node->offset + quote;

	/* With escapes or folded lines in it, what was written and what it means differ. */
	if (offset > node->len || source->len - node->offset < quote + node->len ||
	    memcmp(text, node->text, node->len) != 0 || memchr(text, '\n', node->len))
		return ret;
	if (len > node->len - offset)
		len = node->len - offset;
	ret.column += (uint32_t)(quote + characters(node->text, offset));
	ret.width = (uint32_t)characters(node->text + offset, len);
	if (ret.width == 0)
		ret.width = 1;
	return ret;
}

static bool is_text(const char *wanted)
{
	return strcmp(wanted, "a string") == 0 || strcmp(wanted, "an absolute path") == 0;
}

/* A list or mapping in brackets: likely a pattern that lacks its quotes. */
static bool begins_flow(const struct node *node)
{
	const struct source *source = node->place.source;

	return node->kind != NODE_SCALAR && node->offset < source->len &&
	       strchr("[{", source->text[node->offset]);
}

/* @of: "item of " for what stands in a list, "label " for a label, else "". */
static void tell_type(struct parser *parser, const struct place *place, const char *of,
		      const char *name, const char *wanted, const struct node *node)
{
	const char *fix = NULL;

	if (node->kind == NODE_SCALAR && strcmp(wanted, "a string") == 0 && !node_is_null(node))
		fix = fault_fix(&parser->faults, "quote it: \"%s\"", node->text);
	else if (node->kind == NODE_SCALAR && strcmp(wanted, "an integer") == 0 &&
		 is_integer(node->text))
		fix = fault_fix(&parser->faults, "write it without quotes: %s", node->text);
	else if (is_text(wanted) && begins_flow(node))
		fix = fault_fix(&parser->faults, "quote a value that begins with \"%c\"",
				node->place.source->text[node->offset]);
	fault_error(&parser->faults, place, fix, "%s\"%s\" must be %s, not %s", of, name, wanted,
		    node_type(node));
}

/* @wanted: what to say where it is no string. */
static const char *string_of(struct parser *parser, const struct node *node,
			     const struct place *place, const char *of, const char *name,
			     const char *wanted)
{
	if (node->kind == NODE_SCALAR && node->is_bad)
		return NULL;
	if (!is_string(node)) {
		tell_type(parser, place, of, name, wanted, node);
		return NULL;
	}
	if (strlen(node->text) != node->len) {
		fault_error(&parser->faults, place, NULL, "\"%s\" holds a NUL byte", name);
		return NULL;
	}
	return node->text;
}

/* Quotes mend nothing where a number or a boolean is no possible value. */
static const char *field_wants(enum field field)
{
	switch ((int)field) {
	case F_ACTION:
		return "Allow, Audit or Block";
	case F_OPERATOR:
		return "In, NotIn, Exists or DoesNotExist";
	case F_PATH:
	case F_DIR:
		return "an absolute path";
	case F_PROTOCOL:
	case F_CAPABILITY:
		return "a name";
	default:
		return "a string";
	}
}

const char *entry_string(struct parser *parser, const struct entry *entry)
{
	if (!entry->value)
		return NULL;
	return string_of(parser, entry->value, entry_place(entry), "", field_name(entry->field),
			 field_wants(entry->field));
}

const char *item_string(struct parser *parser, const struct node *node, const char *list)
{
	return string_of(parser, node, &node->place, "item of ", list, "a string");
}

const char *label_string(struct parser *parser, const struct node *node, const char *of,
			 const char *key)
{
	return string_of(parser, node, &node->place, of, key, "a string");
}

bool entry_bool(struct parser *parser, const struct entry *entry)
{
	const struct node *node = entry->value;

	if (!node || (node->kind == NODE_SCALAR && node->is_bad))
		return false;
	if (is_bool(node))
		return is_true(node);
	fault_error(&parser->faults, entry_place(entry), "write true or false, without quotes",
		    "\"%s\" must be true or false, not %s", field_name(entry->field),
		    node_type(node));
	return false;
}

bool entry_integer(struct parser *parser, const struct entry *entry, long *ret)
{
	const struct node *node = entry->value;
	const char *text;
	int base = 10;

	if (!node || (node->kind == NODE_SCALAR && node->is_bad))
		return false;
	if (node->kind != NODE_SCALAR || !node->is_plain || !is_integer(node->text)) {
		tell_type(parser, entry_place(entry), "", field_name(entry->field), "an integer",
			  node);
		return false;
	}
	text = node->text;
	if (text[0] == '0' && (text[1] == 'o' || text[1] == 'x')) {
		base = text[1] == 'o' ? 8 : 16;
		text += 2;
	}
	*ret = strtol(text, NULL, base); /* out of range stays out of range: LONG_MAX */
	return true;
}

const struct node *entry_list(struct parser *parser, const struct entry *entry)
{
	const struct node *node = entry->value;

	if (!node || (node->kind == NODE_SCALAR && node->is_bad))
		return NULL;
	if (node->kind == NODE_LIST)
		return node;
	fault_error(&parser->faults, entry_place(entry),
		    node->kind == NODE_MAPPING ? "begin its first line with \"- \""
					       : "write it as [a, b], or a line \"- a\" for each",
		    "\"%s\" must be a list, not %s", field_name(entry->field), node_type(node));
	return NULL;
}
