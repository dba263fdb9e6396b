/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sections of a policy and their rules, with everything inherited filled in.
 */
#pragma once

#include "parse-value.h"

/* Spec fields that stand on rules and sections too; and where they stand nowhere. */
struct attributes {
	enum karmor_action action;
	unsigned severity;
	const char *message;
	const char *const *tags;
	size_t n_tags;
};

#define ATTRIBUTES_DEFAULT                                                                         \
	{                                                                                          \
		.action = KARMOR_BLOCK, .severity = 1, .message = ""                               \
	}

#define FIELDS_OF_ATTRIBUTES (FIELD(SEVERITY) | FIELD(TAGS) | FIELD(MESSAGE) | FIELD(ACTION))
#define FIELDS_OF_SECTIONS                                                                         \
	(FIELD(PROCESS) | FIELD(FILE) | FIELD(NETWORK) | FIELD(CAPABILITIES) | FIELD(SYSCALLS))

/* Overrides in *ret, field by field, what stands in @fields. */
void attributes_read(struct parser *parser, const struct fields *fields, struct attributes *ret);

/* Reads all sections of a spec into the policy's rules, in the order of the text. */
void rules_read(struct parser *parser, const struct fields *spec,
		const struct attributes *attributes, struct ir_policy *policy);
