/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that get a name after labels were set: one that is written anew and moved over the old, as
 * passwd(1) and package managers do, or a directory that is made later; and labels that somebody
 * takes away.
 *
 * The directories that names of rules lead through are watched, and those that rules name
 * themselves; what is further below is not, as a pattern may be about a whole file system.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <karmor/diag.h>

#include "labels.h"

struct later_directory {
	char *path;
	int wd;	   /* -1: there is none now, or it cannot be watched */
	bool seen; /* that was tried */
};

/* What came. */
struct later_found {
	char **paths;
	size_t n, size;
	bool any; /* something was told of, if not of what was found */
	bool all; /* more than is known of: anything may have come */
};

struct selinux_later {
	int fd, timer;			     /* inotify(7)'s, and that of a pause; -1: none yet */
	int poll;			     /* an epoll that is to wake for both; borrowed */
	bool paused;			     /* it wakes for the second alone */
	struct later_directory *directories; /* sorted by path */
	size_t n, size;
	struct later_directory **by_wd; /* those that are watched, sorted by that */
	size_t n_by_wd;
	struct later_found due; /* what is to be looked at after a pause */
};

void selinux_later_start(struct selinux_later *later, int poll);
void selinux_later_stop(struct selinux_later *later);

/*
 * Watches what @walk's roots lead through, and nothing else any more. Call it before labels are
 * set, so that what comes meanwhile is not missed. What cannot be watched is a warning. 0 or
 * -ENOMEM.
 */
int selinux_later_watch(struct selinux_later *later, const struct selinux_walk *walk,
			struct karmor_diag *diag);

/* Of what came since, that which has not the label that @walk gives it; @ret is to be freed. 0 or
 * -ENOMEM. */
int selinux_later_read(struct selinux_later *later, const struct selinux_walk *walk,
		       struct later_found *ret);
/* After it, and after what there was to do, nothing is told of for 50 ms, or as long as that took,
 * so that who makes files all the time has not all of our time. */
void selinux_later_pause(struct selinux_later *later, uint64_t spent_ns);
void selinux_later_done(struct later_found *found);
