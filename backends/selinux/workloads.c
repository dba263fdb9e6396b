/* SPDX-License-Identifier: Apache-2.0 */
/* Who is there: workloads of this engine, and those of engines before it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "diag.h"
#include "kept.h"
#include "state.h"
#include "store.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

struct selinux_workload *selinux_workload_find(const struct selinux_engine *engine,
					       const char *name)
{
	for (size_t i = 0; i < engine->n_workloads; i++)
		if (strcmp(engine->workloads[i].name, name) == 0)
			return &engine->workloads[i];
	return NULL;
}

struct selinux_workload *selinux_workload_of(const struct selinux_engine *engine, size_t ruleset)
{
	for (size_t i = 0; i < engine->n_workloads; i++)
		if (engine->workloads[i].ruleset == ruleset)
			return &engine->workloads[i];
	return NULL;
}

static char *copy(const char *text, bool *failed)
{
	char *ret = text ? strdup(text) : NULL;

	*failed |= text && !ret;
	return ret;
}

struct selinux_workload *selinux_workload_add(struct selinux_engine *engine,
					      const struct selinux_workload *from)
{
	struct selinux_workload *all =
		reallocarray(engine->workloads, engine->n_workloads + 1, sizeof(*all));
	struct selinux_workload *ret;
	bool failed = false;

	if (!all)
		return NULL;
	engine->workloads = all;
	ret = &all[engine->n_workloads++];
	*ret = *from;
	ret->name = copy(from->name, &failed);
	ret->namespace_name = copy(from->namespace_name, &failed);
	ret->container = copy(from->container, &failed);
	ret->labels = copy(from->labels, &failed);
	if (!failed)
		return ret;
	selinux_workload_drop(engine, ret);
	return NULL;
}

void selinux_workload_drop(struct selinux_engine *engine, struct selinux_workload *workload)
{
	if (workload->ruleset != SELINUX_NO_RULESET)
		engine->entrance->names[workload->ruleset] = 0;
	free(workload->name);
	free(workload->namespace_name);
	free(workload->container);
	free(workload->labels);
	*workload = engine->workloads[--engine->n_workloads];
}

int selinux_expect(struct karmor_engine *base, const char *name, size_t ruleset)
{
	struct selinux_engine *engine = (struct selinux_engine *)base;
	struct selinux_workload *workload = selinux_workload_find(engine, name);

	if (workload && !workload->attached)
		workload->ruleset = ruleset;
	return 0;
}

int selinux_pinned(struct karmor_engine *base, karmor_pinned_fn *fn, void *data,
		   struct karmor_diag *diag)
{
	const struct selinux_engine *engine = (const struct selinux_engine *)base;

	for (size_t i = 0; i < engine->n_workloads; i++) {
		const struct selinux_workload *workload = &engine->workloads[i];
		long n = workload->lasting ? selinux_workload_tasks(workload) : 0;

		if (n < 0) {
			diag_error(diag, NULL, NULL, "selinux: cannot read whose tasks there are");
			return -EIO;
		}
		if (workload->lasting)
			fn(workload->name, n, data);
	}
	return 0;
}

static int boot_read(char ret[SELINUX_BOOT_SIZE])
{
	_cleanup_buf_ struct buf text = { 0 };
	int r = selinux_file_read(BOOT_ID, &text);
	size_t len = text.data ? strcspn(text.data, "\n") : 0;

	if (r == 0 && (!len || len >= SELINUX_BOOT_SIZE))
		r = -EIO;
	if (r)
		return r;
	memcpy(ret, text.data, len);
	ret[len] = '\0';
	return 0;
}

/* The text of the module that is loaded, unless it is there. */
static int module_keep(struct selinux_engine *engine, struct karmor_diag *diag)
{
	const struct buf *module = &engine->live_module;
	int r;

	if (*engine->live_digest)
		return 0;
	r = selinux_state_write(SELINUX_STATE_MODULE, module->data, module->len, diag);
	if (r == 0)
		selinux_digest(module->data, module->len, engine->live_digest);
	return r;
}

/* Takes @text, unless it is what is there. */
static int kept_write(struct selinux_engine *engine, struct buf *text, struct karmor_diag *diag)
{
	struct buf *kept = &engine->kept;
	int r;

	if (text->len == kept->len && memcmp(text->data, kept->data, text->len) == 0)
		return 0;
	buf_done(kept);
	r = selinux_state_write(SELINUX_STATE_KEPT, text->data, text->len, diag);
	if (r)
		return r;
	*kept = *text;
	*text = (struct buf){ 0 };
	return 0;
}

/* The text of the module is there before the state says that it is what is loaded. */
int selinux_keep(struct selinux_engine *engine, bool is_whole, struct karmor_diag *diag)
{
	struct selinux_kept kept = { .generation = engine->generation,
				     .workloads = engine->workloads,
				     .n_workloads = engine->n_workloads,
				     .before = engine->before,
				     .n_before = engine->n_before };
	_cleanup_buf_ struct buf text = { 0 };
	int r = boot_read(kept.boot);

	if (r)
		diag_error(diag, NULL, NULL, "selinux: cannot read " BOOT_ID ": %s", strerror(-r));
	if (r == 0 && is_whole && engine->live_module.len) {
		r = module_keep(engine, diag);
		strcpy(kept.module, engine->live_digest);
		kept.loaded = engine->loaded;
	}
	selinux_kept_print(&text, &kept);
	if (r == 0 && buf_failed(&text))
		r = -ENOMEM;
	r = r ? r : kept_write(engine, &text, diag);
	engine->is_unkept &= r < 0;
	return r;
}

static int loaded_adopt(struct selinux_loaded *ret, const struct selinux_loaded *from)
{
	int r = 0;

	strcpy(ret->frame, from->frame);
	for (size_t i = 0; r == 0 && i < from->n_families; i++)
		r = selinux_loaded_family(ret, &from->families[i]);
	for (size_t i = 0; r == 0 && i < from->n_slots; i++)
		r = selinux_loaded_slot(ret, &from->slots[i]);
	for (size_t i = 0; r == 0 && i < from->n_names; i++)
		r = selinux_loaded_name(ret, from->names[i]);
	selinux_loaded_sort(ret);
	return r;
}

/* The text of the module that is loaded, where it is known to be that. */
static int module_adopt(struct selinux_engine *engine, const struct selinux_kept *kept)
{
	struct buf *module = &engine->live_module;
	char digest[SELINUX_DIGEST_SIZE];

	if (!*kept->module || selinux_file_read(SELINUX_STATE_MODULE, module) < 0) {
		buf_reset(module);
		return 0;
	}
	selinux_digest(module->data ?: "", module->len, digest);
	if (strcmp(digest, kept->module) == 0) {
		strcpy(engine->live_digest, digest);
		return loaded_adopt(&engine->loaded, &kept->loaded);
	}
	buf_reset(module);
	return 0;
}

static int workloads_adopt(struct selinux_engine *engine, const struct selinux_kept *kept,
			   struct karmor_diag *diag)
{
	for (size_t i = 0; i < kept->n_workloads; i++) {
		const struct selinux_workload *workload = &kept->workloads[i];

		if (workload->lasting) {
			if (!selinux_workload_add(engine, workload))
				return -ENOMEM;
		} else if (selinux_workload_tasks(workload) != 0) {
			diag_error(diag, NULL, "end them: ps -eZ | grep " SELINUX_TASK_PREFIX,
				   "selinux: tasks of workloads that were started before are still "
				   "there, of \"%s\", which is none that lasts",
				   workload->name);
			return -EBUSY;
		}
	}
	return 0;
}

static int adopt(struct selinux_engine *engine, const struct selinux_kept *kept,
		 struct karmor_diag *diag)
{
	int r = workloads_adopt(engine, kept, diag);

	for (size_t i = 0; r == 0 && i < kept->n_before; i++)
		r = selinux_before_take(engine, &kept->before[i]);
	if (r)
		return r;
	engine->generation = kept->generation;
	engine->has_module = true;
	return module_adopt(engine, kept);
}

/* What is there of this boot; -ENOENT: nothing that could be taken over. */
static int kept_read(struct buf *text, struct arena *arena, struct selinux_kept *ret)
{
	char boot[SELINUX_BOOT_SIZE];
	int r = selinux_file_read(SELINUX_STATE_KEPT, text);

	if (r == 0 && !text->len)
		r = -EINVAL;
	r = r ? r : selinux_kept_parse(text->data, text->len, arena, ret);
	r = r ? r : boot_read(boot);
	return r || strcmp(boot, ret->boot) == 0 ? r : -ENOENT;
}

static int nobody_check(struct karmor_diag *diag)
{
	long n = selinux_tasks_count(SELINUX_TASK_PREFIX);

	if (n == 0)
		return 0;
	diag_error(
		diag, NULL, "end them: ps -eZ | grep " SELINUX_TASK_PREFIX,
		"selinux: tasks of workloads that were started before are still there, and it is "
		"not known whose they are");
	return n < 0 ? -EIO : -EBUSY;
}

int selinux_adopt(struct selinux_engine *engine, struct karmor_diag *diag)
{
	_cleanup_(arena_done) struct arena arena = { 0 };
	_cleanup_buf_ struct buf text = { 0 };
	struct selinux_kept kept = { 0 };
	int has = selinux_store_has(), r;

	if (has < 0 || (!has && !selinux_state_there()))
		return has;
	r = kept_read(&text, &arena, &kept);
	if (r == -ENOMEM)
		return r;
	if (r == 0 && has)
		r = adopt(engine, &kept, diag);
	if (r == -ENOMEM || r == -EBUSY || (r == 0 && engine->n_workloads))
		return r;
	r = nobody_check(diag);
	if (r)
		return r;
	selinux_before_free(engine);
	selinux_loaded_free(&engine->loaded);
	buf_done(&engine->live_module);
	engine->live_module = (struct buf){ 0 };
	*engine->live_digest = '\0';
	engine->has_module = false;
	return selinux_take_back(engine, diag);
}
