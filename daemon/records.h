/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of workloads in the runtime directory, by which a restarted daemon knows them again.
 */
#pragma once

#include "node.h"

int records_save(const struct node *node); /* 0 or a negative errno */
/* Adds that of @workload to an array. */
int records_add(json_t *records, const struct node *node, const struct workload *workload);
/* Makes @records, an array, the list; where it is empty there is none any more. */
int records_write(const struct node *node, const json_t *records);
/* *ret: an array, empty where there is no list. */
int records_load(const struct node *node, json_t **ret, json_t *messages);
