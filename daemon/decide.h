/* SPDX-License-Identifier: Apache-2.0 */
/*
 * karmor decide: one question (verb_decide.c), or a table of them (decide-table.c).
 */
#pragma once

#include <stddef.h>

#include <karmor/karmor.h>

struct decide_options {
	const char **files; /* n_files: of -p, and of rows that name none */
	size_t n_files;
	struct karmor_subject subject;
	struct karmor_access access;
	const char *op; /* NULL until given */
	const char *table;
	bool json;
};

/* All of @options->table; the exit status. */
int decide_table(const struct decide_options *options);
