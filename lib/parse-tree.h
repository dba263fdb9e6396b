/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One YAML document as a tree in which each node knows its place.
 *
 * Made of libyaml's events. Aliases are shared nodes, so the tree is a graph without cycles whose
 * walk is bounded. What YAML allows and policies do not (tags, merge keys, keys that are no
 * scalars, duplicate keys) is a fault here and gone from the tree, so that the parser proper never
 * meets it.
 */
#pragma once

#include <yaml.h>

#include "parse-fault.h"

#define TREE_NODES_MAX 500000
#define TREE_ALIAS_NODES_MAX 100000
#define TREE_ANCHORS_MAX 1000
#define TREE_DEPTH_MAX 64

enum node_kind {
	NODE_SCALAR,
	NODE_LIST,
	NODE_MAPPING,
};

struct item {
	const struct node *key, *value; /* no key in a list */
	size_t ordinal;
	struct item *next;
};

struct node {
	enum node_kind kind;
	bool is_plain;	    /* a scalar without quotes: its text decides its type */
	bool is_bad;	    /* a scalar that a fault was told about: nothing more is to be said */
	bool is_partial;    /* a mapping that lost a key to a fault: what it lacks is not missed */
	struct place place; /* of a mapping: its first key */
	size_t offset;	    /* of a scalar, in the source */
	const char *text;   /* NUL-terminated, may hold NUL bytes within */
	size_t len;
	struct item *items;
	size_t n;
	size_t weight; /* nodes, aliases followed */
};

struct anchor;

struct tree {
	const struct source *source;
	struct faults *faults;
	struct arena arena; /* of the document */
	yaml_parser_t yaml;
	yaml_event_t event;
	bool has_event, is_ahead; /* the event was read, but not yet looked at */
	bool is_broken;		  /* libyaml cannot go on */
	struct {		  /* where libyaml was set to work: its marks count from there */
		size_t index, offset;
	} base;
	struct { /* where the character number `index` is */
		size_t index, offset;
		uint32_t line, column;
	} cursor;
	struct anchor *anchors;
	size_t n_anchors, nodes, alias_nodes;
};

/* 0; -EINVAL where the text is none (a fault says why); -ENOMEM. Close it in any case. */
int tree_open(struct tree *tree, const struct source *source, struct faults *faults);

/*
 * The next document, which lives until the next call: 1, or 0 at the end; -ENOMEM. NULL for one
 * that cannot be read, for which one that ends in junk counts: a fault says why, and what follows
 * the next
 * "---" is read all the same.
 */
int tree_next(struct tree *tree, const struct node **ret);
void tree_close(struct tree *tree);
