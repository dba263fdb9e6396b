/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop: descriptors and timers on epoll, one thread.
 *
 * A callback may remove any source, its own too; one that is removed is not called again, not even
 * for what had arrived. Descriptors are the caller's.
 */
#pragma once

#include <stdint.h>
#include <sys/epoll.h>

struct loop;
struct loop_source;

typedef void loop_fn(uint32_t events, void *data);

int loop_new(struct loop **ret); /* 0 or a negative errno */
void loop_free(struct loop *loop);

/* 0 or a negative errno. @events as epoll_ctl() has them. */
int loop_add(struct loop *loop, int fd, uint32_t events, loop_fn *fn, void *data,
	     struct loop_source **ret);
int loop_change(struct loop *loop, struct loop_source *source, uint32_t events);
/* Accepts NULL. */
void loop_remove(struct loop *loop, struct loop_source *source);

/* A timer, which is off at first; it is removed as any other source. */
int loop_timer(struct loop *loop, loop_fn *fn, void *data, struct loop_source **ret);
/* Once in @ms from now; 0 turns it off. */
void loop_timer_set(struct loop_source *timer, unsigned ms);
/* The same, but where it is to expire sooner anyway. */
void loop_timer_soon(struct loop_source *timer, unsigned ms);

/* Until loop_stop(); it may be run again. 0 or a negative errno. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
