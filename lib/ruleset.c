/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a ruleset: chooses policies, resolves and reads their matchers, and sorts the rules once by
 * the total order of section 6.
 *
 * Takes no decision; eval.c does, by that order. Nothing depends on the order of loading.
 */
#include "ruleset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "diag.h"
#include "match.h"
#include "mounts.h"
#include "resolve.h"
#include "select.h"
#include "sized.h"

static const struct {
	const char *name;
	enum karmor_section sections[2];
} posture_names[] = {
	{ "file", { KARMOR_FILE, KARMOR_PROCESS } },
	{ "network", { KARMOR_NETWORK, KARMOR_NETWORK } },
	{ "capabilities", { KARMOR_CAPABILITIES, KARMOR_CAPABILITIES } },
};

static int posture_fault(const char *item, struct karmor_diag *diag)
{
	diag_error(diag, NULL, "write file=block, network=audit, capabilities=block",
		   "\"%s\" is not a posture", item);
	return -EINVAL;
}

static int read_posture(struct karmor_ruleset *set, const char *item, struct karmor_diag *diag)
{
	size_t len = strcspn(item, "=");
	enum karmor_posture posture = KARMOR_POSTURE_AUDIT;

	if (strcmp(item + len, "=block") == 0)
		posture = KARMOR_POSTURE_BLOCK;
	else if (strcmp(item + len, "=audit") != 0)
		return posture_fault(item, diag);
	for (size_t i = 0; i < ARRAY_SIZE(posture_names); i++) {
		if (strlen(posture_names[i].name) != len ||
		    strncmp(posture_names[i].name, item, len) != 0)
			continue;
		set->posture[posture_names[i].sections[0]] = posture;
		set->posture[posture_names[i].sections[1]] = posture;
		return 0;
	}
	return posture_fault(item, diag);
}

static int read_postures(struct karmor_ruleset *set, const char *text, bool audit_only,
			 struct karmor_diag *diag)
{
	_cleanup_free_ char *copy = text && *text ? strdup(text) : NULL;
	char *left = copy, *item;
	int r = 0;

	if (text && *text && !copy)
		return -ENOMEM;
	while (r == 0 && left && (item = strsep(&left, ",")))
		r = read_posture(set, item, diag);
	for (size_t i = 0; audit_only && i < ARRAY_SIZE(set->posture); i++)
		set->posture[i] = KARMOR_POSTURE_AUDIT;
	return r;
}

/* What making one ruleset goes by. */
struct maker {
	struct karmor_ruleset *set;
	struct select_subject subject;
	struct resolve resolve; /* fd < 0: names as they stand */
	struct mounts mounts;	/* once some rule asked for them */
	bool mounts_read;
	bool audit_only;
};

static int resolve_one(struct maker *maker, enum ir_match match, const char **path, bool executable,
		       struct resolve_name *ret)
{
	int r;

	*ret = (struct resolve_name){ .path = *path };
	if (maker->resolve.fd < 0)
		return 0;
	r = resolve_matcher(&maker->resolve, match, *path, executable, ret);
	if (r == 0)
		*path = ret->path;
	return r;
}

static int make_sources(struct maker *maker, struct ruleset_rule *rule)
{
	const struct ir_rule *ir = rule->ir;
	struct arena *arena = &maker->set->arena;
	struct ir_source *sources = arena_array(arena, ir->n_sources, sizeof(*sources));
	struct resolve_name name;
	int r = 0;

	if (!sources)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < ir->n_sources; i++) {
		struct ir_source *source = &sources[i];

		*source = ir->sources[i];
		r = match_read(arena, &source->match, &source->recursive, &source->path);
		if (r == 0)
			r = resolve_one(maker, source->match, &source->path, true, &name);
		rule->source_multi_call |= r == 0 && name.multi_call;
	}
	rule->sources = sources;
	return r;
}

static int make_matcher(struct maker *maker, struct ruleset_rule *rule)
{
	bool executable = rule->ir->section == KARMOR_PROCESS;
	struct resolve_name name;
	int r;

	if (!rule->path)
		return 0;
	if (rule->match == IR_SYSCALL)
		rule->match = rule->ir->path_match;
	r = match_read(&maker->set->arena, &rule->match, &rule->recursive, &rule->path);
	if (r == 0)
		r = resolve_one(maker, rule->match, &rule->path, executable, &name);
	if (r < 0 || !name.multi_call)
		return r;
	rule->multi_call = true;
	rule->name = name.name;
	return 0;
}

static int make_others(struct maker *maker, struct ruleset_rule *rule)
{
	if (maker->resolve.fd < 0 || rule->multi_call || rule->match != IR_PATH ||
	    rule->action != KARMOR_BLOCK || rule->ir->section > KARMOR_FILE)
		return 0;
	if (!maker->mounts_read) {
		if (mounts_read(&maker->mounts, &maker->set->arena, maker->set->root) < 0)
			return -ENOMEM;
		maker->mounts_read = true;
	}
	return mounts_names(&maker->mounts, &maker->resolve, rule->path, &rule->others,
			    &rule->n_others);
}

static int make_rule(struct maker *maker, const struct ir_rule *ir, struct ruleset_rule *rule)
{
	*rule = (struct ruleset_rule){
		.ir = ir,
		.match = ir->match,
		.recursive = ir->recursive,
		.path = ir->path,
		.action = ir->action,
		.sources = ir->sources,
	};
	if (maker->audit_only && ir->action == KARMOR_BLOCK)
		rule->action = KARMOR_AUDIT;
	if (ir->action == KARMOR_ALLOW)
		maker->set->allow_list[ir->section] = true;
	if (ir->n_sources && make_sources(maker, rule) < 0)
		return -ENOMEM;
	if (make_matcher(maker, rule) < 0)
		return -ENOMEM;
	return make_others(maker, rule);
}

static uint64_t specificity(const struct ruleset_rule *rule)
{
	if (rule->path)
		return match_specificity(rule->match, rule->path);
	return rule->ir->section == KARMOR_NETWORK ? match_protocol_specificity(rule->ir->protocol)
						   : 0;
}

/* A rule with what it is sorted by. */
struct entry {
	struct ruleset_rule rule;
	uint64_t specificity;
};

static int compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static const char *file_of(const struct ir_rule *rule)
{
	return rule->place.source ? rule->place.source->name : "";
}

/* Section 6; what is left equal differs in nothing but the file's name. */
static int compare(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	const struct ir_rule *x = a->rule.ir, *y = b->rule.ir;
	int r = compare_numbers(x->section, y->section);

	if (!r)
		r = compare_numbers(!x->n_sources, !y->n_sources);
	if (!r)
		r = compare_numbers(b->specificity, a->specificity);
	if (!r)
		r = compare_numbers(a->rule.action != KARMOR_BLOCK, b->rule.action != KARMOR_BLOCK);
	if (!r)
		r = strcmp(x->policy->namespace_name, y->policy->namespace_name);
	if (!r)
		r = strcmp(x->policy->name, y->policy->name);
	if (!r)
		r = compare_numbers(x->order, y->order);
	return r ? r : strcmp(file_of(x), file_of(y));
}

static void set_sections(struct karmor_ruleset *set)
{
	for (size_t i = 0; i < set->n_rules; i++) {
		struct ruleset_section *section = &set->sections[set->rules[i].ir->section];

		if (!section->n++)
			section->first = i;
	}
}

static int sort_rules(struct karmor_ruleset *set)
{
	_cleanup_free_ struct entry *entries = calloc(set->n_rules + 1, sizeof(*entries));

	if (!entries)
		return -ENOMEM;
	for (size_t i = 0; i < set->n_rules; i++) {
		entries[i].rule = set->rules[i];
		entries[i].specificity = specificity(&set->rules[i]);
	}
	qsort(entries, set->n_rules, sizeof(*entries), compare);
	for (size_t i = 0; i < set->n_rules; i++)
		set->rules[i] = entries[i].rule;
	set_sections(set);
	return 0;
}

static int make_policy(struct maker *maker, const struct ir_policy *policy, size_t *n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < policy->n_rules; i++)
		r = make_rule(maker, &policy->rules[i], &maker->set->rules[(*n)++]);
	return r;
}

static int make_rules(struct maker *maker, const struct karmor_policies *policies)
{
	struct karmor_ruleset *set = maker->set;
	size_t n = 0;
	int r = 0;

	set->rules = arena_array(&set->arena, set->n_rules + 1, sizeof(*set->rules));
	if (!set->rules)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < policies->n; i++)
		if (select_matches(policies->policies[i], &maker->subject))
			r = make_policy(maker, policies->policies[i], &n);
	return r < 0 ? r : sort_rules(set);
}

static int count_rules(struct maker *maker, const struct karmor_policies *policies,
		       struct karmor_diag *diag)
{
	struct karmor_ruleset *set = maker->set;

	for (size_t i = 0; i < policies->n; i++) {
		if (!select_matches(policies->policies[i], &maker->subject))
			continue;
		set->n_policies++;
		set->n_rules += policies->policies[i]->n_rules;
	}
	if (set->n_rules <= RULESET_RULES_MAX)
		return 0;
	diag_error(diag, NULL, "select fewer policies, or join rules into directories and patterns",
		   "%zu rules select one workload; the limit is %d", set->n_rules,
		   RULESET_RULES_MAX);
	return -EINVAL;
}

static int open_root(struct maker *maker, const char *root, struct karmor_diag *diag)
{
	int r;

	maker->resolve.fd = -1;
	if (!root)
		return 0;
	maker->set->root = arena_strdup(&maker->set->arena, root);
	if (!maker->set->root)
		return -ENOMEM;
	r = resolve_open(&maker->resolve, &maker->set->arena, root, diag);
	return r;
}

static int make(struct karmor_ruleset *set, const struct karmor_policies *policies,
		const struct karmor_subject *subject, struct karmor_diag *diag)
{
	struct maker maker = { .set = set, .audit_only = subject->audit_only };
	int r = select_read(&set->arena, subject, &maker.subject, diag);

	set->host = subject->host;
	set->ahead = subject->ahead;
	set->no_new_privs = subject->no_new_privs;
	if (r == 0)
		r = read_postures(set, subject->posture, subject->audit_only, diag);
	if (r == 0)
		r = count_rules(&maker, policies, diag);
	if (r < 0)
		return r;
	r = open_root(&maker, subject->root, diag);
	if (r == 0)
		r = make_rules(&maker, policies);
	resolve_close(&maker.resolve);
	mounts_done(&maker.mounts);
	return r;
}

struct ruleset_mark *mark_hold(struct ruleset_mark *mark)
{
	if (mark)
		__atomic_add_fetch(&mark->holders, 1, __ATOMIC_RELAXED);
	return mark;
}

void mark_drop(struct ruleset_mark *mark)
{
	if (mark && __atomic_sub_fetch(&mark->holders, 1, __ATOMIC_ACQ_REL) == 0)
		free(mark);
}

KARMOR_API int karmor_ruleset_new(const struct karmor_policies *policies,
				  const struct karmor_subject *subject, struct karmor_ruleset **ret,
				  struct karmor_diag *diag)
{
	struct karmor_ruleset *set = calloc(1, sizeof(*set));
	struct karmor_subject asked;
	int r = set ? SIZED_READ(&asked, subject) : -ENOMEM;

	if (set)
		set->mark = mark_hold(calloc(1, sizeof(*set->mark)));
	if (r == 0 && !set->mark)
		r = -ENOMEM;
	if (r == 0)
		r = make(set, policies, &asked, diag);
	if (r < 0) {
		karmor_ruleset_free(set);
		return r;
	}
	*ret = set;
	return 0;
}

KARMOR_API void karmor_ruleset_free(struct karmor_ruleset *set)
{
	if (!set)
		return;
	arena_done(&set->arena);
	mark_drop(set->mark);
	free(set);
}

KARMOR_API size_t karmor_ruleset_policies(const struct karmor_ruleset *set)
{
	return set->n_policies;
}

KARMOR_API size_t karmor_ruleset_rules(const struct karmor_ruleset *set)
{
	return set->n_rules;
}
