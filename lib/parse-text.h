/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a file is text at all, and what libyaml says of text that is no YAML, in our words.
 */
#pragma once

#include <yaml.h>

#include "parse-fault.h"

/* UTF-8 without NUL and control characters. 0, or -EINVAL with a fault. */
int text_check(const struct source *source, struct faults *faults);

/* What libyaml stumbled over. */
struct text_fault {
	const char *problem, *context; /* static; context may be NULL */
	const char *fix;
	size_t at; /* the number of the character to point at, as libyaml counts */
};

/* @base: the offset in @source of the text that @yaml was given. */
void text_fault(const yaml_parser_t *yaml, const struct source *source, size_t base,
		struct text_fault *ret);
