/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Under what context of SELinux a container is started: see oci.h. Engines choose user, type and
 * level, of which the type is what lets a container be one; a workload is told by its role alone.
 */
#include "oci.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "scope.h"

/* Takes a context, and says whether the policy has it. */
#define SELINUX_CONTEXT "/sys/fs/selinux/context"

/* "USER:ROLE:REST". False where @context is none. */
struct parts {
	const char *role, *rest; /* USER ends before the role */
};

static bool parts_find(const char *context, struct parts *ret)
{
	const char *colon = strchr(context, ':');

	ret->role = colon ? colon + 1 : NULL;
	colon = colon ? strchr(colon + 1, ':') : NULL;
	ret->rest = colon ? colon + 1 : NULL;
	return colon && *ret->rest;
}

static bool context_make(const char *own, const char *label, char ret[OCI_CONTEXT_MAX])
{
	struct parts mine, theirs;
	int len;

	if (!parts_find(own, &mine) || !parts_find(label, &theirs))
		return false;
	len = snprintf(ret, OCI_CONTEXT_MAX, "%.*s%.*s:%s", (int)(mine.role - own), own,
		       (int)(theirs.rest - theirs.role - 1), theirs.role, mine.rest);
	return len > 0 && len < OCI_CONTEXT_MAX;
}

/* Where nobody is to know, the runtime is told. */
static bool is_wrong(const char *context)
{
	_cleanup_close_ int fd = open(SELINUX_CONTEXT, O_RDWR | O_CLOEXEC);

	return fd >= 0 && write(fd, context, strlen(context) + 1) < 0 && errno == EINVAL;
}

void oci_own_context(char ret[OCI_CONTEXT_MAX])
{
	_cleanup_close_ int fd = open("/proc/thread-self/attr/current", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, ret, OCI_CONTEXT_MAX - 1);

	ret[n > 0 ? n : 0] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
}

int oci_context(const char *own, const char *label, char ret[OCI_CONTEXT_MAX])
{
	if (!context_make(own, label, ret))
		return -EINVAL;
	return is_wrong(ret) ? -EACCES : 0;
}

int oci_bundle_context(json_t *config, const char *label, char ret[OCI_CONTEXT_MAX])
{
	json_t *process = json_object_get(config, "process");
	const char *own = json_string_value(json_object_get(process, "selinuxLabel"));
	char engine[OCI_CONTEXT_MAX];
	json_t *text;
	int r;

	oci_own_context(engine);
	r = json_is_object(process) ? oci_context(own && *own ? own : engine, label, ret) : -EINVAL;
	if (r)
		return r;
	text = json_string(ret);
	return text && json_object_set_new(process, "selinuxLabel", text) == 0 ? 0 : -ENOMEM;
}
