/* SPDX-License-Identifier: Apache-2.0 */
/* See label.h. */
#include "label.h"

#include <errno.h>
#include <selinux/selinux.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

#include "labels.h"

#define ROLE "karmor_o"
#define ROLE_END "_r"
#define TYPE "karmor_x"

/* How many digits of a name there are. */
static size_t digits(const char *text, size_t len)
{
	size_t n = 0;

	/* Of modules before as well, whose names had other digits. */
	while (n < len &&
	       ((text[n] >= '0' && text[n] <= '9') || (text[n] >= 'a' && text[n] <= 'z')))
		n++;
	return n;
}

bool label_is_role(const char *role, size_t len)
{
	const size_t start = sizeof(ROLE) - 1, end = sizeof(ROLE_END) - 1;

	return len > start + end && len < SELINUX_ROLE_SIZE && memcmp(role, ROLE, start) == 0 &&
	       digits(role + start, len - start) == len - start - end &&
	       memcmp(role + len - end, ROLE_END, end) == 0;
}

/* Where in a copy's name the type begins; 0: it is no copy's. */
static size_t type_start(const char *type, size_t len)
{
	size_t at = sizeof(TYPE) - 1, n;

	if (len <= at || memcmp(type, TYPE, at) != 0)
		return 0;
	n = digits(type + at, len - at);
	at += n;
	return n && at + 1 < len && type[at] == '_' ? at + 1 : 0;
}

bool label_is_type(const char *type, size_t len)
{
	return len < SELINUX_TYPE_SIZE && type_start(type, len) > 0;
}

struct label_part label_type_of(struct label_part type)
{
	size_t start = type_start(type.text, type.len);

	return (struct label_part){ type.text + start, type.len - start };
}

bool label_parse(const struct label *label, struct label_part *role, struct label_part *type)
{
	size_t len = strnlen(label->text, label->len);
	const char *end = label->text + len, *at = memchr(label->text, ':', len), *level;

	if (!at)
		return false;
	role->text = at + 1;
	at = memchr(role->text, ':', (size_t)(end - role->text));
	if (!at)
		return false;
	role->len = (size_t)(at - role->text);
	type->text = at + 1;
	level = memchr(type->text, ':', (size_t)(end - type->text));
	type->len = (size_t)((level ? level : end) - type->text);
	return true;
}

bool label_is_ours(const struct label *label)
{
	struct label_part role, type;

	return label_parse(label, &role, &type) &&
	       (label_is_role(role.text, role.len) || label_is_type(type.text, type.len));
}

bool label_is_kept(const struct label *label)
{
	const size_t len = sizeof(SELINUX_KEPT_ROLE) - 1;
	struct label_part role, type;

	return label_parse(label, &role, &type) && role.len == len &&
	       memcmp(role.text, SELINUX_KEPT_ROLE, len) == 0;
}

static void add(struct label *label, const char *text, size_t len)
{
	memcpy(label->text + label->len, text, len);
	label->len += len;
}

bool label_with(const struct label *label, struct label_part role, struct label_part type,
		struct label *ret)
{
	struct label_part old_role, old_type;
	struct label made = { .len = 0 };
	const char *rest;

	if (!label_parse(label, &old_role, &old_type) ||
	    label->len - old_role.len - old_type.len + role.len + type.len > sizeof(made.text))
		return false;
	rest = old_type.text + old_type.len;
	add(&made, label->text, (size_t)(old_role.text - label->text));
	add(&made, role.text, role.len);
	add(&made, ":", 1);
	add(&made, type.text, type.len);
	add(&made, rest, (size_t)(label->text + label->len - rest));
	*ret = made;
	return true;
}

bool label_is_valid(const struct label *label)
{
	char text[LABEL_SIZE + 1];

	memcpy(text, label->text, label->len);
	text[label->len] = '\0';
	return security_check_context_raw(text) == 0;
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
