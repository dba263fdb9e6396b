/* SPDX-License-Identifier: Apache-2.0 */
/* Rulesets to an artifact: what the base policy says, kinds of paths, verdicts, copies. Pure. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "diag.h"
#include "reference.h"
#include "selinux.h"

/* What is known of a base policy, and dear to find: it is kept with the caps. */
struct known {
	struct base *base;
	struct arena arena;
	struct selinux_facts facts;
	char digest[SELINUX_DIGEST_SIZE]; /* "": the reference */
};

static void known_free(void *what)
{
	struct known *known = what;

	base_free(known->base);
	arena_done(&known->arena);
	free(known);
}

/* The caps' own. */
static int known_find(const struct karmor_caps *caps, const struct known **ret,
		      struct karmor_diag *diag)
{
	struct known *known = caps_made(caps);
	const char *policy;
	size_t len;
	int r;

	*ret = known;
	if (known)
		return 0;
	known = calloc(1, sizeof(*known));
	if (!known)
		return -ENOMEM;
	r = base_open(caps, &known->base, diag);
	r = r ? r : selinux_facts(known->base, &known->arena, &known->facts, diag);
	if (r) {
		known_free(known);
		return r;
	}
	policy = caps_bytes(caps, SELINUX_CAP_POLICY, &len);
	if (!reference_is(caps))
		selinux_digest(policy, len, known->digest);
	caps_make(caps, known, known_free);
	*ret = known;
	return 0;
}

int selinux_full(struct karmor_caps *caps)
{
	return reference_caps(caps);
}

static int rules_number(struct selinux_compiler *c)
{
	c->offsets = calloc(c->n + 1, sizeof(*c->offsets));
	if (!c->offsets)
		return -ENOMEM;
	for (size_t i = 0; i < c->n; i++) {
		c->offsets[i] = c->n_rules;
		c->n_rules += c->sets[i]->n_rules;
	}
	c->left_out = calloc(c->n_rules + 1, sizeof(bool));
	c->lost = calloc(c->n_rules + 1, sizeof(bool));
	c->mixed = calloc(c->n_rules + 1, sizeof(bool));
	c->shared = calloc(c->n_rules + 1, sizeof(bool));
	c->accept_classes = calloc(c->n + 1, sizeof(*c->accept_classes));
	c->active = calloc(c->n + 1, sizeof(*c->active));
	if (!c->left_out || !c->lost || !c->mixed || !c->shared || !c->accept_classes || !c->active)
		return -ENOMEM;
	for (size_t i = 0; i < c->n; i++)
		for (size_t j = 0; j < c->sets[i]->n_rules; j++)
			c->left_out[c->offsets[i] + j] =
				selinux_leaves_out(&c->sets[i]->rules[j], c->policy);
	return 0;
}

/* The rules of an accept set as a line for people: "web file.matchPaths[0], ...". */
static int comments_make(struct selinux_compiler *c)
{
	const struct automaton *automaton = c->ret->automaton;
	const char **ret =
		arena_array(&c->ret->arena, automaton->n_accepts, sizeof(*c->ret->accept_rules));

	c->ret->accept_rules = ret;
	for (size_t i = 0; ret && i < automaton->n_accepts; i++) {
		const struct automaton_accept *accept = &automaton->accepts[i];
		_cleanup_buf_ struct buf text = { 0 };
		size_t set = 0;

		for (size_t j = 0; j < accept->n && accept->ids[j] < c->n_rules; j++) {
			const struct ir_rule *ir;

			while (set + 1 < c->n && accept->ids[j] >= c->offsets[set + 1])
				set++;
			ir = c->sets[set]->rules[accept->ids[j] - c->offsets[set]].ir;
			buf_printf(&text, "%s%s %s: %s", text.len ? ", " : "", ir->policy->name,
				   ir->locator, ir_action_name(ir->action));
		}
		ret[i] = buf_failed(&text)
				 ? NULL
				 : arena_strdup(&c->ret->arena, text.len ? text.data : "no rule");
		if (!ret[i])
			return -ENOMEM;
	}
	return ret ? 0 : -ENOMEM;
}

/* What is as good as the type that it is copied from, to everybody but workloads. */
static const char *copy_make(struct selinux_compiler *c, size_t kind, const char *type)
{
	_cleanup_buf_ struct buf text = { 0 }, name = { 0 }, rules = { 0 };
	size_t left_out = 0;

	selinux_copy_name(&name, c->ret, kind, type);
	if (buf_failed(&name))
		return NULL;
	base_clone(c->policy, type, name.data, &rules, &left_out);
	buf_printf(&text, "\n; as %s is", type);
	if (left_out)
		buf_printf(&text, ", but for %zu rules that cannot be copied", left_out);
	buf_printf(&text, "\n(type %s)\n(roletype object_r %s)\n%s", name.data, name.data,
		   rules.len ? rules.data : "");
	return buf_failed(&text) || buf_failed(&rules) ? NULL
						       : arena_strdup(&c->ret->arena, text.data);
}

static int copies_make(struct selinux_compiler *c)
{
	for (size_t i = 0; i < c->ret->n_kinds; i++) {
		struct selinux_kind *kind = &c->ret->kinds[i];
		const char **copies = arena_array(&c->ret->arena, kind->n_types, sizeof(*copies));

		kind->copies = copies;
		for (size_t j = 0; copies && j < kind->n_types; j++) {
			copies[j] = copy_make(c, i, kind->types[j]);
			if (!copies[j])
				return -ENOMEM;
		}
		if (!copies)
			return -ENOMEM;
	}
	return 0;
}

/* Which policy it is for, that nobody takes it for another one's. */
static int known_copy(struct selinux_artifact *ret, const struct known *known)
{
	if (*known->digest) {
		ret->digest = arena_strdup(&ret->arena, known->digest);
		if (!ret->digest)
			return -ENOMEM;
	}
	return selinux_facts_copy(&known->facts, &ret->arena, &ret->facts);
}

static int artifact_make(struct selinux_compiler *c, const struct karmor_caps *caps,
			 const struct known *known)
{
	struct arena *arena = &c->ret->arena;
	int r;

	if (c->n > SELINUX_RULESETS_MAX) {
		diag_error(c->diag, NULL, NULL, "selinux: more than %d workloads",
			   SELINUX_RULESETS_MAX);
		return -EINVAL;
	}
	c->ret->base = (struct karmor_artifact){ .backend = caps->backend, .n_rulesets = c->n };
	c->ret->rulesets = arena_array(arena, c->n, sizeof(*c->ret->rulesets));
	c->ret->numbers = arena_array(arena, c->n, sizeof(*c->ret->numbers));
	r = c->ret->rulesets && c->ret->numbers ? 0 : -ENOMEM;
	for (uint32_t i = 0; r == 0 && i < c->n; i++)
		c->ret->numbers[i] = i;
	r = r ? r : rules_number(c);
	r = r ? r : known_copy(c->ret, known);
	r = r ? r : selinux_paths(c);
	r = r ? r : selinux_verdicts(c);
	r = r ? r : selinux_names(c);
	r = r ? r : selinux_digests(c);
	r = r ? r : comments_make(c);
	return r ? r : copies_make(c);
}

/* A ruleset that is in force loses no rule to one that comes: nobody would be told. */
static int check_kept(const struct selinux_compiler *c)
{
	const struct selinux_artifact *before = (const struct selinux_artifact *)c->previous;

	for (size_t i = 0; i < c->n; i++)
		for (size_t j = 0;
		     artifact_has(c->previous, i, c->sets[i]) && j < c->sets[i]->n_rules; j++) {
			const struct selinux_rule *rule = &c->ret->rulesets[i].rules[j];

			if (!rule->lost || before->rulesets[i].rules[j].lost)
				continue;
			diag_error(c->diag, NULL, "name sources by the path that they have",
				   "selinux: beside these rules no type can be found for a source "
				   "of %s of policy \"%s\", which is in force",
				   rule->told.locator, rule->told.policy);
			return -EINVAL;
		}
	return 0;
}

static void compiler_done(struct selinux_compiler *c)
{
	for (size_t i = 0; c->active && i < c->n; i++)
		for (size_t j = 0; c->active[i] && j < SELINUX_CLASSES_MAX; j++)
			free(c->active[i][j]);
	for (size_t i = 0; i < c->n; i++) {
		free(c->active ? c->active[i] : NULL);
		free(c->accept_classes ? c->accept_classes[i] : NULL);
	}
	free(c->active);
	free(c->accept_classes);
	free(c->offsets);
	free(c->left_out);
	free(c->lost);
	free(c->mixed);
	free(c->shared);
	free(c->sources);
}

int selinux_compile(const struct karmor_ruleset *const *sets, size_t n,
		    const struct karmor_artifact *previous, const struct karmor_caps *caps,
		    struct karmor_artifact **ret, struct karmor_report *report,
		    struct karmor_diag *diag)
{
	struct selinux_artifact *artifact = calloc(1, sizeof(*artifact));
	const struct known *known = NULL;
	_cleanup_(compiler_done) struct selinux_compiler c = {
		.sets = sets, .n = n, .previous = previous, .ret = artifact, .diag = diag
	};
	int r = artifact ? known_find(caps, &known, diag) : -ENOMEM;

	c.policy = known ? known->base : NULL;
	r = r ? r : artifact_make(&c, caps, known);
	r = r ? r : check_kept(&c);
	r = r || !report ? r : selinux_fidelity(&c, report);
	if (r) {
		if (artifact)
			selinux_artifact_free(&artifact->base);
		return r;
	}
	*ret = &artifact->base;
	return 0;
}

void selinux_artifact_free(struct karmor_artifact *base)
{
	struct selinux_artifact *artifact = (struct selinux_artifact *)base;

	automaton_free(artifact->automaton);
	arena_done(&artifact->arena);
	free(artifact);
}
