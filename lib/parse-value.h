/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A parse under way, and values read from it: YAML 1.2 core types, fields of a mapping by table.
 *
 * A reader that finds a fault tells it and returns nothing; whoever asked goes on with what is
 * left, so that one run shows every fault. Nothing here allocates for the load but parser_copy and
 * parser_array, which note that memory is out rather than report it: asked once, at the end.
 */
#pragma once

#include "ir.h"
#include "parse-tree.h"

struct parser {
	struct karmor_policies *load;
	struct arena *scratch; /* of the document */
	struct faults faults;
	uint32_t order; /* rules of the file so far */
	bool out_of_memory;
};

/* Every field that policies have anywhere; field_names in parse-field.c. */
enum field {
	F_API_VERSION,
	F_KIND,
	F_METADATA,
	F_SPEC,
	F_NAME,
	F_NAMESPACE,
	F_LABELS,
	F_ANNOTATIONS,
	F_SEVERITY,
	F_TAGS,
	F_MESSAGE,
	F_ACTION,
	F_SELECTOR,
	F_NODE_SELECTOR,
	F_MATCH_LABELS,
	F_MATCH_EXPRESSIONS,
	F_KEY,
	F_OPERATOR,
	F_VALUES,
	F_PROCESS,
	F_FILE,
	F_NETWORK,
	F_CAPABILITIES,
	F_SYSCALLS,
	F_PRESETS,
	F_APPARMOR,
	F_DEVICE,
	F_MATCH_PATHS,
	F_MATCH_DIRECTORIES,
	F_MATCH_PATTERNS,
	F_MATCH_PROTOCOLS,
	F_MATCH_CAPABILITIES,
	F_MATCH_SYSCALLS,
	F_MATCH_DNS_QUERIES,
	F_PATH,
	F_EXECNAME,
	F_DIR,
	F_PATTERN,
	F_RECURSIVE,
	F_READ_ONLY,
	F_OWNER_ONLY,
	F_FROM_SOURCE,
	F_PROTOCOL,
	F_CAPABILITY,
	F_SYSCALL,
	F_ALLOWED_ARGS,
	F_PTS,
	FIELD_COUNT
};

#define FIELD(name) (1ull << F_##name)

/* What may stand in one kind of mapping. */
struct scope {
	uint64_t known;
	uint64_t unsupported;	    /* KubeArmor's, and not implemented yet */
	const char *const *ignored; /* names, NULL at the end; NULL for none */
};

/* A field as it stands. No value where it is absent or null. */
struct entry {
	enum field field;
	const struct node *key, *value;
};

struct fields {
	const struct node *node;
	struct entry at[FIELD_COUNT];
	uint64_t unsure; /* what an unknown field may have been meant as */
};

/* Reads a mapping; @what names it in messages. False, and a fault, where it is none. */
bool fields_read(struct parser *parser, const struct node *node, const char *what,
		 const struct scope *scope, struct fields *ret);

/* Whether to tell that a field is missing: it is absent, and no other fault explains that. */
bool field_is_missed(const struct fields *fields, enum field field);

/* Where to point for that: at the field's key where it stands and is null, else at the mapping. */
const struct place *missed_place(const struct fields *fields, enum field field);

const char *field_name(enum field field);

char *parser_copy(struct parser *parser, const char *text, size_t len);
void *parser_array(struct parser *parser, size_t n, size_t size);

/* Text of the document's lifetime, for messages; never NULL. */
__attribute__((format(printf, 2, 3))) const char *parser_text(struct parser *parser,
							      const char *format, ...);

bool node_is_null(const struct node *node);
const char *node_type(const struct node *node); /* "a string", "an integer", ... */

/* Whether @a stands before @b in their file. */
bool place_is_before(const struct place *a, const struct place *b);

/* Where to point for a value: at the key where the value has no text of its own. */
const struct place *entry_place(const struct entry *entry);

/* The place of @len bytes from @offset of a scalar's text; of all of it where that cannot be told.
 */
struct place node_place(const struct node *node, size_t offset, size_t len);

/*
 * The value of a field. NULL or false where it is absent, or wrong and told. Strings live as long
 * as the document.
 */
const char *entry_string(struct parser *parser, const struct entry *entry);
bool entry_bool(struct parser *parser, const struct entry *entry);
bool entry_integer(struct parser *parser, const struct entry *entry, long *ret);
const struct node *entry_list(struct parser *parser, const struct entry *entry);

/* The same of a list's item, and of a value whose key is the user's own. */
const char *item_string(struct parser *parser, const struct node *node, const char *list);
const char *label_string(struct parser *parser, const struct node *node, const char *of,
			 const char *key);
