/* SPDX-License-Identifier: Apache-2.0 */
/* The vtable entry of the SELinux backend. */
#include "engine.h"
#include "machine.h"

#include <errno.h>

#include "diag.h"

const struct karmor_backend backend_selinux = {
	.name = "selinux",
	.title = "SELinux",
	.enforces = true,
	.prepares = true,
	.probe = selinux_probe,
	.full = selinux_full,
	.compile = selinux_compile,
	.print = selinux_print,
	.artifact_free = selinux_artifact_free,
	.open = selinux_open,
	.close = selinux_close,
	.stage = selinux_stage,
	.commit = selinux_commit,
	.abort = selinux_abort,
	.attach = selinux_attach,
	.detach = selinux_detach,
	.expect = selinux_expect,
	.pinned = selinux_pinned,
	.prepare = selinux_prepare,
	.enter = selinux_enter,
	.label = selinux_label,
	.entered = selinux_entered,
	.confines = selinux_confines,
	.tasks = selinux_tasks,
	.event_fd = selinux_event_fd,
	.read_events = selinux_read_events,
	.stats = selinux_stats,
};
