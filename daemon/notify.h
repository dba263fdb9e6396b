/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service manager's side: what state the daemon is in, the watchdog, and sockets that were
 * passed. All of it does nothing where there is no service manager.
 */
#pragma once

/* "READY=1" and the like, lines with newlines between them. */
void notify_send(const char *state);
/* "RELOADING=1", with the time that goes with it. */
void notify_reloading(void);
/* How often the watchdog wants to hear of us, in milliseconds; 0: never. */
unsigned notify_watchdog_ms(void);
/* The one socket that was passed, close-on-exec; -1 where none was; -EINVAL for what is no
 * listening Unix socket, or more than one. */
int notify_socket(void);
