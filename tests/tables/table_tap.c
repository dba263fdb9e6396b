/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the rows of tables as `karmor decide --table` does; each row is one TAP test.
 */
#include <stdlib.h>
#include <string.h>

#include "table.h"
#include "text.h"

static void print_result(const char *name, const struct table_row *row,
			 const struct table_answer *answer)
{
	static size_t number;

	printf("%sok %zu - ", answer->differs ? "not " : "", ++number);
	text_print(stdout, name);
	printf(":%u ", row->line);
	text_print(stdout, row->cells[TABLE_NOTE]);
	putchar('\n');
	if (!answer->differs)
		return;
	fputs("# expected ", stdout);
	text_print(stdout, row->cells[TABLE_VERDICT]);
	putchar(' ');
	text_print(stdout, row->cells[TABLE_POLICY]);
	fputs(", got ", stdout);
	text_print(stdout,
		   answer->fault ? answer->fault : table_action_name(answer->verdict.action));
	putchar(' ');
	text_print(stdout, answer->fault ? "" : answer->verdict.policy);
	putchar('\n');
}

/* The number of rows, or -1 after saying why. */
static long ask_table(const char *name)
{
	struct table_place place = { 0 };
	struct table_answer answer;
	struct asker asker = { 0 };
	struct table table = { 0 };
	long n = -1;
	int r = table_place_init(&place, name);

	if (r == 0)
		r = table_open(&table, name);
	if (r == 0)
		r = asker_init(&asker, table_load, &place, NULL);
	for (size_t i = 0; r == 0 && i < table.n_rows; i++) {
		r = asker_ask(&asker, &table.rows[i], &answer);
		if (r == 0)
			print_result(name, &table.rows[i], &answer);
	}
	if (r == 0)
		n = (long)table.n_rows;
	else
		printf("Bail out! %s: %s\n", name, table.fault ? table.fault : strerror(-r));
	asker_done(&asker);
	table_drop(&table);
	table_place_done(&place);
	return n;
}

int main(int argc, char *argv[])
{
	long total = 0, n;

	for (int i = 1; i < argc; i++) {
		n = ask_table(argv[i]);
		if (n < 0)
			return EXIT_FAILURE;
		total += n;
	}
	printf("1..%ld\n", total);
	return EXIT_SUCCESS;
}
