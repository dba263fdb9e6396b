/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where policies come from: files of policies.d, and what came over the socket, which is kept.
 *
 * A file that is at fault leaves in force what it was before, also when the daemon is started anew:
 * a copy of each file that was accepted is kept too.
 */
#pragma once

#include "node.h"
#include "watch.h"

struct store {
	struct node *node;
	struct watch *watch;
	char *kept, *accepted; /* directories */
	json_t *faults;	       /* of the last look at policies.d */
	bool is_refused;       /* some of it, for the sake of a task or another program */
};

/* Reads everything and puts it in force. 0 or a negative errno: what is at fault is no failure. */
int store_open(struct store *store, struct node *node, struct loop *loop);
void store_close(struct store *store);
/* Looks at policies.d anew. */
void store_refresh(struct store *store);
/* What was refused, once more: what was told of it is not told again. */
void store_again(struct store *store);
/* Begins to watch policies.d, again: it may be another one. */
void store_watch(struct store *store);

/*
 * Puts the policies of @text in force and keeps them. @changes: an array, to which what became of
 * each is added. 0; -EINVAL and others as node_apply(), with messages; -EPERM where they are about
 * the ways back into the node, without @force; -EIO where they cannot be kept: then the old ones
 * are in force.
 */
int store_put(struct store *store, const char *name, const char *text, size_t len, bool force,
	      json_t *changes, json_t *messages);
/* 0; -ENOENT; -EBUSY: it is of a file, whose path is told in @messages. */
int store_delete(struct store *store, enum karmor_kind kind, const char *namespace_name,
		 const char *name, json_t *messages);
