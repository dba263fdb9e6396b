/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables that the BPF backend compiles, asked natively and held against eval: on the rows of
 * the conformance table, and on random policies and questions (KARMOR_SEED, KARMOR_CASES; with
 * KARMOR_LONG a million of them), where the automaton of lib is asked as well.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../daemon/table.h"
#include "../support.h"
#include "automaton.h"
#include "bpf-judge.h"
#include "bpf-random.h"
#include "buf.h"
#include "caps.h"
#include "cleanup.h"
#include "eval.h"
#include "match.h"

#define QUESTIONS 60

DEFINE_CLEANUP(policies, struct karmor_policies, karmor_policies_free)
DEFINE_CLEANUP(ruleset, struct karmor_ruleset, karmor_ruleset_free)
DEFINE_CLEANUP(diag, struct karmor_diag, karmor_diag_free)
DEFINE_CLEANUP(caps, struct karmor_caps, karmor_caps_free)
DEFINE_CLEANUP(artifact, struct karmor_artifact, bpf_artifact_free)

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static void fail_with(const struct karmor_diag *diag, const char *what)
{
	karmor_diag_print(diag, stdout, false);
	ck_abort_msg("%s", what);
}

static struct karmor_artifact *compile(const struct karmor_ruleset *set)
{
	_cleanup_(cleanup_diag) struct karmor_diag *diag = karmor_diag_new();
	_cleanup_(cleanup_caps) struct karmor_caps *caps = NULL;
	struct karmor_artifact *ret = NULL;

	ck_assert_int_eq(caps_new(NULL, &caps), 0);
	ck_assert_int_eq(bpf_full(caps), 0);
	if (bpf_compile(&set, 1, NULL, caps, &ret, NULL, diag) != 0)
		fail_with(diag, "bpf_compile");
	return ret;
}

static const struct bpf_ruleset *table_of(const struct karmor_artifact *artifact)
{
	return bpf_ruleset_at(artifact, 0);
}

static void check(const struct karmor_ruleset *set, const struct karmor_artifact *artifact,
		  const struct access *access, const char *object, const char *about)
{
	struct eval_verdict verdict = eval_ask(set, access);
	uint32_t expected = bpf_judge_word(set, &verdict);
	struct bpf_answer answer = bpf_judge(table_of(artifact), access);

	ck_assert_msg(!answer.fault && answer.verdict == expected,
		      "%s: op %d \"%s\" from \"%s\" owner %d: eval %#x, table %#x%s", about,
		      access->op, object, access->source ? access->source : "-", access->owner,
		      expected, answer.verdict, answer.fault ? " (fault)" : "");
}

static struct karmor_ruleset *row_ruleset(const struct table_row *row,
					  const struct karmor_policies *policies)
{
	const char *const *cells = row->cells;
	bool everything = strcmp(cells[TABLE_LABELS], "*") == 0;
	struct karmor_subject subject = KARMOR_STRUCT(
		karmor_subject, .everything = everything,
		.host = strcmp(cells[TABLE_HOST], "yes") == 0,
		.labels = everything ? NULL : cells[TABLE_LABELS],
		.namespace_name = *cells[TABLE_NAMESPACE] ? cells[TABLE_NAMESPACE] : NULL,
		.container = *cells[TABLE_CONTAINER] ? cells[TABLE_CONTAINER] : NULL,
		.posture = cells[TABLE_POSTURE]);
	struct karmor_ruleset *ret = NULL;

	ck_assert_int_eq(karmor_ruleset_new(policies, &subject, &ret, NULL), 0);
	return ret;
}

static void check_row(const struct table_row *row, struct table_place *place)
{
	const char *const *cells = row->cells;
	_cleanup_(cleanup_policies) struct karmor_policies *policies = NULL;
	_cleanup_(cleanup_ruleset) struct karmor_ruleset *set = NULL;
	_cleanup_(cleanup_artifact) struct karmor_artifact *artifact = NULL;
	struct karmor_access question =
		KARMOR_STRUCT(karmor_access, .op = (enum karmor_op)table_op(cells[TABLE_OP]),
			      .object = cells[TABLE_OBJECT],
			      .source = *cells[TABLE_SOURCE] ? cells[TABLE_SOURCE] : NULL,
			      .not_owner = strcmp(cells[TABLE_OWNER], "no") == 0);
	char about[32];
	struct access access;

	snprintf(about, sizeof(about), "line %u", row->line);
	ck_assert_int_eq(table_load(place, cells[TABLE_POLICIES], &policies, NULL), 0);
	set = row_ruleset(row, policies);
	artifact = compile(set);
	ck_assert_int_eq(access_read(&question, &access, NULL), 0);
	check(set, artifact, &access, question.object, about);
}

START_TEST(tables_answer_the_conformance_cases_as_eval_does)
{
	static const char file[] = "tests/data/conformance/cases.tsv";
	struct table table = { 0 };
	struct table_place place = { 0 };
	size_t asked = 0;

	ck_assert_int_eq(table_open(&table, file), 0);
	ck_assert_int_eq(table_place_init(&place, file), 0);
	for (size_t i = 0; i < table.n_rows; i++) {
		if (table.rows[i].fault)
			continue;
		check_row(&table.rows[i], &place);
		asked++;
	}
	printf("# %zu of %zu rows asked\n", asked, table.n_rows);
	ck_assert_uint_gt(asked, 500);
	table_place_done(&place);
	table_drop(&table);
}
END_TEST

static struct karmor_ruleset *random_ruleset(struct buf *text, struct karmor_policies *policies)
{
	_cleanup_(cleanup_diag) struct karmor_diag *diag = karmor_diag_new();
	struct karmor_subject subject =
		KARMOR_STRUCT(karmor_subject, .everything = true, .posture = random_posture());
	struct karmor_ruleset *ret = NULL;
	unsigned n = 1 + random_below(3);

	for (unsigned i = 0; i < n; i++)
		random_policy(text, i);
	if (karmor_policies_add_text(policies, "random", text->data, text->len, diag) != 0)
		fail_with(diag, text->data);
	if (karmor_ruleset_new(policies, &subject, &ret, diag) != 0)
		fail_with(diag, text->data);
	return ret;
}

/* The automata of the two sections of paths. */
struct automata {
	struct automaton *sections[KARMOR_FILE + 1];
};

static void automata_done(struct automata *automata)
{
	for (size_t i = 0; i < ARRAY_SIZE(automata->sections); i++)
		automaton_free(automata->sections[i]);
}

static void automata_make(struct automata *automata, const struct karmor_ruleset *set)
{
	_cleanup_free_ struct automaton_matcher *matchers =
		calloc(set->n_rules + 1, sizeof(*matchers));

	ck_assert_ptr_nonnull(matchers);
	for (int section = 0; section <= KARMOR_FILE; section++) {
		size_t n, first = eval_section(set, (enum karmor_section)section, &n);

		for (size_t i = 0; i < n; i++) {
			const struct ruleset_rule *rule = &set->rules[first + i];

			matchers[i] = (struct automaton_matcher){ .match = rule->match,
								  .recursive = rule->recursive,
								  .path = rule->path,
								  .id = (uint32_t)(first + i) };
		}
		ck_assert_int_eq(automaton_compile(matchers, n, &automata->sections[section], NULL),
				 0);
	}
}

/* What matches is the automaton's to say, what that means eval_choose's. */
static void check_automaton(const struct karmor_ruleset *set, const struct automata *automata,
			    const struct access *access, const char *about)
{
	const struct automaton *automaton = automata->sections[access->section];
	const struct automaton_accept *accept =
		&automaton->accepts[automaton_run(automaton, access->path)];
	_cleanup_free_ uint32_t *matched = calloc(accept->n + 1, sizeof(*matched));
	struct eval_access asked = { .section = access->section,
				     .op = access->op,
				     .owner = access->owner };
	struct eval_verdict expected = eval_ask(set, access), verdict;
	size_t n = 0;

	ck_assert_ptr_nonnull(matched);
	for (size_t i = 0; i < accept->n; i++)
		if (match_source(&set->rules[accept->ids[i]], access->source))
			matched[n++] = accept->ids[i];
	verdict = eval_choose(set, &asked, matched, n);
	ck_assert_msg(verdict.action == expected.action && verdict.rule == expected.rule &&
			      verdict.posture == expected.posture,
		      "%s: op %d \"%s\": the automaton leads to another verdict", about, access->op,
		      access->path);
}

static bool is_on_the_way(enum ir_match match, bool recursive, const char *to, const char *path)
{
	struct automaton_matcher matcher = {
		.match = match, .recursive = recursive, .path = to, .ancestors = true
	};
	struct automaton *automaton = NULL;
	bool ret;

	ck_assert_int_eq(automaton_compile(&matcher, 1, &automaton, NULL), 0);
	ret = automaton->accepts[automaton_run(automaton, path)].n > 0;
	automaton_free(automaton);
	return ret;
}

static bool source_is_below(const struct ruleset_rule *rule, const char *path)
{
	for (size_t i = 0; i < rule->ir->n_sources; i++)
		if (is_on_the_way(rule->sources[i].match, rule->sources[i].recursive,
				  rule->sources[i].path, path))
			return true;
	return false;
}

/*
 * The guard denies for the first Block rule that names something below, and else for the first
 * Allow rule whose source is below, whoever asks.
 */
static void check_guard(const struct karmor_ruleset *set, const struct karmor_artifact *artifact,
			const char *path, const char *source, const char *about)
{
	struct bpf_answer answer = bpf_judge_guard(table_of(artifact), path, source);
	uint32_t expected = ABI_ALLOW;

	for (size_t i = 0; i < set->n_rules && !expected; i++) {
		const struct ruleset_rule *rule = &set->rules[i];

		if (rule->ir->section <= KARMOR_FILE && rule->action == KARMOR_BLOCK &&
		    match_source(rule, source) &&
		    is_on_the_way(rule->match, rule->recursive, rule->path, path))
			expected = ABI_BLOCK | (uint32_t)(i + 1) << ABI_RULE_SHIFT;
	}
	for (size_t i = 0; i < set->n_rules && !expected; i++)
		if (set->rules[i].ir->section < KARMOR_SYSCALLS &&
		    set->rules[i].action == KARMOR_ALLOW && source_is_below(&set->rules[i], path))
			expected = ABI_BLOCK | (uint32_t)(i + 1) << ABI_RULE_SHIFT;
	ck_assert_msg(!answer.fault &&
			      (answer.verdict & ~(uint32_t)(ABI_NAMED | ABI_EXACT)) == expected,
		      "%s: guard of \"%s\" from \"%s\": %#x, should be %#x", about, path,
		      source ? source : "-", answer.verdict, expected);
}

/* What one run came to. */
struct counts {
	uint64_t accesses, paths, guards, verdicts[3];
};

static void check_access(const struct karmor_ruleset *set, const struct karmor_artifact *artifact,
			 const struct automata *automata, const char *about, struct counts *counts)
{
	_cleanup_buf_ struct buf object = { 0 };
	_cleanup_buf_ struct buf source = { 0 };
	struct karmor_access question = random_access(&object, &source);
	struct access access;

	ck_assert_int_eq(access_read(&question, &access, NULL), 0);
	check(set, artifact, &access, question.object, about);
	counts->verdicts[eval_ask(set, &access).action]++;
	counts->accesses++;
	if (!access.path || access.section > KARMOR_FILE)
		return;
	check_automaton(set, automata, &access, about);
	counts->paths++;
	if (counts->accesses % 4)
		return;
	check_guard(set, artifact, access.path, access.source, about);
	counts->guards++;
}

static void check_random(uint64_t at, struct counts *counts)
{
	_cleanup_(automata_done) struct automata automata = { 0 };
	_cleanup_(cleanup_policies) struct karmor_policies *policies = NULL;
	_cleanup_(cleanup_ruleset) struct karmor_ruleset *set = NULL;
	_cleanup_(cleanup_artifact) struct karmor_artifact *artifact = NULL;
	_cleanup_buf_ struct buf text = { 0 };
	_cleanup_buf_ struct buf about = { 0 };

	ck_assert_int_eq(karmor_policies_new(&policies), 0);
	set = random_ruleset(&text, policies);
	artifact = compile(set);
	buf_printf(&about, "case %llu\n%s\n", (unsigned long long)at, text.data);
	automata_make(&automata, set);
	for (int i = 0; i < QUESTIONS; i++)
		check_access(set, artifact, &automata, about.data, counts);
}

/* Enough for a million accesses, where there is time. */
static uint64_t cases_wanted(void)
{
	return number_of("KARMOR_CASES", getenv("KARMOR_LONG") ? 1000000 / QUESTIONS + 1 : 800);
}

START_TEST(eval_automaton_and_table_agree_on_random_questions)
{
	uint64_t seed = number_of("KARMOR_SEED", 20260503), cases = cases_wanted();
	struct counts counts = { 0 };

	random_seed(seed);
	for (uint64_t i = 0; i < cases; i++)
		check_random(i, &counts);
	printf("# seed %" PRIu64 ": %" PRIu64 " accesses (%" PRIu64 " allowed, %" PRIu64
	       " audited, %" PRIu64 " blocked) of %" PRIu64 " rulesets agree between eval and "
	       "table, %" PRIu64 " of them with the automaton, %" PRIu64 " with the guard\n",
	       seed, counts.accesses, counts.verdicts[KARMOR_ALLOW], counts.verdicts[KARMOR_AUDIT],
	       counts.verdicts[KARMOR_BLOCK], cases, counts.paths, counts.guards);
	fflush(stdout);
}
END_TEST

/* Every socket there can be, against the representatives that the rows were made of. */
static void check_sockets(const struct karmor_ruleset *set, const struct karmor_artifact *artifact,
			  const char *protocol)
{
	struct access access = { .section = KARMOR_NETWORK, .op = KARMOR_NET, .owner = true };

	for (access.family = 0; access.family < 48; access.family++)
		for (access.type = 0; access.type < 12; access.type++)
			for (access.number = -1; access.number < 300; access.number++)
				check(set, artifact, &access, protocol, "socket");
}

START_TEST(network_rows_stand_for_every_socket)
{
	for (int i = 0; i < IR_PROTOCOL_COUNT; i++) {
		_cleanup_(cleanup_policies) struct karmor_policies *policies = NULL;
		_cleanup_(cleanup_ruleset) struct karmor_ruleset *set = NULL;
		_cleanup_(cleanup_artifact) struct karmor_artifact *artifact = NULL;
		_cleanup_buf_ struct buf text = { 0 };
		struct karmor_subject subject = KARMOR_STRUCT(karmor_subject, .everything = true,
							      .posture = "network=block");

		buf_printf(&text,
			   "apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\n"
			   "metadata: {name: p}\nspec:\n  selector: {}\n  network:\n"
			   "    matchProtocols: [{protocol: %s, action: %s}]\n",
			   ir_protocol_name((enum ir_protocol)i), i & 1 ? "Block" : "Allow");
		ck_assert_int_eq(karmor_policies_new(&policies), 0);
		ck_assert_int_eq(karmor_policies_add_text(policies, "p", text.data, text.len, NULL),
				 0);
		ck_assert_int_eq(karmor_ruleset_new(policies, &subject, &set, NULL), 0);
		artifact = compile(set);
		check_sockets(set, artifact, ir_protocol_name((enum ir_protocol)i));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bpf");
	TCase *tcase = tcase_create("offline");

	tcase_add_test(tcase, tables_answer_the_conformance_cases_as_eval_does);
	tcase_add_test(tcase, eval_automaton_and_table_agree_on_random_questions);
	tcase_add_test(tcase, network_rows_stand_for_every_socket);
	tcase_set_timeout(tcase, 3000);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
