/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a matcher match? Section 4 of the policy language, by the plainest algorithm: the definition
 * that the automaton is tested against.
 *
 * Nothing here allocates but match_read; nothing here knows rules, grants or precedence (eval.h).
 */
#pragma once

#include "ruleset.h"

/* The longest path, pattern or question of the language (section 2), in bytes. */
#define MATCH_PATH_MAX 4095
/* How deep choices may nest. */
#define MATCH_NESTING_MAX 32

/*
 * @path is absolute and normal. IR_PATH, IR_PATTERN, IR_EXECNAME, IR_DIR only. A pattern that reads
 * as a directory or as an exact path (match_read) matches as such.
 */
bool match_path(enum ir_match match, const char *matcher, bool recursive, const char *path);

/* The glob alone; a pattern that does not start with "/" may start at any component. */
bool match_pattern(const char *pattern, const char *path);

/* One of @rule's sources matches @source; true without fromSource; false for a NULL source
 * otherwise. */
bool match_source(const struct ruleset_rule *rule, const char *source);

/*
 * A socket of (family, type, protocol), numbers of the kernel's: is it what the rule's protocol
 * names? A question that leaves one open says AF_UNSPEC, type 0, number -1.
 */
bool match_protocol(enum ir_protocol protocol, int family, int type, int number);
/* AF_UNIX and AF_NETLINK: no protocol names them, and no allow-list blocks them. */
bool match_family_exempt(int family);

/*
 * How specific a path matcher is, for section 6: exact path, then pattern and execname by literal
 * bytes, then directories by length. Larger is more specific.
 */
uint64_t match_specificity(enum ir_match match, const char *matcher);
/* The same for protocols: exact protocol, socket type, `all`. */
uint64_t match_protocol_specificity(enum ir_protocol protocol);

/* Checks a glob's syntax. 0, or -EINVAL with what is wrong and the byte offset where. */
int match_pattern_check(const char *pattern, const char **what, size_t *offset);
/* Whether a `path` is to be read as a pattern. */
bool match_is_pattern(const char *path);

/*
 * What a pattern really is: IR_PATH ("/a/b", "/a/b\*": no wildcard), IR_DIR ("/a/" and then "*" or
 * "**") or IR_PATTERN.
 * @recursive: of the directory. @len: how many bytes of @pattern are the path or the directory's
 * ("/" counts one), still escaped.
 */
enum ir_match match_form(const char *pattern, bool *recursive, size_t *len);

/*
 * Replaces a pattern by the path or directory that it reads as, unescaped into @arena; leaves
 * everything else. 0 or -ENOMEM.
 */
int match_read(struct arena *arena, enum ir_match *match, bool *recursive, const char **matcher);
