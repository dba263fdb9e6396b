/* SPDX-License-Identifier: Apache-2.0 */
/* Names at their limits, and names that are no text. The policy names each file as it is here. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attack.h"

#define DEPTH 2000
#define PATH_LONGEST 4095
#define NAME_LONGEST 255
#define PART 200 /* of a name on the way to the longest path */

static char path[PATH_LONGEST + 1];

static void path_begin(void)
{
	snprintf(path, sizeof(path), "%s", at("vault"));
}

static void path_add(char byte, size_t n)
{
	size_t len = strlen(path);

	path[len] = '/';
	memset(path + len + 1, byte, n);
	path[len + 1 + n] = '\0';
}

static int directories_make(void)
{
	for (char *slash = path + strlen(at("vault")) + 1; (slash = strchr(slash, '/')); slash++) {
		int r;

		*slash = '\0';
		r = mkdir(path, 0755);
		*slash = '/';
		if (r < 0 && errno != EEXIST)
			return -1;
	}
	return write_file(path, SECRET, 0644);
}

static int deep_path(void)
{
	path_begin();
	for (int i = 0; i < DEPTH; i++)
		path_add('d', 1);
	strcat(path, "/secret");
	return 0;
}

static int deep_make(void)
{
	return deep_path() < 0 ? -1 : directories_make();
}

static int deep(void)
{
	return deep_path() < 0 ? -1 : read_path(path);
}

/* From half way down: the kernel is never shown the whole. */
static int deep_relative(void)
{
	char *middle;

	deep_path();
	middle = path + strlen(at("vault")) + DEPTH;
	*middle = '\0';
	return chdir(path) < 0 ? -1 : read_path(middle + 1);
}

static int name_longest_make(void)
{
	path_begin();
	path_add('n', NAME_LONGEST);
	return write_file(path, SECRET, 0644);
}

static int name_longest(void)
{
	path_begin();
	path_add('n', NAME_LONGEST);
	return read_path(path);
}

static void path_longest_path(void)
{
	path_begin();
	while (PATH_LONGEST - strlen(path) > 2 * PART)
		path_add('p', PART);
	path_add('q', PATH_LONGEST - strlen(path) - 1 - PART);
	path_add('p', PART - 1);
}

static int path_longest_make(void)
{
	path_longest_path();
	return directories_make();
}

static int path_longest(void)
{
	path_longest_path();
	return read_path(path);
}

#define CONTROL "vault/a\nkarmor: block \x01\x1b]31m\"}"
#define INVALID                                                                                    \
	"vault/s\xff\xc3"                                                                          \
	"cret"

static int control_make(void)
{
	return write_file(CONTROL, SECRET, 0644);
}

static int control(void)
{
	return read_path(CONTROL);
}

static int invalid_make(void)
{
	return write_file(INVALID, SECRET, 0644);
}

static int invalid(void)
{
	return read_path(INVALID);
}

static const struct attack attacks[] = {
	{ "depth", deep, deep_make },
	{ "depth-relative", deep_relative, deep_make },
	{ "name", name_longest, name_longest_make },
	{ "path", path_longest, path_longest_make },
	{ "control", control, control_make },
	{ "invalid", invalid, invalid_make },
	{ NULL },
};

const struct group group_lengths = { "lengths", attacks, NULL };
