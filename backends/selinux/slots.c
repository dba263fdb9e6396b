/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What roles of files say, so that rules about files change by other roles on files, and no other
 * policy is needed.
 *
 * A role says to each group of tasks' roles what it is denied of a file that has the role. Two
 * labels that say the same to all could have each other's role; they do not, for events tell by it
 * which rule a file is under. So there are some to spare that say what rules say mostly.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "engine.h"
#include "sha256.h"

/* What a class of a group is denied of what has no role. */
struct said {
	uint32_t group;
	size_t set, class;
	const struct selinux_class *to;
	uint32_t rest;
};

/* Groups' classes, in an order that is theirs and no artifact's. */
struct saying {
	const struct selinux_artifact *artifact;
	struct said *all;
	size_t n;
};

static int said_compare(const void *a, const void *b)
{
	const struct said *one = a, *other = b;

	if (one->group != other->group)
		return one->group < other->group ? -1 : 1;
	return strcmp(one->to->id, other->to->id);
}

static void saying_add(struct saying *saying, size_t set, uint32_t group)
{
	const struct selinux_artifact *a = saying->artifact;

	for (size_t i = 0; i < a->rulesets[set].n_classes; i++) {
		const struct selinux_class *class = &a->rulesets[set].classes[i];

		saying->all[saying->n++] = (struct said){
			.group = group,
			.set = set,
			.class = i,
			.to = class,
			.rest = selinux_mask(class, a->rest, a->rest),
		};
	}
}

/* Of each group one ruleset: the others are the same. */
static int saying_make(struct saying *ret, const struct selinux_artifact *a, const uint32_t *groups)
{
	size_t n = 0;

	for (size_t i = 0; i < a->base.n_rulesets; i++)
		n += a->rulesets[i].n_classes;
	*ret = (struct saying){ .artifact = a, .all = calloc(n + 1, sizeof(*ret->all)) };
	if (!ret->all)
		return -ENOMEM;
	for (size_t i = 0; i < a->base.n_rulesets; i++) {
		bool is_there = groups[i] == SELINUX_NO_GROUP;

		for (size_t j = 0; !is_there && j < ret->n; j++)
			is_there = ret->all[j].group == groups[i];
		if (!is_there)
			saying_add(ret, i, groups[i]);
	}
	if (ret->n)
		qsort(ret->all, ret->n, sizeof(*ret->all), said_compare);
	return 0;
}

static void saying_done(struct saying *saying)
{
	free(saying->all);
}

static void meaning_add(struct sha256 *sha, const struct said *said, uint32_t mask)
{
	if (mask == said->rest)
		return;
	sha256_add(sha, &said->group, sizeof(said->group));
	sha256_add(sha, said->to->id, strlen(said->to->id) + 1);
	sha256_add(sha, &mask, sizeof(mask));
}

static void label_meaning(const struct saying *saying, const struct selinux_label *label,
			  char ret[SELINUX_DIGEST_SIZE])
{
	struct sha256 sha;

	sha256_start(&sha);
	for (size_t i = 0; i < saying->n; i++)
		meaning_add(&sha, &saying->all[i],
			    selinux_mask(saying->all[i].to, label->own, label->child));
	selinux_digest_end(&sha, ret);
}

static void spare_meaning(const struct saying *saying, const struct selinux_spare_file *spare,
			  char ret[SELINUX_DIGEST_SIZE])
{
	struct sha256 sha;

	sha256_start(&sha);
	for (size_t i = 0; i < saying->n; i++) {
		const struct said *said = &saying->all[i];

		if (said->set == spare->set &&
		    (spare->class == SELINUX_ALL_CLASSES || spare->class == said->class))
			meaning_add(&sha, said,
				    selinux_pattern_mask(said->to, saying->artifact->rest,
							 &spare->pattern));
	}
	selinux_digest_end(&sha, ret);
}

/* Labels' meanings, and which role that is loaded each takes. */
struct taking {
	const struct selinux_engine *engine;
	const struct selinux_loaded *loaded;
	const struct selinux_artifact *artifact;
	char (*meanings)[SELINUX_DIGEST_SIZE];
	size_t *slots; /* by label */
	bool *taken;   /* by slot */
};

#define NO_SLOT SIZE_MAX

static void taking_done(struct taking *t)
{
	free(t->meanings);
	free(t->slots);
	free(t->taken);
}

static bool is_of(const struct taking *t, size_t slot, size_t label)
{
	return strcmp(t->loaded->slots[slot].of, t->artifact->labels[label].id) == 0;
}

/* It is nobody's, and on no file that could not be put back. */
static bool is_spare(const struct taking *t, size_t slot, size_t label)
{
	(void)label;
	return !*t->loaded->slots[slot].of &&
	       !selinux_before_has(t->engine, t->loaded->slots[slot].name);
}

/* It is a label's that is no more, or says something else now. */
static bool is_left(const struct taking *t, size_t slot, size_t label)
{
	(void)label;
	return *t->loaded->slots[slot].of;
}

static void take(struct taking *t, size_t label,
		 bool (*is)(const struct taking *t, size_t slot, size_t label))
{
	for (size_t i = 0; t->slots[label] == NO_SLOT && i < t->loaded->n_slots; i++) {
		if (t->taken[i] || strcmp(t->loaded->slots[i].meaning, t->meanings[label]) != 0 ||
		    !is(t, i, label))
			continue;
		t->slots[label] = i;
		t->taken[i] = true;
	}
}

static int taking_make(struct taking *t, const struct saying *saying)
{
	size_t n = t->artifact->n_labels;

	t->meanings = calloc(n + 1, sizeof(*t->meanings));
	t->slots = calloc(n + 1, sizeof(*t->slots));
	t->taken = calloc(t->loaded->n_slots + 1, sizeof(*t->taken));
	if (!t->meanings || !t->slots || !t->taken)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		label_meaning(saying, &t->artifact->labels[i], t->meanings[i]);
		t->slots[i] = NO_SLOT;
	}
	return 0;
}

static bool take_all(struct taking *t)
{
	bool ret = true;

	for (size_t i = 0; i < t->artifact->n_labels; i++)
		take(t, i, is_of);
	for (size_t i = 0; i < t->artifact->n_labels; i++)
		take(t, i, is_spare);
	for (size_t i = 0; i < t->artifact->n_labels; i++) {
		take(t, i, is_left);
		ret &= t->slots[i] != NO_SLOT;
	}
	return ret;
}

int selinux_slots_take(const struct selinux_engine *engine, const struct selinux_artifact *artifact,
		       const uint32_t *groups)
{
	_cleanup_(saying_done) struct saying saying = { 0 };
	_cleanup_(taking_done) struct taking t = { .engine = engine,
						   .loaded = &engine->loaded,
						   .artifact = artifact };
	int r = saying_make(&saying, artifact, groups);

	r = r ? r : taking_make(&t, &saying);
	if (r || !take_all(&t))
		return r;
	for (size_t i = 0; i < artifact->n_labels; i++)
		strcpy(artifact->labels[i].name, t.loaded->slots[t.slots[i]].name);
	return 1;
}

bool selinux_slots_moved(const struct selinux_loaded *loaded,
			 const struct selinux_artifact *artifact)
{
	for (size_t i = 0; i < loaded->n_slots; i++)
		for (size_t j = 0; *loaded->slots[i].of && j < artifact->n_labels; j++)
			if (strcmp(artifact->labels[j].id, loaded->slots[i].of) == 0 &&
			    strcmp(artifact->labels[j].name, loaded->slots[i].name) != 0)
				return true;
	return false;
}

/* Whether a ruleset is the last of the group that its number is of, and was not before. */
static bool group_given(struct selinux_loaded *loaded, uint32_t number, const char *digest)
{
	const struct selinux_family *its = selinux_loaded_find(loaded, number);
	uint32_t group = its ? its->group : SELINUX_NO_GROUP;

	if (!its || strcmp(its->last, digest) == 0)
		return false;
	for (size_t i = 0; i < loaded->n_families; i++)
		if (loaded->families[i].group == group)
			strcpy(loaded->families[i].last, digest);
	return true;
}

bool selinux_slots_given(struct selinux_loaded *loaded, const struct selinux_artifact *artifact)
{
	bool changed = false;

	for (size_t i = 0; i < loaded->n_slots; i++) {
		struct selinux_slot *slot = &loaded->slots[i];
		const char *of = "";

		for (size_t j = 0; !*of && j < artifact->n_labels; j++)
			if (strcmp(artifact->labels[j].name, slot->name) == 0)
				of = artifact->labels[j].id;
		changed |= strcmp(slot->of, of) != 0;
		snprintf(slot->of, sizeof(slot->of), "%s", of);
	}
	for (size_t i = 0; i < artifact->base.n_rulesets; i++)
		changed |= group_given(loaded, artifact->numbers[i], artifact->rulesets[i].digest);
	return changed;
}

int selinux_slots_add(struct selinux_loaded *ret, const struct selinux_artifact *artifact,
		      const struct selinux_extra *extra)
{
	_cleanup_free_ uint32_t *groups = calloc(artifact->base.n_rulesets + 1, sizeof(*groups));
	_cleanup_(saying_done) struct saying saying = { 0 };
	int r = groups ? 0 : -ENOMEM;

	for (size_t i = 0; groups && i < artifact->base.n_rulesets; i++)
		groups[i] = artifact->numbers[artifact->rulesets[i].first];
	r = r ? r : saying_make(&saying, artifact, groups);
	for (size_t i = 0; r == 0 && i < artifact->n_labels; i++) {
		struct selinux_slot slot;

		strcpy(slot.name, artifact->labels[i].name);
		strcpy(slot.of, artifact->labels[i].id);
		label_meaning(&saying, &artifact->labels[i], slot.meaning);
		r = selinux_loaded_slot(ret, &slot);
	}
	for (size_t i = 0; r == 0 && i < extra->n_files; i++) {
		struct selinux_slot slot = { .of = "" };

		strcpy(slot.name, extra->files[i].name);
		spare_meaning(&saying, &extra->files[i], slot.meaning);
		r = selinux_loaded_slot(ret, &slot);
	}
	return r;
}
