/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths as a real tree has them, made by a fixed seed, and the time.
 */
#pragma once

#include <stdint.h>

uint32_t paths_below(uint32_t n);
/* Both add to @text, which has room. */
void paths_add_name(char *text);
void paths_add(char *text, uint32_t depth);

double paths_seconds(void);
