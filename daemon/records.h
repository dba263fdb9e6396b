/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of workloads in the runtime directory, by which a restarted daemon knows them again.
 */
#pragma once

#include "node.h"

int records_save(const struct node *node); /* 0 or a negative errno */
int records_remove(const struct node *node);
/* *ret: an array, empty where there is no list. */
int records_load(const struct node *node, json_t **ret, json_t *messages);
