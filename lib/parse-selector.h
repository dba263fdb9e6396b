/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom a policy selects: matchLabels and matchExpressions as requirements, all of which must hold.
 */
#pragma once

#include "parse-value.h"

/* Reads the selector (nodeSelector) of a policy of @kind into *ret. */
void selector_read(struct parser *parser, const struct entry *entry, enum karmor_kind kind,
		   struct ir_selector *ret);
