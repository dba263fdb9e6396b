/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a class of sources is, beyond its number: tasks are under the profile of a number, and when
 * rules change the number may come to stand for other programs. A signature tells: it is that of
 * the sets of sources whose programs are in the class, in whatever order rules name them.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "automaton.h"
#include "cleanup.h"
#include "diag.h"
#include "engine.h"

struct member {
	uint16_t class;
	uint64_t sources; /* of a set of sources */
};

static uint64_t mix(uint64_t hash)
{
	hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9; /* as splitmix64 does */
	hash = (hash ^ hash >> 27) * 0x94d049bb133111eb;
	return hash ^ hash >> 31;
}

static uint64_t source_hash(const struct apparmor_source *source)
{
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */

	for (const char *p = source->path; *p; p++)
		hash = (hash ^ (uint8_t)*p) * 0x100000001b3;
	return mix(hash ^ (uint64_t)source->match << 1 ^ source->recursive);
}

static int compare(const void *a, const void *b)
{
	const struct member *left = a, *right = b;

	if (left->class != right->class)
		return left->class < right->class ? -1 : 1;
	return left->sources < right->sources ? -1 : left->sources > right->sources;
}

int apparmor_signatures(const struct automaton *automaton, size_t first,
			const struct apparmor_source *sources, const uint16_t *targets,
			uint64_t *ret)
{
	_cleanup_free_ struct member *members = calloc(automaton->n_accepts + 1, sizeof(*members));

	if (!members)
		return -ENOMEM;
	for (size_t i = 0; i < automaton->n_accepts; i++) {
		const struct automaton_accept *accept = &automaton->accepts[i];

		members[i].class = targets[i];
		for (size_t j = 0; j < accept->n; j++)
			if (accept->ids[j] >= first)
				members[i].sources += source_hash(&sources[accept->ids[j] - first]);
	}
	qsort(members, automaton->n_accepts, sizeof(*members), compare);
	for (size_t i = 0; i < automaton->n_accepts; i++)
		if (!i || compare(&members[i - 1], &members[i]) != 0)
			ret[members[i].class] = mix(ret[members[i].class] ^ members[i].sources);
	return 0;
}

/* What a task may not be in when a workload gets @set. */
struct change {
	const struct apparmor_workload *workload;
	const struct apparmor_ruleset *set;
};

/*
 * Whether the profile of the number becomes one of other programs. Where sources are left, whose
 * class what is behind the last one comes to be of is not known; where none is, it is class 0's.
 */
static bool is_another(const struct change *change, size_t class)
{
	const struct apparmor_workload *workload = change->workload;
	uint64_t before = class < workload->n_signatures ? workload->signatures[class] : 0;

	if (!class || !before)
		return false;
	/* One that is on top from now on is not written in the place of class 0's. */
	if (class < change->set->n_profiles)
		return before != change->set->signatures[class] ||
		       apparmor_classes_have(&change->set->narrow, class);
	return change->set->n_profiles > 1;
}

static bool any_is_another(const struct change *change)
{
	for (size_t i = 1; i < change->workload->n_signatures; i++)
		if (is_another(change, i))
			return true;
	return false;
}

/* A profiles_fn. A profile of a class is called by the workload's and its number, or what follows
 * on that. */
static int task_check(const char *label, void *data)
{
	const struct change *change = data;
	const char *profile = change->workload->profile;
	size_t len = strlen(profile);

	for (const char *at = label; (at = strstr(at, profile)); at += len)
		if (at[len] == '.' && isdigit((unsigned char)at[len + 1]) &&
		    is_another(change, strtoul(at + len + 1, NULL, 10)))
			return 1;
	return 0;
}

int apparmor_classes_check(const struct apparmor_workload *workload,
			   const struct apparmor_ruleset *set, struct karmor_diag *diag)
{
	struct change change = { workload, set };
	int r = any_is_another(&change) ? profiles_labels(task_check, &change) : 0;

	if (r == 0)
		return 0;
	diag_error(diag, NULL, "end them, or start it anew",
		   "tasks of workload \"%s\" are under rules with fromSource, and the new policies "
		   "name other sources",
		   workload->name);
	return -EBUSY;
}

int apparmor_signatures_set(struct apparmor_workload *workload, const uint64_t *signatures,
			    size_t n)
{
	bool changed = false;

	if (n > workload->n_signatures) {
		uint64_t *all = reallocarray(workload->signatures, n, sizeof(*all));

		if (!all)
			return -ENOMEM;
		memset(all + workload->n_signatures, 0,
		       (n - workload->n_signatures) * sizeof(*all));
		workload->signatures = all;
		workload->n_signatures = n;
	}
	for (size_t i = 1; i < n; i++) {
		changed |= workload->signatures[i] != signatures[i];
		workload->signatures[i] = signatures[i];
	}
	return changed;
}
