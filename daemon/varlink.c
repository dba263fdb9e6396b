/* SPDX-License-Identifier: Apache-2.0 */
/* See varlink.h. */
#include "varlink.h"

#include <errno.h>
#include <string.h>

#include "scope.h"

static bool has_flag(const json_t *message, const char *name, bool *ret)
{
	const json_t *value = json_object_get(message, name);

	*ret = json_is_true(value);
	return !value || json_is_boolean(value);
}

int varlink_parse(const char *text, size_t len, struct varlink_call *ret)
{
	struct varlink_call call = { 0 };
	json_error_t error;

	/* Strings with a NUL in them are refused by default, and so are duplicates by us. */
	call.message = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (!call.message)
		return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : -EINVAL;
	call.method = json_string_value(json_object_get(call.message, "method"));
	call.parameters = json_object_get(call.message, "parameters");
	if (json_is_null(call.parameters))
		call.parameters = NULL;
	if (!call.method || (call.parameters && !json_is_object(call.parameters)) ||
	    !has_flag(call.message, "more", &call.more) ||
	    !has_flag(call.message, "oneway", &call.oneway)) {
		json_decref(call.message);
		return -EINVAL;
	}
	*ret = call;
	return 0;
}

void varlink_done(struct varlink_call *call)
{
	json_decref(call->message);
	*call = (struct varlink_call){ 0 };
}

/* Takes @parameters. */
static json_t *with_parameters(json_t *message, json_t *parameters)
{
	if (!parameters)
		parameters = json_object();
	if (json_object_set_new(message, "parameters", parameters) == 0)
		return message;
	json_decref(message);
	return NULL;
}

json_t *varlink_request(const char *method, json_t *parameters, bool more)
{
	json_t *message = more ? json_pack("{s:s, s:b}", "method", method, "more", 1)
			       : json_pack("{s:s}", "method", method);

	return with_parameters(message, parameters);
}

json_t *varlink_reply(json_t *parameters, bool continues)
{
	return with_parameters(continues ? json_pack("{s:b}", "continues", 1) : json_object(),
			       parameters);
}

json_t *varlink_error(const char *error, json_t *parameters)
{
	return with_parameters(json_pack("{s:s}", "error", error), parameters);
}

/* NULL where there is none, or null. */
static const json_t *field(const json_t *parameters, const char *name)
{
	const json_t *value = json_object_get(parameters, name);

	return json_is_null(value) ? NULL : value;
}

const char *varlink_text(const json_t *parameters, const char *name, const char **wrong)
{
	const json_t *value = field(parameters, name);

	if (value && !json_is_string(value))
		*wrong = name;
	return json_string_value(value);
}

long long varlink_number(const json_t *parameters, const char *name, long long other,
			 const char **wrong)
{
	const json_t *value = field(parameters, name);

	if (value && !json_is_integer(value))
		*wrong = name;
	return json_is_integer(value) ? json_integer_value(value) : other;
}

bool varlink_flag(const json_t *parameters, const char *name, const char **wrong)
{
	const json_t *value = field(parameters, name);

	if (value && !json_is_boolean(value))
		*wrong = name;
	return json_is_true(value);
}
