/* SPDX-License-Identifier: Apache-2.0 */
#include "event-make.h"

#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "match.h"

static const char *copy(struct arena *arena, const char *text, bool *failed)
{
	const char *ret = arena_strdup(arena, text ? text : "");

	*failed |= !ret;
	return ret;
}

static const char *tags_join(struct arena *arena, const struct ir_rule *ir, bool *failed)
{
	_cleanup_buf_ struct buf buf = { 0 };

	for (size_t i = 0; i < ir->n_tags; i++) {
		buf_puts(&buf, i ? "," : "");
		buf_puts(&buf, ir->tags[i]);
	}
	*failed |= buf_failed(&buf);
	return copy(arena, buf.data, failed);
}

struct told told_copy(struct arena *arena, const struct ir_rule *ir, bool *failed)
{
	const struct source *source = ir->place.source;

	return (struct told){
		.policy = copy(arena, ir->policy->name, failed),
		.file = copy(arena, source ? source->name : NULL, failed),
		.locator = copy(arena, ir->locator, failed),
		.written = copy(arena, ir->path, failed),
		.message = copy(arena, ir->message, failed),
		.tags = tags_join(arena, ir, failed),
		.severity = ir->severity,
	};
}

struct told told_keep(struct arena *arena, const struct told *told, bool *failed)
{
	return (struct told){
		.policy = copy(arena, told->policy, failed),
		.file = copy(arena, told->file, failed),
		.locator = copy(arena, told->locator, failed),
		.written = copy(arena, told->written, failed),
		.message = copy(arena, told->message, failed),
		.tags = copy(arena, told->tags, failed),
		.severity = told->severity,
	};
}

static const char *nonempty(const char *text)
{
	return text && *text ? text : NULL;
}

void told_write(struct karmor_event *event, const struct told *told)
{
	event->policy = told->policy;
	event->policy_file = told->file;
	event->rule = told->locator;
	event->rule_path = nonempty(told->written);
	event->message = nonempty(told->message);
	event->tags = nonempty(told->tags);
	event->severity = told->severity;
}

void event_task(struct karmor_event *event, long pid, const char *comm, bool uid,
		struct buf *source)
{
	_cleanup_buf_ struct buf path = { 0 };
	_cleanup_fclose_ FILE *stat_file = NULL;
	char exe[MATCH_PATH_MAX + 1], name[64] = "", state;
	struct stat st;
	int ppid = 0;
	ssize_t n;

	buf_printf(&path, "/proc/%ld/stat", pid);
	stat_file = buf_failed(&path) ? NULL : fopen(path.data, "re");
	if (!stat_file || fscanf(stat_file, "%*d (%63[^)]) %c %d", name, &state, &ppid) != 3)
		return;
	event->ppid = ppid;
	if (uid && fstat(fileno(stat_file), &st) == 0)
		event->uid = st.st_uid;
	if (!comm || strcmp(name, comm) != 0)
		return;
	buf_reset(&path);
	buf_printf(&path, "/proc/%ld/exe", pid);
	n = buf_failed(&path) ? -1 : readlink(path.data, exe, sizeof(exe));
	if (n > 0)
		buf_add(source, exe, (size_t)n);
	event->source = n > 0 && !buf_failed(source) ? source->data : NULL;
}
