/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A verdict as text and as JSON, the same for every verb that prints one. Standard output.
 */
#pragma once

#include <karmor/karmor.h>

/* "block  web  web.yaml:12  process.matchPaths[0]" and a newline. */
void verdict_print(const struct karmor_verdict *verdict);
/* The members of an object, without its braces. */
void verdict_print_json(const struct karmor_verdict *verdict);
