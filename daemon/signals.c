/* SPDX-License-Identifier: Apache-2.0 */
/* See signals.h. */
#include "signals.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Left alone: faults of our own, which cannot be handed on, and stopping, which is no end. */
static const int left[] = { SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,	SIGTRAP, SIGABRT, SIGSYS,
			    SIGXCPU, SIGXFSZ, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT };

int signals_open(sigset_t *old)
{
	sigset_t set;

	sigfillset(&set);
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		sigdelset(&set, left[i]);
	if (sigprocmask(SIG_BLOCK, &set, old) < 0)
		return -errno;
	/* Ours alone: a child, and a reader that went away. */
	sigdelset(&set, SIGPIPE);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* A terminal sends these to the command as well, which is in its foreground with us. */
static bool is_terminals(const struct signalfd_siginfo *info)
{
	return info->ssi_code == SI_KERNEL &&
	       (info->ssi_signo == SIGINT || info->ssi_signo == SIGQUIT ||
		info->ssi_signo == SIGWINCH);
}

void signals_forward(int fd, pid_t pid)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo != SIGCHLD && !is_terminals(&info))
			kill(pid, (int)info.ssi_signo);
}
