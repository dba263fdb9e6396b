/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs' side of karmord's socket. What goes wrong is told on standard error by the function
 * that finds it.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct dial {
	int fd;
	char *in; /* what was received, and not looked at yet */
	size_t len, size;
};

/* For the verbs' options and help: what --socket takes. */
#define DIAL_SOCKET 'S'
#define DIAL_OPTIONS                                                                               \
	{                                                                                          \
		"socket", required_argument, NULL, DIAL_SOCKET                                     \
	}
#define DIAL_HELP "      --socket PATH       karmord's, instead of /run/karmor/karmord.sock\n"

int dial_open(struct dial *dial, const char *path); /* @path NULL: the usual one. 0 or -1 */
void dial_close(struct dial *dial);
/* Takes @parameters. 0 or -1. */
int dial_ask(struct dial *dial, const char *method, json_t *parameters, bool more);
/*
 * The parameters of the next answer, owned; NULL where there is none, or an error, whose name
 * @error gets where it is given, to be freed.
 */
json_t *dial_answer(struct dial *dial, bool *continues, char **error);
/* One call on a connection of its own. */
json_t *dial_call(const char *path, const char *method, json_t *parameters, char **error);
