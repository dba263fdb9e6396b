/* SPDX-License-Identifier: Apache-2.0 */
/* See history.h. */
#include "history.h"

#include <errno.h>
#include <string.h>

#include "scope.h"

#define EVENTS_MAX 1024
#define BYTES_MAX (1u << 20)

struct history {
	struct entry {
		long long time;
		char *event;
		size_t len;
	} entries[EVENTS_MAX];
	size_t first, n, bytes;
};

int history_new(struct history **ret)
{
	struct history *history = calloc(1, sizeof(*history));

	if (!history)
		return -ENOMEM;
	*ret = history;
	return 0;
}

static void forget(struct history *history)
{
	struct entry *entry = &history->entries[history->first];

	history->bytes -= entry->len;
	free(entry->event);
	history->first = (history->first + 1) % EVENTS_MAX;
	history->n--;
}

void history_free(struct history *history)
{
	if (!history)
		return;
	while (history->n)
		forget(history);
	free(history);
}

void history_add(struct history *history, long long time, const char *event)
{
	struct entry entry = { .time = time, .event = strdup(event), .len = strlen(event) };

	if (!entry.event)
		return;
	while (history->n && (history->n == EVENTS_MAX || history->bytes + entry.len > BYTES_MAX))
		forget(history);
	history->entries[(history->first + history->n) % EVENTS_MAX] = entry;
	history->n++;
	history->bytes += entry.len;
}

const char *history_at(const struct history *history, size_t i, long long *time)
{
	const struct entry *entry = &history->entries[(history->first + i) % EVENTS_MAX];

	if (i >= history->n)
		return NULL;
	*time = entry->time;
	return entry->event;
}
