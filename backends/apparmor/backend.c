/* SPDX-License-Identifier: Apache-2.0 */
/* The vtable entry of the AppArmor backend: open, close. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "cleanup.h"
#include "state.h"

static int apparmor_open(struct karmor_engine **ret, struct karmor_diag *diag)
{
	struct apparmor_engine *engine = calloc(1, sizeof(*engine));
	int r;

	if (!engine)
		return -ENOMEM;
	engine->entrance = mmap(NULL, sizeof(*engine->entrance), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (engine->entrance == MAP_FAILED) {
		free(engine);
		return -ENOMEM;
	}
	engine->audit.fd = engine->entry = -1;
	engine->mediates = apparmor_kernel();
	r = profiles_claim(engine, diag);
	if (r < 0) {
		munmap(engine->entrance, sizeof(*engine->entrance));
		free(engine);
		return r;
	}
	*ret = &engine->base;
	return 0;
}

/* Lasting workloads stay, and those with tasks as they are, for whoever opens an engine after the
 * last of them. */
static void apparmor_close(struct karmor_engine *base)
{
	struct apparmor_engine *engine = (struct apparmor_engine *)base;
	bool empty = true;

	for (size_t i = engine->n_workloads; i-- > 0;)
		if (engine->workloads[i].lasting)
			apparmor_workload_drop(engine, &engine->workloads[i]);
	while (engine->n_workloads) {
		struct apparmor_workload *workload = &engine->workloads[engine->n_workloads - 1];

		if (apparmor_detach(base, workload->name, NULL) == 0)
			continue;
		empty = false;
		apparmor_workload_drop(engine, workload);
	}
	apparmor_abort(base);
	audit_unlisten(&engine->audit);
	profiles_release(engine, empty);
	munmap(engine->entrance, sizeof(*engine->entrance));
	free(engine->workloads);
	free(engine);
}

const struct karmor_backend backend_apparmor = {
	.name = "apparmor",
	.title = "AppArmor",
	.enforces = true,
	.probe = apparmor_probe,
	.full = apparmor_full,
	.compile = apparmor_compile,
	.print = apparmor_print,
	.artifact_free = apparmor_artifact_free,
	.open = apparmor_open,
	.close = apparmor_close,
	.stage = apparmor_stage,
	.commit = apparmor_commit,
	.abort = apparmor_abort,
	.attach = apparmor_attach,
	.pinned = apparmor_pinned,
	.detach = apparmor_detach,
	.prepare = apparmor_prepare,
	.enter = apparmor_enter,
	.label = apparmor_task_label,
	.entered = apparmor_entered,
	.confines = apparmor_confines,
	.tasks = apparmor_tasks,
	.event_fd = apparmor_event_fd,
	.read_events = apparmor_read_events,
	.stats = apparmor_stats,
};
