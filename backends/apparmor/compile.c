/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rulesets to profiles: one for each class of sources, with the rules that hold for it. Pure.
 *
 * A class is what the fromSource of the rules cannot tell apart. Class 0 is every executable that
 * none names; an exec leads to the profile of the class of what is executed, and back.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apparmor.h"
#include "array.h"
#include "cleanup.h"
#include "diag.h"
#include "fidelity.h"

#define SOURCES_MAX 4096
#define ALL_LINES_MAX 4000000 /* of the profiles of all classes; half a gigabyte */

struct compiler {
	const struct karmor_ruleset *set;
	const struct karmor_caps *caps;
	struct arena *arena; /* the ruleset's */
	struct apparmor_ruleset *ret;
	struct karmor_diag *diag;

	struct apparmor_source *sources; /* all different */
	size_t n_sources, sources_size;
	struct automaton *automata[KARMOR_FILE + 1];
	/* By accept of the process section; by group, to which the classes of others are one. */
	uint16_t *targets[APPARMOR_GROUPS_MAX + 1];
	bool *active[APPARMOR_CLASSES_MAX];
	size_t n_classes;
	struct apparmor_found found;
};

static const char *const facts[] = {
	APPARMOR_CAP_PRIORITY,
	APPARMOR_CAP_NETWORK,
	APPARMOR_CAP_MOVE_MOUNT,
	CAPS_ONCE,
};

int apparmor_full(struct karmor_caps *caps)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(facts); i++)
		r = caps_set(caps, facts[i], 1);
	return r;
}

static bool is_same_source(const struct apparmor_source *a, const struct ir_source *b)
{
	return a->match == b->match && a->recursive == b->recursive &&
	       strcmp(a->path, b->path) == 0;
}

static int source_add(struct compiler *c, const struct ir_source *source)
{
	for (size_t i = 0; i < c->n_sources; i++)
		if (is_same_source(&c->sources[i], source))
			return 0;
	if (c->n_sources == SOURCES_MAX) {
		diag_error(c->diag, NULL, "name sources by directory or pattern",
			   "these rules name more than %d sources", SOURCES_MAX);
		return -EINVAL;
	}
	if (array_grow(&c->sources, c->n_sources, &c->sources_size, sizeof(*c->sources)) < 0)
		return -ENOMEM;
	c->sources[c->n_sources++] =
		(struct apparmor_source){ source->match, source->recursive, source->path };
	return 0;
}

static int sources_collect(struct compiler *c)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->set->n_rules; i++)
		for (size_t j = 0; r == 0 && c->set->rules[i].ir->section < KARMOR_SYSCALLS &&
				   j < c->set->rules[i].ir->n_sources;
		     j++)
			r = source_add(c, &c->set->rules[i].sources[j]);
	return r;
}

static int automaton_make(struct compiler *c, enum karmor_section section)
{
	size_t n, first = eval_section(c->set, section, &n);
	size_t n_sources = section == KARMOR_PROCESS ? c->n_sources : 0;
	_cleanup_free_ struct automaton_matcher *matchers =
		calloc(n + n_sources + 1, sizeof(*matchers));

	if (!matchers)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct ruleset_rule *rule = &c->set->rules[first + i];

		matchers[i] = (struct automaton_matcher){ .match = rule->match,
							  .recursive = rule->recursive,
							  .path = rule->path,
							  .id = (uint32_t)i,
							  .place = rule->ir->path_place };
	}
	for (size_t i = 0; i < n_sources; i++)
		matchers[n + i] = (struct automaton_matcher){ .match = c->sources[i].match,
							      .recursive = c->sources[i].recursive,
							      .path = c->sources[i].path,
							      .id = (uint32_t)(n + i) };
	return automaton_compile(matchers, n + n_sources, &c->automata[section], c->diag);
}

/* The rules that hold for a source that the source matchers of @accept match. */
static void active_make(const struct compiler *c, const struct automaton_accept *accept, size_t n,
			bool *ret)
{
	for (size_t i = 0; i < c->set->n_rules; i++)
		ret[i] = !c->set->rules[i].ir->n_sources ||
			 c->set->rules[i].ir->section == KARMOR_SYSCALLS;
	for (size_t i = 0; i < accept->n; i++) {
		const struct apparmor_source *source;

		if (accept->ids[i] < n)
			continue;
		source = &c->sources[accept->ids[i] - n];
		for (size_t j = 0; j < c->set->n_rules; j++)
			for (size_t k = 0; !ret[j] && k < c->set->rules[j].ir->n_sources; k++)
				ret[j] = is_same_source(source, &c->set->rules[j].sources[k]);
	}
}

/* The class whose rules are @active, which it may have been given to; -1: there are too many. */
static int class_find(struct compiler *c, bool **active)
{
	for (size_t i = 0; i < c->n_classes; i++)
		if (memcmp(c->active[i], *active, c->set->n_rules) == 0)
			return (int)i;
	if (c->n_classes == APPARMOR_CLASSES_MAX)
		return -1;
	c->active[c->n_classes] = TAKE_PTR(*active);
	return (int)c->n_classes++;
}

static int classes_make(struct compiler *c)
{
	const struct automaton *automaton = c->automata[KARMOR_PROCESS];
	size_t n = c->set->sections[KARMOR_PROCESS].n;

	c->targets[0] = calloc(automaton->n_accepts, sizeof(*c->targets[0]));
	if (!c->targets[0])
		return -ENOMEM;
	for (size_t i = 0; i < automaton->n_accepts; i++) {
		_cleanup_free_ bool *active = calloc(c->set->n_rules + 1, sizeof(*active));
		int class;

		if (!active)
			return -ENOMEM;
		active_make(c, &automaton->accepts[i], n, active);
		class = class_find(c, &active);
		c->found.many_sources |= class < 0;
		c->found.lost_sources |= class < 0;
		c->targets[0][i] = class < 0 ? 0 : (uint16_t) class;
	}
	c->ret->signatures = arena_array(c->arena, c->n_classes, sizeof(*c->ret->signatures));
	return c->ret->signatures ? apparmor_signatures(automaton, n, c->sources, c->targets[0],
							c->ret->signatures)
				  : -ENOMEM;
}

static int group_targets_make(struct compiler *c, size_t group)
{
	size_t n = c->automata[KARMOR_PROCESS]->n_accepts;
	uint16_t *targets = calloc(n, sizeof(*targets));

	c->targets[group] = targets;
	for (size_t i = 0; targets && i < n; i++) {
		uint16_t class = c->targets[0][i];

		targets[i] = apparmor_group(class) == group ? class : 0;
	}
	return targets ? 0 : -ENOMEM;
}

/* Where a profile of a class leads to. */
static size_t group_of(const struct compiler *c, size_t class)
{
	return apparmor_groups(c->ret) ? apparmor_group(class) : 0;
}

static void section_start(struct compiler *c, enum karmor_section section, size_t class,
			  size_t group, struct apparmor_section *s)
{
	s->set = c->set;
	s->section = section;
	s->first = eval_section(c->set, section, &s->n);
	s->active = c->active[class];
	s->automaton = c->automata[section];
	s->arena = c->arena;
	s->priorities = caps_get(c->caps, APPARMOR_CAP_PRIORITY);
	if (section == KARMOR_PROCESS) { /* whose automaton knows the sources too */
		s->sources = c->sources;
		s->n_sources = c->n_sources;
		s->targets = c->n_classes > 1 ? c->targets[group] : NULL;
	}
}

static int section_make(struct compiler *c, enum karmor_section section, size_t class,
			struct apparmor_section *s)
{
	int r;

	section_start(c, section, class, group_of(c, class), s);
	r = apparmor_lines(s, c->found.broken);
	c->found.lost_sources |= s->lost_sources;
	r = r ? r : apparmor_guard(s);
	if (r == -EINVAL)
		diag_error(c->diag, NULL, "split the workload, or name directories",
			   "apparmor: the %s rules come to more lines than a profile may have",
			   ir_section_name(section));
	return r;
}

/* Where execs lead to in the profiles that have a part of the rules alone; none where that cannot
 * be said of all paths. */
static int leads_make(struct compiler *c, size_t group, struct apparmor_leads *ret)
{
	struct apparmor_section s = { .open = true };
	_cleanup_free_ bool *broken = calloc(c->set->n_rules + 1, sizeof(*broken));
	int r;

	if (!broken)
		return -ENOMEM;
	section_start(c, KARMOR_PROCESS, 0, group, &s);
	r = apparmor_lines(&s, broken);
	if (r == 0 && !s.lost_sources) {
		ret->lines = arena_array(c->arena, s.n_lines, sizeof(*s.lines));
		r = ret->lines ? 0 : -ENOMEM;
	}
	if (ret->lines) {
		memcpy(ret->lines, s.lines, s.n_lines * sizeof(*s.lines));
		ret->n = s.n_lines;
	}
	free(s.lines);
	return r == -EINVAL ? 0 : r;
}

/* Takes over the section's lines. */
static int lines_take(struct compiler *c, struct apparmor_section *sections,
		      struct apparmor_profile *profile)
{
	size_t n = 0;

	for (size_t i = 0; i <= KARMOR_FILE; i++)
		n += sections[i].n_lines;
	profile->lines = arena_array(c->arena, n, sizeof(*profile->lines));
	if (!profile->lines)
		return -ENOMEM;
	for (size_t i = 0; i <= KARMOR_FILE; i++) {
		if (sections[i].n_lines)
			memcpy(profile->lines + profile->n_lines, sections[i].lines,
			       sections[i].n_lines * sizeof(*profile->lines));
		profile->n_lines += sections[i].n_lines;
	}
	return 0;
}

static int profile_make(struct compiler *c, size_t class)
{
	struct apparmor_profile *profile = &c->ret->profiles[class];
	struct apparmor_section sections[KARMOR_FILE + 1] = { 0 };
	int r = 0;

	for (int i = 0; r == 0 && i <= KARMOR_FILE; i++)
		r = section_make(c, (enum karmor_section)i, class, &sections[i]);
	r = r ? r : lines_take(c, sections, profile);
	r = r ? r : apparmor_network(profile, c->set, c->active[class], c->found.protocols);
	r = r ? r : apparmor_capabilities(profile, c->set, c->active[class]);
	for (size_t i = 0; i <= KARMOR_FILE; i++)
		free(sections[i].lines);
	return r;
}

/* Where it is worth that a running source follows one change alone (apparmor.h). */
static bool has_tops(const struct compiler *c)
{
	return c->set->no_new_privs || caps_get(c->caps, CAPS_ONCE);
}

/* The class as a profile on top of class 0's, where that can be. */
static int top_make(struct compiler *c, size_t class)
{
	struct apparmor_profile *top = &c->ret->tops[class];
	struct apparmor_section sections[KARMOR_FILE + 1] = { 0 };
	int r = apparmor_narrow_rest(c->ret, class, top);

	for (int i = 0; r == 1 && i <= KARMOR_FILE; i++) {
		section_start(c, (enum karmor_section)i, class, 0, &sections[i]);
		sections[i].base = c->active[0];
		r = apparmor_narrow_section(&sections[i]);
	}
	if (r == 1) {
		apparmor_classes_add(&c->ret->narrow, class);
		c->ret->n_narrow++;
		r = lines_take(c, sections, top);
	}
	for (size_t i = 0; i <= KARMOR_FILE; i++)
		free(sections[i].lines);
	return r < 0 ? r : 0;
}

static int tops_make(struct compiler *c)
{
	int r = 0;

	c->ret->tops = arena_array(c->arena, c->n_classes, sizeof(*c->ret->tops));
	if (!c->ret->tops)
		return -ENOMEM;
	for (size_t class = 1; r == 0 && has_tops(c) && class < c->n_classes; class ++)
		r = top_make(c, class);
	for (size_t i = 0; r == 0 && i < c->set->n_rules; i++)
		for (size_t class = 1; class < c->n_classes; class ++)
			c->found.wide[i] |= c->active[class][i] &&
					    !apparmor_classes_have(&c->ret->narrow, class);
	return r;
}

static bool is_closed(const struct karmor_ruleset *set, enum karmor_section section)
{
	return set->allow_list[section] && set->posture[section] == KARMOR_POSTURE_BLOCK;
}

/* A mount gives other names to what a rule names, so that it is free only where none does. */
static bool mounts_are_free(const struct karmor_ruleset *set)
{
	for (size_t i = 0; i < set->n_rules; i++)
		if (set->rules[i].ir->section <= KARMOR_FILE &&
		    set->rules[i].action == KARMOR_BLOCK)
			return false;
	return !is_closed(set, KARMOR_PROCESS) && !is_closed(set, KARMOR_FILE);
}

/* Of a stack of groups each profile must lead on. */
static int groups_make(struct compiler *c)
{
	size_t n = apparmor_groups(c->ret);
	int r = 0;

	c->ret->leads = arena_array(c->arena, n + 1, sizeof(*c->ret->leads));
	if (!c->ret->leads)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i <= n; i++) {
		r = i ? group_targets_make(c, i) : 0;
		r = r ? r : leads_make(c, i, &c->ret->leads[i]);
		c->found.lost_sources |= n && !c->ret->leads[i].n;
	}
	return r;
}

static int profiles_make(struct compiler *c)
{
	size_t n = 0;
	int r;

	c->ret->n_profiles = c->n_classes;
	c->ret->profiles = arena_array(c->arena, c->n_classes, sizeof(*c->ret->profiles));
	if (!c->ret->profiles)
		return -ENOMEM;
	r = groups_make(c);
	for (size_t i = 0; r == 0 && i < c->n_classes && !(i && c->found.lost_sources); i++) {
		r = profile_make(c, i);
		n += c->ret->profiles[i].n_lines;
		c->found.many_sources |= i && n > ALL_LINES_MAX;
		c->found.lost_sources |= i && n > ALL_LINES_MAX;
	}
	return r;
}

/* Where sources cannot be told apart there is one profile, without the rules that name them. */
static int profiles_make_one(struct compiler *c)
{
	while (c->n_classes > 1)
		free(c->active[--c->n_classes]);
	return profiles_make(c);
}

static int ruleset_make(struct compiler *c)
{
	int r = sources_collect(c);

	for (int i = 0; r == 0 && i <= KARMOR_FILE; i++)
		r = automaton_make(c, (enum karmor_section)i);
	r = r ? r : classes_make(c);
	if (r)
		return r;
	c->ret->priorities = caps_get(c->caps, APPARMOR_CAP_PRIORITY);
	c->ret->mounts = mounts_are_free(c->set);
	for (int i = 0; i < KARMOR_SYSCALLS; i++)
		c->ret->closed[i] = is_closed(c->set, (enum karmor_section)i);
	r = c->found.lost_sources ? 0 : profiles_make(c);
	if (r == 0 && c->found.lost_sources)
		r = profiles_make_one(c);
	c->found.stacked = r == 0 && (apparmor_groups(c->ret) || apparmor_width(c->ret));
	r = r ? r : apparmor_rules_copy(c->arena, c->set, c->active, c->n_classes, c->ret);
	return r ? r : tops_make(c);
}

static void compiler_done(struct compiler *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(c->automata); i++)
		automaton_free(c->automata[i]);
	for (size_t i = 0; i < c->n_classes; i++)
		free(c->active[i]);
	for (size_t i = 0; i < ARRAY_SIZE(c->targets); i++)
		free(c->targets[i]);
	free(c->sources);
	free(c->found.broken);
	free(c->found.protocols);
	free(c->found.wide);
}

static int ruleset_compile(const struct karmor_ruleset *set, const struct karmor_caps *caps,
			   struct compiled_ruleset *ret, struct karmor_report *report,
			   struct karmor_diag *diag)
{
	_cleanup_(compiler_done) struct compiler c = { .set = set,
						       .caps = caps,
						       .arena = &ret->arena,
						       .ret = (struct apparmor_ruleset *)ret,
						       .diag = diag };
	int r;

	c.found.broken = calloc(set->n_rules + 1, sizeof(bool));
	c.found.protocols = calloc(set->n_rules + 1, sizeof(bool));
	c.found.wide = calloc(set->n_rules + 1, sizeof(bool));
	if (!c.found.broken || !c.found.protocols || !c.found.wide)
		return -ENOMEM;
	r = ruleset_make(&c);
	if (r || !report)
		return r;
	return apparmor_fidelity(set, caps, &c.found, report);
}

static const struct rulesets_compiler rulesets = {
	.size = sizeof(struct apparmor_ruleset),
	.make = ruleset_compile,
};

int apparmor_compile(const struct karmor_ruleset *const *sets, size_t n,
		     const struct karmor_artifact *previous, const struct karmor_caps *caps,
		     struct karmor_artifact **ret, struct karmor_report *report,
		     struct karmor_diag *diag)
{
	return rulesets_compile(&rulesets, sets, n, previous, caps, ret, report, diag);
}

void apparmor_artifact_free(struct karmor_artifact *artifact)
{
	rulesets_artifact_free(&rulesets, artifact);
}
