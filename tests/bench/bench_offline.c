/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has a goal and is no program of its own: compiling for BPF, and matching where there are
 * more and more rules. Prints name, figure and goal, with tabs between them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <karmor/karmor.h>

#include "automaton.h"
#include "buf.h"
#include "cleanup.h"
#include "paths.h"

#define RULES_MAX 10000
#define TRIES 5 /* the best one counts: the machine is not ours alone */
#define ASKED 1000
#define WARM 10 /* so many paths stay in the caches */
#define ROUNDS 20

static void check(int r, const char *what)
{
	if (r == 0)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(-r));
	exit(EXIT_FAILURE);
}

static void add_literal(struct buf *text)
{
	char path[80] = "";

	paths_add(path, 2);
	buf_printf(text, "    - {path: \"%s\", action: Block}\n", path);
}

static void add_glob(struct buf *text)
{
	static const char *const tails[] = {
		"/*", "/*.so", "/[a-f]*", "/?x*", "/*/conf", "/{a,b}*c"
	};
	char path[80] = "";

	paths_add(path, 1);
	buf_printf(text, "    - {pattern: \"%s%s\", action: Block}\n", path, tails[paths_below(6)]);
}

static double keep_best(double best, double taken)
{
	return best > 0 && best < taken ? best : taken;
}

static double compile(const struct karmor_ruleset *set)
{
	struct karmor_artifact *artifact;
	struct karmor_caps *caps;
	double begin;

	check(karmor_caps_full(karmor_backend_find("bpf"), &caps), "caps");
	begin = paths_seconds();
	check(karmor_compile(&set, 1, caps, &artifact, NULL, NULL), "compile");
	begin = paths_seconds() - begin;
	karmor_artifact_free(artifact);
	karmor_caps_free(caps);
	return begin;
}

static void time_compile(const char *name, const char *list, void (*add)(struct buf *text),
			 size_t n, const char *goal)
{
	struct karmor_subject subject = KARMOR_STRUCT(karmor_subject, .everything = true);
	struct karmor_policies *policies;
	struct karmor_ruleset *set;
	_cleanup_buf_ struct buf text = { 0 };
	double best = 0;

	buf_printf(&text,
		   "apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\n"
		   "metadata: {name: p}\nspec:\n  selector: {}\n  file:\n    %s:\n",
		   list);
	while (n--)
		add(&text);
	check(karmor_policies_new(&policies), "load");
	check(karmor_policies_add_text(policies, name, text.data, text.len, NULL), "load");
	check(karmor_ruleset_new(policies, &subject, &set, NULL), "ruleset");
	for (int i = 0; i < TRIES; i++)
		best = keep_best(best, compile(set));
	printf("%s\t%.0f ms\t%s\n", name, best * 1e3, goal);
	karmor_ruleset_free(set);
	karmor_policies_free(policies);
}

static char texts[RULES_MAX][80];

static double match_once(const struct automaton *automaton, size_t n)
{
	double begin = paths_seconds();
	uint64_t sum = 0;

	for (size_t i = 0; i < ASKED * ROUNDS; i++)
		sum += automaton_run(automaton, texts[i * 7 % n]);
	if (sum == 0)
		exit(EXIT_FAILURE);
	return (paths_seconds() - begin) / ASKED / ROUNDS;
}

/* Asks of the first @n rules. */
static double time_match(const struct automaton *automaton, size_t n)
{
	double best = 0;

	for (int i = 0; i < TRIES; i++)
		best = keep_best(best, match_once(automaton, n));
	return best * 1e9;
}

static void time_matches(size_t n)
{
	static struct automaton_matcher matchers[RULES_MAX];
	struct automaton *automaton;

	for (size_t i = 0; i < n; i++)
		matchers[i] = (struct automaton_matcher){ .match = IR_PATH,
							  .path = texts[i],
							  .id = (uint32_t)i };
	check(automaton_compile(matchers, n, &automaton, NULL), "automaton");
	printf("match one of %d paths, %zu rules\t%.0f ns\tthe same for any number\n", WARM, n,
	       time_match(automaton, WARM));
	printf("  one of all, out of the caches\t%.0f ns\tnone\n", time_match(automaton, n));
	automaton_free(automaton);
}

int main(void)
{
	time_compile("compile 1,000 anchored globs", "matchPatterns", add_glob, 1000, "100 ms");
	time_compile("compile 10,000 literal paths", "matchPaths", add_literal, RULES_MAX,
		     "1,000 ms");
	for (size_t i = 0; i < RULES_MAX; i++)
		paths_add(texts[i], 2);
	for (size_t n = 10; n <= RULES_MAX; n *= 10)
		time_matches(n);
	return EXIT_SUCCESS;
}
