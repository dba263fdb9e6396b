/* SPDX-License-Identifier: Apache-2.0 */
/* That a module changes nobody's access but that of workloads. */
#pragma once

#include "buf.h"
#include "selinux/selinux.h"

/*
 * Compares the base policy with and without the module, for each task's type, each type of object
 * and each class; and each copy of a type with the type. 0; 1 where they differ (*what says how);
 * -1. Another policy is in use afterwards.
 */
int everybody_differs(const struct selinux_artifact *artifact, const struct base *base,
		      struct buf *what);
