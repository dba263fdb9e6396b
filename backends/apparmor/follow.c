/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks under a profile on top of others' and how they follow a change of policies.
 *
 * A label that has several profiles the kernel replaces once, with all that was loaded in one
 * write, and then loses sight of it: its tasks stay under what they have until their next execve
 * (6.1, 6.12). So one change is made while there are such tasks, and the next is refused while
 * there are any; what changes nothing is not loaded at all. Where the rules name no source any
 * more, what was on top comes to let everything pass.
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

int apparmor_tops_check(struct apparmor_workload *workload, const struct apparmor_ruleset *set,
			struct karmor_diag *diag)
{
	struct change change = { workload, set };
	struct sha256 sha;

	workload->staged_tops =
		(struct apparmor_tops){ .loaded = workload->tops.loaded || set->n_narrow };
	if (!workload->staged_tops.loaded)
		return 0;
	sha256_start(&sha);
	sha256_add(&sha, workload->staged.data, workload->staged.len);
	sha256_end(&sha, workload->staged_tops.digest);
	if (!has_tasks(workload))
		return 0;
	if (memcmp(workload->staged_tops.digest, workload->tops.digest, SHA256_SIZE) == 0) {
		buf_reset(&workload->staged);
		return 0;
	}
	if (profiles_labels(task_check, &change) == 0)
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
	workload->is_loading = workload->staged_tops.loaded;
}

struct apparmor_tops apparmor_tops_now(const struct apparmor_workload *workload)
{
	if (!workload->is_loading)
		return workload->tops;
	return (struct apparmor_tops){ .loaded = true, .followed = workload->tops.loaded };
}

bool apparmor_tops_loaded(struct apparmor_workload *workload, bool made)
{
	bool ret = workload->is_loading;

	workload->is_loading = false;
	if (!ret || !made)
		return ret;
	workload->staged_tops.followed = has_tasks(workload);
	workload->tops = workload->staged_tops;
	return ret;
}
