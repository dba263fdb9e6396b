/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon may do. */
#pragma once

/*
 * Gives up, for good, every capability that a daemon that has started needs no more; none where
 * SELinux is one of its backends ("bpf", "apparmor,bpf"). 0 or a negative errno.
 */
int privileges_drop(const char *backends);
