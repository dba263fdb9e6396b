/* SPDX-License-Identifier: Apache-2.0 */
/* A policy of karmor's, compiled for a base policy that is in files. */
#pragma once

#include "selinux/selinux.h"

/* @files: a policy of karmor's, a base policy and its file contexts. As karmor_compile(). */
int selinux_compile_files(char *const files[], struct karmor_artifact **ret,
			  struct karmor_diag *diag);
