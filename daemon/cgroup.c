/* SPDX-License-Identifier: Apache-2.0 */
/* See cgroup.h. */
#include "cgroup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scope.h"

static FILE *file_open(const char *cgroup, const char *name)
{
	char path[4200];

	return snprintf(path, sizeof(path), "%s/%s", cgroup, name) < (int)sizeof(path)
		       ? fopen(path, "re")
		       : NULL;
}

char *cgroup_of(pid_t pid)
{
	char dir[32], path[4096], line[4200], *ret = NULL;
	FILE *file;

	snprintf(dir, sizeof(dir), "/proc/%d", (int)pid);
	file = file_open(dir, "cgroup");
	while (file && !ret && fgets(line, sizeof(line), file)) {
		char *end = strchr(line, '\n');

		/* "/.." is outside of the cgroup namespace that we are in. */
		if (!end || strncmp(line, "0::/", 4) != 0 || !strcmp(line + 3, "/\n") ||
		    strncmp(line + 3, "/..", 3) == 0)
			continue;
		*end = '\0';
		if (snprintf(path, sizeof(path), CGROUP_MOUNT "%s", line + 3) < (int)sizeof(path))
			ret = strdup(path);
	}
	if (file)
		fclose(file);
	return ret;
}

/* Nothing is below where nothing but "0" is behind the word. */
static bool has_below(const char *cgroup)
{
	FILE *file = file_open(cgroup, "cgroup.stat");
	unsigned long n = 1;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "nr_descendants %lu", &n) == 1)
			break;
	if (file)
		fclose(file);
	return n != 0;
}

bool cgroup_is_own(const char *cgroup, pid_t pid)
{
	FILE *file = file_open(cgroup, "cgroup.procs");
	size_t ours = 0, others = 0;
	char line[64];

	while (file && fgets(line, sizeof(line), file))
		++*(strtol(line, NULL, 10) == pid ? &ours : &others);
	if (file)
		fclose(file);
	return ours == 1 && !others && !has_below(cgroup);
}
