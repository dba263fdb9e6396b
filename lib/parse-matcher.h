/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a rule matches: the part of its mapping that differs from list to list, and fromSource.
 */
#pragma once

#include "parse-value.h"

/* The rules of a policy, as they are read; parse-rule.c's. */
struct reading;

struct parser *rules_parser(struct reading *reading);
void rules_add(struct reading *reading, const struct ir_rule *rule);

/*
 * Each completes @rule by the matcher that stands in @fields and adds it: once, or for a comma list
 * once for each name. A matcher that is at fault is told and adds nothing.
 */
typedef void matcher_fn(struct reading *reading, const struct fields *fields, struct ir_rule *rule);

matcher_fn matcher_read_path;
matcher_fn matcher_read_path_or_execname;
matcher_fn matcher_read_dir;
matcher_fn matcher_read_pattern;
matcher_fn matcher_read_protocol;
matcher_fn matcher_read_capability;
matcher_fn matcher_read_syscall;
matcher_fn matcher_read_syscall_path;

/* Reads fromSource; @rule has its locator. */
void sources_read(struct parser *parser, const struct entry *entry, struct ir_rule *rule);
