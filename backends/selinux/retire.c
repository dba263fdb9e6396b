/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roles and types of modules before the one that is made. A task keeps its role when rules change,
 * and files get theirs after the module is loaded: until then what they have must go on to mean
 * something, and means what the new rules make of the same file, or of the same source.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "cleanup.h"
#include "diag.h"
#include "engine.h"
#include "labels.h"
#include "state.h"

static void before_done(struct selinux_before *before)
{
	free(before->name);
	free(before->example);
	free(before->type);
	free(before->copy);
}

void selinux_before_free(struct selinux_engine *engine)
{
	for (size_t i = 0; i < engine->n_before; i++)
		before_done(&engine->before[i]);
	free(engine->before);
	free(engine->retired);
	engine->before = NULL;
	engine->retired = NULL;
	engine->n_before = engine->before_size = engine->n_retired = 0;
}

static struct selinux_before *before_find(const struct selinux_engine *engine,
					  enum selinux_old what, const char *name, size_t len)
{
	for (size_t i = 0; i < engine->n_before; i++) {
		struct selinux_before *before = &engine->before[i];

		if (before->what == what && strlen(before->name) == len &&
		    memcmp(before->name, name, len) == 0)
			return before;
	}
	return NULL;
}

static char *copy(const char *text, bool *failed)
{
	char *ret = text ? strdup(text) : NULL;

	*failed |= text && !ret;
	return ret;
}

/* A role of files that is another label's now. */
static int before_renew(struct selinux_engine *engine, struct selinux_before *known,
			const struct selinux_before *from)
{
	bool failed = false;
	char *example;

	if (from->what != SELINUX_OLD_FILE ||
	    (known->directory == from->directory &&
	     strcmp(known->example ?: "", from->example ?: "") == 0))
		return 0;
	example = copy(from->example, &failed);
	if (failed)
		return -ENOMEM;
	free(known->example);
	known->example = example;
	known->directory = from->directory;
	engine->is_unkept = true;
	return 0;
}

/* Remembers @from, its strings copied. */
int selinux_before_take(struct selinux_engine *engine, const struct selinux_before *from)
{
	struct selinux_before *ret =
		before_find(engine, from->what, from->name, strlen(from->name));
	bool failed = false;

	if (ret)
		return before_renew(engine, ret, from);
	if (array_grow(&engine->before, engine->n_before, &engine->before_size,
		       sizeof(*engine->before)) < 0)
		return -ENOMEM;
	ret = &engine->before[engine->n_before];
	*ret = *from;
	ret->name = copy(from->name, &failed);
	ret->example = copy(from->example, &failed);
	ret->type = copy(from->type, &failed);
	ret->copy = copy(from->copy, &failed);
	if (failed) {
		before_done(ret);
		return -ENOMEM;
	}
	engine->n_before++;
	engine->is_unkept |= from->what != SELINUX_OLD_TASK;
	return 0;
}

/* For selinux_before_take(), which copies them. */
static char *lent(const char *text)
{
	return (char *)(uintptr_t)text;
}

static int labels_add(struct selinux_engine *engine, const struct selinux_artifact *a)
{
	char role[SELINUX_NAME_SIZE];
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->n_labels; i++) {
		selinux_file_role(a, i, role);
		r = selinux_before_take(engine,
					&(struct selinux_before){
						.what = SELINUX_OLD_FILE,
						.name = role,
						.example = lent(a->labels[i].example),
						.directory = a->labels[i].own != a->labels[i].child,
					});
	}
	return r;
}

static int classes_add(struct selinux_engine *engine, const struct selinux_artifact *a, size_t set)
{
	char role[SELINUX_NAME_SIZE];
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->rulesets[set].n_classes; i++) {
		selinux_task_role(a, set, i, role);
		r = selinux_before_take(
			engine, &(struct selinux_before){
					.what = SELINUX_OLD_TASK,
					.name = role,
					.example = lent(a->rulesets[set].classes[i].example),
					.number = a->numbers[set],
				});
	}
	return r;
}

static int types_add(struct selinux_engine *engine, const struct selinux_artifact *a, size_t kind)
{
	const struct selinux_kind *k = &a->kinds[kind];
	int r = 0;

	for (size_t i = 0; r == 0 && i < k->n_types; i++) {
		_cleanup_buf_ struct buf name = { 0 };

		selinux_copy_name(&name, a, kind, k->types[i]);
		r = buf_failed(&name)
			    ? -ENOMEM
			    : selinux_before_take(engine, &(struct selinux_before){
								  .what = SELINUX_OLD_TYPE,
								  .name = name.data,
								  .example = lent(k->example),
								  .type = lent(k->types[i]),
								  .copy = lent(k->copies[i]) });
	}
	return r;
}

void selinux_before_cut(struct selinux_engine *engine, size_t n)
{
	while (engine->n_before > n)
		before_done(&engine->before[--engine->n_before]);
}

int selinux_remember(struct selinux_engine *engine, const struct selinux_artifact *a)
{
	int r = labels_add(engine, a);

	for (size_t i = 0; r == 0 && i < a->base.n_rulesets; i++)
		r = classes_add(engine, a, i);
	for (size_t i = 0; r == 0 && i < a->n_kinds; i++)
		r = types_add(engine, a, i);
	return r;
}

static bool has_type(const struct selinux_artifact *a, const char *name)
{
	bool ret = false;

	for (size_t i = 0; i < a->n_kinds; i++)
		for (size_t j = 0; !ret && j < a->kinds[i].n_types; j++) {
			_cleanup_buf_ struct buf own = { 0 };

			selinux_copy_name(&own, a, i, a->kinds[i].types[j]);
			ret = !buf_failed(&own) && strcmp(own.data, name) == 0;
		}
	return ret;
}

/* Whether the artifact has it under this name. */
static bool is_in(const struct selinux_artifact *a, const struct selinux_before *before)
{
	size_t len = strlen(before->name), set, i;

	switch (before->what) {
	case SELINUX_OLD_FILE:
		return selinux_role_file(a, before->name, len, &i);
	case SELINUX_OLD_TASK:
		return selinux_role_task(a, before->name, len, &set, &i);
	case SELINUX_OLD_TYPE:
	default:
		return has_type(a, before->name);
	}
}

static size_t kind_of(const struct selinux_artifact *a, const char *path)
{
	return a->accept_kinds[path ? automaton_run(a->automaton, path) : a->rest];
}

/* What it is now: of a task's role in the ruleset @set. */
static size_t now_of(const struct selinux_artifact *a, const struct selinux_before *before,
		     size_t set)
{
	switch (before->what) {
	case SELINUX_OLD_FILE:
		return before->example ? selinux_label_of(a, before->example, before->directory)
				       : SELINUX_NO_LABEL;
	case SELINUX_OLD_TASK:
		return a->kinds[kind_of(a, before->example)].classes[set];
	case SELINUX_OLD_TYPE:
	default:
		return a->kinds[kind_of(a, before->example)].n_types ? kind_of(a, before->example)
								     : SELINUX_NO_LABEL;
	}
}

bool selinux_before_has(const struct selinux_engine *engine, const char *name)
{
	char role[SELINUX_NAME_SIZE];

	snprintf(role, sizeof(role), "karmor_o%s_r", name);
	return before_find(engine, SELINUX_OLD_FILE, role, strlen(role)) != NULL;
}

bool selinux_before_is(const struct selinux_engine *engine, const struct selinux_artifact *artifact,
		       size_t label)
{
	const struct selinux_before *before;
	char role[SELINUX_NAME_SIZE];

	snprintf(role, sizeof(role), "karmor_o%s_r", artifact->labels[label].id);
	before = before_find(engine, SELINUX_OLD_FILE, role, strlen(role));
	return before && now_of(artifact, before, 0) == label;
}

/* A task's role whose workload is no more is on no task. */
static bool is_retired(const struct selinux_artifact *a, const struct selinux_before *before,
		       size_t *set)
{
	*set = 0;
	return !is_in(a, before) &&
	       (before->what != SELINUX_OLD_TASK || selinux_set_find(a, before->number, set));
}

int selinux_retire(struct selinux_engine *engine, struct karmor_diag *diag)
{
	const struct selinux_artifact *a = engine->staged;
	size_t set;

	if (engine->n_before > SELINUX_RETIRED_MAX) {
		diag_error(diag, NULL, "end the workloads and start them anew",
			   "selinux: more than %d roles are on files and tasks",
			   SELINUX_RETIRED_MAX);
		return -EINVAL;
	}
	free(engine->retired);
	engine->n_retired = 0;
	engine->retired = calloc(engine->n_before + 1, sizeof(*engine->retired));
	if (!engine->retired)
		return -ENOMEM;
	for (size_t i = 0; i < engine->n_before; i++) {
		const struct selinux_before *before = &engine->before[i];

		if (!is_retired(a, before, &set))
			continue;
		engine->retired[engine->n_retired++] = (struct selinux_retired){
			.what = before->what,
			.name = before->name,
			.type = before->type,
			.copy = before->copy,
			.set = set,
			.now = now_of(a, before, set),
		};
	}
	return 0;
}

/* Whether something may still have it. Nothing changes to a role that was retired before. */
static bool is_on_anything(struct selinux_before *before)
{
	bool again = before->again;

	before->again = true;
	return before->what != SELINUX_OLD_TYPE &&
	       (before->held || (before->what == SELINUX_OLD_TASK && !again));
}

static void hold_task(const char *role, size_t len, void *data)
{
	struct selinux_engine *engine = data;

	for (size_t i = 0; i < engine->n_before; i++)
		engine->before[i].held |= engine->before[i].what == SELINUX_OLD_TASK &&
					  selinux_role_begins(role, len, engine->before[i].name);
}

static int hold_file(const char *role, void *data)
{
	struct selinux_engine *engine = data;

	for (size_t i = 0; i < engine->n_before; i++)
		engine->before[i].held |= engine->before[i].what == SELINUX_OLD_FILE &&
					  strcmp(role, engine->before[i].name) == 0;
	return 0;
}

/* What is held is found by one look for all; where it fails, something has each. */
static void held_set(struct selinux_engine *engine, enum selinux_old what)
{
	for (size_t i = 0; i < engine->n_before; i++)
		engine->before[i].held |= engine->before[i].what == what;
}

static void held_find(struct selinux_engine *engine)
{
	bool tasks = false, files = false;

	for (size_t i = 0; i < engine->n_before; i++) {
		const struct selinux_before *before = &engine->before[i];

		engine->before[i].held = false;
		if (is_in(engine->live, before))
			continue;
		tasks |= before->what == SELINUX_OLD_TASK && before->again;
		files |= before->what == SELINUX_OLD_FILE;
	}
	if (tasks && selinux_tasks_roles(hold_task, engine) < 0)
		held_set(engine, SELINUX_OLD_TASK);
	if (files && selinux_labels_roles(SELINUX_STATE_JOURNAL, hold_file, engine, NULL) < 0)
		held_set(engine, SELINUX_OLD_FILE);
}

void selinux_retire_live(struct selinux_engine *engine)
{
	held_find(engine);
	for (size_t i = engine->n_before; i-- > 0;) {
		struct selinux_before *before = &engine->before[i];

		if (is_in(engine->live, before)) {
			before->again = false;
		} else if (!is_on_anything(before)) {
			before_done(before);
			*before = engine->before[--engine->n_before];
		}
	}
}

bool selinux_task_find(const struct selinux_engine *engine, const char *role, size_t len,
		       size_t *set, size_t *class)
{
	const struct selinux_before *before;

	if (!engine->is_loaded)
		return false;
	if (selinux_role_task(engine->live, role, len, set, class))
		return true;
	before = before_find(engine, SELINUX_OLD_TASK, role, len);
	if (!before || !selinux_set_find(engine->live, before->number, set))
		return false;
	*class = now_of(engine->live, before, *set);
	return true;
}

bool selinux_file_find(const struct selinux_engine *engine, const char *role, size_t len,
		       size_t *label)
{
	const struct selinux_before *before;

	if (!engine->is_loaded)
		return false;
	if (selinux_role_file(engine->live, role, len, label))
		return true;
	before = before_find(engine, SELINUX_OLD_FILE, role, len);
	if (before)
		*label = now_of(engine->live, before, 0);
	return before != NULL;
}
