/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon is made of. */
#pragma once

#include "config.h"
#include "control.h"
#include "history.h"
#include "loop.h"
#include "node.h"
#include "store.h"

struct daemon {
	const char *config_path;
	struct config config;
	struct loop *loop;
	struct node node;
	struct store store;
	struct history *history;
	struct control *control;
	struct loop_source *signals, *watchdog;
	int signal_fd, lock;
	unsigned watchdog_ms;
	unsigned long long events; /* that were told */
};

/* A control_call_fn; @data: the daemon. */
void methods_call(struct client *client, const struct varlink_call *call, void *data);

/* A node_event_fn; @data: the daemon. */
void daemon_event(const struct karmor_event *event, const struct workload *workload, void *data);
