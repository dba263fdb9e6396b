/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See privileges.h. Whoever started us may have left us all of root's; the unit bounds what there
 * is to begin with, and says what each is for.
 */
#include "privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "scope.h"

/* Of the unit's, CHOWN was for the socket and SYS_RESOURCE for limits. */
static const unsigned char kept[] = {
	CAP_AUDIT_READ, CAP_BPF,     CAP_DAC_READ_SEARCH, CAP_KILL,
	CAP_MAC_ADMIN,	CAP_PERFMON, CAP_SYS_ADMIN,	  CAP_SYS_PTRACE,
};

/* Labels files of whatever owner, and its tasks may have to become what we are not. */
static bool needs_all(const char *backends)
{
	return strstr(backends, "selinux") != NULL;
}

int privileges_drop(const char *backends)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct have[_LINUX_CAPABILITY_U32S_3],
		keep[ARRAY_SIZE(have)] = { 0 };

	if (needs_all(backends))
		return 0;
	if (syscall(SYS_capget, &header, have) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		keep[CAP_TO_INDEX(kept[i])].permitted |= CAP_TO_MASK(kept[i]);
	for (size_t i = 0; i < ARRAY_SIZE(keep); i++) {
		keep[i].permitted &= have[i].permitted;
		keep[i].effective = keep[i].permitted;
	}
	/* Or a program that root executes would have them again. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
	    syscall(SYS_capset, &header, keep) < 0)
		return -errno;
	return 0;
}
