/* SPDX-License-Identifier: Apache-2.0 */
/* See parse-value.h: the fields of a mapping, sorted out by a table of what may stand there. */
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "parse-value.h"
#include "suggest.h"

static const char *const field_names[FIELD_COUNT] = {
	[F_API_VERSION] = "apiVersion",
	[F_KIND] = "kind",
	[F_METADATA] = "metadata",
	[F_SPEC] = "spec",
	[F_NAME] = "name",
	[F_NAMESPACE] = "namespace",
	[F_LABELS] = "labels",
	[F_ANNOTATIONS] = "annotations",
	[F_SEVERITY] = "severity",
	[F_TAGS] = "tags",
	[F_MESSAGE] = "message",
	[F_ACTION] = "action",
	[F_SELECTOR] = "selector",
	[F_NODE_SELECTOR] = "nodeSelector",
	[F_MATCH_LABELS] = "matchLabels",
	[F_MATCH_EXPRESSIONS] = "matchExpressions",
	[F_KEY] = "key",
	[F_OPERATOR] = "operator",
	[F_VALUES] = "values",
	[F_PROCESS] = "process",
	[F_FILE] = "file",
	[F_NETWORK] = "network",
	[F_CAPABILITIES] = "capabilities",
	[F_SYSCALLS] = "syscalls",
	[F_PRESETS] = "presets",
	[F_APPARMOR] = "apparmor",
	[F_DEVICE] = "device",
	[F_MATCH_PATHS] = "matchPaths",
	[F_MATCH_DIRECTORIES] = "matchDirectories",
	[F_MATCH_PATTERNS] = "matchPatterns",
	[F_MATCH_PROTOCOLS] = "matchProtocols",
	[F_MATCH_CAPABILITIES] = "matchCapabilities",
	[F_MATCH_SYSCALLS] = "matchSyscalls",
	[F_MATCH_DNS_QUERIES] = "matchDNSQueries",
	[F_PATH] = "path",
	[F_EXECNAME] = "execname",
	[F_DIR] = "dir",
	[F_PATTERN] = "pattern",
	[F_RECURSIVE] = "recursive",
	[F_READ_ONLY] = "readOnly",
	[F_OWNER_ONLY] = "ownerOnly",
	[F_FROM_SOURCE] = "fromSource",
	[F_PROTOCOL] = "protocol",
	[F_CAPABILITY] = "capability",
	[F_SYSCALL] = "syscall",
	[F_ALLOWED_ARGS] = "allowedArgs",
	[F_PTS] = "pts",
};

_Static_assert(FIELD_COUNT <= 64, "a set of fields is one word");

const char *field_name(enum field field)
{
	return field_names[field];
}

static int find(const struct node *key, uint64_t among)
{
	for (int i = 0; i < FIELD_COUNT; i++)
		if (among >> i & 1 && strlen(field_names[i]) == key->len &&
		    memcmp(field_names[i], key->text, key->len) == 0)
			return i;
	return -1;
}

/* Fields that say the same in different places: who writes one where another belongs means that. */
static const uint64_t kin[] = {
	FIELD(PATH) | FIELD(EXECNAME) | FIELD(DIR) | FIELD(PATTERN) | FIELD(PROTOCOL) |
		FIELD(CAPABILITY) | FIELD(SYSCALL),
	FIELD(SELECTOR) | FIELD(NODE_SELECTOR),
	FIELD(CAPABILITY) | FIELD(CAPABILITIES),
	FIELD(SYSCALL) | FIELD(SYSCALLS),
};

/* Where a field may stand, for who put it elsewhere. */
static const char *const homes[FIELD_COUNT] = {
	[F_API_VERSION] = "the document",
	[F_KIND] = "the document",
	[F_METADATA] = "the document",
	[F_SPEC] = "the document",
	[F_NAME] = "metadata",
	[F_NAMESPACE] = "metadata",
	[F_LABELS] = "metadata",
	[F_ANNOTATIONS] = "metadata",
	[F_SEVERITY] = "spec, a section or a rule",
	[F_TAGS] = "spec, a section or a rule",
	[F_MESSAGE] = "spec, a section or a rule",
	[F_ACTION] = "spec, a section or a rule",
	[F_SELECTOR] = "the spec of a KubeArmorPolicy or KubeArmorClusterPolicy",
	[F_NODE_SELECTOR] = "the spec of a KubeArmorHostPolicy",
	[F_MATCH_LABELS] = "a selector",
	[F_MATCH_EXPRESSIONS] = "a selector",
	[F_KEY] = "matchExpressions",
	[F_OPERATOR] = "matchExpressions",
	[F_VALUES] = "matchExpressions",
	[F_PROCESS] = "spec",
	[F_FILE] = "spec",
	[F_NETWORK] = "spec",
	[F_CAPABILITIES] = "spec",
	[F_SYSCALLS] = "spec",
	[F_MATCH_PATHS] = "process, file or syscalls",
	[F_MATCH_DIRECTORIES] = "process or file",
	[F_MATCH_PATTERNS] = "process or file",
	[F_MATCH_PROTOCOLS] = "network",
	[F_MATCH_CAPABILITIES] = "capabilities",
	[F_MATCH_SYSCALLS] = "syscalls",
	[F_PATH] = "matchPaths or fromSource",
	[F_EXECNAME] = "matchPaths of process",
	[F_DIR] = "matchDirectories or fromSource",
	[F_PATTERN] = "matchPatterns",
	[F_RECURSIVE] = "matchDirectories or, beside dir, in fromSource",
	[F_READ_ONLY] = "a rule of file",
	[F_OWNER_ONLY] = "a rule of process or file",
	[F_FROM_SOURCE] = "a rule",
	[F_PROTOCOL] = "matchProtocols",
	[F_CAPABILITY] = "matchCapabilities",
	[F_SYSCALL] = "a rule of syscalls",
};

static int guess_kin(int field, uint64_t among)
{
	for (size_t i = 0; i < ARRAY_SIZE(kin); i++)
		if (kin[i] >> field & 1 && kin[i] & among)
			return __builtin_ctzll(kin[i] & among);
	return -1;
}

/* The field among these that was likely meant, or -1. @misplaced: the field that stands here; -1:
 * it is none. */
static int guess(const struct node *key, int misplaced, uint64_t among)
{
	const char *names[FIELD_COUNT], *name;
	size_t n = 0;

	if (misplaced >= 0)
		return guess_kin(misplaced, among);
	for (int i = 0; i < FIELD_COUNT; i++)
		if (among >> i & 1)
			names[n++] = field_names[i];
	name = suggest(key->text, names, n);
	for (int i = 0; name && i < FIELD_COUNT; i++)
		if (field_names[i] == name)
			return i;
	return -1;
}

static const char *list_names(struct parser *parser, uint64_t among)
{
	_cleanup_buf_ struct buf buf = { 0 };

	for (int i = 0; i < FIELD_COUNT; i++)
		if (among >> i & 1)
			buf_printf(&buf, "%s%s", buf.len ? ", " : "fields here: ", field_names[i]);
	return fault_fix(&parser->faults, "%s", buf.data ? buf.data : "none may stand here");
}

static const char *unknown_fix(struct parser *parser, const struct node *key, int misplaced,
			       int meant, const struct scope *scope)
{
	const char *home = misplaced >= 0 ? homes[misplaced] : NULL;
	int not_yet = guess(key, misplaced, scope->unsupported);

	if (meant >= 0 && home)
		return fault_fix(&parser->faults, "did you mean \"%s\"? \"%s\" belongs in %s",
				 field_names[meant], key->text, home);
	if (meant >= 0)
		return fault_fix(&parser->faults, "did you mean \"%s\"?", field_names[meant]);
	if (home)
		return fault_fix(&parser->faults, "\"%s\" belongs in %s", key->text, home);
	if (not_yet >= 0)
		return fault_fix(&parser->faults, "remove it: \"%s\" is not supported yet",
				 field_names[not_yet]);
	return list_names(parser, scope->known);
}

static void tell_unknown(struct parser *parser, const struct node *key, const char *what,
			 const struct scope *scope, struct fields *fields)
{
	int misplaced = find(key, ~0ull >> (64 - FIELD_COUNT));
	int meant = guess(key, misplaced, scope->known);

	fields->unsure |= meant >= 0 ? 1ull << meant : ~0ull;
	fault_error(&parser->faults, &key->place, unknown_fix(parser, key, misplaced, meant, scope),
		    "unknown field \"%s\" in %s", key->text, what);
}

static bool is_ignored(const struct node *key, const struct scope *scope)
{
	for (const char *const *name = scope->ignored; name && *name; name++)
		if (strlen(*name) == key->len && memcmp(*name, key->text, key->len) == 0)
			return true;
	return false;
}

static void read_field(struct parser *parser, const struct item *item, const char *what,
		       const struct scope *scope, struct fields *ret)
{
	int i = find(item->key, scope->known | scope->unsupported);

	if (i >= 0 && scope->known >> i & 1) {
		ret->at[i].key = item->key;
		if (!node_is_null(item->value))
			ret->at[i].value = item->value;
	} else if (i >= 0 && node_is_null(item->value)) {
		return; /* absent */
	} else if (i >= 0) {
		fault_error(&parser->faults, &item->key->place,
			    fault_fix(&parser->faults, "remove \"%s\"", item->key->text),
			    "\"%s\" is not supported yet", item->key->text);
	} else if (!is_ignored(item->key, scope)) {
		tell_unknown(parser, item->key, what, scope, ret);
	} else if (!node_is_null(item->value)) {
		fault_note(&parser->faults, &item->key->place, NULL, "\"%s\" is ignored",
			   item->key->text);
	}
}

/* "path:/a" is no mapping. */
static bool is_unspaced(const struct node *node)
{
	return node->kind == NODE_SCALAR && node->is_plain && strchr(node->text, ':');
}

bool fields_read(struct parser *parser, const struct node *node, const char *what,
		 const struct scope *scope, struct fields *ret)
{
	*ret = (struct fields){ .node = node };
	for (int i = 0; i < FIELD_COUNT; i++)
		ret->at[i].field = (enum field)i;
	if (node->kind != NODE_MAPPING) {
		if (!(node->kind == NODE_SCALAR && node->is_bad))
			fault_error(&parser->faults, &node->place,
				    is_unspaced(node) ? "put a blank after the colon"
						      : list_names(parser, scope->known),
				    "%s must be a mapping, not %s", what, node_type(node));
		return false;
	}
	if (node->is_partial)
		ret->unsure = ~0ull;
	for (const struct item *item = node->items; item; item = item->next)
		read_field(parser, item, what, scope, ret);
	return true;
}

bool field_is_missed(const struct fields *fields, enum field field)
{
	return !fields->at[field].value && !(fields->unsure >> field & 1);
}

const struct place *missed_place(const struct fields *fields, enum field field)
{
	const struct node *key = fields->at[field].key;

	return key ? &key->place : &fields->node->place;
}
