/* SPDX-License-Identifier: Apache-2.0 */
/*
 * karmor check in three parts: what is wrong (verb_check.c), what backends keep of it
 * (check-report.c), and all of it as text or JSON (check-print.c).
 */
#pragma once

#include <karmor/karmor.h>

/* The report of one backend, its lines in the order of the files. */
struct check_report {
	const struct karmor_backend *backend;
	struct karmor_report *report;
	struct karmor_report_line *lines;
	const struct karmor_report_line **sorted; /* n */
	size_t n;
};

struct check {
	const char *backend; /* a name, "all" or NULL */
	const char *root;    /* whose symlinks names are resolved through; NULL: as they stand */
	const char *posture; /* that workloads will have; NULL: the default */
	bool best_effort, json;
	struct karmor_diag *diag;
	struct karmor_policies *policies;
	struct check_report *reports;
	size_t n_reports;
	size_t unsupported; /* enforcing rules that a backend cannot keep, as errors */
};

/* Whether @name is a backend or "all"; complains where it is not. */
bool check_backend_exists(const char *name);

/* 0; -EINVAL (what is wrong with it was printed); -ENOMEM. */
int check_posture(const struct check *check, const char *posture);

/* Compiles the load for the backends asked for. 0; -EINVAL (a bound: message in diag); -ENOMEM. */
KARMOR_CHECK int check_compile(struct check *check);
void check_reports_free(struct check *check);

/* Errors, those of the reports included. */
size_t check_errors(const struct check *check);

void check_print(const struct check *check);
/* 0 or -ENOMEM */
KARMOR_CHECK int check_print_json(const struct check *check);
