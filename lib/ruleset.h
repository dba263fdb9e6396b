/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What applies to one workload: the rules that select it, postures, and names resolved in its root.
 *
 * eval and every backend's compile take this and nothing else.
 */
#pragma once

#include "ir.h"

/*
 * One rule as it applies here. Its matcher may differ from the IR's: `path` is the resolved one,
 * and a pattern that reads as a directory or as an exact path ("/a/" and then "**") has become one.
 * Whoever matches or compiles takes match, recursive and path from here, never from the IR.
 */
struct ruleset_rule {
	const struct ir_rule *ir;
	enum ir_match
		match; /* of a syscall's path too: IR_PATH or IR_DIR; IR_SYSCALL without one */
	bool recursive;
	const char *path;	   /* resolved; the IR's own path where nothing was resolved */
	const char *const *others; /* a Block rule's exact path: the other names, n_others of them,
				      that bind mounts give the file; each counts as the path */
	size_t n_others;
	bool multi_call;  /* the path is a symlink to a binary that serves other names as well:
			     `path`  is the binary, and the rule means its execution as `name` */
	const char *name; /* multi_call: the last component as written, "sh"; else NULL */
	bool source_multi_call;	   /* the same of a source, which cannot be told by name: the rule
				      means the binary under every name */
	enum karmor_action action; /* Block is Audit in an audit-only ruleset */
	const struct ir_source *sources; /* resolved, ir->n_sources of them */
};

/* The rules of one section, which stand together. */
struct ruleset_section {
	size_t first, n;
};

/* Tells one ruleset from all others, also after its end: nobody else has it while it is held. */
struct ruleset_mark {
	unsigned holders;
};

/* One more mark_drop() than before is its end. From any thread; NULL is none. */
struct ruleset_mark *mark_hold(struct ruleset_mark *mark);
void mark_drop(struct ruleset_mark *mark);

struct karmor_ruleset {
	struct arena arena;
	struct ruleset_mark *mark;
	struct ruleset_rule *rules; /* n_rules, section by section; within a section in the order of
				       section 6: a better rule has a lower index */
	size_t n_rules, n_policies;
	bool host;	   /* of the node itself, and not of a workload */
	bool ahead;	   /* of nobody yet */
	bool no_new_privs; /* of a workload that is started so */
	struct ruleset_section sections[KARMOR_SYSCALLS + 1];
	const char *root; /* whose symlinks names are resolved through; NULL: as they stand */
	bool allow_list[KARMOR_SYSCALLS + 1];		  /* some rule of the section says Allow */
	enum karmor_posture posture[KARMOR_SYSCALLS + 1]; /* process uses the file posture */
};

/* The limits of the language (section 2). */
#define RULESET_RULES_MAX 10000
