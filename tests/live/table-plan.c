/* SPDX-License-Identifier: Apache-2.0 */
/* See table-live.h: what can be asked together, and by which system calls. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "table-live.h"

/* Where the actor is when a row does not say by whom: one that no fromSource of it matches. */
static const char *const nowhere[] = {
	"/karmor-table/actor",
	"/srv/karmor-table/actor",
	"/usr/lib/karmor-table/actor",
};

static void settle(struct live_row *row, enum row_state state, const char *format, va_list args)
{
	if (row->state != ROW_OPEN)
		return;
	row->state = state;
	if (vasprintf(&row->why, format, args) < 0)
		row->why = NULL;
}

void row_settle(struct live_row *row, enum row_state state, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	settle(row, state, format, args);
	va_end(args);
}

void pass_settle(struct pass *pass, enum row_state state, const char *format, ...)
{
	va_list args;

	for (size_t i = 0; i < pass->n_rows; i++) {
		va_start(args, format);
		settle(pass->rows[i], state, format, args);
		va_end(args);
	}
	pass->is_over = true;
}

static const char *cell(const struct live_row *row, enum table_column column)
{
	return row->row->cells[column];
}

/* One workload can ask both. */
static bool is_same(const struct live_row *a, const struct live_row *b)
{
	for (int i = TABLE_POLICIES; i <= TABLE_POSTURE; i++)
		if (strcmp(cell(a, i), cell(b, i)) != 0)
			return false;
	return strcmp(cell(a, TABLE_SOURCE), cell(b, TABLE_SOURCE)) == 0;
}

static int add_nodes(struct tree *tree, const struct live_row *row)
{
	const char *source = cell(row, TABLE_SOURCE), *path = row->access.path;
	enum node_kind kind = row->access.op == KARMOR_EXEC ? NODE_PROGRAM : NODE_ANY;
	int r = *source ? tree_add(tree, source, NODE_PROGRAM) : 0;

	if (r == 0 && path)
		r = tree_add(tree, path, kind);
	if (r == 0 && path && row->is_directory && kind == NODE_ANY &&
	    tree_kind(tree, path) == NODE_ANY)
		r = tree_add(tree, path, NODE_DIRECTORY);
	return r;
}

static int pass_add(struct pass *pass, struct live_row *row)
{
	struct live_row **rows = reallocarray(pass->rows, pass->n_rows + 1, sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	pass->rows = rows;
	rows[pass->n_rows++] = row;
	return 0;
}

/* A new pass of one row. */
static int pass_new(struct plan *plan, struct live_row *row, struct asker *asker)
{
	struct pass *pass = &plan->passes[plan->n_passes];
	const char *fault = NULL;
	int r;

	*pass = (struct pass){ .tree.fd = -1, .program = cell(row, TABLE_SOURCE) };
	r = add_nodes(&pass->tree, row);
	if (r == -EEXIST) {
		tree_drop(&pass->tree);
		row_settle(row, ROW_UNASKED, "no root can hold both its object and its source");
		return 0;
	}
	plan->n_passes++;
	pass->policies = r == 0 ? asker_policies(asker, row->row, &fault) : NULL;
	return pass->policies ? pass_add(pass, row) : -ENOMEM;
}

static int place(struct plan *plan, struct live_row *row, struct asker *asker)
{
	for (size_t i = plan->n_passes; i-- > 0;) {
		struct pass *pass = &plan->passes[i];
		int r;

		if (!is_same(pass->rows[0], row))
			continue;
		r = add_nodes(&pass->tree, row);
		if (r == 0)
			return pass_add(pass, row);
		if (r != -EEXIST)
			return r;
	}
	return pass_new(plan, row, asker);
}

int row_is_like(const struct live_row *row, struct asker *asker, enum table_column column,
		const char *text)
{
	struct table_row other = *row->row;
	struct table_answer answer;

	other.cells[column] = text;
	if (asker_ask(asker, &other, &answer) < 0)
		return -ENOMEM;
	return !answer.fault && answer.verdict.action == row->reference.action &&
	       answer.verdict.line == row->reference.line &&
	       strcmp(answer.verdict.policy, row->reference.policy) == 0;
}

/* Whether the actor at @path is for every row of the pass what an unknown source is. */
static int is_nowhere(const struct pass *pass, struct asker *asker, const char *path)
{
	int r = 1;

	for (size_t i = 0; r == 1 && i < pass->n_rows; i++)
		r = row_is_like(pass->rows[i], asker, TABLE_SOURCE, path);
	return r;
}

/* A place for the actor of rows that name no source. 0 or -ENOMEM. */
static int place_actor(struct pass *pass, struct asker *asker)
{
	for (size_t i = 0; i < ARRAY_SIZE(nowhere); i++) {
		int r = is_nowhere(pass, asker, nowhere[i]);

		if (r == 1)
			r = tree_add(&pass->tree, nowhere[i], NODE_PROGRAM);
		else if (r == 0)
			r = -EEXIST;
		if (r != -EEXIST) {
			pass->program = nowhere[i];
			return r;
		}
	}
	pass_settle(pass, ROW_UNASKED, "a fromSource matches every place for the actor");
	return 0;
}

static int add_deeds(struct pass *pass, struct asker *asker)
{
	pass->deeds = calloc(pass->n_rows * DEEDS_MAX, sizeof(*pass->deeds));
	if (!pass->deeds)
		return -ENOMEM;
	for (size_t i = 0; i < pass->n_rows; i++) {
		int n = deeds_make(pass->rows[i], &pass->tree, asker, pass->deeds + pass->n_deeds);

		if (n < 0)
			return n;
		pass->n_deeds += (size_t)n;
	}
	return 0;
}

static int finish(struct plan *plan, struct asker *asker)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->n_passes; i++) {
		struct pass *pass = &plan->passes[i];

		/* Not where something else must be. */
		r = tree_add(&pass->tree, ACT_NODE_DIRECTORY, NODE_DIRECTORY);
		r = r == -EEXIST ? 0 : r;
		if (r == 0 && !*pass->program)
			r = place_actor(pass, asker);
		if (r == 0)
			r = add_deeds(pass, asker);
	}
	return r;
}

/* Reads what a row asks, and what the reference evaluator answers. */
static int read_row(struct live_row *row, struct asker *asker)
{
	const char *source = cell(row, TABLE_SOURCE);
	struct karmor_access question = KARMOR_STRUCT(
		karmor_access, .object = cell(row, TABLE_OBJECT), .source = *source ? source : NULL,
		.not_owner = strcmp(cell(row, TABLE_OWNER), "no") == 0);
	struct table_answer answer;
	int r = asker_ask(asker, row->row, &answer);

	if (r < 0)
		return r;
	if (answer.fault) {
		row_settle(row, ROW_DIFFERS, "it cannot be asked: %s", answer.fault);
		return 0;
	}
	row->reference = answer.verdict;
	question.op = (enum karmor_op)table_op(cell(row, TABLE_OP));
	return access_read(&question, &row->access, NULL) < 0 ? -ENOMEM : 0;
}

/* Whether @row's object is a directory by what any row names. */
static bool is_directory(const struct plan *plan, const struct live_row *row)
{
	size_t len = row->access.path ? strlen(row->access.path) : 0;

	for (size_t i = 0; len && i < plan->n_rows; i++) {
		const char *path = plan->rows[i].access.path;

		if (path && strncmp(path, row->access.path, len) == 0 &&
		    (path[len] == '/' || (len == 1 && path[1])))
			return true;
	}
	return false;
}

int plan_make(struct plan *plan, const struct table *table, struct asker *asker)
{
	int r = 0;

	*plan = (struct plan){ .n_rows = table->n_rows };
	plan->rows = calloc(table->n_rows + 1, sizeof(*plan->rows));
	plan->passes = calloc(table->n_rows + 1, sizeof(*plan->passes));
	if (!plan->rows || !plan->passes)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < plan->n_rows; i++) {
		plan->rows[i].row = &table->rows[i];
		r = read_row(&plan->rows[i], asker);
	}
	for (size_t i = 0; r == 0 && i < plan->n_rows; i++) {
		struct live_row *row = &plan->rows[i];

		row->is_directory = is_directory(plan, row);
		if (row->state == ROW_OPEN)
			r = place(plan, row, asker);
	}
	return r < 0 ? r : finish(plan, asker);
}

void plan_drop(struct plan *plan)
{
	for (size_t i = 0; i < plan->n_passes; i++) {
		struct pass *pass = &plan->passes[i];

		free(pass->rows);
		free(pass->deeds);
		tree_drop(&pass->tree);
		karmor_report_free(pass->report);
		karmor_ruleset_free(pass->set);
		karmor_ruleset_free(pass->audit);
	}
	for (size_t i = 0; i < plan->n_rows; i++)
		free(plan->rows[i].why);
	free(plan->passes);
	free(plan->rows);
	*plan = (struct plan){ 0 };
}
