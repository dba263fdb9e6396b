/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a bundle's configuration says before there is a container: see oci.h.
 */
#include "oci.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "scope.h"

#define SEARCHED "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

const char *oci_bundle_id(const json_t *config)
{
	const char *path =
		json_string_value(json_object_get(json_object_get(config, "linux"), "cgroupsPath"));
	const char *colon = path ? strrchr(path, ':') : NULL;

	/* "SLICE:PREFIX:ID", as engines have it that let systemd make cgroups. */
	return colon && colon[1] ? colon + 1 : NULL;
}

char *oci_bundle_root(const json_t *config)
{
	const char *path =
		json_string_value(json_object_get(json_object_get(config, "root"), "path"));

	return path ? realpath(path, NULL) : NULL;
}

/* Where @path leads to in the directory @root, if to a program. */
static char *program_at(int root, const char *root_path, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	size_t len = strcmp(root_path, "/") == 0 ? 0 : strlen(root_path);
	_cleanup_close_ int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	char link[32], real[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return NULL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, real, sizeof(real) - 1);
	if (n <= 0)
		return NULL;
	real[n] = '\0';
	return strncmp(real, root_path, len) == 0 && real[len] == '/' ? strdup(real + len) : NULL;
}

static const char *variable(const json_t *process, const char *name)
{
	size_t i, len = strlen(name);
	json_t *each;

	json_array_foreach(json_object_get(process, "env"), i, each)
	{
		const char *text = json_string_value(each);

		if (text && strncmp(text, name, len) == 0 && text[len] == '=')
			return text + len + 1;
	}
	return NULL;
}

static char *program_search(int root, const char *root_path, const char *name, const char *path)
{
	_cleanup_free_ char *copy = strdup(path);
	char *left = copy, *dir, *ret = NULL;

	while (!ret && left && (dir = strsep(&left, ":"))) {
		char full[PATH_MAX];

		if (*dir == '/' && snprintf(full, sizeof(full), "%s/%s", dir, name) < PATH_MAX)
			ret = program_at(root, root_path, full);
	}
	return ret;
}

char *oci_bundle_program(const json_t *config, const char *root_path)
{
	const json_t *process = json_object_get(config, "process");
	const char *name = json_string_value(json_array_get(json_object_get(process, "args"), 0));
	const char *cwd = json_string_value(json_object_get(process, "cwd"));
	const char *path = variable(process, "PATH");
	_cleanup_close_ int root = open(root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char full[PATH_MAX];

	if (root < 0 || !name || !*name)
		return NULL;
	if (!strchr(name, '/'))
		return program_search(root, root_path, name, path ? path : SEARCHED);
	if (snprintf(full, sizeof(full), "%s/%s", *name == '/' || !cwd ? "" : cwd, name) >=
	    PATH_MAX)
		return NULL;
	return program_at(root, root_path, full);
}

bool oci_bundle_no_new_privs(const json_t *config)
{
	return json_is_true(json_object_get(json_object_get(config, "process"), "noNewPrivileges"));
}

int oci_bundle_label(json_t *config, const char *label)
{
	json_t *process = json_object_get(config, "process");
	const char *other = json_string_value(json_object_get(process, "apparmorProfile"));
	bool is_other = other && *other && strcmp(other, "unconfined") != 0 &&
			strncmp(other, "karmor-", strlen("karmor-")) != 0;
	json_t *text = is_other ? json_sprintf("%s//&%s", label, other) : json_string(label);

	return text && json_is_object(process)
		       ? json_object_set_new(process, "apparmorProfile", text)
		       : -1;
}
