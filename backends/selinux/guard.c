/* SPDX-License-Identifier: Apache-2.0 */
/* See guard.h. */
#include "guard.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "diag.h"
#include "label.h"
#include "labels.h"
#include "walk.h"

static const char *const own[] = { "/etc/karmor", "/var/lib/karmor", "/run/karmor" };

/* One directory, and the first that could not be changed there. */
struct guard {
	const char *attribute;
	bool on;
	struct karmor_diag *diag;
	bool warned;
};

static void warn(struct guard *guard, const char *path, int code)
{
	const char *reason =
		code == -EINVAL ? "the policy in force has no such context" : strerror(-code);

	if (guard->warned)
		return;
	guard->warned = true;
	if (guard->on)
		diag_warning(guard->diag, NULL, NULL,
			     "selinux: cannot keep workloads out of \"%s\": %s", path, reason);
	else
		diag_warning(guard->diag, NULL, "put its label right: restorecon -F",
			     "selinux: cannot take the role " SELINUX_KEPT_ROLE " from \"%s\": %s",
			     path, reason);
}

/* Whether the policy in force has it, where that is asked: the kernel would keep it all the same.
 */
static int label_set(const struct guard *guard, int fd, const struct label *label)
{
	if (guard->on && strcmp(guard->attribute, SELINUX_ATTRIBUTE) == 0 && !label_is_valid(label))
		return -EINVAL;
	return label_write(fd, guard->attribute, label);
}

/* A role that is not ours and not all files' is somebody's, and is found again. */
static bool is_to_change(const struct guard *guard, const struct label *label,
			 struct label_part role)
{
	const size_t len = strlen("object_r");

	if (!guard->on)
		return label_is_kept(label);
	return (role.len == len && memcmp(role.text, "object_r", len) == 0) ||
	       label_is_role(role.text, role.len);
}

static int visit(const struct walk_object *object, void *data)
{
	struct guard *guard = data;
	const char *to = guard->on ? SELINUX_KEPT_ROLE : "object_r";
	struct label_part role, type;
	struct label label, changed;
	int r;

	if (object->mounted)
		return 0;
	r = label_read(object->fd, guard->attribute, &label);
	if (r == 0 && label_parse(&label, &role, &type) && is_to_change(guard, &label, role) &&
	    label_with(&label, (struct label_part){ to, strlen(to) }, type, &changed))
		r = label_set(guard, object->fd, &changed);
	else if (!guard->on)
		r = 0; /* of what cannot be read nothing was set */
	if (r < 0)
		warn(guard, object->path, r);
	return object->directory;
}

/*
 * What leads there may be a link, as /var/lib on some machines; what is there may not: a workload
 * can have made it before, to have something else out of its reach and everybody's.
 */
static int place(const char *path, char ret[PATH_MAX])
{
	const char *name = strrchr(path, '/');
	_cleanup_free_ char *above = strndup(path, (size_t)(name - path));
	_cleanup_free_ char *real = above ? realpath(above, NULL) : NULL;
	struct stat st;

	if (!real)
		return -errno;
	if (snprintf(ret, PATH_MAX, "%s%s", real, name) >= PATH_MAX)
		return -ENAMETOOLONG;
	if (lstat(ret, &st) < 0)
		return -errno;
	return S_ISLNK(st.st_mode) ? -ELOOP : 0;
}

void selinux_guard_at(const char *path, const char *attribute, bool on, struct karmor_diag *diag)
{
	struct guard guard = { .attribute = attribute, .on = on, .diag = diag };
	char real[PATH_MAX];
	int r = place(path, real);

	if (r == 0)
		r = walk_tree(real, visit, &guard, NULL);
	if (r < 0 && r != -ENOENT && r != -ENOTDIR)
		warn(&guard, path, r);
}

void selinux_guard(bool on, struct karmor_diag *diag)
{
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		selinux_guard_at(own[i], SELINUX_ATTRIBUTE, on, diag);
}
