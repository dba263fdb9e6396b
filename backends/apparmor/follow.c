/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks under a profile on top of others' and how they follow a change of policies.
 *
 * A label that has several profiles the kernel replaces once, with all that was loaded in one
 * write, and then loses sight of it: its tasks stay under what they have until their next execve
 * (6.1, 6.12). So one change is made while there are such tasks, and the next is refused while
 * there are any; what changes nothing is not loaded at all. Where the rules name no source any
 * more, what was on top comes to let everything pass.
 *
 * Of other tasks that are under several profiles, for many rules or by what else a container is
 * given, all may be: a second change is made, and told.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"
#include "engine.h"

/* What tasks on top are asked of. */
struct change {
	const struct apparmor_workload *workload;
	const struct apparmor_ruleset *set; /* NULL: any of them counts */
};

static bool can_follow(const struct change *change, size_t class)
{
	const struct apparmor_workload *workload = change->workload;

	if (!change->set || workload->tops.followed)
		return false;
	return change->set->n_profiles == 1 ||
	       (apparmor_classes_have(&change->set->narrow, class) &&
		class < workload->n_signatures &&
		workload->signatures[class] == change->set->signatures[class]);
}

/* A profiles_fn. */
static int task_check(const char *label, void *data)
{
	const struct change *change = data;
	const char *profile = change->workload->profile;
	size_t len = strlen(profile);

	for (const char *at = label; (at = strstr(at, profile)); at += len)
		if (at[len] == '.' && at[len + 1] == 'n' &&
		    !can_follow(change, strtoul(at + len + 2, NULL, 10)))
			return 1;
	return 0;
}

/* Whether there are some; also where that cannot be told. */
static bool has_tasks(const struct apparmor_workload *workload)
{
	struct change any = { .workload = workload };

	return workload->tops.loaded && profiles_labels(task_check, &any) != 0;
}

void apparmor_tops_adopt(struct apparmor_workload *workload, const struct apparmor_tops *tops)
{
	workload->tops = *tops;
	workload->changed = true;
	/* Nothing speaks against loading them, which may have gone. */
	if (!has_tasks(workload))
		memset(workload->tops.digest, 0, SHA256_SIZE);
}

int apparmor_tops_check(struct apparmor_workload *workload, const struct apparmor_ruleset *set,
			struct karmor_diag *diag)
{
	struct change change = { workload, set };
	struct sha256 sha;

	workload->staged_tops =
		(struct apparmor_tops){ .loaded = workload->tops.loaded || set->n_narrow };
	sha256_start(&sha);
	sha256_add(&sha, workload->staged.data, workload->staged.len);
	sha256_end(&sha, workload->staged_tops.digest);
	if (memcmp(workload->staged_tops.digest, workload->tops.digest, SHA256_SIZE) == 0) {
		buf_reset(&workload->staged);
		return 0;
	}
	if (!workload->tops.loaded || profiles_labels(task_check, &change) == 0)
		return 0;
	diag_error(diag, NULL, "end it, or start the workload anew, and change its policies then",
		   "a task of workload \"%s\" is under rules with fromSource and no_new_privs, and "
		   "the kernel lets it follow %s",
		   workload->name,
		   workload->tops.followed ? "one change, which it had"
					   : "no change to rules of other sources");
	return -EBUSY;
}

void apparmor_tops_loading(struct apparmor_workload *workload)
{
	workload->is_loading = true;
}

struct apparmor_tops apparmor_tops_now(const struct apparmor_workload *workload)
{
	if (!workload->is_loading || !workload->staged_tops.loaded)
		return workload->tops;
	return (struct apparmor_tops){ .loaded = true, .followed = workload->tops.loaded };
}

bool apparmor_tops_loaded(struct apparmor_workload *workload, bool made)
{
	bool was = workload->is_loading;

	workload->is_loading = false;
	if (was && made) {
		workload->staged_tops.followed = has_tasks(workload);
		workload->tops = workload->staged_tops;
	}
	return was && workload->staged_tops.loaded;
}

/* A profiles_fn. */
static int stack_note(const char *label, void *data)
{
	struct apparmor_engine *engine = data;

	if (!strstr(label, "//&"))
		return 0;
	for (size_t i = 0; i < engine->n_workloads; i++) {
		struct apparmor_workload *workload = &engine->workloads[i];
		struct change any = { .workload = workload };

		if (workload->staged.len && apparmor_label_has(label, workload->profile) &&
		    !task_check(label, &any))
			workload->has_stack = true;
	}
	return 0;
}

void apparmor_stacks_tell(struct apparmor_engine *engine, struct karmor_diag *diag)
{
	bool again = false;

	for (size_t i = 0; i < engine->n_workloads; i++)
		again |= engine->workloads[i].staged.len && engine->workloads[i].changed;
	if (again)
		(void)!profiles_labels(stack_note, engine);
	for (size_t i = 0; i < engine->n_workloads; i++) {
		struct apparmor_workload *workload = &engine->workloads[i];

		if (workload->has_stack && workload->changed)
			diag_warning(diag, NULL, "start it anew",
				     "tasks of workload \"%s\" are under several profiles, and "
				     "those that run since before its last change follow this one "
				     "with their next execve",
				     workload->name);
		workload->changed |= workload->staged.len > 0;
		workload->has_stack = false;
	}
}
