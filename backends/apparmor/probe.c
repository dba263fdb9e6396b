/* SPDX-License-Identifier: Apache-2.0 */
/* What this machine's AppArmor and its parser can do, found by asking the one and trying the other.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <unistd.h>

#include "caps.h"
#include "cleanup.h"
#include "engine.h"
#include "parser.h"
#include "probe.h"

static bool has_feature(const char *name)
{
	_cleanup_buf_ struct buf path = { 0 };

	buf_printf(&path, PARSER_FEATURES "/%s", name);
	return !buf_failed(&path) && access(path.data, F_OK) == 0;
}

/* A feature's file that lists a word. */
static bool lists_feature(const char *name, const char *word)
{
	_cleanup_buf_ struct buf path = { 0 };
	_cleanup_fclose_ FILE *file = NULL;
	char text[1024] = "";

	buf_printf(&path, PARSER_FEATURES "/%s", name);
	file = buf_failed(&path) ? NULL : fopen(path.data, "re");
	return file && fgets(text, sizeof(text), file) && strstr(text, word);
}

struct apparmor_mediates apparmor_kernel(void)
{
	return (struct apparmor_mediates){
		.userns = lists_feature("namespaces/mask", "userns_create"),
		.io_uring = has_feature("io_uring"),
		.mqueue = has_feature("ipc/posix_mqueue"),
	};
}

/* By trying: 1, 0, or that there is no parser. */
static int facts_find(struct karmor_caps *caps)
{
	int works = parser_takes("profile karmor { \"/{,**}\" r, }\n", PARSER_FEATURES);
	int priority = works == 1 ? parser_takes("profile karmor { priority=1 \"/{,**}\" r, }\n",
						 PARSER_FEATURES)
				  : works;
	int r;

	if (works <= 0 || priority < 0)
		return works < 0 ? works : priority < 0 ? priority : -EINVAL;
	r = caps_set(caps, APPARMOR_CAP_PRIORITY, (uint64_t)priority);
	r = r ? r : caps_set(caps, APPARMOR_CAP_NETWORK, has_feature("network_v8"));
	r = r ? r : caps_set(caps, APPARMOR_CAP_MOVE_MOUNT, has_feature("mount/move_mount"));
	return r;
}

static int ready(struct karmor_caps *caps)
{
	_cleanup_buf_ struct buf summary = { 0 };

	buf_printf(&summary, "%s; mounts %s; parser %s priorities",
		   caps_get(caps, APPARMOR_CAP_NETWORK) ? "sockets" : "no sockets",
		   caps_get(caps, APPARMOR_CAP_MOVE_MOUNT) ? "of every kind"
							   : "but for move_mount(2)",
		   caps_get(caps, APPARMOR_CAP_PRIORITY) ? "with" : "without");
	caps->summary = buf_failed(&summary) ? NULL : arena_strdup(&caps->arena, summary.data);
	caps->state = KARMOR_READY;
	return caps->summary ? 0 : -ENOMEM;
}

int apparmor_probe(struct karmor_caps *caps, struct karmor_diag *diag)
{
	int r;

	if (probe_lsm("apparmor") == 0)
		return caps_state(caps, KARMOR_NOT_ACTIVE, "boot with lsm=...,apparmor",
				  "not in lsm=");
	if (!has_feature("policy"))
		return caps_state(caps, KARMOR_NOT_ACTIVE,
				  "mount securityfs, and boot with lsm=...,apparmor",
				  "there is no " PARSER_FEATURES);
	if (probe_capability(CAP_MAC_ADMIN) != 1)
		return caps_state(caps, KARMOR_NOT_PERMITTED, "run as root",
				  "not permitted: loading profiles needs CAP_MAC_ADMIN");
	r = facts_find(caps);
	if (r == -ENOMEM)
		return r;
	if (r == -ENOENT)
		return caps_state(caps, KARMOR_NOT_ACTIVE, "install the package apparmor",
				  "there is no apparmor_parser");
	if (r < 0)
		return caps_state(caps, KARMOR_BROKEN, NULL,
				  "apparmor_parser refuses a profile with one rule");
	return ready(caps);
}
