/* SPDX-License-Identifier: Apache-2.0 */
/* See workload.h. */
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include <karmor/karmor.h>

#include "cgroup.h"
#include "scope.h"
#include "text.h"
#include "varlink.h"

#define FIELD_MAX 4096 /* of labels; of other fields the engine's names' */

static const struct field {
	const char *name;
	size_t offset, max;
} texts[] = {
	{ "name", offsetof(struct workload, name), KARMOR_WORKLOAD_NAME_MAX },
	{ "namespace", offsetof(struct workload, namespace_name), KARMOR_WORKLOAD_NAME_MAX },
	{ "container", offsetof(struct workload, container), KARMOR_WORKLOAD_NAME_MAX },
	{ "labels", offsetof(struct workload, labels), FIELD_MAX },
	{ "pod", offsetof(struct workload, pod), KARMOR_WORKLOAD_NAME_MAX },
	{ "image", offsetof(struct workload, image), FIELD_MAX },
};

static char **text_at(const struct workload *workload, const struct field *field)
{
	return (char **)((uintptr_t)workload + field->offset);
}

void workload_free(struct workload *workload)
{
	if (!workload)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		free(*text_at(workload, &texts[i]));
	scope_close(&workload->pidfd);
	scope_close(&workload->root);
	scope_close(&workload->other);
	free(workload->cgroup);
	json_decref(workload->postures);
	karmor_ruleset_free(workload->set);
	free(workload);
}

void workload_rule(struct workload *workload, struct karmor_ruleset *set, const char *root)
{
	karmor_ruleset_free(workload->set);
	workload->set = set;
	snprintf(workload->set_root, sizeof(workload->set_root), "%s", root);
}

void workload_posture(struct workload *workload, json_t *postures)
{
	json_decref(workload->postures);
	workload->postures = json_incref(postures);
}

json_int_t workload_policies(const struct workload *workload)
{
	return workload->set ? (json_int_t)karmor_ruleset_policies(workload->set) : 0;
}

json_int_t workload_rules(const struct workload *workload)
{
	return workload->set ? (json_int_t)karmor_ruleset_rules(workload->set) : 0;
}

/* The 22nd word of stat, behind the name in parentheses, which may have anything in it. */
static unsigned long long start_time(pid_t pid)
{
	char path[32], text[1024], *at;
	unsigned long long ret = 0;
	_cleanup_close_ int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	at = strrchr(text, ')');
	for (int word = 2; at && word < 22; word++)
		at = strchr(at + 1, ' ');
	if (at)
		sscanf(at, "%llu", &ret);
	return ret;
}

void workload_root_renew(struct workload *workload)
{
	char path[32];
	int fd;

	workload_rule(workload, NULL, "");
	snprintf(path, sizeof(path), "/proc/%d/root", (int)workload->pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	scope_close(&workload->root);
	workload->root = fd;
}

/* Holds on to the task, by which nothing that is later given its number is mistaken for it. */
static int task_hold(struct workload *workload, pid_t pid)
{
	char path[32];
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
	workload->pidfd = fd;
	workload->pid = pid;
	workload->started = start_time(pid);
	workload->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (workload->root < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	return workload_lives(workload) && workload->started ? 0 : -ESRCH;
}

static bool is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static int texts_read(struct workload *workload, const json_t *fields, const char **wrong)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *text = varlink_text(fields, texts[i].name, wrong);

		if (*wrong)
			return -EINVAL;
		if (!text)
			continue;
		if (strlen(text) > texts[i].max || !is_plain(text)) {
			*wrong = texts[i].name;
			return -EINVAL;
		}
		*text_at(workload, &texts[i]) = strdup(text);
		if (!*text_at(workload, &texts[i]))
			return -ENOMEM;
	}
	if (workload->name && *workload->name)
		return 0;
	*wrong = "name";
	return -EINVAL;
}

static int make(const json_t *fields, struct workload **ret, const char **wrong)
{
	struct workload *workload = calloc(1, sizeof(*workload));
	int r;

	if (!workload)
		return -ENOMEM;
	workload->pidfd = workload->root = workload->other = -1;
	r = texts_read(workload, fields, wrong);
	if (r < 0)
		workload_free(workload);
	else
		*ret = workload;
	return r;
}

int workload_new(const json_t *fields, struct workload **ret, const char **wrong)
{
	struct workload *workload;
	long long pid = varlink_number(fields, "pid", 0, wrong);
	int r;

	if (pid <= 0 || pid > INT32_MAX)
		*wrong = "pid";
	r = *wrong ? -EINVAL : make(fields, &workload, wrong);
	if (r < 0)
		return r;
	r = task_hold(workload, (pid_t)pid);
	if (r < 0)
		workload_free(workload);
	else
		*ret = workload;
	return r;
}

int workload_new_ahead(const json_t *fields, struct workload **ret, const char **wrong)
{
	const char *root = varlink_text(fields, "root", wrong);
	bool no_new_privs = varlink_flag(fields, "noNewPrivileges", wrong);
	struct workload *workload;
	int r = *wrong ? -EINVAL : make(fields, &workload, wrong);

	if (r < 0)
		return r;
	if (root)
		workload->root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root && (*root != '/' || workload->root < 0)) {
		*wrong = "root";
		workload_free(workload);
		return -EINVAL;
	}
	workload->no_new_privs = no_new_privs;
	*ret = workload;
	return 0;
}

int workload_unit(struct workload *workload, const char *cgroup)
{
	char *path;

	if (asprintf(&path, "%s%s", cgroup ? CGROUP_MOUNT : "", cgroup ? cgroup : "") < 0)
		return -ENOMEM;
	free(workload->cgroup);
	workload->cgroup = path;
	workload->is_unit = cgroup;
	return 0;
}

static bool are_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool workload_is_like(const struct workload *a, const struct workload *b)
{
	bool ret = a->is_unit == b->is_unit && are_same(a->cgroup, b->cgroup);

	for (size_t i = 0; ret && i < ARRAY_SIZE(texts); i++)
		ret = are_same(*text_at(a, &texts[i]), *text_at(b, &texts[i]));
	return ret;
}

static void text_exchange(char **a, char **b)
{
	char *kept = *a;

	*a = *b;
	*b = kept;
}

void workload_exchange(struct workload *a, struct workload *b)
{
	bool kept = a->is_unit;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		text_exchange(text_at(a, &texts[i]), text_at(b, &texts[i]));
	text_exchange(&a->cgroup, &b->cgroup);
	a->is_unit = b->is_unit;
	b->is_unit = kept;
	a->is_removed = b->is_removed = false;
	workload_rule(a, NULL, "");
	workload_rule(b, NULL, "");
}

json_t *workload_record(const struct workload *workload)
{
	json_t *record = json_pack("{s:I, s:I, s:b, s:b, s:b}", "pid", (json_int_t)workload->pid,
				   "started", (json_int_t)workload->started, "prepared",
				   workload->is_prepared, "noNewPrivileges", workload->no_new_privs,
				   "removed", workload->is_removed);

	if (workload->is_unit)
		json_object_set_new(record, "unit",
				    text_json(workload->cgroup + strlen(CGROUP_MOUNT)));

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		json_object_set_new(record, texts[i].name,
				    text_json(*text_at(workload, &texts[i])));
	return record;
}

int workload_known(const json_t *record, struct workload **ret)
{
	const char *wrong = NULL;
	long long pid = varlink_number(record, "pid", 0, &wrong);
	long long started = varlink_number(record, "started", 0, &wrong);
	bool prepared = varlink_flag(record, "prepared", &wrong);
	bool no_new_privs = varlink_flag(record, "noNewPrivileges", &wrong);
	bool removed = varlink_flag(record, "removed", &wrong);
	struct workload *workload;
	const char *unit = varlink_text(record, "unit", &wrong);
	int r = wrong ? -EINVAL : make(record, &workload, &wrong);

	if (r == 0 && unit) {
		r = workload_unit(workload, unit);
		if (r < 0)
			workload_free(workload);
	}
	if (r < 0)
		return r;
	workload->is_prepared = prepared;
	workload->no_new_privs = no_new_privs;
	workload->is_removed = removed;
	if (pid > 0 && pid <= INT32_MAX && task_hold(workload, (pid_t)pid) == 0 &&
	    workload->started == (unsigned long long)started) {
		*ret = workload;
		return 0;
	}
	scope_close(&workload->pidfd);
	scope_close(&workload->root);
	workload->pidfd = workload->root = workload->other = -1;
	workload->pid = 0;
	*ret = workload;
	return 0;
}

bool workload_lives(const struct workload *workload)
{
	struct pollfd poller = { .fd = workload->pidfd, .events = POLLIN };

	return workload->pidfd >= 0 && poll(&poller, 1, 0) == 0;
}

void workload_root(const struct workload *workload, char ret[WORKLOAD_ROOT_SIZE])
{
	if (workload_lives(workload))
		snprintf(ret, WORKLOAD_ROOT_SIZE, "/proc/%d/root", (int)workload->pid);
	else if (workload->root >= 0)
		snprintf(ret, WORKLOAD_ROOT_SIZE, "/proc/self/fd/%d", workload->root);
	else
		snprintf(ret, WORKLOAD_ROOT_SIZE, "/");
}

json_t *workload_json(const struct workload *workload, long tasks)
{
	json_t *object = json_pack("{s:I, s:I, s:I, s:I, s:b, s:b, s:b, s:b, s:b}", "pid",
				   (json_int_t)workload->pid, "tasks",
				   (json_int_t)(tasks > 0 ? tasks : 0), "policies",
				   workload_policies(workload), "rules", workload_rules(workload),
				   "adopted", workload->adopted, "waiting", workload->is_waiting,
				   "prepared", workload->is_prepared, "noNewPrivileges",
				   workload->no_new_privs, "removed", workload->is_removed);

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		json_object_set_new(object, texts[i].name,
				    text_json(*text_at(workload, &texts[i])));
	return object;
}
