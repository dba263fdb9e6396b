/* SPDX-License-Identifier: Apache-2.0 */
/* The vtable entry of the BPF-LSM backend: probe, open, close. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

#include "cleanup.h"
#include "diag.h"
#include "engine.h"
#include "kept.h"
#include "names.h"
#include "others.h"

static int bpf_probe(struct karmor_caps *caps, struct karmor_diag *diag)
{
	int r = bpf_full(caps);

	return r < 0 ? r : kernel_probe(caps, diag);
}

static int bpf_open(struct karmor_engine **ret, struct karmor_diag *diag)
{
	_cleanup_close_ int lock = kernel_lock(diag);
	struct bpf_engine *engine;
	unsigned others;
	int r;

	if (lock < 0)
		return lock;
	engine = calloc(1, sizeof(*engine));
	if (!engine)
		return -ENOMEM;
	engine->ring = engine->folds = engine->told = engine->poll = engine->timer = -1;
	r = kernel_open(&engine->maps, diag);
	if (r < 0) {
		free(engine);
		return r;
	}
	others = others_sweep();
	if (others)
		diag_note(diag, NULL, NULL,
			  "bpf: another build of karmor enforces %u workload%s here, which stay as "
			  "they are",
			  others, others == 1 ? "" : "s");
	*ret = &engine->base;
	return 0;
}

static void bpf_close(struct karmor_engine *base)
{
	struct bpf_engine *engine = (struct bpf_engine *)base;
	_cleanup_close_ int lock = -1;
	struct kernel_maps pinned;

	bpf_await_ended(engine);
	lock = kernel_lock(NULL);
	bpf_events_close(engine);
	names_release(engine);
	bpf_tables_close(engine->staged_tables, engine->staged ? engine->staged->n_rulesets : 0);
	bpf_tables_close(engine->live_tables, engine->live ? engine->live->n_rulesets : 0);
	for (size_t i = 0; i < engine->n_workloads; i++) {
		cleanup_close(&engine->workloads[i].root);
		free(engine->workloads[i].name);
		free(engine->workloads[i].namespace_name);
		free(engine->workloads[i].container);
		free(engine->workloads[i].labels);
	}
	free(engine->workloads);
	/* Not ours, which may have been taken out since, and others pinned. */
	if (lock >= 0 && kernel_adopt(&pinned) == 0) {
		bpf_sweep(&pinned, NULL);
		kernel_close(&pinned);
	}
	kernel_close(&engine->maps);
	free(engine);
}

/* The label is inherited: there is nothing for the child to do. */
static int bpf_enter(struct karmor_engine *engine, const char *name)
{
	return 0;
}

/* Other engines' workloads have their labels in the same map. */
int bpf_confines(struct karmor_engine *base, const char *name, int pidfd)
{
	const struct bpf_engine *engine = (const struct bpf_engine *)base;
	const struct bpf_workload *workload =
		engine && name ? bpf_workload_find(engine, name) : NULL;
	_cleanup_free_ struct abi_enrol *label = NULL;

	if (!engine || (name && !workload))
		return 0;
	label = calloc(1, engine->maps.label_size);
	if (!label)
		return -EIO;
	if (bpf_map_lookup_elem(engine->maps.labels, &pidfd, label) == 0)
		return workload ? label->id == workload->id : label->slot != ABI_HOST_SLOT;
	return errno == ENOENT ? 0 : -EIO;
}

static int bpf_keep(struct karmor_engine *base, const char *path, struct karmor_diag *diag)
{
	struct bpf_engine *engine = (struct bpf_engine *)base;
	_cleanup_close_ int lock = kernel_lock(diag);
	int r;

	if (lock < 0)
		return lock;
	r = bpf_pins_renew(engine, diag);
	r = r < 0 ? r : kept_add(&engine->maps, path, diag);
	if (r < 0)
		return r;
	engine->keeps = true;
	r = kept_process(&engine->maps);
	return r < 0 ? bpf_error(r, diag, "keep the process from signals") : 0;
}

const struct karmor_backend backend_bpf = {
	.name = "bpf",
	.title = "BPF-LSM",
	.enforces = true,
	.enrols_cgroups = true,
	.keeps_host = true,
	.probe = bpf_probe,
	.full = bpf_full,
	.compile = bpf_compile,
	.print = bpf_print,
	.artifact_free = bpf_artifact_free,
	.open = bpf_open,
	.close = bpf_close,
	.stage = bpf_stage,
	.commit = bpf_commit,
	.abort = bpf_abort,
	.attach = bpf_attach,
	.pinned = bpf_pinned,
	.detach = bpf_detach,
	.enter = bpf_enter,
	.confines = bpf_confines,
	.keep = bpf_keep,
	.tasks = bpf_tasks,
	.event_fd = bpf_event_fd,
	.read_events = bpf_read_events,
	.stats = bpf_stats,
};
