/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last events, as text, for those who ask what was: as many as fit into a bound.
 */
#pragma once

#include <stddef.h>

struct history;

int history_new(struct history **ret); /* 0 or -ENOMEM */
void history_free(struct history *history);
/* Copies it; where memory is out it is left out. */
void history_add(struct history *history, long long time, const char *event);
/* The i-th, the oldest first; NULL past the end. */
const char *history_at(const struct history *history, size_t i, long long *time);
