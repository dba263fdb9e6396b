/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policy text to IR: sections 1 and 2 of the policy language.
 */
#pragma once

#include "ir.h"

/*
 * Adds every good document of @text to the load, and a message to @diag for each fault of the
 * others. @source must be in the load's arena. 0; -EINVAL when a document is at fault; -ENOMEM.
 */
int parse_source(struct karmor_policies *load, const struct source *source,
		 struct karmor_diag *diag);
