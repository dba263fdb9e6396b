/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Varlink protocol: JSON objects, each ended by a NUL byte. Reading and writing them, for both
 * sides; no socket is known here.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A call, as far as it could be read. Strings and parameters are borrowed from @message. */
struct varlink_call {
	json_t *message; /* owned */
	const char *method;
	json_t *parameters; /* an object, or NULL where there are none */
	bool more, oneway;
};

/*
 * Reads one message without its NUL. 0, -EINVAL (no call: nothing in *ret), -ENOMEM.
 */
int varlink_parse(const char *text, size_t len, struct varlink_call *ret);
void varlink_done(struct varlink_call *call);

/* Each is an object, owned, or NULL where memory is out; parameters are taken, NULL is none. */
json_t *varlink_request(const char *method, json_t *parameters, bool more);
json_t *varlink_reply(json_t *parameters, bool continues);
json_t *varlink_error(const char *error, json_t *parameters);

/* One field of parameters by its type: NULL or @other where it is not there; *wrong names the field
 * where it is of another type. */
const char *varlink_text(const json_t *parameters, const char *name, const char **wrong);
long long varlink_number(const json_t *parameters, const char *name, long long other,
			 const char **wrong);
bool varlink_flag(const json_t *parameters, const char *name, const char **wrong);
