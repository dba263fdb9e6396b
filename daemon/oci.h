/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container's state and its bundle's configuration say of it.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/*
 * The parameters of io.karmor.Attach, owned; without a pid where the state has none, of
 * io.karmor.Prepare. Annotations of @state come before those of @config. NULL where the state has
 * no id, or memory is out.
 */
json_t *oci_workload(const json_t *state, const json_t *config);

/* Of a configuration alone, before there is a container. The container's id, where an engine has
 * put it into the name of its cgroup; NULL otherwise. Borrowed. */
const char *oci_bundle_id(const json_t *config);
/* The directory that will be its root; NULL where there is none yet. Owned. */
char *oci_bundle_root(const json_t *config);
/* What its first task becomes: a path without links in that root; NULL where that is not there, as
 * on a volume. Owned. */
char *oci_bundle_program(const json_t *config, const char *root);
/* Whether its tasks are started under no_new_privs. */
bool oci_bundle_no_new_privs(const json_t *config);
/* Names AppArmor's @label as what its tasks are started under, on top of another's that is named.
 * 0 or -1. */
int oci_bundle_label(json_t *config, const char *label);

/* The context of SELinux that we have, "" where there is none. */
#define OCI_CONTEXT_MAX 4096
void oci_own_context(char ret[OCI_CONTEXT_MAX]);
/* The context @own with the role of @label. 0; -EINVAL: one of them is none; -EACCES: the policy
 * has no such context. */
int oci_context(const char *own, const char *label, char ret[OCI_CONTEXT_MAX]);
/* The same of what a container was to have, or without one of what we have, into its
 * configuration. -EINVAL also where it has no process; -ENOMEM. */
int oci_bundle_context(json_t *config, const char *label, char ret[OCI_CONTEXT_MAX]);
