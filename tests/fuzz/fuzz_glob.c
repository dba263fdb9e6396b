/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A glob as an automaton against the glob as match_path() reads it. Input: the pattern on the first
 * line, a path on each further line.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "automaton.h"
#include "match.h"

/* More only takes longer: every "?" behind a "*" may double the states, up to the bound. */
#define PATTERN_MAX 200
#define WILDCARDS_MAX 12

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count_wildcards(const char *text)
{
	size_t ret = 0;

	for (; *text; text++)
		ret += strchr("*?[{", *text) != NULL;
	return ret;
}

static bool is_pattern(const char *text)
{
	size_t len = strlen(text), offset;
	const char *what;

	return len > 1 && len <= PATTERN_MAX && count_wildcards(text) <= WILDCARDS_MAX &&
	       text[len - 1] != '/' && !strstr(text, "//") &&
	       match_pattern_check(text, &what, &offset) == 0;
}

static void check_path(const struct automaton *automaton, const char *pattern, const char *path)
{
	const char *why;
	bool accepted;

	if (!access_is_path(path, &why))
		return;
	accepted = automaton->accepts[automaton_run(automaton, path)].n > 0;
	if (accepted == match_path(IR_PATTERN, pattern, false, path))
		return;
	fprintf(stderr, "\"%s\" on \"%s\": the automaton says %d\n", pattern, path, accepted);
	abort();
}

static void check_lines(char *text)
{
	char *rest = NULL, *pattern = strtok_r(text, "\n", &rest), *path;
	struct automaton_matcher matcher = { .match = IR_PATTERN, .path = pattern };
	struct automaton *automaton = NULL;

	if (!pattern || !is_pattern(pattern))
		return;
	if (automaton_compile(&matcher, 1, &automaton, NULL) < 0)
		return;
	while ((path = strtok_r(NULL, "\n", &rest)))
		check_path(automaton, pattern, path);
	automaton_free(automaton);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	check_lines(text);
	free(text);
	return 0;
}
