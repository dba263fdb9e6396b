/* SPDX-License-Identifier: Apache-2.0 */
/* What comes later, followed as an engine does: files of selinux-tree.h, watched by the kernel. */
#pragma once

#include "selinux-tree.h"
#include "selinux/later.h"

#define WAIT_MS 5000

extern struct selinux_later later;

void follow_setup(void);
void follow_teardown(void);
/* Rules come into force, each of whose paths is a root. */
void begin(const struct rule *rules, size_t n);
/* What was read at once; sets its labels. */
struct later_found follow_once(void);
/* Until nothing comes any more; how many were found. */
size_t follow_for(int wait_ms);
size_t follow_all(void);
/* Whatever may have come. */
void follow_everything(void);
bool is_awake(int ms);
bool is_watched(const char *name);
