/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The profiles that the AppArmor backend writes, compiled by apparmor_parser and asked without
 * AppArmor in the kernel: each row of a table. What the report calls unsupported is not asked, what
 * it says of protocols may differ; everything else must agree with eval.
 *
 *     table_apparmor [--priority] [--random N] TABLE...
 *
 * --random asks N random policies as well (KARMOR_SEED). --priority: the parser is of 4.1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../daemon/table.h"
#include "apparmor-dfa.h"
#include "apparmor/apparmor.h"
#include "apparmor/parser.h"
#include "bpf-random.h"
#include "buf.h"
#include "caps.h"
#include "cleanup.h"
#include "match.h"

/* A kernel, as data. */
#define FEATURES "tests/data/apparmor/features-6.1"
#define NAME "karmor"
#define QUESTIONS 60

static bool priorities;
static struct {
	size_t rows, differ, unsupported, approximated;
} total;

/* What a row's policies became. */
struct judged {
	struct karmor_policies *policies;
	struct karmor_ruleset *set;
	struct karmor_caps *caps;
	struct karmor_artifact *artifact;
	struct karmor_report *report;
	struct buf text, binary;
	struct dfa_profile profiles[APPARMOR_CLASSES_MAX];
	long n;
};

static void judged_done(struct judged *j)
{
	buf_done(&j->text);
	buf_done(&j->binary);
	karmor_report_free(j->report);
	karmor_artifact_free(j->artifact);
	karmor_caps_free(j->caps);
	karmor_ruleset_free(j->set);
	karmor_policies_free(j->policies);
}

static const struct apparmor_ruleset *ruleset_of(const struct judged *j)
{
	return &((const struct apparmor_artifact *)j->artifact)->rulesets[0];
}

static int make_set(struct judged *j, const struct table_row *row, struct table_place *place,
		    struct karmor_diag *diag)
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
	int r = table_load(place, cells[TABLE_POLICIES], &j->policies, diag);

	return r ? r : karmor_ruleset_new(j->policies, &subject, &j->set, diag);
}

static int make_profiles(struct judged *j, struct karmor_diag *diag)
{
	const struct karmor_ruleset *sets[] = { j->set };
	const struct apparmor_mediates nothing_else = { 0 };
	int r = karmor_caps_full(karmor_backend_find("apparmor"), &j->caps);

	r = r ? r : caps_set(j->caps, APPARMOR_CAP_PRIORITY, priorities);
	r = r ? r : karmor_compile(sets, 1, j->caps, &j->artifact, &j->report, diag);
	if (r)
		return r;
	apparmor_write(&j->text, &nothing_else, ruleset_of(j), NAME, 0);
	r = parser_run(j->text.data, j->text.len, FEATURES, &j->binary, diag);
	if (r)
		return r;
	j->n = dfa_read((const uint8_t *)j->binary.data, j->binary.len, j->profiles,
			APPARMOR_CLASSES_MAX);
	return j->n == (long)ruleset_of(j)->n_profiles ? 0 : -1;
}

/* The class whose rules are those that @source is named by. */
static int class_of(const struct judged *j, const char *source)
{
	const struct apparmor_ruleset *set = ruleset_of(j);

	for (size_t class = 0; class < set->n_profiles; class ++) {
		bool same = true;

		for (size_t i = 0; i < set->n_rules && same; i++)
			same = set->rules[i].section == KARMOR_SYSCALLS ||
			       (set->rules[i].classes >> class & 1) ==
				       match_source(&j->set->rules[i], source);
		if (same)
			return (int)class;
	}
	return -1;
}

static const struct dfa_profile *profile_of(const struct judged *j, unsigned class)
{
	_cleanup_buf_ struct buf name = { 0 };

	buf_printf(&name, class ? NAME ".%u" : NAME, class);
	for (long i = 0; i < j->n; i++)
		if (strcmp(j->profiles[i].name, name.data) == 0)
			return &j->profiles[i];
	return NULL;
}

/* An exec from the first profile, if it is allowed, must lead to the source's. */
static bool leads(const struct judged *j, const char *source, const struct dfa_profile *to)
{
	const struct dfa_profile *from = profile_of(j, 0);
	struct dfa_answer answer = dfa_path(from, source, DFA_EXEC, true);

	return !answer.allow || strcmp(answer.target ? answer.target : from->name, to->name) == 0;
}

static struct dfa_answer ask(const struct dfa_profile *profile, const struct access *access)
{
	static const enum dfa_perm perms[] = {
		[KARMOR_EXEC] = DFA_EXEC, [KARMOR_READ] = DFA_READ, [KARMOR_WRITE] = DFA_WRITE
	};

	if (access->section == KARMOR_NETWORK)
		return dfa_socket(profile, (unsigned)access->family, (unsigned)access->type);
	if (access->section == KARMOR_CAPABILITIES)
		return dfa_capability(profile, access->capability);
	return dfa_path(profile, access->path, perms[access->op], access->owner);
}

static enum karmor_action action_of(struct dfa_answer answer)
{
	return !answer.allow ? KARMOR_BLOCK : answer.audit ? KARMOR_AUDIT : KARMOR_ALLOW;
}

/* How well the section's rules are kept, the worst of them. */
static enum karmor_fidelity fidelity_of(const struct judged *j, enum karmor_section section)
{
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);
	enum karmor_fidelity ret = KARMOR_EXACT;

	for (size_t i = 0; karmor_report_at(j->report, i, &line) == 0; i++)
		if (j->set->rules[i].ir->section == section && line.fidelity > ret)
			ret = line.fidelity;
	return ret;
}

static void differs(const char *about, const char *what, const struct judged *j)
{
	printf("%s: %s\n", about, what);
	if (getenv("VERBOSE") && j->text.data)
		fputs(j->text.data, stdout);
	total.differ++;
}

static void describe(struct buf *buf, const char *place, const struct karmor_access *question)
{
	buf_printf(buf, "%s: %s \"%s\" from \"%s\"%s", place, table_op_name(question->op),
		   question->object, question->source ? question->source : "-",
		   question->not_owner ? ", not the owner" : "");
}

/*
 * What no task of the kind can do: exec the root directory (AppArmor calls a memfd so), or make a
 * socket of no family or of no type, or of one that has no name in a profile.
 */
static bool is_open_question(const struct access *access)
{
	if (access->section == KARMOR_NETWORK)
		return !access->family || !apparmor_type_name((unsigned)access->type);
	return access->op == KARMOR_EXEC && strcmp(access->path, "/") == 0;
}

static void judge_verdict(const char *about, const struct judged *j, const struct access *access,
			  const struct dfa_profile *profile, bool other_protocols)
{
	enum karmor_action expected = eval_ask(j->set, access).action;
	struct dfa_answer answer = ask(profile, access);
	_cleanup_buf_ struct buf what = { 0 };

	if (!answer.allow && answer.quiet) {
		differs(about, "denied without a record", j);
	} else if (action_of(answer) != expected && other_protocols) {
		total.approximated++;
	} else if (action_of(answer) != expected) {
		buf_printf(&what, "%s, should be %s", table_action_name(action_of(answer)),
			   table_action_name(expected));
		differs(about, what.data, j);
	}
}

static void judge(const char *place, const struct judged *j, const struct karmor_access *question)
{
	_cleanup_buf_ struct buf about = { 0 };
	const struct dfa_profile *profile;
	enum karmor_fidelity fidelity;
	struct access access;
	int class;

	total.rows++;
	describe(&about, place, question);
	if (access_read(question, &access, NULL) < 0) {
		differs(about.data, "cannot be asked", j);
		return;
	}
	fidelity = fidelity_of(j, access.section);
	if (access.section == KARMOR_SYSCALLS || fidelity == KARMOR_UNSUPPORTED ||
	    is_open_question(&access)) {
		total.unsupported++;
		return;
	}
	/* Where sources cannot be told apart, no rule of the section names one. */
	class = ruleset_of(j)->n_profiles == 1 ? 0 : class_of(j, access.source);
	profile = class < 0 ? NULL : profile_of(j, (unsigned)class);
	if (!profile || (access.source && j->n > 1 && !leads(j, access.source, profile)))
		differs(about.data, "an exec does not lead to the source's profile", j);
	else
		judge_verdict(about.data, j, &access, profile,
			      access.section == KARMOR_NETWORK && fidelity == KARMOR_APPROXIMATED);
}

/* Whether both rows are about one workload under one set of policies. */
static bool is_same_set(const struct table_row *a, const struct table_row *b)
{
	bool same = true;

	for (int i = TABLE_POLICIES; a && i <= TABLE_POSTURE; i++)
		same &= strcmp(a->cells[i], b->cells[i]) == 0;
	return a && same;
}

/* @made: the row that @j was made for; NULL: none. */
static void judge_row(const char *table, const struct table_row *row, struct table_place *place,
		      struct judged *j, const struct table_row **made)
{
	_cleanup_buf_ struct buf at = { 0 };
	struct karmor_diag *diag = karmor_diag_new();
	struct karmor_access question =
		KARMOR_STRUCT(karmor_access, .op = (enum karmor_op)table_op(row->cells[TABLE_OP]),
			      .object = row->cells[TABLE_OBJECT],
			      .source = *row->cells[TABLE_SOURCE] ? row->cells[TABLE_SOURCE] : NULL,
			      .not_owner = strcmp(row->cells[TABLE_OWNER], "no") == 0);
	int r = 0;

	buf_printf(&at, "%s:%u", table, row->line);
	if (!row->fault && !is_same_set(*made, row)) {
		judged_done(j);
		*j = (struct judged){ 0 };
		r = make_set(j, row, place, diag);
		r = r ? r : make_profiles(j, diag);
		*made = r ? NULL : row;
	}
	if (row->fault || r) {
		differs(at.data, row->fault ? row->fault : "no profile", j);
		karmor_diag_print(diag, stdout, false);
	} else {
		judge(at.data, j, &question);
	}
	karmor_diag_free(diag);
}

static int make_random(struct judged *j, struct buf *text, struct karmor_diag *diag)
{
	struct karmor_subject subject =
		KARMOR_STRUCT(karmor_subject, .everything = true, .posture = random_posture());
	int r = karmor_policies_new(&j->policies);

	random_policy(text, 0);
	if (random_below(2))
		random_policy(text, 1);
	r = r ? r : karmor_policies_add_text(j->policies, "random", text->data, text->len, diag);
	r = r ? r : karmor_ruleset_new(j->policies, &subject, &j->set, diag);
	return r ? r : make_profiles(j, diag);
}

static void judge_random(unsigned long n)
{
	_cleanup_(judged_done) struct judged j = { 0 };
	_cleanup_buf_ struct buf text = { 0 }, at = { 0 };
	struct karmor_diag *diag = karmor_diag_new();

	buf_printf(&at, "case %lu", n);
	if (make_random(&j, &text, diag) != 0) {
		differs(at.data, text.data, &j);
		karmor_diag_print(diag, stdout, false);
	}
	for (int i = 0; i < QUESTIONS && j.n; i++) {
		_cleanup_buf_ struct buf object = { 0 }, source = { 0 };
		struct karmor_access question = random_access(&object, &source);
		size_t before = total.differ;

		judge(at.data, &j, &question);
		if (total.differ != before)
			puts(text.data);
	}
	karmor_diag_free(diag);
}

static int judge_table(const char *name)
{
	struct table_place place = { 0 };
	_cleanup_(judged_done) struct judged j = { 0 };
	const struct table_row *made = NULL;
	struct table table = { 0 };
	int r = table_place_init(&place, name);

	r = r ? r : table_open(&table, name);
	for (size_t i = 0; r == 0 && i < table.n_rows; i++)
		judge_row(name, &table.rows[i], &place, &j, &made);
	if (r)
		fprintf(stderr, "%s: %s\n", name, table.fault ? table.fault : strerror(-r));
	table_drop(&table);
	table_place_done(&place);
	return r;
}

int main(int argc, char *argv[])
{
	const char *seed = getenv("KARMOR_SEED");
	int r = 0;

	random_seed(seed ? strtoull(seed, NULL, 10) : 20260503);
	for (int i = 1; r == 0 && i < argc; i++) {
		if (strcmp(argv[i], "--priority") == 0)
			priorities = true;
		else if (strcmp(argv[i], "--random") == 0 && i + 1 < argc)
			for (unsigned long n = strtoul(argv[++i], NULL, 10); n > 0; n--)
				judge_random(n);
		else
			r = judge_table(argv[i]);
	}
	printf("%zu rows, %zu differ (%zu not asked, for they are not supported, %zu of other "
	       "protocols "
	       "not kept, as reported)\n",
	       total.rows, total.differ, total.unsupported, total.approximated);
	return r ? 2 : total.differ != 0;
}
