/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of questions with their expected answers: TSV without quoting, read (table.c) and asked
 * (table-ask.c).
 *
 * A row that cannot be read or asked is kept, with the reason: it differs from what it expects.
 * Where policies come from is the caller's to say.
 */
#pragma once

#include <karmor/karmor.h>

#include "strmap.h"

enum table_column {
	TABLE_POLICIES,
	TABLE_LABELS,
	TABLE_NAMESPACE,
	TABLE_CONTAINER,
	TABLE_HOST,
	TABLE_POSTURE,
	TABLE_OP,
	TABLE_OBJECT,
	TABLE_SOURCE,
	TABLE_OWNER,
	TABLE_VERDICT,
	TABLE_POLICY,
	TABLE_NOTE,
	TABLE_COLUMNS,
};

#define TABLE_BYTES_MAX (256u << 20)

struct table_row {
	unsigned line;
	const char *fault;		  /* why the row cannot be read; NULL where it can */
	const char *cells[TABLE_COLUMNS]; /* "" where the row or the table has none */
};

struct table {
	char *text; /* malloc'ed, cut into cells */
	struct table_row *rows;
	size_t n_rows;
	const char *fault; /* after -EINVAL: what is wrong with the header */
};

/* Takes @text, malloc'ed, @len bytes and a NUL, even on failure. 0, -EINVAL (fault), -ENOMEM. */
int table_read(struct table *table, char *text, size_t len);
void table_drop(struct table *table);

/* The same from a file: also the negative errno of opening and reading it, -EFBIG. */
int table_open(struct table *table, const char *path);

/* Loads what a `policies` cell names. 0 or a negative errno (messages in @diag). */
typedef int table_load_fn(void *data, const char *names, struct karmor_policies **ret,
			  struct karmor_diag *diag);

/* Loads @files, all faults in one run. 0 or a negative errno. */
int table_load_files(const char *const *files, size_t n, struct karmor_policies **ret,
		     struct karmor_diag *diag);

/* Where a table's policies are: relative to it; @files for rows that name none. */
struct table_place {
	char *directory; /* with its slash; "" for the current one */
	const char *const *files;
	size_t n_files;
};

int table_place_init(struct table_place *place, const char *table); /* 0 or -ENOMEM */
void table_place_done(struct table_place *place);
/* A table_load_fn; @data: a table_place. */
int table_load(void *data, const char *names, struct karmor_policies **ret,
	       struct karmor_diag *diag);

/* Asks rows; keeps each load and each ruleset, for the next row is likely to need it again. */
struct asker {
	table_load_fn *load;
	void *data;
	const char *root; /* NULL: names as they stand */
	struct karmor_diag *diag;
	struct strmap loads, rulesets;
	char *key;
	size_t key_size;
};

struct table_answer {
	const char *fault; /* why it could not be asked; until the next row is */
	struct karmor_verdict verdict;
	bool differs;
};

/* 0 or -ENOMEM. To be freed with asker_done. */
int asker_init(struct asker *asker, table_load_fn *load, void *data, const char *root);
void asker_done(struct asker *asker);
/* 0 (also where the row could not be asked) or -ENOMEM. */
int asker_ask(struct asker *asker, const struct table_row *row, struct table_answer *ret);

/* Whom the row asks about; strings are the row's. */
struct karmor_subject table_subject(const struct table_row *row);
/* What the row's policies are, the asker's. NULL with *fault, or without one when memory is out. */
const struct karmor_policies *asker_policies(struct asker *asker, const struct table_row *row,
					     const char **fault);

/* "exec" and so on; "allow" and so on; -1 where there is none. */
int table_op(const char *name);
const char *table_op_name(enum karmor_op op);
int table_action(const char *name);
const char *table_action_name(enum karmor_action action);
