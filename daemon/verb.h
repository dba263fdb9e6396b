/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs of karmor. Each is a file verb_<verb>.c with one function that takes its own arguments
 * as main does (argv[0] is "karmor VERB", for messages), answers --help itself and returns the exit
 * status.
 */
#pragma once

/* Exit statuses that all programs share. */
enum {
	EXIT_YES = 0,
	EXIT_NO = 1,	/* a finding, a mismatch, no enforcer */
	EXIT_WRONG = 2, /* wrong use, or a fault */
};

int verb_apply(int argc, char *argv[]);
int verb_check(int argc, char *argv[]);
int verb_compile(int argc, char *argv[]);
int verb_decide(int argc, char *argv[]);
int verb_delete(int argc, char *argv[]);
int verb_diff(int argc, char *argv[]);
int verb_get(int argc, char *argv[]);
int verb_lint(int argc, char *argv[]);
int verb_logs(int argc, char *argv[]);
int verb_oci_hook(int argc, char *argv[]);
int verb_run(int argc, char *argv[]);
int verb_start(int argc, char *argv[]);
int verb_status(int argc, char *argv[]);
