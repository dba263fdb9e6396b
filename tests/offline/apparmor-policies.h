/* SPDX-License-Identifier: Apache-2.0 */
/* Policies of many rules, as YAML, which come to stacks of profiles. */
#pragma once

#include <stdbool.h>

#include "buf.h"

/* Names that lie close to each other, and that only differ from them. */
void many_path(struct buf *buf);
/* @n Block, Audit and Allow rules for names and directories, and a few for sources and a pattern.
 */
void many_policy(struct buf *buf, unsigned long n, bool sources, bool patterns);
/* @n sources, each of which has a file and a program that it alone may not use; every other one
 * also a file that it alone may. */
void sourced_policy(struct buf *buf, unsigned long n);
