/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: clients, their messages and what waits to be sent to them.
 *
 * Everything a client can grow is bounded: its message by who it is, its answers, and the events
 * that wait for it: one that reads too slowly loses events and is told how many. A client that has
 * answers to read is not read from.
 */
#pragma once

#include <sys/types.h>

#include "filter.h"
#include "history.h"
#include "loop.h"
#include "varlink.h"

struct client;
struct control;

typedef void control_call_fn(struct client *client, const struct varlink_call *call, void *data);

/* Takes the listening socket @fd. @group: who may read, beside root; (gid_t)-1: nobody. */
int control_open(struct loop *loop, int fd, gid_t group, const struct history *history,
		 control_call_fn *fn, void *data, struct control **ret);
void control_close(struct control *control); /* accepts NULL */
size_t control_clients(const struct control *control);
/* Events that clients were too slow for, of all there were. */
unsigned long long control_lost(const struct control *control);
/* An event, also as @text, to all who follow. */
void control_publish(struct control *control, const json_t *event, const char *text);

/* Makes the socket, 0660 root:@group. A descriptor or a negative errno: -EADDRINUSE where somebody
 * listens there. */
int control_listen(const char *path, gid_t group);

/* Parameters are taken. */
void client_reply(struct client *client, json_t *parameters);
void client_error(struct client *client, const char *error, json_t *parameters);
/* Whether it may change what is enforced, as far as that is its user's. */
bool client_may_change(const struct client *client);
/* The process that connected; -1: not to be told. Borrowed. */
int client_process(const struct client *client);
/* Takes the filter: first what was, where it asks for that, then what is to come. */
void client_follow(struct client *client, struct filter *filter);
