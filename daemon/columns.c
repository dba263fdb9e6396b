/* SPDX-License-Identifier: Apache-2.0 */
/* See columns.h. */
#include "columns.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "scope.h"
#include "text.h"

/* A field as text, the caller's; NULL where memory is out. */
static char *cell(const json_t *object, const char *field)
{
	const json_t *value = json_object_get(object, field);
	char *ret = NULL;
	size_t size;
	FILE *out = open_memstream(&ret, &size);

	if (!out)
		return NULL;
	if (json_is_integer(value))
		fprintf(out, "%lld", (long long)json_integer_value(value));
	else if (json_is_boolean(value))
		fputs(json_is_true(value) ? "true" : "false", out);
	else if (json_is_string(value) && *json_string_value(value))
		text_print(out, json_string_value(value));
	else
		fputs("-", out);
	if (fclose(out) == 0)
		return ret;
	free(ret);
	return NULL;
}

static int width_of(const json_t *list, const struct column *column)
{
	int width = (int)strlen(column->title);
	size_t i;
	json_t *object;

	json_array_foreach(list, i, object)
	{
		_cleanup_free_ char *text = cell(object, column->field);

		if (text && (int)strlen(text) > width)
			width = (int)strlen(text);
	}
	return width;
}

/* @object NULL: the titles. The last column is not filled up. */
static void row_print(const json_t *list, const json_t *object, const struct column *columns,
		      bool wide)
{
	int gap = 0;

	for (; columns->title; columns++) {
		_cleanup_free_ char *text =
			object ? cell(object, columns->field) : strdup(columns->title);

		if (columns->wide && !wide)
			continue;
		printf("%*s%s", gap, "", text ? text : "?");
		gap = width_of(list, columns) - (int)strlen(text ? text : "?") + 3;
	}
	putchar('\n');
}

void columns_print(const json_t *list, const struct column *columns, bool wide)
{
	size_t i;
	json_t *object;

	row_print(list, NULL, columns, wide);
	json_array_foreach(list, i, object)
	{
		row_print(list, object, columns, wide);
	}
}

static void scalar_print(const json_t *value)
{
	json_dumpf(value, stdout, JSON_ENCODE_ANY | JSON_COMPACT);
	putchar('\n');
}

static bool is_nested(const json_t *value)
{
	return json_object_size(value) || json_array_size(value);
}

/* What is behind "key:" or "-". */
static void value_print(const json_t *value, int indent)
{
	if (is_nested(value)) {
		putchar('\n');
		columns_yaml(value, indent);
	} else {
		putchar(' ');
		scalar_print(value);
	}
}

void columns_yaml(const json_t *value, int indent)
{
	const char *key;
	json_t *each;
	size_t i;

	if (!is_nested(value))
		scalar_print(value);
	json_array_foreach(value, i, each)
	{
		printf("%*s-", indent, "");
		value_print(each, indent + 2);
	}
	json_object_foreach((json_t *)(uintptr_t)value, key, each)
	{
		printf("%*s%s:", indent, "", key);
		value_print(each, indent + 2);
	}
}
