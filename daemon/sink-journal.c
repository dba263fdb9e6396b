/* SPDX-License-Identifier: Apache-2.0 */
/* Events as entries of the journal. */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "journal.h"
#include "scope.h"
#include "sink.h"

/* Of a field's name, journald takes 64 bytes. */
#define NAME_MAX_LEN 64
#define PREFIX "KARMOR_"

struct journal {
	struct sink sink;
	int fd;
	char *path;
};

/* PolicyName: KARMOR_POLICY_NAME. */
static void field_name(const char *key, char *ret)
{
	size_t n = strlen(PREFIX);

	strcpy(ret, PREFIX);
	for (size_t i = 0; key[i] && n + 2 < NAME_MAX_LEN; i++) {
		unsigned char c = (unsigned char)key[i];

		if (i && isupper(c) && islower((unsigned char)key[i - 1]))
			ret[n++] = '_';
		if (isalnum(c))
			ret[n++] = (char)toupper(c);
	}
	ret[n] = '\0';
}

static void put_fields(FILE *out, json_t *event)
{
	const char *key;
	json_t *value;

	json_object_foreach(event, key, value)
	{
		_cleanup_free_ char *text = NULL;
		char name[NAME_MAX_LEN];

		field_name(key, name);
		if (!json_is_string(value))
			text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
		if (text || json_is_string(value))
			journal_put(out, name, text ? text : json_string_value(value));
	}
}

static const char *text_of(const json_t *event, const char *key)
{
	const char *text = json_string_value(json_object_get(event, key));

	return text ? text : "";
}

/* What journalctl shows of it. */
static void put_message(FILE *out, const json_t *event)
{
	const char *action = text_of(event, "Action");
	_cleanup_free_ char *text = NULL;

	if (!*action) {
		journal_put(out, "MESSAGE", text_of(event, "Message"));
		journal_put(out, "PRIORITY", "4");
		return;
	}
	if (asprintf(&text, "%s: %s of %s by %s, %s", action, text_of(event, "Operation"),
		     text_of(event, "Resource"), text_of(event, "Source"),
		     text_of(event, "PolicyName")) < 0)
		text = NULL;
	journal_put(out, "MESSAGE", text ? text : action);
	journal_put(out, "PRIORITY", strcmp(action, "Block") == 0 ? "4" : "5");
}

static char *datagram(json_t *event, size_t *size)
{
	char *data = NULL;
	FILE *out = open_memstream(&data, size);
	bool failed;

	if (!out)
		return NULL;
	put_message(out, event);
	journal_put(out, "SYSLOG_IDENTIFIER", program_invocation_name);
	put_fields(out, event);
	failed = ferror(out);
	if (fclose(out) == 0 && !failed)
		return data;
	free(data);
	return NULL;
}

static int journal_write(struct sink *sink, json_t *event, const char *line, size_t len)
{
	struct journal *journal = (struct journal *)sink;
	size_t size = 0;
	_cleanup_free_ char *data = datagram(event, &size);

	if (!data)
		return -ENOMEM;
	return journal_send(journal->fd, journal->path, data, size);
}

static void journal_close(struct sink *sink)
{
	struct journal *journal = (struct journal *)sink;

	close(journal->fd);
	free(journal->path);
	free(journal);
}

int sink_journal_new(const char *path, struct sink **ret)
{
	struct journal *journal = calloc(1, sizeof(*journal));

	if (!journal)
		return -ENOMEM;
	*journal = (struct journal){
		.sink = { .name = "journal", .write = journal_write, .close = journal_close },
		.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0),
		.path = strdup(path),
	};
	if (journal->fd < 0 || !journal->path) {
		int r = journal->fd < 0 ? -errno : -ENOMEM;

		scope_close(&journal->fd);
		free(journal->path);
		free(journal);
		return r;
	}
	*ret = &journal->sink;
	return 0;
}
