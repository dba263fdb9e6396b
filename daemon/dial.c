/* SPDX-License-Identifier: Apache-2.0 */
/* See dial.h. */
#include "dial.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "cli.h"
#include "config.h"
#include "messages.h"
#include "scope.h"
#include "varlink.h"

/* The daemon's answers are smaller. */
#define ANSWER_MAX (32u << 20)

static int connect_fault(const char *path, int error)
{
	cli_wrong("cannot reach karmord at \"%s\": %s", path, strerror(error));
	if (error == ENOENT || error == ECONNREFUSED)
		cli_fix("systemctl start karmord");
	else if (error == EACCES)
		cli_fix("be root, or in the group of the socket");
	return -1;
}

int dial_open(struct dial *dial, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	*dial = (struct dial){ .fd = -1 };
	if (!path)
		path = CONFIG_SOCKET;
	if (strlen(path) >= sizeof(address.sun_path))
		return connect_fault(path, ENAMETOOLONG);
	strcpy(address.sun_path, path);
	dial->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (dial->fd >= 0 &&
	    connect(dial->fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return 0;
	connect_fault(path, errno);
	dial_close(dial);
	return -1;
}

void dial_close(struct dial *dial)
{
	scope_close(&dial->fd);
	free(dial->in);
	*dial = (struct dial){ .fd = -1 };
}

int dial_ask(struct dial *dial, const char *method, json_t *parameters, bool more)
{
	_cleanup_json_ json_t *message = varlink_request(method, parameters, more);
	_cleanup_free_ char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;
	size_t at = 0, len = text ? strlen(text) + 1 : 0;

	if (!text) {
		cli_wrong("out of memory");
		return -1;
	}
	while (at < len) {
		ssize_t n = send(dial->fd, text + at, len - at, MSG_NOSIGNAL);

		/* It may have answered that this is too much. */
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			return 0;
		if (n < 0 && errno != EINTR) {
			cli_wrong("cannot write to karmord: %s", strerror(errno));
			return -1;
		}
		at += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int grow(struct dial *dial)
{
	size_t size = dial->size ? dial->size * 2 : 65536;
	char *in = size > ANSWER_MAX ? NULL : realloc(dial->in, size);

	if (!in)
		return -1;
	dial->in = in;
	dial->size = size;
	return 0;
}

/* One message, NUL-terminated, at the beginning of dial->in; its length, or -1. */
static long receive(struct dial *dial)
{
	char *end;

	while (!(end = dial->len ? memchr(dial->in, '\0', dial->len) : NULL)) {
		ssize_t n;

		if (dial->len == dial->size && grow(dial) < 0)
			return -1;
		n = recv(dial->fd, dial->in + dial->len, dial->size - dial->len, 0);
		if (n == 0 || (n < 0 && errno != EINTR))
			return -1;
		dial->len += n > 0 ? (size_t)n : 0;
	}
	return (long)(end - dial->in);
}

static void tell_error(const char *error, const json_t *parameters)
{
	const char *name = strrchr(error, '.') + 1;
	const char *what = json_string_value(json_object_get(parameters, "what"));
	const char *parameter = json_string_value(json_object_get(parameters, "parameter"));

	if (strcmp(name, "Failed") == 0) {
		messages_print(json_object_get(parameters, "messages"));
	} else if (strcmp(name, "PermissionDenied") == 0) {
		cli_wrong("karmord does not let you do this");
		cli_fix("be root");
	} else if (strcmp(name, "NotFound") == 0) {
		cli_wrong("\"%s\" was not found", what ? what : "?");
	} else if (strcmp(name, "Exists") == 0) {
		cli_wrong("\"%s\" is there already", what ? what : "?");
	} else if (strcmp(name, "TooLarge") == 0) {
		cli_wrong("this is more than the %lld bytes that karmord takes",
			  (long long)json_integer_value(json_object_get(parameters, "most")));
		cli_fix("split it");
	} else {
		cli_wrong("karmord answers %s%s%s", error, parameter ? " for " : "",
			  parameter ? parameter : "");
	}
}

json_t *dial_answer(struct dial *dial, bool *continues, char **error)
{
	_cleanup_json_ json_t *message = NULL;
	json_t *parameters;
	const char *name;
	long len = receive(dial);

	if (len >= 0) {
		message = json_loadb(dial->in, (size_t)len, 0, NULL);
		dial->len -= (size_t)len + 1;
		memmove(dial->in, dial->in + len + 1, dial->len);
	}
	if (!json_is_object(message)) {
		cli_wrong(len < 0 ? "karmord went away" : "karmord's answer is no message");
		return NULL;
	}
	parameters = json_object_get(message, "parameters");
	name = json_string_value(json_object_get(message, "error"));
	if (continues)
		*continues = json_is_true(json_object_get(message, "continues"));
	if (name && error)
		*error = strdup(name);
	if (name && strrchr(name, '.'))
		tell_error(name, parameters);
	if (name)
		return NULL;
	return parameters ? json_incref(parameters) : json_object();
}

json_t *dial_call(const char *path, const char *method, json_t *parameters, char **error)
{
	struct dial dial;
	json_t *ret = NULL;

	if (dial_open(&dial, path) < 0) {
		json_decref(parameters);
		return NULL;
	}
	if (dial_ask(&dial, method, parameters, false) == 0)
		ret = dial_answer(&dial, NULL, error);
	dial_close(&dial);
	return ret;
}
