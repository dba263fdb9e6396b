/* SPDX-License-Identifier: Apache-2.0 */
/* Profile text to what the kernel takes, by apparmor_parser, which is the only compiler there is.
 */
#pragma once

#include <stdint.h>

#include "buf.h"
#include "diag.h"

/* The kernel's own features, which a profile is compiled for. */
#define PARSER_FEATURES "/sys/kernel/security/apparmor/features"

/* For names rather than patterns a parser is faster without making expressions simpler first; what
 * that takes of memory allows it for texts of this size alone. */
#define PARSER_NAMES_MAX (100u << 10)

/* What tells one parser from another that was installed in its place. */
struct parser_identity {
	uint64_t device, inode, size, modified_s, modified_ns, changed_s, changed_ns;
};

/* 0 or -ENOENT. */
int parser_identify(struct parser_identity *ret);

/*
 * Runs the parser in a child with limits of time and memory; nothing is loaded. What it would leave
 * out for want of a feature is an error. @features: a file or directory. @names: the text has many
 * names and few patterns. 0; -ENOENT (no parser);
 * -EINVAL (it refuses the text, or took too long: message); -EIO; -ENOMEM.
 */
int parser_run(const char *text, size_t len, const char *features, bool names, struct buf *ret,
	       struct karmor_diag *diag);
/* Whether it takes the text. 1 or 0, or an error as above; writes no message. */
int parser_takes(const char *text, const char *features);
