/* SPDX-License-Identifier: Apache-2.0 */
/* Profile text to what the kernel takes, by apparmor_parser, which is the only compiler there is.
 */
#pragma once

#include "buf.h"
#include "diag.h"

/* The kernel's own features, which a profile is compiled for. */
#define PARSER_FEATURES "/sys/kernel/security/apparmor/features"

/*
 * Runs the parser in a child with limits of time and memory; nothing is loaded. What it would leave
 * out for want of a feature is an error. @features: a file or directory. 0; -ENOENT (no parser);
 * -EINVAL (it refuses the text, or took too long: message); -EIO; -ENOMEM.
 */
int parser_run(const char *text, size_t len, const char *features, struct buf *ret,
	       struct karmor_diag *diag);
/* Whether it takes the text. 1 or 0, or an error as above; writes no message. */
int parser_takes(const char *text, const char *features);
