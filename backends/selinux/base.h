/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The base policy: what the machine's own SELinux policy has, asked of its binary image and of its
 * file contexts. Both come from caps, so that compiling needs no SELinux. Names that a policy gives
 * are checked to be identifiers of CIL before anything is made of them.
 */
#pragma once

#include "buf.h"
#include "caps.h"
#include "diag.h"

struct base;

/* Facts of caps: a binary policy, and text as of file_contexts(5). */
#define SELINUX_CAP_POLICY "policy"
#define SELINUX_CAP_FILE_CONTEXTS "file_contexts"

/* 0; -EINVAL (no policy, or one that cannot be read: message); -ENOMEM. */
int base_open(const struct karmor_caps *caps, struct base **ret, struct karmor_diag *diag);
void base_free(struct base *base);

/* Whether the policy has it; of a class, with NULL for @perm, any permission. */
bool base_has_type(const struct base *base, const char *name); /* a type, no attribute */
bool base_has_attribute(const struct base *base, const char *name);
bool base_has_role(const struct base *base, const char *name);
/* Whether a module of ours is in it. */
bool base_has_module(const struct base *base);
bool base_has_perm(const struct base *base, const char *class, const char *perm);
/* Whether sockets have classes of their own beyond those of old. */
bool base_has_socket_classes(const struct base *base);
/* Whether @type is in @attribute. */
bool base_is_a(const struct base *base, const char *type, const char *attribute);
/* Whether a rule allows it, conditions of the policy left aside. */
bool base_allows(const struct base *base, const char *source, const char *target, const char *class,
		 const char *perm);
/* By the number of a type: whether it is in @attribute, which may not be there, or whether @source
 * is allowed it. To be freed; NULL when memory is out. */
bool *base_members(const struct base *base, const char *attribute);
bool *base_targets(const struct base *base, const char *source, const char *class,
		   const char *perm);

/* The i-th user or type; NULL past the end. Attributes are left out: "" stands in their place. */
const char *base_user(const struct base *base, size_t i);
const char *base_type(const struct base *base, size_t i);
const char *base_class(const struct base *base, size_t i); /* the class whose number is i + 1 */

/* The type that file contexts give a file at @path; NULL where they give it none. */
const char *base_type_of(const struct base *base, const char *path);
/* The i-th line of file contexts: *path is NULL where it is an expression. False past the end. */
bool base_named(const struct base *base, size_t i, const char **path, const char **type);

/*
 * Writes what makes @name as good as @type to everybody: its attributes, and each rule that names
 * @type. *left_out: how many there are that it cannot write (of conditions, ranges, ioctls).
 */
void base_clone(const struct base *base, const char *type, const char *name, struct buf *buf,
		size_t *left_out);
