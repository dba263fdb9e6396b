/* SPDX-License-Identifier: Apache-2.0 */
/* See journal.h. */
#include "journal.h"

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

void journal_put(FILE *out, const char *name, const char *value)
{
	size_t len = strlen(value);
	uint64_t size = htole64(len);

	fprintf(out, "%s\n", name);
	fwrite(&size, sizeof(size), 1, out);
	fwrite(value, 1, len, out);
	putc('\n', out);
}

int journal_send(int fd, const char *path, const void *data, size_t size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	return sendto(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL,
		      (const struct sockaddr *)&address, sizeof(address)) < 0
		       ? -errno
		       : 0;
}
