/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See parse-tree.h. libyaml's marks count lines by YAML 1.1 (U+2028 ends one), editors do not:
 * places are made of a mark's character number instead, by a cursor that moves forward over the
 * text.
 */
#include "parse-tree.h"

#include <errno.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "parse-text.h"

struct anchor {
	const char *name;
	const struct node *node;
	bool is_open; /* an alias to it would contain itself */
	struct anchor *next;
};

/* Sets libyaml to work from tree->base on. */
static int begin(struct tree *tree)
{
	const char *text = tree->source->text + tree->base.offset;

	if (!yaml_parser_initialize(&tree->yaml))
		return -ENOMEM;
	yaml_parser_set_encoding(&tree->yaml, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&tree->yaml, (const unsigned char *)text,
				     tree->source->len - tree->base.offset);
	return 0;
}

int tree_open(struct tree *tree, const struct source *source, struct faults *faults)
{
	int r;

	*tree = (struct tree){ .source = source, .faults = faults };
	tree->cursor.line = tree->cursor.column = 1;
	r = begin(tree);
	return r < 0 ? r : text_check(source, faults);
}

static void event_drop(struct tree *tree)
{
	if (tree->has_event)
		yaml_event_delete(&tree->event);
	tree->has_event = false;
}

void tree_close(struct tree *tree)
{
	event_drop(tree);
	yaml_parser_delete(&tree->yaml);
	arena_done(&tree->arena);
}

static size_t step(const struct source *source, size_t offset)
{
	size_t n = utf8_length(source->text + offset, source->len - offset);

	return n ? n : 1;
}

static void cursor_advance(struct tree *tree)
{
	tree->cursor.column++;
	if (tree->source->text[tree->cursor.offset] == '\n') {
		tree->cursor.line++;
		tree->cursor.column = 1;
	}
	tree->cursor.offset += step(tree->source, tree->cursor.offset);
	tree->cursor.index++;
}

static void cursor_move(struct tree *tree, size_t index)
{
	if (index < tree->cursor.index) {
		tree->cursor.index = tree->cursor.offset = 0;
		tree->cursor.line = tree->cursor.column = 1;
	}
	while (tree->cursor.index < index && tree->cursor.offset < tree->source->len)
		cursor_advance(tree);
}

/* The characters from @begin to @end, marks of libyaml's, as far as they are on one line. */
static struct place place_of(struct tree *tree, size_t begin, size_t end)
{
	struct place place = { .source = tree->source };
	size_t offset;

	cursor_move(tree, tree->base.index + begin);
	place.line = tree->cursor.line;
	place.column = tree->cursor.column;
	offset = tree->cursor.offset;
	for (; begin < end && offset < tree->source->len; begin++) {
		if (tree->source->text[offset] == '\n' || tree->source->text[offset] == '\r')
			break;
		offset += step(tree->source, offset);
		place.width++;
	}
	return place;
}

static struct place event_place(struct tree *tree)
{
	return place_of(tree, tree->event.start_mark.index, tree->event.end_mark.index);
}

static int tell_syntax(struct tree *tree)
{
	struct text_fault fault;
	struct place place;

	if (tree->yaml.error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	text_fault(&tree->yaml, tree->source, tree->base.offset, &fault);
	place = place_of(tree, fault.at, fault.at + 1);
	fault_error(tree->faults, &place, fault.fix, "YAML syntax: %s%s%s", fault.problem,
		    fault.context ? " " : "", fault.context ? fault.context : "");
	return -EINVAL;
}

static int next_event(struct tree *tree)
{
	if (tree->is_ahead) {
		tree->is_ahead = false;
		return 0;
	}
	event_drop(tree);
	if (!yaml_parser_parse(&tree->yaml, &tree->event))
		return tell_syntax(tree);
	tree->has_event = true;
	return 0;
}

static int tell_bound(struct tree *tree, const char *what, int bound)
{
	struct place place = event_place(tree);

	fault_error(tree->faults, &place, NULL, "%s %d", what, bound);
	return -EINVAL;
}

static int node_new(struct tree *tree, enum node_kind kind, struct node **ret)
{
	struct node *node;

	if (++tree->nodes > TREE_NODES_MAX)
		return tell_bound(tree, "document has more nodes than", TREE_NODES_MAX);
	node = arena_alloc(&tree->arena, sizeof(*node));
	if (!node)
		return -ENOMEM;
	node->kind = kind;
	node->weight = 1;
	node->place = event_place(tree);
	node->offset = tree->cursor.offset;
	*ret = node;
	return 0;
}

static int anchor_add(struct tree *tree, const unsigned char *name, const struct node *node,
		      struct anchor **ret)
{
	struct anchor *anchor;

	*ret = NULL;
	if (!name)
		return 0;
	if (++tree->n_anchors > TREE_ANCHORS_MAX)
		return tell_bound(tree, "document has more anchors than", TREE_ANCHORS_MAX);
	anchor = arena_alloc(&tree->arena, sizeof(*anchor));
	if (!anchor)
		return -ENOMEM;
	anchor->name = arena_strdup(&tree->arena, (const char *)name);
	if (!anchor->name)
		return -ENOMEM;
	anchor->node = node;
	anchor->is_open = true;
	anchor->next = tree->anchors;
	tree->anchors = anchor;
	*ret = anchor;
	return 0;
}

static void check_tag(struct tree *tree, const unsigned char *tag, struct node *node)
{
	static const char core[] = "tag:yaml.org,2002:";
	const char *shown = (const char *)tag;
	bool is_core;

	if (!tag)
		return;
	is_core = strncmp(shown, core, strlen(core)) == 0;
	fault_error(tree->faults, &node->place,
		    "remove the tag; quote a value that is to be a string",
		    "tag \"%s%s\" is not allowed", is_core ? "!!" : "",
		    is_core ? shown + strlen(core) : shown);
	node->is_bad = true;
}

static int read_scalar(struct tree *tree, struct node **ret)
{
	struct anchor *anchor;
	int r = node_new(tree, NODE_SCALAR, ret);

	if (r < 0)
		return r;
	(*ret)->len = tree->event.data.scalar.length;
	(*ret)->text = arena_memdup(&tree->arena, tree->event.data.scalar.value, (*ret)->len);
	if (!(*ret)->text)
		return -ENOMEM;
	(*ret)->is_plain = tree->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	check_tag(tree, tree->event.data.scalar.tag, *ret);
	r = anchor_add(tree, tree->event.data.scalar.anchor, *ret, &anchor);
	if (anchor)
		anchor->is_open = false;
	return r;
}

static int read_alias(struct tree *tree, const struct node **ret)
{
	const char *name = (const char *)tree->event.data.alias.anchor;
	const struct anchor *anchor = tree->anchors;
	struct node *bad;
	int r;

	while (anchor && strcmp(anchor->name, name) != 0)
		anchor = anchor->next;
	if (anchor && !anchor->is_open) {
		tree->alias_nodes += anchor->node->weight;
		if (tree->alias_nodes > TREE_ALIAS_NODES_MAX)
			return tell_bound(tree, "aliases stand for more nodes than",
					  TREE_ALIAS_NODES_MAX);
		*ret = anchor->node;
		return 0;
	}
	r = node_new(tree, NODE_SCALAR, &bad);
	if (r < 0)
		return r;
	bad->text = "";
	bad->is_bad = true;
	fault_error(tree->faults, &bad->place, NULL,
		    anchor ? "alias \"*%s\" contains itself" : "alias \"*%s\" has no anchor", name);
	*ret = bad;
	return 0;
}

static int by_key(const void *a, const void *b)
{
	const struct item *x = *(const struct item *const *)a;
	const struct item *y = *(const struct item *const *)b;

	if (x->key->len != y->key->len)
		return x->key->len < y->key->len ? -1 : 1;
	return memcmp(x->key->text, y->key->text, x->key->len)
		       ?: (x->ordinal > y->ordinal) - (x->ordinal < y->ordinal);
}

static bool is_same_key(const struct item *a, const struct item *b)
{
	return a->key->len == b->key->len && memcmp(a->key->text, b->key->text, a->key->len) == 0;
}

/* The first of equal keys stays. */
static int drop_duplicates(struct tree *tree, struct node *node)
{
	struct item **sorted, **link = &node->items;
	size_t n = 0;

	if (node->n < 2)
		return 0;
	sorted = arena_array(&tree->arena, node->n, sizeof(struct item *));
	if (!sorted)
		return -ENOMEM;
	for (struct item *item = node->items; item; item = item->next)
		sorted[n++] = item;
	qsort(sorted, n, sizeof(*sorted), by_key);
	for (size_t i = 1, first = 0; i < n; i++) {
		if (!is_same_key(sorted[i], sorted[first])) {
			first = i;
			continue;
		}
		fault_error(tree->faults, &sorted[i]->key->place,
			    "keep one of the two, or make one of both",
			    "duplicate key \"%s\", first at line %u", sorted[i]->key->text,
			    sorted[first]->key->place.line);
		sorted[i]->value = NULL;
	}
	while (*link) {
		if ((*link)->value) {
			link = &(*link)->next;
		} else {
			*link = (*link)->next;
			node->n--;
		}
	}
	return 0;
}

/* Whether the pair may stay in the mapping. */
static bool check_key(struct tree *tree, struct node *node, const struct node *key)
{
	if (key->kind == NODE_SCALAR && key->is_bad) {
		node->is_partial = true;
		return false;
	}
	if (key->kind == NODE_SCALAR && !(key->is_plain && strcmp(key->text, "<<") == 0))
		return true;
	node->is_partial = true;
	if (key->kind == NODE_SCALAR)
		fault_error(tree->faults, &key->place, "write the fields out",
			    "merge key \"<<\" is not allowed");
	else
		fault_error(tree->faults, &key->place, NULL, "key is a %s, not a string",
			    key->kind == NODE_LIST ? "list" : "mapping");
	return false;
}

static int read_node(struct tree *tree, unsigned depth, const struct node **ret);

/* Adds the item whose first event was read, to the end of the list at *@tail. */
static int read_item(struct tree *tree, unsigned depth, struct node *node, struct item ***tail)
{
	const struct node *key = NULL, *value;
	struct item *item;
	int r = read_node(tree, depth + 1, &value);

	if (r == 0 && node->kind == NODE_MAPPING) {
		key = value;
		if (node->n == 0 && !node->is_partial)
			node->place = key->place;
		r = next_event(tree);
		if (r == 0)
			r = read_node(tree, depth + 1, &value);
	}
	if (r < 0 || (key && !check_key(tree, node, key)))
		return r;
	item = arena_alloc(&tree->arena, sizeof(*item));
	if (!item)
		return -ENOMEM;
	*item = (struct item){ .key = key, .value = value, .ordinal = node->n };
	**tail = item;
	*tail = &item->next;
	node->n++;
	node->weight += value->weight + (key ? 1 : 0);
	return 0;
}

static int read_collection(struct tree *tree, unsigned depth, enum node_kind kind,
			   struct node **ret)
{
	bool is_list = kind == NODE_LIST;
	yaml_event_type_t end = is_list ? YAML_SEQUENCE_END_EVENT : YAML_MAPPING_END_EVENT;
	struct anchor *anchor = NULL;
	struct item **tail;
	int r;

	if (depth >= TREE_DEPTH_MAX)
		return tell_bound(tree, "document nests deeper than", TREE_DEPTH_MAX);
	r = node_new(tree, kind, ret);
	if (r < 0)
		return r;
	check_tag(tree,
		  is_list ? tree->event.data.sequence_start.tag
			  : tree->event.data.mapping_start.tag,
		  *ret);
	r = anchor_add(tree,
		       is_list ? tree->event.data.sequence_start.anchor
			       : tree->event.data.mapping_start.anchor,
		       *ret, &anchor);
	tail = &(*ret)->items;
	while (r == 0 && (r = next_event(tree)) == 0 && tree->event.type != end)
		r = read_item(tree, depth, *ret, &tail);
	if (anchor)
		anchor->is_open = false;
	return r == 0 && !is_list ? drop_duplicates(tree, *ret) : r;
}

/* Reads the node that begins with the current event, to its last event. */
static int read_node(struct tree *tree, unsigned depth, const struct node **ret)
{
	struct node *node = NULL;
	int r;

	switch ((int)tree->event.type) {
	case YAML_ALIAS_EVENT:
		return read_alias(tree, ret);
	case YAML_SCALAR_EVENT:
		r = read_scalar(tree, &node);
		break;
	case YAML_SEQUENCE_START_EVENT:
		r = read_collection(tree, depth, NODE_LIST, &node);
		break;
	default:
		r = read_collection(tree, depth, NODE_MAPPING, &node);
		break;
	}
	*ret = node;
	return r;
}

/* Reads on to where the next document begins or the text ends. */
static int seek_document(struct tree *tree)
{
	int r;

	do
		r = next_event(tree);
	while (r == 0 && tree->event.type != YAML_DOCUMENT_START_EVENT &&
	       tree->event.type != YAML_STREAM_END_EVENT);
	return r;
}

/* Whether a line that begins a document is at the cursor. No scalar of a mapping can hold one. */
static bool is_at_document(const struct tree *tree)
{
	const char *text = tree->source->text + tree->cursor.offset;
	size_t left = tree->source->len - tree->cursor.offset;

	return tree->cursor.column == 1 && left >= 3 && memcmp(text, "---", 3) == 0 &&
	       (left == 3 || strchr(" \t\r\n", text[3]));
}

/* Moves on to the document after the one at fault. 0 where there is none. */
static int resume(struct tree *tree)
{
	event_drop(tree);
	while (tree->cursor.offset < tree->source->len &&
	       (tree->cursor.offset <= tree->base.offset || !is_at_document(tree)))
		cursor_advance(tree);
	if (tree->cursor.offset == tree->source->len)
		return 0;
	tree->base.index = tree->cursor.index;
	tree->base.offset = tree->cursor.offset;
	yaml_parser_delete(&tree->yaml);
	return begin(tree) ?: 1;
}

static int read_document(struct tree *tree, const struct node **ret)
{
	int r = seek_document(tree);

	if (r < 0 || tree->event.type == YAML_STREAM_END_EVENT)
		return r;
	r = next_event(tree);
	if (r == 0)
		r = read_node(tree, 0, ret);
	if (r == 0)
		r = seek_document(tree);
	tree->is_ahead = r == 0;
	return r < 0 ? r : 1;
}

int tree_next(struct tree *tree, const struct node **ret)
{
	int r = tree->is_broken ? resume(tree) : 1;

	arena_done(&tree->arena);
	tree->anchors = NULL;
	tree->n_anchors = tree->nodes = tree->alias_nodes = 0;
	tree->is_broken = false;
	if (r == 1)
		r = read_document(tree, ret);
	if (r != -EINVAL)
		return r;
	tree->is_broken = true;
	*ret = NULL;
	return 1;
}
