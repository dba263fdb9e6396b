/* SPDX-License-Identifier: Apache-2.0 */
/* See table.h. The text is cut in place; cells point into it. */
#include "table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const column_names[TABLE_COLUMNS] = {
	[TABLE_POLICIES] = "policies",
	[TABLE_LABELS] = "labels",
	[TABLE_NAMESPACE] = "namespace",
	[TABLE_CONTAINER] = "container",
	[TABLE_HOST] = "host",
	[TABLE_POSTURE] = "posture",
	[TABLE_OP] = "op",
	[TABLE_OBJECT] = "object",
	[TABLE_SOURCE] = "source",
	[TABLE_OWNER] = "owner",
	[TABLE_VERDICT] = "verdict",
	[TABLE_POLICY] = "policy",
	[TABLE_NOTE] = "note",
};

static const char *const op_names[] = {
	[KARMOR_EXEC] = "exec",
	[KARMOR_READ] = "read",
	[KARMOR_WRITE] = "write",
	[KARMOR_NET] = "net",
	[KARMOR_CAPABILITY] = "capability",
	[KARMOR_SYSCALL] = "syscall",
};

static const char *const action_names[] = {
	[KARMOR_ALLOW] = "allow",
	[KARMOR_AUDIT] = "audit",
	[KARMOR_BLOCK] = "block",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int find_name(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return (int)i;
	return -1;
}

int table_op(const char *name)
{
	return find_name(op_names, COUNT(op_names), name);
}

const char *table_op_name(enum karmor_op op)
{
	return op_names[op];
}

int table_action(const char *name)
{
	return find_name(action_names, COUNT(action_names), name);
}

const char *table_action_name(enum karmor_action action)
{
	return action_names[action];
}

/* What the columns of this table are, in its order. */
struct header {
	enum table_column columns[TABLE_COLUMNS];
	size_t n;
};

static const char *read_header(char *line, struct header *header)
{
	bool seen[TABLE_COLUMNS] = { false };
	const char *name;
	int column;

	while ((name = strsep(&line, "\t"))) {
		column = find_name(column_names, TABLE_COLUMNS, name);
		if (column < 0)
			return "the header names a column that no table has";
		if (seen[column])
			return "the header names a column twice";
		seen[column] = true;
		header->columns[header->n++] = (enum table_column)column;
	}
	if (!seen[TABLE_OP] || !seen[TABLE_OBJECT] || !seen[TABLE_VERDICT])
		return "the header must name op, object and verdict";
	return NULL;
}

static void read_row(char *line, const struct header *header, struct table_row *row)
{
	const char *cell;
	size_t i = 0;

	for (size_t j = 0; j < TABLE_COLUMNS; j++)
		row->cells[j] = "";
	while ((cell = strsep(&line, "\t"))) {
		if (i == header->n) {
			row->fault = "the row has more cells than the table has columns";
			return;
		}
		row->cells[header->columns[i++]] = cell;
	}
}

static size_t count_lines(const char *text, size_t len)
{
	size_t n = 1;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}

/* Cuts the next line off *@text, without its "\r"; NULL at the end. *@nul: a NUL byte stood in it.
 */
static char *next_line(char **text, const char *end, bool *nul)
{
	char *line = *text, *newline;
	size_t len;

	if (line >= end)
		return NULL;
	newline = memchr(line, '\n', (size_t)(end - line));
	if (!newline)
		newline = line + (end - line);
	*newline = '\0';
	*text = newline + 1;
	len = (size_t)(newline - line);
	*nul = strlen(line) != len;
	if (len && line[len - 1] == '\r')
		line[len - 1] = '\0';
	return line;
}

int table_read(struct table *table, char *text, size_t len)
{
	struct header header = { .n = 0 };
	const char *end = text + len;
	unsigned number = 1;
	bool nul = false;
	char *line;

	*table = (struct table){ .text = text };
	table->rows = calloc(count_lines(text, len), sizeof(*table->rows));
	if (!table->rows)
		return -ENOMEM;
	line = next_line(&text, end, &nul);
	table->fault = line ? read_header(line, &header) : "the table has no header";
	if (table->fault)
		return -EINVAL;
	while ((line = next_line(&text, end, &nul))) {
		struct table_row *row = &table->rows[table->n_rows];

		number++;
		if (!*line && !nul)
			continue;
		row->line = number;
		read_row(line, &header, row);
		if (nul)
			row->fault = "the row has a NUL byte";
		table->n_rows++;
	}
	return 0;
}

void table_drop(struct table *table)
{
	free(table->rows);
	free(table->text);
	*table = (struct table){ 0 };
}
