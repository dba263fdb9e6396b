/* SPDX-License-Identifier: Apache-2.0 */
/*
 * karmor decide --table: prints each row that differs and what it comes to. Policies are read
 * relative to the table.
 */
#include <errno.h>
#include <string.h>

#include "cli.h"
#include "decide.h"
#include "table.h"
#include "text.h"
#include "verb.h"

/* Messages about a load belong on standard error once, beside the rows that cannot be asked. */
static int load(void *data, const char *names, struct karmor_policies **ret,
		struct karmor_diag *diag)
{
	int r = table_load(data, names, ret, diag);

	if (karmor_diag_count(diag, KARMOR_ERROR))
		cli_print_diag(diag);
	return r;
}

static void print_text(const struct decide_options *options, const struct table_row *row,
		       const struct table_answer *answer)
{
	static const enum table_column shown[] = { TABLE_OP, TABLE_OBJECT, TABLE_SOURCE,
						   TABLE_POLICIES, TABLE_NOTE };

	text_print(stdout, options->table);
	printf(":%u: expected ", row->line);
	text_print(stdout, row->cells[TABLE_VERDICT]);
	putchar(' ');
	text_print(stdout, *row->cells[TABLE_POLICY] ? row->cells[TABLE_POLICY] : "*");
	if (answer->fault) {
		fputs(", cannot be asked: ", stdout);
		text_print(stdout, answer->fault);
	} else {
		printf(", got %s ", table_action_name(answer->verdict.action));
		text_print(stdout, answer->verdict.policy);
	}
	putchar(':');
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		fputs(i ? "  " : " ", stdout);
		text_print(stdout, *row->cells[shown[i]] ? row->cells[shown[i]] : "-");
	}
	putchar('\n');
}

static void print_json(const struct table_row *row, const struct table_answer *answer, bool first)
{
	printf("%s{\"line\":%u,\"expected\":{\"verdict\":", first ? "" : ",", row->line);
	text_print_json(stdout, row->cells[TABLE_VERDICT]);
	fputs(",\"policy\":", stdout);
	text_print_json(stdout, *row->cells[TABLE_POLICY] ? row->cells[TABLE_POLICY] : NULL);
	fputs("},\"fault\":", stdout);
	text_print_json(stdout, answer->fault);
	if (!answer->fault) {
		printf(",\"verdict\":\"%s\",\"policy\":",
		       table_action_name(answer->verdict.action));
		text_print_json(stdout, answer->verdict.policy);
	}
	putchar('}');
}

/* Asks every row. The number that differ, or -ENOMEM. */
static long ask_rows(const struct decide_options *options, struct asker *asker,
		     const struct table *table)
{
	struct table_answer answer;
	long differ = 0;

	for (size_t i = 0; i < table->n_rows; i++) {
		const struct table_row *row = &table->rows[i];

		if (asker_ask(asker, row, &answer) < 0)
			return -ENOMEM;
		if (!answer.differs)
			continue;
		if (options->json)
			print_json(row, &answer, !differ);
		else
			print_text(options, row, &answer);
		differ++;
	}
	return differ;
}

static int ask_table(const struct decide_options *options, const struct table *table,
		     struct table_place *place)
{
	struct asker asker;
	long differ = -ENOMEM;

	if (options->json)
		fputs("{\"differences\":[", stdout);
	if (asker_init(&asker, load, place, options->subject.root) == 0)
		differ = ask_rows(options, &asker, table);
	asker_done(&asker);
	if (differ < 0)
		return cli_wrong("out of memory");
	if (options->json)
		printf("],\"rows\":%zu,\"differ\":%ld}\n", table->n_rows, differ);
	else
		printf("%zu rows, %ld differ\n", table->n_rows, differ);
	return differ ? EXIT_NO : EXIT_YES;
}

static int open_table(const char *name, struct table *ret)
{
	int r = table_open(ret, name);

	if (r == -EINVAL && ret->fault)
		return cli_wrong("%s:1: %s", name, ret->fault);
	return r < 0 ? cli_wrong("%s: %s", name, strerror(-r)) : 0;
}

int decide_table(const struct decide_options *options)
{
	struct table_place place;
	struct table table = { 0 };
	int r;

	if (table_place_init(&place, options->table) < 0)
		return cli_wrong("out of memory");
	place.files = options->files;
	place.n_files = options->n_files;
	r = open_table(options->table, &table);
	if (r == 0)
		r = ask_table(options, &table, &place);
	table_drop(&table);
	table_place_done(&place);
	return r;
}
