/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON for people: rows of columns as kubectl prints them, and YAML.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct column {
	const char *title, *field;
	bool wide; /* only where that was asked for */
};

/* @list: objects; ends with a column without a title. A field that is not there is "-". */
void columns_print(const json_t *list, const struct column *columns, bool wide);
/* As a YAML sequence or mapping; strings are quoted as JSON's are. */
void columns_yaml(const json_t *value, int indent);
