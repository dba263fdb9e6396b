/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every object at and below a path, in one mount, without following a link or opening what is no
 * directory. A directory comes before what is in it; names come in order. The depth is not bounded,
 * the number of descriptors is.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <karmor/diag.h>

struct walk_object {
	int fd; /* O_PATH, lent */
	const char *path;
	dev_t dev;
	ino_t ino;
	uint64_t mount;
	uint32_t links;
	bool directory;
	bool mounted; /* of another mount than the root; nothing below it is looked at */
};

/* Negative ends the walk; else whether to go into a directory. */
typedef int walk_fn(const struct walk_object *object, void *data);

/* 0 (also where there is no such path, or a link is in it); what @fn returned; -EIO, -EPERM,
 * -EOPNOTSUPP, -EBUSY (message); -ENOMEM. */
int walk_tree(const char *root, walk_fn *fn, void *data, struct karmor_diag *diag);
/* Opens an absolute path with O_PATH, following no link; a descriptor, or -errno. */
int walk_open(const char *path);
int walk_look(int fd, const char *path, struct walk_object *ret);
