/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rules are called that were replaced while events of theirs were not read yet.
 */
#pragma once

#include "engine.h"

/*
 * Keeps a copy of the names of the rules in force that what is staged replaces; those of early
 * changes are given up where too many stand unread. 0 or -ENOMEM.
 */
int names_keep(struct bpf_engine *engine);

/* The rule @number (from 1) of a ruleset of @generation, or NULL. */
const struct told *names_find(const struct bpf_engine *engine, uint32_t generation, size_t ruleset,
			      uint32_t number);

/* Whether any are kept; nobody needs them once all events of their time are read. */
bool names_kept(const struct bpf_engine *engine);
void names_release(struct bpf_engine *engine);
