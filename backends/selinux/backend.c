/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vtable entry of the SELinux backend. It compiles, and says what this machine is like; nothing
 * is loaded: an engine cannot be opened, so that what takes one is never reached.
 */
#include <errno.h>

#include "diag.h"
#include "machine.h"
#include "selinux.h"

static int selinux_open(struct karmor_engine **ret, struct karmor_diag *diag)
{
	diag_error(diag, NULL, "use bpf; karmor compile --backend selinux prints the module",
		   "selinux: this karmor compiles for SELinux and cannot load");
	return -EOPNOTSUPP;
}

static void selinux_close(struct karmor_engine *engine)
{
}

static int selinux_stage(struct karmor_engine *engine, const struct karmor_artifact *artifact,
			 struct karmor_diag *diag)
{
	return -EOPNOTSUPP;
}

static int selinux_commit(struct karmor_engine *engine, struct karmor_diag *diag)
{
	return -EOPNOTSUPP;
}

static void selinux_abort(struct karmor_engine *engine)
{
}

static int selinux_attach(struct karmor_engine *engine, const struct karmor_workload *workload,
			  struct karmor_diag *diag)
{
	return -EOPNOTSUPP;
}

static int selinux_detach(struct karmor_engine *engine, const char *name, struct karmor_diag *diag)
{
	return -EOPNOTSUPP;
}

static int selinux_enter(struct karmor_engine *engine, const char *name)
{
	return -EOPNOTSUPP;
}

static long selinux_tasks(struct karmor_engine *engine, const char *name)
{
	return -ENOENT;
}

const struct karmor_backend backend_selinux = {
	.name = "selinux",
	.title = "SELinux",
	.enforces = true,
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
	.enter = selinux_enter,
	.tasks = selinux_tasks,
};
