/* SPDX-License-Identifier: Apache-2.0 */
/* Processes by pidfd, which no other process of the same number is ever taken for. */
#pragma once

/* The number that the process has here; 0: none here; -1: it has ended. */
long process_number(int pidfd);

/* Whether it is the one that is looked for: 1, 0, or a negative errno, which ends the search. */
typedef int process_fn(int pidfd, void *data);

/*
 * The first process, threads' leaders alone, that @fn says is the one: its pidfd, the caller's. One
 * that has ended is passed over. -ENOENT: there is none, though one that forks all the time may be
 * missed; or what @fn returned, or another negative errno.
 */
int process_find(process_fn *fn, void *data);
