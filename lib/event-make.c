/* SPDX-License-Identifier: Apache-2.0 */
#include "event-make.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

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

void event_texts_done(struct event_texts *texts)
{
	buf_done(&texts->source);
	buf_done(&texts->parent);
	buf_done(&texts->cwd);
}

/* The path that a link of /proc/PID tells; NULL where it cannot be told. */
static const char *link_read(long pid, const char *name, struct buf *ret)
{
	char file[64], path[MATCH_PATH_MAX + 1];
	ssize_t n;

	snprintf(file, sizeof(file), "/proc/%ld/%s", pid, name);
	n = readlink(file, path, sizeof(path));
	if (n <= 0 || n > MATCH_PATH_MAX)
		return NULL;
	buf_add(ret, path, (size_t)n);
	return buf_failed(ret) ? NULL : ret->data;
}

/* The number of a task in namespace @level of those that it has one in; 0: it has none there. */
static pid_t number_read(long pid, int *level)
{
	char file[64], line[256];
	_cleanup_fclose_ FILE *status = NULL;
	int number = 0, used, n = 0;

	snprintf(file, sizeof(file), "/proc/%ld/status", pid);
	status = fopen(file, "re");
	while (status && fgets(line, sizeof(line), status))
		if (strncmp(line, "NSpid:", 6) == 0)
			break;
	if (!status || feof(status) || ferror(status))
		return 0;
	for (const char *p = line + 6; n != *level && sscanf(p, "%d%n", &number, &used) == 1; n++)
		p += used;
	if (*level >= 0 && n < *level)
		return 0;
	*level = n;
	return number;
}

/* The kernel's name of a terminal, for those that people work at; "" of others. */
static void tty_name(unsigned device, char *ret, size_t size)
{
	unsigned first = major(device), second = minor(device);

	ret[0] = '\0';
	if (first >= 136 && first < 144) /* Unix98 terminals: 8 majors of 2^20 */
		snprintf(ret, size, "pts%u", (first - 136) << 20 | second);
	else if (first == 4)
		snprintf(ret, size, second < 64 ? "tty%u" : "ttyS%u",
			 second < 64 ? second : second - 64);
}

void event_task(struct karmor_event *event, long pid, const char *comm, bool uid,
		struct event_texts *texts)
{
	_cleanup_fclose_ FILE *stat_file = NULL;
	char file[64], name[64] = "", state;
	int ppid = 0, tty = 0, level = -1;
	struct stat st;

	snprintf(file, sizeof(file), "/proc/%ld/stat", pid);
	stat_file = fopen(file, "re");
	if (!stat_file ||
	    fscanf(stat_file, "%*d (%63[^)]) %c %d %*d %*d %d", name, &state, &ppid, &tty) != 4)
		return;
	event->ppid = ppid;
	if (uid && fstat(fileno(stat_file), &st) == 0)
		event->uid = st.st_uid;
	if (!comm || strcmp(name, comm) != 0)
		return;
	event->source = link_read(pid, "exe", &texts->source);
	event->parent = link_read(ppid, "exe", &texts->parent);
	event->cwd = link_read(pid, "cwd", &texts->cwd);
	event->ns_pid = number_read(pid, &level);
	event->ns_ppid = number_read(ppid, &level);
	tty_name((unsigned)tty, texts->tty, sizeof(texts->tty));
	event->tty = texts->tty;
}
