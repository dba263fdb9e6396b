/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the verbs share: messages on standard error, colour, files of policies.
 */
#pragma once

#include <stdio.h>

#include <karmor/karmor.h>

/* Colour only on a terminal, and never under NO_COLOR. */
bool cli_wants_colour(FILE *out);

/* Prints messages on standard error. */
void cli_print_diag(const struct karmor_diag *diag);

/* A complaint of the program's own, "karmor: ..."; returns EXIT_WRONG. */
__attribute__((format(printf, 1, 2))) int cli_wrong(const char *format, ...);

/*
 * Loads files and directories; "-" is standard input. 0; -EINVAL where a document is at fault;
 * another code where a file could not be read. Messages are in @diag.
 */
KARMOR_CHECK int cli_load(const char *const *paths, size_t n, struct karmor_policies *policies,
			  struct karmor_diag *diag);

/* Flushes standard output; @status, or EXIT_WRONG with a complaint where it could not be written.
 */
int cli_finish(int status);
