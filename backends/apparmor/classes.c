/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a class of sources is, beyond its number: tasks are under the profile of a number, and when
 * rules change the number may come to stand for other programs. A signature tells: it is that of
 * the sets of sources whose programs are in the class, in whatever order rules name them.
 */
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

static long class_tasks(const struct apparmor_workload *workload, size_t class)
{
	_cleanup_buf_ struct buf profile = { 0 };

	buf_printf(&profile, "%s.%zu", workload->profile, class);
	return buf_failed(&profile) ? -ENOMEM : profiles_tasks(profile.data);
}

int apparmor_classes_check(const struct apparmor_workload *workload,
			   const struct apparmor_ruleset *set, struct karmor_diag *diag)
{
	for (size_t i = 1; i < set->n_profiles; i++) {
		long n = 0;

		if (i < workload->n_signatures && workload->signatures[i] &&
		    workload->signatures[i] != set->signatures[i])
			n = class_tasks(workload, i);
		if (n == 0)
			continue;
		diag_error(
			diag, NULL, "end them, or start it anew",
			"%ld tasks of workload \"%s\" are under rules with fromSource, and the new "
			"policies name other sources",
			n, workload->name);
		return -EBUSY;
	}
	return 0;
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
