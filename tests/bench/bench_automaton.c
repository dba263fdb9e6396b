/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sets of matchers cost: states of the automaton, records and bytes of the BPF table, and the
 * time that both take. The sets are made by a fixed seed, so that only the times differ from run to
 * run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "automaton.h"
#include "bpf/table.h"
#include "cleanup.h"
#include "paths.h"

#define RULES_MAX 10000

static void make_literal(struct automaton_matcher *ret, char *text)
{
	ret->match = IR_PATH;
	paths_add(text, 2);
}

static void make_directory(struct automaton_matcher *ret, char *text)
{
	ret->match = IR_DIR;
	ret->recursive = paths_below(2);
	paths_add(text, 1 + paths_below(2));
}

static void make_glob(struct automaton_matcher *ret, char *text)
{
	static const char *const tails[] = {
		"/*", "/*.so", "/[a-f]*", "/?x*", "/*/conf", "/{a,b}*c"
	};

	ret->match = IR_PATTERN;
	paths_add(text, 1);
	strcat(text, tails[paths_below(6)]);
}

static void make_anywhere(struct automaton_matcher *ret, char *text)
{
	ret->match = IR_PATTERN;
	strcpy(text, paths_below(2) ? "**/" : "");
	paths_add_name(text);
	strcat(text, "*");
}

typedef void make_fn(struct automaton_matcher *ret, char *text);

struct part {
	make_fn *make;
	size_t n;
};

static const struct {
	const char *name;
	struct part parts[4];
} sets[] = {
	{ "10 literals and directories", { { make_literal, 5 }, { make_directory, 5 } } },
	{ "1,000 literals", { { make_literal, 1000 } } },
	{ "10,000 literals", { { make_literal, 10000 } } },
	{ "1,000 anchored globs", { { make_glob, 1000 } } },
	{ "1,000 literals, 500 directories", { { make_literal, 1000 }, { make_directory, 500 } } },
	{ "1,000 literals, 500 directories, 500 globs",
	  { { make_literal, 1000 }, { make_directory, 500 }, { make_glob, 500 } } },
	{ "100 each, 33 of the globs anywhere",
	  { { make_literal, 100 },
	    { make_directory, 100 },
	    { make_glob, 67 },
	    { make_anywhere, 33 } } },
	{ "10,000 literals, 10 globs anywhere", { { make_literal, 9990 }, { make_anywhere, 10 } } },
	{ "1,000 globs anywhere", { { make_anywhere, 1000 } } },
};

static int encode(const struct automaton *automaton, size_t *records)
{
	_cleanup_free_ uint32_t *accepts = calloc(automaton->n_accepts, sizeof(*accepts));
	struct bpf_table table;
	uint32_t start;
	int err = bpf_table_init(&table);

	if (!accepts)
		err = -1;
	for (uint32_t i = 0; !err && i < automaton->n_accepts; i++)
		accepts[i] = i;
	err = err ? err : bpf_table_automaton(&table, automaton, accepts, &start);
	err = err ? err : bpf_table_finish(&table);
	*records = table.n;
	bpf_table_done(&table);
	return err;
}

static int run(const char *name, const struct automaton_matcher *matchers, size_t n)
{
	double begin = paths_seconds(), made, written;
	struct automaton *automaton = NULL;
	size_t records = 0;
	int err = automaton_compile(matchers, n, &automaton, NULL);

	if (err) {
		printf("%-44s beyond the bound after %.2f s\n", name, paths_seconds() - begin);
		return 0;
	}
	made = paths_seconds();
	err = encode(automaton, &records);
	written = paths_seconds();
	printf("%-44s %7zu states %7zu records %7.0f KiB %5.2f s + %5.2f s%s\n", name,
	       automaton->n_states, records, (double)records * 16 / 1024, made - begin,
	       written - made, err ? " FAILED" : "");
	automaton_free(automaton);
	return err;
}

int main(void)
{
	static char texts[RULES_MAX][80];
	static struct automaton_matcher matchers[RULES_MAX];
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		size_t n = 0;

		for (const struct part *part = sets[i].parts; part < sets[i].parts + 4; part++)
			for (size_t k = 0; k < part->n; k++, n++) {
				matchers[n] = (struct automaton_matcher){ .path = texts[n],
									  .id = (uint32_t)n };
				part->make(&matchers[n], texts[n]);
			}
		err |= run(sets[i].name, matchers, n);
	}
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
