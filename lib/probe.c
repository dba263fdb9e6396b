/* SPDX-License-Identifier: Apache-2.0 */
/* See probe.h. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"

#define LSM_LIST "/sys/kernel/security/lsm"
#define STATUS "/proc/self/status"

/* The kernel's list of LSMs is far shorter; a longer one would be cut, and a name at its end
 * missed. */
#define LIST_MAX 4096

static ssize_t file_read(const char *path, char *text, size_t size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, size - 1);

	if (len < 0)
		return -errno;
	text[len] = '\0';
	return len;
}

int probe_lsm(const char *name)
{
	char list[LIST_MAX], *rest = list, *word;
	ssize_t len = file_read(LSM_LIST, list, sizeof(list));

	if (len < 0)
		return (int)len;
	while ((word = strsep(&rest, ",\n")))
		if (strcmp(word, name) == 0)
			return 1;
	return 0;
}

int probe_capability(unsigned capability)
{
	char text[LIST_MAX];
	unsigned long long effective;
	ssize_t len = file_read(STATUS, text, sizeof(text));
	const char *line;

	if (len < 0)
		return (int)len;
	line = strstr(text, "\nCapEff:");
	if (!line || sscanf(line, "\nCapEff: %llx", &effective) != 1)
		return -EIO;
	return effective >> capability & 1;
}
