/* SPDX-License-Identifier: Apache-2.0 */
/* See sinks.h. */
#include "sinks.h"
#include "journal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "scope.h"

#define SINKS_MAX 3
#define SAY_AGAIN_S 10

struct sinks {
	struct sink *all[SINKS_MAX];
	size_t n;
};

static int open_all(const struct config *config, struct loop *loop, struct sinks *sinks)
{
	int r = 0;

	if (config->event_file)
		r = sink_file_new(config->event_file, config->event_file_size,
				  config->event_file_count, &sinks->all[sinks->n++]);
	if (r == 0 && config->event_journal)
		r = sink_journal_new(JOURNAL_SOCKET, &sinks->all[sinks->n++]);
	if (r == 0 && config->event_output)
		r = sink_output_new(STDOUT_FILENO, loop, &sinks->all[sinks->n++]);
	return r;
}

int sinks_open(const struct config *config, struct loop *loop, struct sinks **ret)
{
	struct sinks *sinks = calloc(1, sizeof(*sinks));
	int r = sinks ? open_all(config, loop, sinks) : -ENOMEM;

	if (r < 0)
		sinks_close(sinks);
	else
		*ret = sinks;
	return r;
}

void sinks_close(struct sinks *sinks)
{
	for (size_t i = 0; sinks && i < sinks->n; i++) {
		struct sink *sink = sinks->all[i];

		if (!sink)
			continue;
		if (sink->untold)
			log_tell(LOG_CAUTION, "%llu events were lost to %s", sink->untold,
				 sink->name);
		sink->close(sink);
	}
	free(sinks);
}

static long long seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec;
}

/* A disk that is full at every other event must not fill the log. */
static void lose(struct sink *sink, int r)
{
	long long now = seconds();

	sink->lost++;
	sink->untold++;
	if (sink->said && now - sink->said < SAY_AGAIN_S)
		return;
	sink->said = now;
	log_tell(LOG_CAUTION, "an event is lost to %s (%llu so far): %s", sink->name, sink->lost,
		 strerror(-r));
}

/* What was lost stands before what comes after it. */
static int tell_lost(struct sink *sink)
{
	_cleanup_json_ json_t *event = NULL;
	_cleanup_free_ char *line = NULL;
	struct timespec now;
	struct tm tm;
	char date[32];
	int r;

	if (!sink->untold)
		return 0;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(date, sizeof(date), "%FT%TZ", &tm);
	event = json_pack("{s:I, s:s, s:s, s:s, s:I}", "Timestamp", (json_int_t)now.tv_sec,
			  "UpdatedTime", date, "Type", "SystemEvent", "Message",
			  "events before this one could not be written here", "Lost",
			  (json_int_t)sink->untold);
	line = event ? json_dumps(event, JSON_COMPACT) : NULL;
	if (!line)
		return -ENOMEM;
	r = sink->write(sink, event, line, strlen(line));
	if (r == 0)
		sink->untold = 0;
	return r;
}

void sinks_write(struct sinks *sinks, json_t *event, const char *line)
{
	for (size_t i = 0; sinks && i < sinks->n; i++) {
		struct sink *sink = sinks->all[i];
		int r = tell_lost(sink);

		if (r == 0)
			r = sink->write(sink, event, line, strlen(line));
		if (r < 0)
			lose(sink, r);
		else
			sink->written++;
	}
}

void sinks_reopen(struct sinks *sinks)
{
	for (size_t i = 0; sinks && i < sinks->n; i++)
		if (sinks->all[i]->reopen)
			sinks->all[i]->reopen(sinks->all[i]);
}

const struct sink *sinks_at(const struct sinks *sinks, size_t i)
{
	return sinks && i < sinks->n ? sinks->all[i] : NULL;
}
