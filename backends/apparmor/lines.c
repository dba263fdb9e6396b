/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of a section of paths.
 *
 * Three ways, the plainest first: every rule as it stands, where a deny wins whatever the order;
 * with priorities by the order of the rules; disjoint sets, which eval alone makes. After each the
 * lines are held against eval for every accept set, so that no way has to know when it is right.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apparmor.h"
#include "array.h"
#include "cleanup.h"

/* Lines of a profile: what makes a parser slow must be told before. */
#define LINES_MAX 20000
#define GUARD_PRIORITY APPARMOR_PRIORITY_MAX

static const struct {
	uint8_t bit;
	enum karmor_section section;
	enum karmor_op op;
	bool owner;
} asked[] = {
	{ APPARMOR_EXEC, KARMOR_PROCESS, KARMOR_EXEC, true },
	{ APPARMOR_EXEC << APPARMOR_OTHER_SHIFT, KARMOR_PROCESS, KARMOR_EXEC, false },
	{ APPARMOR_READ, KARMOR_FILE, KARMOR_READ, true },
	{ APPARMOR_READ << APPARMOR_OTHER_SHIFT, KARMOR_FILE, KARMOR_READ, false },
	{ APPARMOR_WRITE, KARMOR_FILE, KARMOR_WRITE, true },
	{ APPARMOR_WRITE << APPARMOR_OTHER_SHIFT, KARMOR_FILE, KARMOR_WRITE, false },
};

static struct eval_access access_of(size_t i)
{
	return (struct eval_access){ .section = asked[i].section,
				     .op = asked[i].op,
				     .owner = asked[i].owner };
}

static uint8_t section_bits(enum karmor_section section)
{
	uint8_t bits = section == KARMOR_PROCESS ? APPARMOR_EXEC : APPARMOR_READ | APPARMOR_WRITE;

	return bits | (uint8_t)(bits << APPARMOR_OTHER_SHIFT);
}

/* The accesses that a rule speaks about. */
static uint8_t rule_bits(const struct ruleset_rule *rule)
{
	uint8_t ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		struct eval_access access = access_of(i);

		if (asked[i].section == rule->ir->section &&
		    eval_speaks(rule->action, rule->ir->read_only, rule->ir->owner_only, &access))
			ret |= asked[i].bit;
	}
	return ret;
}

static bool is_active(const struct apparmor_section *s, size_t i)
{
	return !s->open && s->active[s->first + i];
}

/* A rule that the profile below has: it has decided already. */
static bool is_below(const struct apparmor_section *s, size_t i)
{
	return s->base && s->base[s->first + i];
}

struct apparmor_section apparmor_below(const struct apparmor_section *s)
{
	struct apparmor_section ret = *s;

	ret.active = s->base;
	ret.base = NULL;
	return ret;
}

size_t apparmor_accept_rules(const struct apparmor_section *s, uint32_t accept, uint32_t *ret)
{
	const struct automaton_accept *set = &s->automaton->accepts[accept];
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++)
		if (set->ids[i] < s->n && is_active(s, set->ids[i]))
			ret[n++] = (uint32_t)s->first + set->ids[i];
	return n;
}

/* What is left to say on top: what is denied below passes, and what is logged there is not. */
static void expect_top(const struct apparmor_section *s, uint32_t accept, uint32_t *scratch,
		       struct apparmor_effect *effect)
{
	struct apparmor_section below = apparmor_below(s);
	struct apparmor_effect there = apparmor_expect(&below, accept, scratch);

	effect->allow |= section_bits(s->section) & (uint8_t)~there.allow;
	effect->audit &= (uint8_t)~there.audit;
}

struct apparmor_effect apparmor_expect(const struct apparmor_section *s, uint32_t accept,
				       uint32_t *scratch)
{
	struct apparmor_effect ret = { .target = s->targets ? s->targets[accept] : 0,
				       .rule = APPARMOR_NO_RULE };
	size_t n = apparmor_accept_rules(s, accept, scratch);

	if (s->open) {
		ret.allow = section_bits(s->section);
		return ret;
	}
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		struct eval_access access = access_of(i);
		struct eval_verdict verdict;

		if (asked[i].section != s->section)
			continue;
		verdict = eval_choose(s->set, &access, scratch, n);
		ret.allow |= verdict.action == KARMOR_BLOCK ? 0 : asked[i].bit;
		ret.audit |= verdict.action == KARMOR_AUDIT ? asked[i].bit : 0;
		if (verdict.rule && ret.rule == APPARMOR_NO_RULE)
			ret.rule = (uint32_t)(verdict.rule - s->set->rules);
	}
	if (s->base)
		expect_top(s, accept, scratch, &ret);
	return ret;
}

int apparmor_line_add(struct apparmor_section *s, const struct apparmor_line *line)
{
	if (s->n_lines == LINES_MAX)
		return -EINVAL;
	if (!line->perms)
		return 0;
	if (array_grow(&s->lines, s->n_lines, &s->size, sizeof(*s->lines)) < 0)
		return -ENOMEM;
	s->lines[s->n_lines] = *line;
	s->lines[s->n_lines].path = arena_strdup(s->arena, line->path);
	return s->lines[s->n_lines++].path ? 0 : -ENOMEM;
}

/* A line for each expression of a matcher. */
struct matcher_lines {
	struct apparmor_section *s;
	struct apparmor_line line;
};

static int matcher_line(const char *path, bool literal, void *data)
{
	struct matcher_lines *lines = data;

	lines->line.path = path;
	lines->line.literal = literal;
	return apparmor_line_add(lines->s, &lines->line);
}

static int rule_line(struct apparmor_section *s, size_t i, struct apparmor_line line)
{
	const struct ruleset_rule *rule = &s->set->rules[s->first + i];
	struct matcher_lines lines = { .s = s, .line = line };

	lines.line.rule = (uint32_t)(s->first + i);
	lines.line.id = (uint32_t)i;
	lines.line.about = APPARMOR_ABOUT_ID;
	if (s->targets && rule->match == IR_PATH)
		lines.line.target = s->targets[automaton_run(s->automaton, rule->path)];
	return aare_matcher(rule->match, rule->recursive, rule->path, s->section == KARMOR_FILE,
			    matcher_line, &lines);
}

static uint16_t home(const struct apparmor_section *s)
{
	return s->targets ? s->targets[0] : 0;
}

/* What no rule decides. */
static int base_line(struct apparmor_section *s)
{
	bool listed = !s->open && !s->base && s->set->allow_list[s->section];
	bool blocks = listed && s->set->posture[s->section] == KARMOR_POSTURE_BLOCK;
	struct apparmor_line line = {
		.path = "/{,**}",
		.rule = s->base ? APPARMOR_ELSEWHERE : APPARMOR_NO_RULE,
		.about = APPARMOR_ABOUT_ALL,
		.perms = section_bits(s->section),
		.audit = listed,
		.target = home(s),
	};

	return blocks ? 0 : apparmor_line_add(s, &line);
}

static const struct ruleset_rule *rule_at(const struct apparmor_section *s, size_t i)
{
	return &s->set->rules[s->first + i];
}

/*
 * A rule that allows, as lines at its priority: the parts of it that Audit rules log, which lie
 * within it or which it lies within, are audited there. (An Audit rule may not allow by itself.)
 */
static int allow_lines(struct apparmor_section *s, const struct apparmor_relations *relations,
		       size_t i, struct apparmor_line line)
{
	uint8_t all = line.perms, audited = 0;
	struct apparmor_relation relation;
	size_t at = 0;
	int r = 0;

	while (r == 0 && apparmor_related(relations, (uint32_t)i, &at, &relation)) {
		struct apparmor_line part = line;

		part.perms = all & rule_bits(rule_at(s, relation.audit));
		part.audit = true;
		if (!is_active(s, relation.audit) || is_below(s, relation.audit) || !part.perms)
			continue;
		if (!relation.allow_alone)
			audited |= part.perms;
		else if (!relation.audit_alone)
			r = rule_line(s, relation.audit, part);
	}
	line.perms = audited;
	line.audit = true;
	r = r ? r : rule_line(s, i, line);
	line.perms = all & (uint8_t)~audited;
	line.audit = false;
	return r ? r : rule_line(s, i, line);
}

static int audit_lines(struct apparmor_section *s)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n; i++)
		if (is_active(s, i) && !is_below(s, i) && rule_at(s, i)->action == KARMOR_AUDIT)
			r = rule_line(s, i,
				      (struct apparmor_line){ .perms = rule_bits(rule_at(s, i)),
							      .audit = true,
							      .target = home(s) });
	return r;
}

/* Whether a profile on top denies anything by itself. */
static bool top_denies(const struct apparmor_section *s)
{
	for (size_t i = 0; s->base && i < s->n; i++)
		if (is_active(s, i) && !is_below(s, i) && rule_at(s, i)->action == KARMOR_BLOCK)
			return true;
	return false;
}

/*
 * Every rule as it stands, or with priorities: one more wherever Allow and Block change. On top of
 * another profile that one's rules allow, which is of use only against a denial of less priority.
 */
static int plain_lines(struct apparmor_section *s, bool priorities)
{
	_cleanup_(apparmor_relations_done) struct apparmor_relations relations = { 0 };
	bool below = priorities && top_denies(s);
	enum karmor_action last = KARMOR_AUDIT;
	int priority = 0, r = apparmor_relate(&relations, s);

	r = r ? r : base_line(s);

	if (r == 0 && s->n_lines) /* where nothing is let through, an Audit rule must not do so */
		r = audit_lines(s);
	for (size_t i = s->n; r == 0 && i-- > 0;) {
		const struct ruleset_rule *rule = rule_at(s, i);
		enum karmor_action action = is_below(s, i) ? KARMOR_ALLOW : rule->action;
		struct apparmor_line line = { .perms = rule_bits(rule), .target = home(s) };

		if (!is_active(s, i) || rule->action == KARMOR_AUDIT || (is_below(s, i) && !below))
			continue;
		if (priorities && action != last && ++priority >= GUARD_PRIORITY / 2)
			return -EINVAL;
		last = action;
		line.priority = 2 * priority;
		line.deny = action == KARMOR_BLOCK;
		r = line.deny ? rule_line(s, i, line) : allow_lines(s, &relations, i, line);
	}
	return r;
}

/* By source: the first kind of path of it that leads elsewhere than what no rule decides; 0: none,
 * for that is of no source. malloc'ed. */
static uint32_t *leaving_accepts(const struct apparmor_section *s)
{
	uint32_t *ret = calloc(s->n_sources + 1, sizeof(*ret));

	for (uint32_t i = 1; ret && i < s->automaton->n_accepts; i++) {
		const struct automaton_accept *accept = &s->automaton->accepts[i];

		for (size_t j = 0; s->targets[i] != home(s) && j < accept->n; j++)
			if (accept->ids[j] >= s->n && !ret[accept->ids[j] - s->n])
				ret[accept->ids[j] - s->n] = i;
	}
	return ret;
}

static int source_leads(struct apparmor_section *s, size_t i, const struct apparmor_effect *effect,
			bool priorities)
{
	struct matcher_lines lines = {
		.s = s,
		.line = {
			.rule = effect->rule,
			.id = (uint32_t)(s->n + i),
			.about = APPARMOR_ABOUT_ID,
			.priority = priorities ? GUARD_PRIORITY - 2 : 0,
			.perms = effect->allow,
			.audit = effect->audit != 0,
			.target = effect->target,
		},
	};

	if (effect->audit != 0 && effect->audit != effect->allow)
		return -EINVAL;
	return aare_matcher(s->sources[i].match, s->sources[i].recursive, s->sources[i].path, false,
			    matcher_line, &lines);
}

/* A source that can be executed: a line of its own, for the profile that it leads to. */
static int source_lines(struct apparmor_section *s, bool priorities, uint32_t *scratch)
{
	_cleanup_free_ uint32_t *accepts = s->targets ? leaving_accepts(s) : NULL;
	int r = s->targets && !accepts ? -ENOMEM : 0;

	for (size_t i = 0; r == 0 && accepts && i < s->n_sources; i++) {
		struct apparmor_effect effect;

		if (!accepts[i])
			continue;
		effect = apparmor_expect(s, accepts[i], scratch);
		r = source_leads(s, i, &effect, priorities);
	}
	return r;
}

static int cover_line(struct apparmor_section *s, const char *path, uint32_t accept, bool literal,
		      void *data)
{
	struct apparmor_effect effect = apparmor_expect(s, accept, data);
	struct apparmor_line line = {
		.path = path,
		.rule = effect.rule,
		.id = accept,
		.about = APPARMOR_ABOUT_ACCEPT,
		.literal = literal,
		.target = effect.target,
	};
	bool based = s->n_lines && s->lines[0].about == APPARMOR_ABOUT_ALL;
	int r = 0;

	line.perms = based ? section_bits(s->section) & (uint8_t)~effect.allow : 0;
	line.deny = true;
	r = apparmor_line_add(s, &line);
	line.deny = false;
	line.audit = true;
	line.perms = effect.audit;
	r = r ? r : apparmor_line_add(s, &line);
	line.audit = false;
	line.perms = based ? 0 : effect.allow & (uint8_t)~effect.audit;
	return r ? r : apparmor_line_add(s, &line);
}

/* A base only where it holds for whatever no line denies. */
static int cover_lines(struct apparmor_section *s, uint32_t *scratch)
{
	int r = 0;

	if (!s->targets && (s->open || s->base || !s->set->allow_list[s->section]))
		r = base_line(s);
	return r ? r : apparmor_cover(s, cover_line, scratch);
}

enum way { AS_THEY_STAND, BY_PRIORITY, DISJOINT, WAYS };

static int lines_make(struct apparmor_section *s, enum way way, uint32_t *scratch)
{
	int r;

	s->n_lines = 0;
	if (way == DISJOINT)
		return cover_lines(s, scratch);
	r = plain_lines(s, way == BY_PRIORITY);
	return r ? r : source_lines(s, way == BY_PRIORITY, scratch);
}

/* The plainest way that keeps all: 1, 0 where none does, or -ENOMEM. */
static int lines_try(struct apparmor_section *s, uint32_t *scratch)
{
	size_t wrong = 1;

	for (enum way way = AS_THEY_STAND; way < WAYS && wrong; way++) {
		int r;

		if (way == BY_PRIORITY && !s->priorities)
			continue;
		r = lines_make(s, way, scratch);
		r = r ? r : apparmor_compare(s, scratch, NULL, &wrong);
		if (r == -EINVAL) /* too much for this way */
			wrong = 1;
		else if (r < 0)
			return r;
	}
	return !wrong;
}

int apparmor_lines_exact(struct apparmor_section *s)
{
	_cleanup_free_ uint32_t *scratch = calloc(s->n + 1, sizeof(*scratch));

	return scratch ? lines_try(s, scratch) : -ENOMEM;
}

int apparmor_lines(struct apparmor_section *s, bool *broken)
{
	_cleanup_free_ uint32_t *scratch = calloc(s->n + 1, sizeof(*scratch));
	size_t wrong;
	int r;

	if (!scratch)
		return -ENOMEM;
	r = lines_try(s, scratch);
	if (r)
		return r < 0 ? r : 0;
	/* No way keeps them all: what the last but the disjoint one does not keep is told. */
	r = lines_make(s, s->priorities ? BY_PRIORITY : AS_THEY_STAND, scratch);
	if (r == -EINVAL && s->targets) {
		s->lost_sources = true;
		return 0;
	}
	return r ? r : apparmor_compare(s, scratch, broken, &wrong);
}
