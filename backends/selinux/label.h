/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One object's label. A label is an attribute's bytes, "user:role:type[:level]" and mostly a NUL.
 * Roles of files that are ours are told by their names.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define LABEL_SIZE 4096
#define LABEL_OBJECT_R "object_r"

struct label {
	char text[LABEL_SIZE];
	size_t len;
};

/* Whether @role is one that files are given: "karmor_o..._r". */
bool label_is_role(const char *role, size_t len);
/* The role within @label; NULL: it is no context. */
const char *label_role(const struct label *label, size_t *len);
bool label_has_role(const struct label *label, const char *role);
/* Whether its role is one that files are given. */
bool label_is_ours(const struct label *label);
/* @label with another role; false: it is no context, or it would be too long. */
bool label_with_role(const struct label *label, const char *role, size_t len, struct label *ret);

/* Of what @fd (O_PATH) is. 0 or -errno. */
int label_read(int fd, const char *attribute, struct label *ret);
int label_write(int fd, const char *attribute, const struct label *label);
