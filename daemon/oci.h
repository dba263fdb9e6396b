/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container's state and its bundle's configuration say of it.
 */
#pragma once

#include <jansson.h>

/*
 * The parameters of io.karmor.Attach, owned. Annotations of @state come before those of @config.
 * NULL where the state has no id or pid, or memory is out.
 */
json_t *oci_workload(const json_t *state, const json_t *config);
