/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The intermediate representation: policies as data, after every default is filled in and every
 * fault reported. One shape for all sections, so that nothing after the parser knows YAML.
 *
 * Invariants: strings are NUL-terminated and hold no NUL; paths are absolute and normal (no "//",
 * "/./",
 * "/../", no trailing slash but for "/"); a dir has no trailing slash either ("/" stays); a `path`
 * with a wildcard has become a pattern; inheritance of action, severity, tags and message is
 * resolved; a comma list of protocols or capabilities has become so many rules with one index.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <karmor/ruleset.h>

#include "arena.h"
#include "source.h"

enum ir_match {
	IR_PATH,       /* exactly this path */
	IR_PATTERN,    /* a glob over the whole path */
	IR_EXECNAME,   /* the last component is this */
	IR_DIR,	       /* a directory and what is directly in it; recursive: everything below */
	IR_PROTOCOL,   /* network */
	IR_CAPABILITY, /* capabilities */
	IR_SYSCALL,    /* syscalls: by number of name, with a path or without */
};

/* The list a rule stood in; ir_list_name() gives "matchPaths". */
enum ir_list {
	IR_MATCH_PATHS,
	IR_MATCH_DIRECTORIES,
	IR_MATCH_PATTERNS,
	IR_MATCH_PROTOCOLS,
	IR_MATCH_CAPABILITIES,
	IR_MATCH_SYSCALLS,
};

enum ir_protocol {
	IR_TCP,
	IR_UDP,
	IR_ICMP,
	IR_ICMPV6,
	IR_SCTP,
	IR_DCCP,
	IR_UDPLITE,
	IR_RAW,
	IR_STREAM,
	IR_DGRAM,
	IR_RDM,
	IR_SEQPACKET,
	IR_PACKET,
	IR_ALL,
	IR_PROTOCOL_COUNT
};

/* One entry of fromSource. */
struct ir_source {
	enum ir_match match; /* IR_PATH, IR_PATTERN or IR_DIR */
	bool recursive;
	const char *path;
	struct place place;
};

struct ir_policy;

struct ir_rule {
	const struct ir_policy *policy;
	enum karmor_section section;
	enum ir_list list;
	uint32_t index;		 /* in that list, as written */
	uint32_t order;		 /* position in its file: the last tie-break */
	struct place place;	 /* of the rule, the first key of its mapping */
	struct place path_place; /* of the matcher's value */
	const char *locator;	 /* "process.matchPaths[0]" */

	enum karmor_action action;
	enum ir_match match;
	bool recursive, read_only, owner_only;
	const char *path; /* path, pattern, execname or dir; NULL for the other matchers but a
			     syscall's path */
	enum ir_match path_match; /* IR_SYSCALL with a path: IR_PATH or IR_DIR */
	enum ir_protocol protocol;
	unsigned capability;
	const char *const *syscalls; /* names, n_syscalls */
	size_t n_syscalls;
	const struct ir_source *sources; /* none: any source */
	size_t n_sources;

	unsigned severity;
	const char *message;	 /* "" where none */
	const char *const *tags; /* n_tags */
	size_t n_tags;
};

enum ir_operator {
	IR_IN,
	IR_NOT_IN,
	IR_EXISTS,
	IR_DOES_NOT_EXIST,
};

struct ir_requirement {
	const char
		*key; /* "namespace" in a cluster policy's matchExpressions means the namespace */
	enum ir_operator op;
	const char *const *values; /* plain values; key `label` with k=v values has become one
				      requirement a key, but for In, of which one is enough */
	size_t n_values;
	bool is_any;	  /* values are k=v, of more than one key: one of them must be had */
	bool from_labels; /* stood in matchLabels: its key is always a label */
};

/* All requirements must hold; containers empty: every container. */
struct ir_selector {
	const struct ir_requirement *requirements;
	size_t n_requirements;
	const char *const *containers;
	size_t n_containers;
};

struct ir_policy {
	enum karmor_kind kind;
	const char *name;
	const char *namespace_name; /* "" for cluster and host policies */
	struct place place;	    /* of the document's first key */
	struct ir_selector selector;
	const char
		*selector_text; /* as labels are asked for: "app=web,tier in (a,b)"; "" for all */
	const struct karmor_subject *example; /* one that it selects; NULL: none was found */
	const struct ir_rule *rules;
	size_t n_rules;
};

/* One load. */
struct karmor_policies {
	struct arena arena;
	const struct ir_policy *
		*policies; /* n; the array is malloc'ed, what it points at lives in the arena */
	size_t n, size;
	size_t n_rules;
	/* Every policy that was named, those at fault included, by kind, namespace and name: a
	 * malloc'ed hash table that is never full (policies.c). */
	const struct ir_policy **index;
	size_t n_indexed, index_size;
};

const char *ir_kind_name(enum karmor_kind kind);	  /* "KubeArmorPolicy" */
const char *ir_section_name(enum karmor_section section); /* "process" */
const char *ir_op_name(enum karmor_op op);		  /* "exec" */
const char *ir_list_name(enum ir_list list);		  /* "matchPaths" */
const char *ir_action_name(enum karmor_action action);	  /* "allow", "audit", "block" */

/* By name in any letter case; -ENOENT. Tables of names in ir.c, in the order of the enums. */
int ir_protocol_find(const char *name, enum ir_protocol *ret);
const char *ir_protocol_name(enum ir_protocol protocol);
int ir_capability_find(const char *name, unsigned *ret); /* with or without CAP_ */
const char *ir_capability_name(unsigned capability);	 /* "sys_admin"; NULL past the last */
#define IR_CAPABILITY_COUNT 41				 /* linux/capability.h: CAP_LAST_CAP + 1 */

/* Kinds and operators are case-sensitive; -ENOENT. */
int ir_kind_find(const char *name, enum karmor_kind *ret);
int ir_operator_find(const char *name, enum ir_operator *ret);
int ir_action_find(const char *name, enum karmor_action *ret);
bool ir_syscall_is_known(const char *name);

/* The name that was likely meant; NULL where none is near. */
const char *ir_kind_suggest(const char *name);
const char *ir_action_suggest(const char *name); /* as policies write it: "Block" */
const char *ir_operator_suggest(const char *name);
const char *ir_protocol_suggest(const char *name);
const char *ir_capability_suggest(const char *name);
const char *ir_syscall_suggest(const char *name);
