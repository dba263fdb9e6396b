/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signals of a program that runs a command for somebody: what is meant for the command reaches
 * it, and none ends the program before it.
 */
#pragma once

#include <signal.h>
#include <sys/types.h>

/*
 * Blocks every signal that would end this program, and gives what was blocked before in @old: the
 * command's mask. A descriptor to poll and to give to signals_forward(); a negative errno.
 */
int signals_open(sigset_t *old);

/* Sends on to @pid what has arrived, but what @pid has by itself. */
void signals_forward(int fd, pid_t pid);
