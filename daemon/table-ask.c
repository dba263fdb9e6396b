/* SPDX-License-Identifier: Apache-2.0 */
/* See table.h: from a row to a verdict, and whether it is the expected one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

/* What a cache keeps: a pointer that may be NULL, because what failed once is not tried again. */
struct cached {
	struct karmor_policies *policies;
	struct karmor_ruleset *ruleset;
	char *fault; /* NULL where there is none */
};

static void cached_free(void *value)
{
	struct cached *cached = value;

	karmor_policies_free(cached->policies);
	karmor_ruleset_free(cached->ruleset);
	free(cached->fault);
	free(cached);
}

int asker_init(struct asker *asker, table_load_fn *load, void *data, const char *root)
{
	*asker = (struct asker){ .load = load, .data = data, .root = root };
	asker->diag = karmor_diag_new();
	return asker->diag ? 0 : -ENOMEM;
}

void asker_done(struct asker *asker)
{
	/* Rulesets borrow from loads. */
	strmap_done(&asker->rulesets, cached_free);
	strmap_done(&asker->loads, cached_free);
	karmor_diag_free(asker->diag);
	free(asker->key);
	*asker = (struct asker){ 0 };
}

/* "FILE:LINE:COLUMN: text", as far as the place is known. NULL when memory is out. */
static char *message_text(const struct karmor_message *message)
{
	char *ret;
	int r;

	if (!message->file)
		return strdup(message->text);
	if (message->line)
		r = asprintf(&ret, "%s:%u:%u: %s", message->file, message->line, message->column,
			     message->text);
	else
		r = asprintf(&ret, "%s: %s", message->file, message->text);
	return r < 0 ? NULL : ret;
}

static char *first_error(const struct karmor_diag *diag)
{
	const struct karmor_message *message;

	for (size_t i = 0; (message = karmor_diag_at(diag, i)); i++)
		if (message->level == KARMOR_ERROR)
			return message_text(message);
	return strdup("it cannot be asked");
}

/* Puts a new entry into @map; @r is what making it returned. NULL when memory is out. */
static struct cached *keep(struct asker *asker, struct strmap *map, const char *key,
			   struct karmor_policies *policies, struct karmor_ruleset *ruleset, int r)
{
	struct cached *cached = calloc(1, sizeof(*cached));

	if (!cached) {
		karmor_policies_free(policies);
		karmor_ruleset_free(ruleset);
		return NULL;
	}
	*cached = (struct cached){ .policies = policies, .ruleset = ruleset };
	if (r < 0)
		cached->fault = first_error(asker->diag);
	if ((r < 0 && !cached->fault) || strmap_put(map, key, cached) < 0) {
		cached_free(cached);
		return NULL;
	}
	return cached;
}

static const struct cached *load(struct asker *asker, const char *names)
{
	struct karmor_policies *policies = NULL;
	const struct cached *cached = strmap_get(&asker->loads, names);
	int r;

	if (cached)
		return cached;
	karmor_diag_clear(asker->diag);
	r = asker->load(asker->data, names, &policies, asker->diag);
	if (r == -ENOMEM)
		return NULL;
	return keep(asker, &asker->loads, names, policies, NULL, r);
}

static bool is_yes(const char *cell)
{
	return strcmp(cell, "yes") == 0;
}

struct karmor_subject table_subject(const struct table_row *row)
{
	const char *const *cells = row->cells;
	bool everything = strcmp(cells[TABLE_LABELS], "*") == 0;

	return KARMOR_STRUCT(
		karmor_subject, .everything = everything, .host = is_yes(cells[TABLE_HOST]),
		.labels = everything ? NULL : cells[TABLE_LABELS],
		.namespace_name = *cells[TABLE_NAMESPACE] ? cells[TABLE_NAMESPACE] : NULL,
		.container = *cells[TABLE_CONTAINER] ? cells[TABLE_CONTAINER] : NULL,
		.posture = cells[TABLE_POSTURE]);
}

const struct karmor_policies *asker_policies(struct asker *asker, const struct table_row *row,
					     const char **fault)
{
	const struct cached *cached = load(asker, row->cells[TABLE_POLICIES]);

	*fault = cached ? cached->fault : NULL;
	return cached ? cached->policies : NULL;
}

static const struct cached *ruleset(struct asker *asker, const struct table_row *row,
				    const struct karmor_policies *policies)
{
	struct karmor_subject subject = table_subject(row);
	struct karmor_ruleset *set = NULL;
	int r;

	subject.root = asker->root;
	karmor_diag_clear(asker->diag);
	r = karmor_ruleset_new(policies, &subject, &set, asker->diag);
	if (r == -ENOMEM)
		return NULL;
	return keep(asker, &asker->rulesets, asker->key, NULL, set, r);
}

/* What a ruleset depends on, joined: a tab is in no cell. */
static int make_key(struct asker *asker, const struct table_row *row)
{
	size_t len = 0, size = 1;
	char *at;

	for (int i = TABLE_POLICIES; i <= TABLE_POSTURE; i++)
		size += strlen(row->cells[i]) + 1;
	if (size > asker->key_size) {
		at = realloc(asker->key, size);
		if (!at)
			return -ENOMEM;
		asker->key = at;
		asker->key_size = size;
	}
	at = asker->key;
	for (int i = TABLE_POLICIES; i <= TABLE_POSTURE; i++) {
		len = strlen(row->cells[i]);
		memcpy(at, row->cells[i], len);
		at[len] = '\t';
		at += len + 1;
	}
	*at = '\0';
	return 0;
}

static const char *check_cells(const struct table_row *row)
{
	static const enum table_column flags[] = { TABLE_HOST, TABLE_OWNER };

	if (row->fault)
		return row->fault;
	for (size_t i = 0; i < 2; i++) {
		const char *cell = row->cells[flags[i]];

		if (*cell && !is_yes(cell) && strcmp(cell, "no") != 0)
			return flags[i] == TABLE_HOST ? "host is neither yes nor no"
						      : "owner is neither yes nor no";
	}
	if (table_op(row->cells[TABLE_OP]) < 0)
		return "there is no such op";
	if (table_action(row->cells[TABLE_VERDICT]) < 0)
		return "the verdict is none of allow, audit and block";
	return NULL;
}

/* The ruleset that the row asks. NULL with a fault in @ret, or without one when memory is out. */
static const struct karmor_ruleset *find_ruleset(struct asker *asker, const struct table_row *row,
						 struct table_answer *ret)
{
	const struct cached *cached;

	if (make_key(asker, row) < 0)
		return NULL;
	cached = strmap_get(&asker->rulesets, asker->key);
	if (!cached) {
		cached = load(asker, row->cells[TABLE_POLICIES]);
		if (cached && !cached->fault)
			cached = ruleset(asker, row, cached->policies);
	}
	ret->fault = cached ? cached->fault : NULL;
	return cached ? cached->ruleset : NULL;
}

static int ask(struct asker *asker, const struct table_row *row, struct table_answer *ret)
{
	const char *const *cells = row->cells;
	struct karmor_access access =
		KARMOR_STRUCT(karmor_access, .op = (enum karmor_op)table_op(cells[TABLE_OP]),
			      .object = cells[TABLE_OBJECT],
			      .source = *cells[TABLE_SOURCE] ? cells[TABLE_SOURCE] : NULL,
			      .not_owner = strcmp(cells[TABLE_OWNER], "no") == 0);
	const struct karmor_ruleset *set = find_ruleset(asker, row, ret);
	int r;

	if (!set)
		return ret->fault ? 0 : -ENOMEM;
	ret->verdict = KARMOR_STRUCT(karmor_verdict);
	r = karmor_ruleset_eval(set, &access, &ret->verdict, NULL);
	if (r >= 0 || r == -ENOMEM)
		return r;
	/* Once more for the message, which most rows have no use for. */
	karmor_diag_clear(asker->diag);
	r = karmor_ruleset_eval(set, &access, &ret->verdict, asker->diag);
	ret->fault = karmor_diag_at(asker->diag, 0) ? karmor_diag_at(asker->diag, 0)->text
						    : "it cannot be asked";
	return r == -ENOMEM ? r : 0;
}

int asker_ask(struct asker *asker, const struct table_row *row, struct table_answer *ret)
{
	struct table_answer answer = { .fault = check_cells(row) };
	const char *policy = row->cells[TABLE_POLICY];
	int r = answer.fault ? 0 : ask(asker, row, &answer);

	if (r < 0)
		return r;
	answer.differs = answer.fault ||
			 answer.verdict.action !=
				 (enum karmor_action)table_action(row->cells[TABLE_VERDICT]) ||
			 (*policy && strcmp(policy, answer.verdict.policy) != 0);
	*ret = answer;
	return 0;
}
