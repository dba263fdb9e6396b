/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the rows of tables of a running kernel: what it does and the events that it gives are held
 * against each row's verdict and policy. Root, on a machine that is a test's own; tests/vm/table
 * boots one.
 *
 * Prints each row that does not agree, and "N rows, N differ, N as reported, N not asked"; with
 * --tap one line of TAP for each row, where what differs just as the backend's report says has
 * passed, and says so. Exit status 0, 1 where a row differs, 2 where none can be asked.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "table-live.h"
#include "text.h"

/* Workloads at a time: applying costs much, a root and a process little. */
#define PASSES 24

struct options {
	size_t passes, every; /* at a time; and one of so many is asked */
	const char *backend;
	struct programs programs;
	bool tap;
};

struct totals {
	size_t rows, differ, unasked, reported;
};

static void print_place(const char *table, const struct live_row *row)
{
	text_print(stdout, table);
	printf(":%u", row->row->line);
}

static void print_question(const struct live_row *row)
{
	static const enum table_column shown[] = { TABLE_OP,	  TABLE_OBJECT,	 TABLE_SOURCE,
						   TABLE_OWNER,	  TABLE_POSTURE, TABLE_POLICIES,
						   TABLE_VERDICT, TABLE_POLICY };

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		const char *cell = row->row->cells[shown[i]];

		putchar(' ');
		text_print(stdout, *cell ? cell : "-");
	}
}

static void print_row(const char *table, const struct live_row *row)
{
	if (row->state == ROW_AGREES)
		return;
	print_place(table, row);
	printf(": %s: ", row->state == ROW_UNASKED    ? "not asked"
			 : row->state == ROW_REPORTED ? "as reported"
						      : "differs");
	text_print(stdout, row->why ? row->why : "out of memory");
	fputs(":", stdout);
	print_question(row);
	putchar('\n');
}

/* A "#" in a name would begin a directive. */
static void print_tap(const char *table, const struct live_row *row, size_t number)
{
	const char *why = row->why ? row->why : "out of memory";

	printf("%s %zu - ", row->state == ROW_DIFFERS ? "not ok" : "ok", number);
	print_place(strrchr(table, '/') ? strrchr(table, '/') + 1 : table, row);
	printf(" %s %s", row->row->cells[TABLE_OP], row->row->cells[TABLE_VERDICT]);
	if (row->state == ROW_UNASKED) {
		fputs(" # SKIP ", stdout);
		text_print(stdout, why);
	}
	if (row->state == ROW_REPORTED)
		printf(" (as reported: approximated, %s)", row->reported);
	putchar('\n');
	if (row->state != ROW_DIFFERS && row->state != ROW_REPORTED)
		return;
	fputs("# ", stdout);
	text_print(stdout, why);
	fputs(":", stdout);
	print_question(row);
	putchar('\n');
}

static void print_rows(const struct options *options, const char *table, const struct plan *plan,
		       struct totals *totals)
{
	for (size_t i = 0; i < plan->n_rows; i++) {
		const struct live_row *row = &plan->rows[i];

		totals->rows++;
		totals->differ += row->state == ROW_DIFFERS || row->state == ROW_OPEN;
		totals->unasked += row->state == ROW_UNASKED;
		totals->reported += row->state == ROW_REPORTED;
		if (options->tap)
			print_tap(table, row, totals->rows);
		else
			print_row(table, row);
	}
	fflush(stdout);
}

/* Those that are asked come first; how many. */
static size_t share(struct plan *plan, size_t every)
{
	size_t kept = 0;

	for (size_t i = 0; i < plan->n_passes; i++) {
		struct pass pass = plan->passes[i];

		if (i % every) {
			pass_settle(&pass, ROW_UNASKED, "of another share");
			continue;
		}
		plan->passes[i] = plan->passes[kept];
		plan->passes[kept++] = pass;
	}
	return kept;
}

/* What takes long says how far it is. */
static int run(const struct options *options, struct stage *stage, struct plan *plan)
{
	size_t n_asked = share(plan, options->every), n;
	int r = 0;

	for (size_t at = 0; r == 0 && at < n_asked; at += n) {
		n = n_asked - at < options->passes ? n_asked - at : options->passes;
		r = stage_run(stage, plan->passes + at, n);
		if (!options->tap)
			fprintf(stderr, "table: %zu of %zu workloads were asked\n", at + n,
				n_asked);
	}
	return r;
}

static int ask_table(const struct options *options, struct stage *stage, const char *name,
		     struct totals *totals)
{
	struct table_place place = { 0 };
	struct table table = { 0 };
	struct asker asker = { 0 };
	struct plan plan = { 0 };
	int r = table_place_init(&place, name);

	if (r == 0)
		r = table_open(&table, name);
	if (r == 0)
		r = asker_init(&asker, table_load, &place, NULL);
	if (r == 0)
		r = plan_make(&plan, &table, &asker);
	if (r == 0)
		r = run(options, stage, &plan);
	if (r == 0)
		print_rows(options, name, &plan, totals);
	else
		fprintf(stderr, "table: %s: %s\n", name, table.fault ? table.fault : strerror(-r));
	plan_drop(&plan);
	asker_done(&asker);
	table_drop(&table);
	table_place_done(&place);
	return r;
}

/* Each policy of SELinux that is loaded is the whole machine's, made anew. */
static void print_changes(const struct stage *stage, size_t number)
{
	printf("%s %zu - the rules of %zu workloads are changed by %ld policy\n",
	       stage->most_policies == 1 ? "ok" : "not ok", number, stage->most_passes,
	       stage->most_policies);
}

static int ask_tables(const struct options *options, char *const tables[])
{
	struct totals totals = { 0 };
	struct stage stage;
	int r = stage_open(&stage, options->backend, &options->programs);

	for (; r == 0 && *tables; tables++)
		r = ask_table(options, &stage, *tables, &totals) < 0 ? 2 : 0;
	stage_close(&stage);
	if (r)
		return r;
	if (options->tap && stage.labels)
		print_changes(&stage, ++totals.rows);
	if (options->tap)
		printf("1..%zu\n# ", totals.rows);
	printf("%zu rows, %zu differ, %zu as reported, %zu not asked\n", totals.rows, totals.differ,
	       totals.reported, totals.unasked);
	return totals.differ || (stage.labels && stage.most_policies > 1);
}

/* @name, which was built beside us. */
static char *find_program(const char *beside, const char *name)
{
	const char *slash = strrchr(beside, '/');
	char *ret;

	if (asprintf(&ret, "%.*s%s", slash ? (int)(slash - beside) + 1 : 0, beside, name) < 0)
		return NULL;
	return ret;
}

int main(int argc, char *argv[])
{
	static const struct option long_options[] = {
		{ "backend", required_argument, NULL, 'b' },
		{ "passes", required_argument, NULL, 'p' },
		{ "every", required_argument, NULL, 'e' },
		{ "tap", no_argument, NULL, 't' },
		{ 0 },
	};
	struct options options = { .passes = PASSES,
				   .every = 1,
				   .backend = "bpf",
				   .programs = { find_program(argv[0], "table-actor"),
						 find_program(argv[0], "table-nothing") } };
	int option, r = 2;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) >= 0) {
		if (option == 'b')
			options.backend = optarg;
		else if (option == 'p')
			options.passes = strtoul(optarg, NULL, 10);
		else if (option == 'e')
			options.every = strtoul(optarg, NULL, 10);
		else if (option == 't')
			options.tap = true;
		else
			break;
	}
	if (option >= 0 || optind == argc || !options.passes || !options.every ||
	    !options.programs.actor || !options.programs.nothing)
		fputs("usage: table [--backend NAME] [--passes N] [--every N] [--tap] TABLE...\n",
		      stderr);
	else
		r = ask_tables(&options, argv + optind);
	free(options.programs.actor);
	free(options.programs.nothing);
	return r;
}
