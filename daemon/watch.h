/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory, watched: whoever asked is called a little after the last of a series of changes.
 * Files that are open for writing and were changed are known, for half of them may be there.
 */
#pragma once

#include <stdbool.h>

#include "loop.h"

struct watch;

typedef void watch_fn(void *data);

int watch_open(struct loop *loop, watch_fn *fn, void *data, struct watch **ret);
void watch_close(struct watch *watch); /* accepts NULL */
/* Begins to watch @path in place of what was watched. 0 or a negative errno. */
int watch_directory(struct watch *watch, const char *path);
/* Whether somebody is in the middle of writing this file. */
bool watch_is_written(const struct watch *watch, const char *name);
