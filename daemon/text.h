/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of unknown origin, printed so that they can neither forge a line nor steer a terminal.
 */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* Control characters and bytes that are not UTF-8 become \xNN. */
void text_print(FILE *out, const char *text);
/* The same as a JSON string with its quotes ("\u00NN" for such bytes); null for NULL. */
void text_print_json(FILE *out, const char *text);
/* The same as the value of a Prometheus label with its quotes; a newline is \n there. */
void text_print_label(FILE *out, const char *text);
/* As text_print() has it, for jansson: a string, or null for NULL. Owned; NULL where memory is out.
 */
json_t *text_json(const char *text);
