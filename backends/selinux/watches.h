/* SPDX-License-Identifier: Apache-2.0 */
/* Directories that are watched, for later.c. */
#pragma once

#include "later.h"

/* The first of those by number that is watched by @wd, or where it would be. */
size_t selinux_later_index(const struct selinux_later *later, int wd);
/* Makes that order anew. 0 or -ENOMEM. */
int selinux_later_order(struct selinux_later *later);
/* What is to be watched and is, or is below, what has come. */
void selinux_later_again(struct selinux_later *later, char *path);
/* The directory is no more. 0 or -ENOMEM. */
int selinux_later_ignored(struct selinux_later *later, int wd);
/* Whether @fd wakes. 0 or a negative errno. */
int selinux_later_wake(const struct selinux_later *later, int op, int fd, uint32_t events);
