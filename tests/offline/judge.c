/* SPDX-License-Identifier: Apache-2.0 */
#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../daemon/table.h"
#include "bpf-random.h"
#include "buf.h"
#include "cleanup.h"

#define QUESTIONS 60

struct judge_total judge_total;

void judge_differs(const char *about, const char *what, const struct judged *judged)
{
	const char *text = judged ? judged_text(judged) : NULL;

	printf("%s: %s\n", about, what);
	if (getenv("VERBOSE") && text)
		fputs(text, stdout);
	judge_total.differ++;
}

void judge_done(struct judge *judge)
{
	judged_free(judge->judged);
	karmor_ruleset_free(judge->set);
	karmor_policies_free(judge->policies);
	*judge = (struct judge){ 0 };
}

static int make(struct judge *judge, const char *about, const struct karmor_subject *subject,
		struct karmor_diag *diag)
{
	int r = karmor_ruleset_new(judge->policies, subject, &judge->set, diag);

	return r ? r : judged_make(about, judge->set, &judge->judged, diag);
}

bool judge_begin(struct judge *judge, const char *about, const char *text, const char *posture)
{
	struct karmor_subject subject =
		KARMOR_STRUCT(karmor_subject, .everything = true, .posture = posture);
	struct karmor_diag *diag = karmor_diag_new();
	int r = karmor_policies_new(&judge->policies);

	r = r ? r : karmor_policies_add_text(judge->policies, about, text, strlen(text), diag);
	r = r ? r : make(judge, about, &subject, diag);
	if (r) {
		judge_differs(about, "nothing could be made of it", judge->judged);
		karmor_diag_print(diag, stdout, false);
	}
	karmor_diag_free(diag);
	return r == 0;
}

static void describe(struct buf *buf, const char *place, const struct karmor_access *question)
{
	buf_printf(buf, "%s: %s \"%s\" from \"%s\"%s", place, table_op_name(question->op),
		   question->object, question->source ? question->source : "-",
		   question->not_owner ? ", not the owner" : "");
}

void judge_ask(const struct judge *judge, const char *place, const struct karmor_access *question)
{
	_cleanup_buf_ struct buf about = { 0 };
	size_t before = judge_total.differ;
	struct access access;

	judge_total.rows++;
	describe(&about, place, question);
	if (access_read(question, &access, NULL) < 0)
		judge_differs(about.data, "cannot be asked", judge->judged);
	else
		judged_ask(about.data, judge->judged, &access);
	if (judge_total.differ > before + 1) /* a row differs once */
		judge_total.differ = before + 1;
}

/* Whether both rows are about one workload under one set of policies. */
static bool is_same_set(const struct table_row *a, const struct table_row *b)
{
	bool same = true;

	for (int i = TABLE_POLICIES; a && i <= TABLE_POSTURE; i++)
		same &= strcmp(a->cells[i], b->cells[i]) == 0;
	return a && same;
}

static int make_row(struct judge *judge, const char *at, const struct table_row *row,
		    struct table_place *place, struct karmor_diag *diag)
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
	int r;

	judge_done(judge);
	r = table_load(place, cells[TABLE_POLICIES], &judge->policies, diag);
	return r ? r : make(judge, at, &subject, diag);
}

/* @made: the row that @judge was made for; NULL: none. */
static void judge_row(const char *table, const struct table_row *row, struct table_place *place,
		      struct judge *judge, const struct table_row **made)
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
		r = make_row(judge, at.data, row, place, diag);
		*made = r ? NULL : row;
	}
	if (row->fault || r) {
		judge_differs(at.data, row->fault ? row->fault : "nothing could be made of it",
			      judge->judged);
		karmor_diag_print(diag, stdout, false);
	} else {
		judge_ask(judge, at.data, &question);
	}
	karmor_diag_free(diag);
}

int judge_table(const char *name)
{
	struct table_place place = { 0 };
	_cleanup_(judge_done) struct judge judge = { 0 };
	const struct table_row *made = NULL;
	struct table table = { 0 };
	int r = table_place_init(&place, name);

	r = r ? r : table_open(&table, name);
	for (size_t i = 0; r == 0 && i < table.n_rows; i++)
		judge_row(name, &table.rows[i], &place, &judge, &made);
	if (r)
		fprintf(stderr, "%s: %s\n", name, table.fault ? table.fault : strerror(-r));
	table_drop(&table);
	table_place_done(&place);
	return r;
}

void judge_random(unsigned long number)
{
	_cleanup_(judge_done) struct judge judge = { 0 };
	_cleanup_buf_ struct buf text = { 0 }, at = { 0 };
	const char *posture = random_posture();
	bool made;

	buf_printf(&at, "case %lu", number);
	random_policy(&text, 0);
	if (random_below(2))
		random_policy(&text, 1);
	made = judge_begin(&judge, at.data, text.data, posture);
	if (!made)
		puts(text.data);
	for (int i = 0; i < QUESTIONS && made; i++) {
		_cleanup_buf_ struct buf object = { 0 }, source = { 0 };
		struct karmor_access question = random_access(&object, &source);
		size_t before = judge_total.differ;

		judge_ask(&judge, at.data, &question);
		if (judge_total.differ != before)
			puts(text.data);
	}
}

int judge_finish(int r)
{
	printf("%zu rows, %zu differ, %zu as reported, %zu not asked\n", judge_total.rows,
	       judge_total.differ, judge_total.reported, judge_total.unasked);
	return r ? 2 : judge_total.differ != 0;
}
