/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One object's label. A label is an attribute's bytes, "user:role:type[:level]" and mostly a NUL.
 * Roles and types that are ours are told by their names:
 * a role of files is karmor_o..._r, the copy of a type karmor_x..._ and the type.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define LABEL_SIZE 4096

struct label {
	char text[LABEL_SIZE];
	size_t len;
};

struct label_part {
	const char *text; /* of the label */
	size_t len;
};

/* False: it is no context. */
bool label_parse(const struct label *label, struct label_part *role, struct label_part *type);

bool label_is_role(const char *role, size_t len);
bool label_is_type(const char *type, size_t len);
/* Whether its role or its type is ours. */
bool label_is_ours(const struct label *label);
/* Whether it is of what karmor keeps for itself, which no rule gives another. */
bool label_is_kept(const struct label *label);
/* What a copy is of; else the type itself. */
struct label_part label_type_of(struct label_part type);

/* @label with another role and type; false: it is no context, or it would be too long. */
bool label_with(const struct label *label, struct label_part role, struct label_part type,
		struct label *ret);

/* Whether the policy in force has such a context. A privileged caller may set one that it has not,
 * which is then as good as none. */
bool label_is_valid(const struct label *label);

/* Of what @fd (O_PATH) is. 0 or -errno. */
int label_read(int fd, const char *attribute, struct label *ret);
int label_write(int fd, const char *attribute, const struct label *label);
