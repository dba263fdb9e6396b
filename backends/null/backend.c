/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backend that accepts everything and enforces nothing: for dry runs, examples, and as the
 * smallest thing that keeps the contract. Its report says of every rule that it is not enforced.
 */
#include "backend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "buf.h"
#include "cleanup.h"
#include "diag.h"

struct null_engine {
	struct karmor_engine base;
	size_t n_rulesets, n_staged; /* of the artifact in force, and of the one that is staged */
	char **names;		     /* of the workloads that are attached */
	pid_t *pids;
	size_t n;
};

static int null_full(struct karmor_caps *caps)
{
	caps->summary = "enforces nothing";
	caps->state = KARMOR_READY;
	return 0;
}

static int null_probe(struct karmor_caps *caps, struct karmor_diag *diag)
{
	return null_full(caps);
}

static int null_compile(const struct karmor_ruleset *const *sets, size_t n,
			const struct karmor_artifact *previous, const struct karmor_caps *caps,
			struct karmor_artifact **ret, struct karmor_report *report,
			struct karmor_diag *diag)
{
	struct karmor_artifact *artifact;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; !artifact_has(previous, i, sets[i]) && j < sets[i]->n_rules; j++)
			if (report_add(report, &sets[i]->rules[j], KARMOR_UNSUPPORTED,
				       "the null backend enforces nothing", NULL) < 0)
				return -ENOMEM;
	artifact = malloc(sizeof(*artifact));
	if (!artifact)
		return -ENOMEM;
	*artifact = (struct karmor_artifact){ .backend = caps->backend, .n_rulesets = n };
	*ret = artifact;
	return 0;
}

static int null_print(const struct karmor_artifact *artifact, FILE *out)
{
	return fprintf(out, "# null: %zu rulesets, nothing to load\n", artifact->n_rulesets) < 0
		       ? -EIO
		       : 0;
}

static void null_artifact_free(struct karmor_artifact *artifact)
{
	free(artifact);
}

static int null_open(struct karmor_engine **ret, struct karmor_diag *diag)
{
	struct null_engine *engine = calloc(1, sizeof(*engine));

	if (!engine)
		return -ENOMEM;
	*ret = &engine->base;
	return 0;
}

static void null_close(struct karmor_engine *base)
{
	struct null_engine *engine = (struct null_engine *)base;

	for (size_t i = 0; i < engine->n; i++)
		free(engine->names[i]);
	free(engine->names);
	free(engine->pids);
	free(engine);
}

static int null_stage(struct karmor_engine *base, const struct karmor_artifact *artifact,
		      struct karmor_diag *diag)
{
	((struct null_engine *)base)->n_staged = artifact->n_rulesets;
	return 0;
}

static int null_commit(struct karmor_engine *base, struct karmor_diag *diag)
{
	struct null_engine *engine = (struct null_engine *)base;

	engine->n_rulesets = engine->n_staged;
	return 0;
}

static void null_abort(struct karmor_engine *base)
{
	((struct null_engine *)base)->n_staged = 0;
}

static size_t workload_find(const struct null_engine *engine, const char *name)
{
	size_t i = 0;

	while (i < engine->n && strcmp(engine->names[i], name) != 0)
		i++;
	return i;
}

static int null_attach(struct karmor_engine *base, const struct karmor_workload *workload,
		       struct karmor_diag *diag)
{
	struct null_engine *engine = (struct null_engine *)base;
	size_t i = workload_find(engine, workload->name);
	char **names;
	pid_t *pids;

	if (workload->ruleset >= engine->n_rulesets) {
		diag_error(diag, NULL, NULL, "workload \"%s\" names ruleset %zu of %zu",
			   workload->name, workload->ruleset, engine->n_rulesets);
		return -EINVAL;
	}
	if (i < engine->n)
		return 0;
	names = reallocarray(engine->names, i + 1, sizeof(*names));
	if (!names)
		return -ENOMEM;
	engine->names = names;
	pids = reallocarray(engine->pids, i + 1, sizeof(*pids));
	if (!pids)
		return -ENOMEM;
	engine->pids = pids;
	names[i] = strdup(workload->name);
	if (!names[i])
		return -ENOMEM;
	pids[i] = workload->pid;
	engine->n++;
	return 0;
}

static int null_detach(struct karmor_engine *base, const char *name, struct karmor_diag *diag)
{
	struct null_engine *engine = (struct null_engine *)base;
	size_t i = workload_find(engine, name);

	if (i == engine->n)
		return 0;
	free(engine->names[i]);
	engine->n--;
	engine->names[i] = engine->names[engine->n];
	engine->pids[i] = engine->pids[engine->n];
	return 0;
}

static int null_enter(struct karmor_engine *base, const char *name)
{
	return 0;
}

/* Knows of no task but the first: nothing follows its children. */
static long null_tasks(struct karmor_engine *base, const char *name)
{
	struct null_engine *engine = (struct null_engine *)base;
	size_t i = workload_find(engine, name);
	_cleanup_buf_ struct buf path = { 0 };
	struct stat st;

	if (i == engine->n)
		return -ENOENT;
	buf_printf(&path, "/proc/%d", (int)engine->pids[i]);
	return !buf_failed(&path) && stat(path.data, &st) == 0;
}

const struct karmor_backend backend_null = {
	.name = "null",
	.title = "null",
	.keeps_host = true,
	.probe = null_probe,
	.full = null_full,
	.compile = null_compile,
	.print = null_print,
	.artifact_free = null_artifact_free,
	.open = null_open,
	.close = null_close,
	.stage = null_stage,
	.commit = null_commit,
	.abort = null_abort,
	.attach = null_attach,
	.detach = null_detach,
	.enter = null_enter,
	.tasks = null_tasks,
};
