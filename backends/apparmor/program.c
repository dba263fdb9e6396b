/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks that others start under a workload's profiles, as a container runtime does: it is told a
 * label before there is a task, and the kernel changes to it with the execve, whose program it asks
 * no profile about. So the label is that of the class which the program's exec would have led to.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "diag.h"
#include "match.h"
#include "state.h"

static bool is_source(const struct apparmor_rule *rule, const char *program)
{
	for (size_t i = 0; i < rule->n_sources; i++)
		if (match_path(rule->sources[i].match, rule->sources[i].path,
			       rule->sources[i].recursive, program))
			return true;
	return !rule->n_sources;
}

/* Each class has rules of its own: the first one is that of a program which no rule names. */
size_t apparmor_class(const struct apparmor_ruleset *set, const char *program)
{
	struct apparmor_classes others = { 0 };

	for (size_t i = 0; program && i < set->n_rules; i++) {
		const struct apparmor_rule *rule = &set->rules[i];
		uint64_t flip = is_source(rule, program) ? UINT64_MAX : 0;

		for (size_t j = 0; j < ARRAY_SIZE(others.bits); j++)
			others.bits[j] |= rule->classes.bits[j] ^ flip;
	}
	for (size_t class = 0; program && class < set->n_profiles; class ++)
		if (!apparmor_classes_have(&others, class))
			return class;
	return 0;
}

static int label_make(struct apparmor_engine *engine, const char *name, const char *program,
		      struct buf *ret)
{
	const struct apparmor_workload *workload = apparmor_workload_find(engine, name);
	struct apparmor_names names;

	if (!workload || !engine->live)
		return -ENOENT;
	names = apparmor_workload_names(workload,
					apparmor_ruleset_at(engine->live, workload->ruleset));
	apparmor_label(
		ret, &names,
		apparmor_class(apparmor_ruleset_at(engine->live, workload->ruleset), program));
	return buf_failed(ret) ? -ENOMEM : 0;
}

int apparmor_task_label(struct karmor_engine *engine, const char *name, const char *program,
			char *ret, size_t size)
{
	_cleanup_buf_ struct buf label = { 0 };
	int r = label_make((struct apparmor_engine *)engine, name, program, &label);

	if (r < 0)
		return r;
	if (label.len >= size)
		return -EINVAL;
	memcpy(ret, label.data, label.len + 1);
	return 0;
}

/* The profile at @at of a label, without what follows it: another one, or the mode. */
static size_t profile_len(const char *at)
{
	const char *next = strstr(at, "//&");
	size_t len = strcspn(at, " \n");

	return next && (size_t)(next - at) < len ? (size_t)(next - at) : len;
}

static const char *profile_next(const char *at)
{
	const char *next = strstr(at, "//&");

	return next ? next + 3 : NULL;
}

bool apparmor_label_has(const char *label, const char *prefix)
{
	size_t len = strlen(prefix);

	for (; label; label = profile_next(label))
		if (strncmp(label, prefix, len) == 0 &&
		    (!label[len] || strchr("-./ \n", label[len])))
			return true;
	return false;
}

static bool has_profile(const char *label, const char *profile, size_t len)
{
	for (; label; label = profile_next(label))
		if (profile_len(label) == len && strncmp(label, profile, len) == 0)
			return true;
	return false;
}

/* Whether each profile of @wanted is in @label, whose order is the kernel's. */
static bool has_all(const char *label, const char *wanted)
{
	for (; wanted; wanted = profile_next(wanted))
		if (!has_profile(label, wanted, profile_len(wanted)))
			return false;
	return true;
}

/* Either of a task: its program; its label. 0 or a negative errno. */
static int task_read(pid_t pid, const char *what, bool is_link, char *ret, size_t size)
{
	_cleanup_buf_ struct buf path = { 0 };
	_cleanup_close_ int fd = -1;
	ssize_t n;

	buf_printf(&path, "/proc/%d/%s", (int)pid, what);
	if (buf_failed(&path))
		return -ENOMEM;
	if (!is_link)
		fd = open(path.data, O_RDONLY | O_CLOEXEC);
	n = is_link ? readlink(path.data, ret, size - 1) : fd < 0 ? -1 : read(fd, ret, size - 1);
	if (n < 0)
		return -errno;
	ret[n] = '\0';
	return 0;
}

int apparmor_entered(struct karmor_engine *engine, const char *name, pid_t pid,
		     struct karmor_diag *diag)
{
	char program[MATCH_PATH_MAX + 1], label[STATE_LABEL_MAX + 64] = "";
	_cleanup_buf_ struct buf wanted = { 0 };
	int r = task_read(pid, "exe", true, program, sizeof(program));

	r = r ? r : task_read(pid, "attr/apparmor/current", false, label, sizeof(label));
	r = r ? r : label_make((struct apparmor_engine *)engine, name, program, &wanted);
	if (r == 0 && has_all(label, wanted.data))
		return 0;
	if (r == 0)
		diag_error(diag, NULL, "start it under that label",
			   "task %d of workload \"%s\" became %s under AppArmor's label \"%.*s\", "
			   "not under \"%s\"",
			   (int)pid, name, program, (int)strcspn(label, "\n"), label, wanted.data);
	else
		diag_error(diag, NULL, NULL, "cannot read the label of task %d: %s", (int)pid,
			   strerror(-r));
	return r ? r : -EPERM;
}
