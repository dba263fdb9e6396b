/* SPDX-License-Identifier: Apache-2.0 */
/* See label.h. */
#include "label.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

#include "labels.h"

#define OURS "karmor_o"
#define OURS_END "_r"

bool label_is_role(const char *role, size_t len)
{
	const size_t start = sizeof(OURS) - 1, end = sizeof(OURS_END) - 1;

	if (len <= start + end || len >= SELINUX_ROLE_SIZE || memcmp(role, OURS, start) != 0 ||
	    memcmp(role + len - end, OURS_END, end) != 0)
		return false;
	for (size_t i = start; i < len - end; i++)
		if (!((role[i] >= '0' && role[i] <= '9') || (role[i] >= 'a' && role[i] <= 'f')))
			return false;
	return true;
}

const char *label_role(const struct label *label, size_t *len)
{
	const char *end = label->text + label->len;
	const char *role = memchr(label->text, ':', label->len), *type;

	if (!role)
		return NULL;
	role++;
	type = memchr(role, ':', (size_t)(end - role));
	if (!type)
		return NULL;
	*len = (size_t)(type - role);
	return role;
}

bool label_has_role(const struct label *label, const char *role)
{
	size_t len;
	const char *has = label_role(label, &len);

	return has && len == strlen(role) && memcmp(has, role, len) == 0;
}

bool label_is_ours(const struct label *label)
{
	size_t len;
	const char *role = label_role(label, &len);

	return role && label_is_role(role, len);
}

bool label_with_role(const struct label *label, const char *role, size_t len, struct label *ret)
{
	size_t old_len, start, rest;
	const char *old = label_role(label, &old_len);

	if (!old || label->len - old_len + len > sizeof(ret->text))
		return false;
	start = (size_t)(old - label->text);
	rest = label->len - start - old_len;
	memcpy(ret->text, label->text, start);
	memcpy(ret->text + start, role, len);
	memcpy(ret->text + start + len, old + old_len, rest);
	ret->len = start + len + rest;
	return true;
}

/* Through /proc, for no call takes a descriptor that is not open; a link is not followed there. */
static void place(int fd, char ret[32])
{
	snprintf(ret, 32, "/proc/self/fd/%d", fd);
}

int label_read(int fd, const char *attribute, struct label *ret)
{
	char path[32];
	ssize_t n;

	place(fd, path);
	n = getxattr(path, attribute, ret->text, sizeof(ret->text));
	if (n < 0)
		return -errno;
	ret->len = (size_t)n;
	return 0;
}

int label_write(int fd, const char *attribute, const struct label *label)
{
	char path[32];

	place(fd, path);
	return setxattr(path, attribute, label->text, label->len, 0) < 0 ? -errno : 0;
}
