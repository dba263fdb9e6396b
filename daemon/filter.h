/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which events somebody wants to see: on events as they are told, JSON objects with KubeArmor's
 * field names.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct filter {
	json_t *parameters; /* as they came, owned: strings are looked up there */
	long long since;    /* seconds since 1970; -1: only what is to come */
	long long limit;    /* how many; 0: no end */
};

/*
 * Takes the parameters of io.karmor.Follow: namespace, pod, container, labels, operation, policy,
 * source, resource, filter; since, limit. 0, or -EINVAL with *wrong the one at fault.
 */
int filter_read(json_t *parameters, struct filter *ret, const char **wrong);
void filter_done(struct filter *filter);
bool filter_match(const struct filter *filter, const json_t *event);
