/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What keeps a workload from undoing its own enforcement, whatever its policies leave open: the
 * kernel's interface to profiles, the files of karmor and karmord, and what changes the kernel
 * itself. Leaving the profile needs no line: there is no change_profile among those of a workload.
 *
 * A stack needs it once: the lines are in the profile that every task of the workload is under.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "engine.h"
#include "process.h"
#include "state.h"

/* Above every line that a policy may have made. */
#define SELF_PRIORITY APPARMOR_PRIORITY_OUTSIDE

/* Profiles are loaded by whoever has the first; what follows would change the kernel below. */
static const unsigned capabilities[] = {
	CAP_MAC_ADMIN, CAP_MAC_OVERRIDE, CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_BOOT,
};

/*
 * Directories with all that is in them, as a task outside a container sees them. Those above may
 * not be renamed, for then others would take their place.
 */
static const char *const kept[] = {
	"/var/lib/karmor",
	"/etc/karmor",
	"/run/karmor",
};

static const struct {
	const char *path, *perms;
} lines[] = {
	{ "/{var,var/lib,etc,run,sys/fs/bpf}/", "wl" },
	{ "/{var/lib,etc,run}/karmor{,/,/**}", "wlk" },
	{ "/sys/fs/bpf/karmor*{,/**}", "wl" },
	{ "/sys/kernel/security/apparmor/{.load,.replace,.remove,policy/**}", "wl" },
	{ "/sys/module/apparmor/parameters/*", "wl" },
	{ "/proc/{*/,*/task/*/}attr/**", "wl" },
	/* What the kernel starts outside every workload. */
	{ "/proc/sys/kernel/{core_pattern,modprobe,poweroff_cmd,hotplug,ftrace_enabled}", "wl" },
	{ "/proc/sys/fs/binfmt_misc/*", "wl" },
	{ "/sys/kernel/uevent_helper", "wl" },
	{ "/sys/fs/cgroup/{,**/}release_agent", "wl" },
};

bool apparmor_self_keeps(unsigned capability)
{
	for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++)
		if (capabilities[i] == capability)
			return true;
	return false;
}

bool apparmor_self_capability(const struct apparmor_ruleset *set,
			      const struct apparmor_profile *profile, unsigned capability)
{
	uint32_t rule = profile->capability_rules[capability];

	/* What is denied anyway is so for a reason that has a name. */
	if (profile->capabilities[capability] == KARMOR_BLOCK ||
	    (rule < set->n_rules && set->rules[rule].action == KARMOR_ALLOW))
		return false;
	return apparmor_self_keeps(capability);
}

bool apparmor_self_path(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		size_t len = strlen(kept[i]);

		if (strncmp(path, kept[i], len) == 0 && (path[len] == '/' || !path[len]))
			return true;
	}
	return false;
}

void apparmor_self_lines(struct buf *buf, const struct apparmor_ruleset *set)
{
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		buf_puts(buf, "  ");
		if (set->priorities)
			buf_printf(buf, "priority=%d ", SELF_PRIORITY);
		buf_printf(buf, "audit deny \"%s\" %s,\n", lines[i].path, lines[i].perms);
	}
}

/* Whether one of the profiles of a label, which others may be stacked on, is ours. */
static bool label_is_ours(const char *label)
{
	const char *at = label;

	while ((at = strstr(at, ENGINE_PREFIX))) {
		if (at == label || strchr("&/:", at[-1]))
			return true;
		at++;
	}
	return false;
}

int apparmor_confines(struct karmor_engine *base, const char *name, int pidfd)
{
	const struct apparmor_workload *workload;
	char label[STATE_LABEL_MAX + 64];
	_cleanup_buf_ struct buf path = { 0 };
	_cleanup_close_ int fd = -1;
	long pid = process_number(pidfd);
	ssize_t n;

	if (pid <= 0)
		return pid < 0 ? 0 : -EIO;
	buf_printf(&path, "/proc/%ld/attr/apparmor/current", pid);
	fd = buf_failed(&path) ? -1 : open(path.data, O_RDONLY | O_CLOEXEC);
	/* Without AppArmor in the kernel, or the process. */
	if (fd < 0)
		return errno == ENOENT || errno == ESRCH ? 0 : -EIO;
	n = read(fd, label, sizeof(label) - 1);
	if (n < 0)
		return errno == EINVAL || errno == ESRCH ? 0 : -EIO;
	label[n] = '\0';
	if (!name)
		return label_is_ours(label);
	workload = base ? apparmor_workload_find((const struct apparmor_engine *)base, name) : NULL;
	return workload && apparmor_label_has(label, workload->profile);
}
