/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon is made of. */
#pragma once

#include "config.h"
#include "control.h"
#include "history.h"
#include "http.h"
#include "loop.h"
#include "node.h"
#include "sinks.h"
#include "store.h"

/* Of one action in one section. */
struct event_count {
	unsigned long long events, accesses;
};

#define METRICS_ACTIONS 3
#define METRICS_SECTIONS 5

struct daemon {
	const char *config_path;
	struct config config;
	struct loop *loop;
	struct node node;
	struct store store;
	struct history *history;
	struct control *control;
	struct sinks *sinks;
	struct http *http;
	struct loop_source *signals, *watchdog;
	int signal_fd, lock;
	unsigned watchdog_ms;
	unsigned long long events; /* that were told */
	struct event_count counts[METRICS_ACTIONS][METRICS_SECTIONS];
};

/* A control_call_fn; @data: the daemon. */
void methods_call(struct client *client, const struct varlink_call *call, void *data);

/* A node_event_fn; @data: the daemon. */
void daemon_event(const struct karmor_event *event, const struct workload *workload, void *data);
