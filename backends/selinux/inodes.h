/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Under which path a file has got its label, for records that have its inode and last name alone.
 */
#pragma once

#include <stdint.h>
#include <time.h>

#include "arena.h"

struct selinux_inode {
	uint64_t number;
	const char *path;
};

struct selinux_inodes {
	struct arena arena;	   /* of the paths */
	struct selinux_inode *all; /* sorted */
	size_t n;
	struct timespec changed; /* the journal, when it was read */
	long long length;
};

/*
 * The path that the journal has of an inode whose last name is @name, valid until the next call;
 * NULL: none, or several. What is moved since has the path that it had. The journal is read anew
 * where it has changed.
 */
const char *selinux_inodes_find(struct selinux_inodes *inodes, const char *journal, uint64_t number,
				const char *name);
void selinux_inodes_done(struct selinux_inodes *inodes);
