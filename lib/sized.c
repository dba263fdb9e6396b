/* SPDX-License-Identifier: Apache-2.0 */
/* See sized.h. */
#include "sized.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* No struct of any release is as large: a size above was never set. */
#define SIZE_LIMIT 4096

static bool is_size(size_t size)
{
	return size >= sizeof(size) && size <= SIZE_LIMIT;
}

int sized_read(void *ours, size_t size, const void *theirs)
{
	const unsigned char *bytes = theirs;
	size_t given;

	memcpy(&given, theirs, sizeof(given));
	if (!is_size(given))
		return -EINVAL;
	for (size_t i = size; i < given; i++)
		if (bytes[i])
			return -EINVAL;
	memset(ours, 0, size);
	memcpy(ours, theirs, given < size ? given : size);
	memcpy(ours, &size, sizeof(size));
	return 0;
}

int sized_write(void *theirs, const void *ours, size_t size)
{
	size_t room;

	memcpy(&room, theirs, sizeof(room));
	if (!is_size(room))
		return -EINVAL;
	if (room > size)
		memset((unsigned char *)theirs + size, 0, room - size);
	memcpy((unsigned char *)theirs + sizeof(room), (const unsigned char *)ours + sizeof(room),
	       (room < size ? room : size) - sizeof(room));
	return 0;
}
