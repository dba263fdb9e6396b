/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that runs out when a test says so. What lib allocates with is wrapped by the linker (see
 * tests/unit/meson.build), its arenas included; libyaml's own allocations go on.
 */
#pragma once

/* Allocations until one fails; negative: none does. One fails, those after it do not. */
extern long memory_countdown;

/* For libraries that can be told whom to ask. */
void *memory_malloc(size_t size);
