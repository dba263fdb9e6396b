/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages on their way from the daemon to whoever asked: a JSON array of objects with the fields
 * of struct karmor_message. NULL for an array drops them; so does memory that is out, for the
 * result of what is told about stands by itself.
 */
#pragma once

#include <jansson.h>

#include <karmor/karmor.h>

/* Adds those of @diag, and forgets them there. */
void messages_take(json_t *messages, struct karmor_diag *diag);

/* Adds one of our own; @file and @fix may be NULL. */
__attribute__((format(printf, 6, 7))) void messages_add(json_t *messages, enum karmor_level level,
							const char *file, unsigned line,
							const char *fix, const char *format, ...);

/* Logs them, one line each. */
void messages_log(const json_t *messages);

/* Prints them on standard error as karmor_diag_print() does. */
void messages_print(const json_t *messages);
