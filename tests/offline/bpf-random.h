/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random policies as text and random questions about them, of so small a world that they meet.
 */
#pragma once

#include <karmor/ruleset.h>

#include "buf.h"

uint32_t random_below(uint32_t n);
void random_seed(uint64_t seed);

/* A document of a few rules in every section that a table has. */
void random_policy(struct buf *buf, unsigned number);
/* A subject's posture. */
const char *random_posture(void);
void random_path(struct buf *buf);
/* A question; its strings stand in @object and @source. */
struct karmor_access random_access(struct buf *object, struct buf *source);
