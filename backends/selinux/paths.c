/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paths that rules tell apart, and what of that becomes roles of files and copies of types.
 *
 * One automaton has the matchers of all rulesets, for a file has one label for all workloads.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "cleanup.h"
#include "diag.h"
#include "selinux.h"
#include "witness.h"

#define SOURCES_MAX 4096
/* A name that no rule has, so that it stands for every other. */
#define ANY_NAME 0x01
#define ANY_PATH "/\x01/\x01/\x01"

bool selinux_is_same_source(const struct ir_source *a, const struct ir_source *b)
{
	return a->match == b->match && a->recursive == b->recursive &&
	       strcmp(a->path, b->path) == 0;
}

static int source_add(struct selinux_compiler *c, const struct ir_source *source)
{
	for (size_t i = 0; i < c->n_sources; i++)
		if (selinux_is_same_source(c->sources[i], source))
			return 0;
	if (c->n_sources == SOURCES_MAX) {
		diag_error(c->diag, &source->place, "name sources by directory or pattern",
			   "selinux: these rules name more than %d sources", SOURCES_MAX);
		return -EINVAL;
	}
	if (array_grow(&c->sources, c->n_sources, &c->sources_size, sizeof(struct ir_source *)) < 0)
		return -ENOMEM;
	c->sources[c->n_sources++] = source;
	return 0;
}

static int rule_sources(struct selinux_compiler *c, const struct ruleset_rule *rule)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < rule->ir->n_sources; i++)
		r = source_add(c, &rule->sources[i]);
	return r;
}

/* The matchers of a rule, from @matchers on; how many. */
static size_t rule_matchers(const struct ruleset_rule *rule, uint32_t id,
			    struct automaton_matcher *matchers)
{
	for (size_t i = 0; i <= rule->n_others; i++)
		matchers[i] = (struct automaton_matcher){
			.match = rule->match,
			.recursive = rule->recursive,
			.path = i ? rule->others[i - 1] : rule->path,
			.id = id,
			.place = rule->ir->path_place,
		};
	return rule->n_others + 1;
}

static int automaton_make(struct selinux_compiler *c)
{
	_cleanup_free_ struct automaton_matcher *matchers = NULL;
	_cleanup_free_ size_t *ends = calloc(c->n + 1, sizeof(*ends));
	size_t n = 0, room = c->n_sources + 1;
	int r;

	for (size_t i = 0; i < c->n; i++)
		for (size_t j = 0; j < c->sets[i]->n_rules; j++)
			room += c->sets[i]->rules[j].n_others + 1;
	matchers = calloc(room, sizeof(*matchers));
	if (!matchers || !ends)
		return -ENOMEM;
	for (size_t i = 0; i < c->n; i++) {
		for (size_t j = 0; j < c->sets[i]->n_rules; j++) {
			const struct ruleset_rule *rule = &c->sets[i]->rules[j];

			if (rule->ir->section <= KARMOR_FILE && !c->left_out[c->offsets[i] + j])
				n += rule_matchers(rule, (uint32_t)(c->offsets[i] + j),
						   matchers + n);
		}
		ends[i] = n;
	}
	for (size_t i = 0; i < c->n_sources; i++)
		matchers[n++] = (struct automaton_matcher){ .match = c->sources[i]->match,
							    .recursive = c->sources[i]->recursive,
							    .path = c->sources[i]->path,
							    .id = (uint32_t)(c->n_rules + i),
							    .place = c->sources[i]->place };
	r = selinux_roots(c, matchers, ends);
	r = r ? r : selinux_given(c);
	return r ? r : automaton_compile(matchers, n, &c->ret->automaton, c->diag);
}

/* Whether a rule holds for what the sources among @accept match. */
static bool is_active(const struct selinux_compiler *c, const struct ruleset_rule *rule,
		      const struct automaton_accept *accept)
{
	if (!rule->ir->n_sources || rule->ir->section == KARMOR_SYSCALLS)
		return true;
	for (size_t i = 0; i < accept->n; i++)
		for (size_t j = 0; accept->ids[i] >= c->n_rules && j < rule->ir->n_sources; j++)
			if (selinux_is_same_source(c->sources[accept->ids[i] - c->n_rules],
						   &rule->sources[j]))
				return true;
	return false;
}

/* The class of ruleset @set for which the rules @active hold, which it may have been given to. */
static int class_find(struct selinux_compiler *c, size_t set, bool **active)
{
	struct selinux_ruleset *ret = &c->ret->rulesets[set];

	for (size_t i = 0; i < ret->n_classes; i++)
		if (memcmp(c->active[set][i], *active, c->sets[set]->n_rules) == 0)
			return (int)i;
	if (ret->n_classes == SELINUX_CLASSES_MAX)
		return -1;
	c->active[set][ret->n_classes] = TAKE_PTR(*active);
	return (int)ret->n_classes++;
}

static int classes_make(struct selinux_compiler *c, size_t set)
{
	const struct automaton *automaton = c->ret->automaton;
	const struct karmor_ruleset *rules = c->sets[set];

	c->accept_classes[set] = calloc(automaton->n_accepts, 1);
	c->active[set] = calloc(SELINUX_CLASSES_MAX, sizeof(bool *));
	if (!c->accept_classes[set] || !c->active[set])
		return -ENOMEM;
	for (size_t i = 0; i < automaton->n_accepts; i++) {
		_cleanup_free_ bool *active = calloc(rules->n_rules + 1, sizeof(*active));
		int class;

		if (!active)
			return -ENOMEM;
		for (size_t j = 0; j < rules->n_rules; j++)
			active[j] = is_active(c, &rules->rules[j], &automaton->accepts[i]);
		class = class_find(c, set, &active);
		if (class < 0) {
			diag_error(c->diag, NULL,
				   "give rules that belong together the same fromSource",
				   "selinux: the fromSource of these rules tell more than %d kinds "
				   "of sources apart",
				   SELINUX_CLASSES_MAX);
			return -EINVAL;
		}
		c->accept_classes[set][i] = (uint8_t) class;
	}
	return 0;
}

static bool is_kind(const struct selinux_compiler *c, size_t kind, size_t accept)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->ret->kinds[kind].classes[i] != c->accept_classes[i][accept])
			return false;
	return true;
}

static int kind_add(struct selinux_compiler *c, size_t accept)
{
	struct selinux_kind *kind = &c->ret->kinds[c->ret->n_kinds];
	uint8_t *classes;

	if (c->ret->n_kinds == SELINUX_KINDS_MAX) {
		diag_error(c->diag, NULL, "give rules that belong together the same fromSource",
			   "selinux: workloads tell more than %d kinds of sources apart",
			   SELINUX_KINDS_MAX);
		return -EINVAL;
	}
	classes = arena_alloc(&c->ret->arena, c->n + 1);
	if (!classes)
		return -ENOMEM;
	for (size_t i = 0; i < c->n; i++)
		classes[i] = c->accept_classes[i][accept];
	kind->classes = classes;
	c->ret->n_kinds++;
	return 0;
}

/* The accept set 0 comes first: it matches no source. */
static int kinds_make(struct selinux_compiler *c)
{
	size_t n = c->ret->automaton->n_accepts;

	c->ret->kinds = arena_array(&c->ret->arena, SELINUX_KINDS_MAX, sizeof(*c->ret->kinds));
	c->ret->accept_kinds = arena_array(&c->ret->arena, n, sizeof(*c->ret->accept_kinds));
	if (!c->ret->kinds || !c->ret->accept_kinds)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		size_t kind = 0;
		int r = 0;

		while (kind < c->ret->n_kinds && !is_kind(c, kind, i))
			kind++;
		if (kind == c->ret->n_kinds)
			r = kind_add(c, i);
		if (r)
			return r;
		c->ret->accept_kinds[i] = (uint32_t)kind;
	}
	return 0;
}

static bool has_type(const struct selinux_kind *kind, const char *type)
{
	for (size_t i = 0; i < kind->n_types; i++)
		if (strcmp(kind->types[i], type) == 0)
			return true;
	return false;
}

/* The sources of an accept set that has no type are lost to the rules that name them. */
static void sources_lose(struct selinux_compiler *c, const struct automaton_accept *accept)
{
	for (size_t i = 0; i < c->n; i++)
		for (size_t j = 0; j < c->sets[i]->n_rules; j++) {
			const struct ruleset_rule *rule = &c->sets[i]->rules[j];

			if (rule->ir->n_sources && is_active(c, rule, accept))
				c->lost[c->offsets[i] + j] = true;
		}
}

static int type_add(struct selinux_compiler *c, struct selinux_kind *kind, const char *type)
{
	struct arena *arena = &c->ret->arena;
	const char **types;

	if (has_type(kind, type))
		return 0;
	types = arena_array(arena, kind->n_types + 1, sizeof(*types));
	if (!types)
		return -ENOMEM;
	if (kind->n_types)
		memcpy(types, kind->types, kind->n_types * sizeof(*types));
	types[kind->n_types] = arena_strdup(arena, type);
	if (!types[kind->n_types])
		return -ENOMEM;
	kind->types = types;
	kind->n_types++;
	return 0;
}

/* The kind of what bears object_r needs no copies: an exec of all else leads to it. */
static bool is_rest(const struct selinux_compiler *c, uint32_t accept)
{
	return c->ret->accept_kinds[accept] == c->ret->accept_kinds[c->ret->rest];
}

/* What engines give to the files of containers, whatever they are. */
static const char *const in_containers[] = { "container_file_t", "container_ro_file_t",
					     "container_share_t" };

/* Of what nobody is under yet a container may come. */
static bool has_container(const struct selinux_compiler *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->sets[i]->ahead || (c->sets[i]->root && strcmp(c->sets[i]->root, "/") != 0))
			return true;
	return false;
}

static int kind_type_containers(struct selinux_compiler *c, struct selinux_kind *kind)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(in_containers); i++)
		if (base_has_type(c->policy, in_containers[i]))
			r = type_add(c, kind, in_containers[i]);
	return r;
}

/* What file contexts give to examples of each kind, and to paths that they have by name. */
static int kinds_type(struct selinux_compiler *c)
{
	const char *path, *type;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < c->ret->automaton->n_accepts; i++) {
		if (is_rest(c, i) || !c->examples[i])
			continue;
		if (has_container(c))
			r = kind_type_containers(c, &c->ret->kinds[c->ret->accept_kinds[i]]);
		if (r)
			break;
		type = base_type_of(c->policy, c->examples[i]);
		if (type && base_has_type(c->policy, type))
			r = type_add(c, &c->ret->kinds[c->ret->accept_kinds[i]], type);
		else
			sources_lose(c, &c->ret->automaton->accepts[i]);
	}
	for (size_t i = 0; r == 0 && base_named(c->policy, i, &path, &type); i++) {
		uint32_t accept = path ? automaton_run(c->ret->automaton, path) : c->ret->rest;

		if (!is_rest(c, accept) && base_has_type(c->policy, type))
			r = type_add(c, &c->ret->kinds[c->ret->accept_kinds[accept]], type);
	}
	return r;
}

static size_t label_find(const struct selinux_artifact *artifact, uint32_t own, uint32_t child)
{
	for (size_t i = 0; i < artifact->n_labels; i++)
		if (artifact->labels[i].own == own && artifact->labels[i].child == child)
			return i;
	return SELINUX_NO_LABEL;
}

static int label_add(struct selinux_compiler *c, uint32_t own, uint32_t child)
{
	struct selinux_artifact *ret = c->ret;

	if (!c->examples[own] || (own == ret->rest && child == ret->rest) ||
	    label_find(ret, own, child) != SELINUX_NO_LABEL)
		return 0;
	if (ret->n_labels == SELINUX_LABELS_MAX) {
		diag_error(c->diag, NULL, "name directories rather than files",
			   "selinux: these rules tell more than %d kinds of paths apart",
			   SELINUX_LABELS_MAX);
		return -EINVAL;
	}
	ret->labels[ret->n_labels++] = (struct selinux_label){
		.own = own, .child = child, .example = arena_strdup(&ret->arena, c->examples[own])
	};
	return ret->labels[ret->n_labels - 1].example ? 0 : -ENOMEM;
}

/* The states in which a path can end: those that another byte than a slash leads to. */
static void ends_find(const struct automaton *automaton, bool *ends)
{
	for (uint32_t i = 1; i < automaton->n_states; i++)
		for (unsigned byte = 1; byte < 256; byte++)
			if (byte != '/')
				ends[automaton_next(automaton, i, (uint8_t)byte)] = true;
}

static uint32_t child_of(const struct automaton *automaton, uint32_t state)
{
	state = automaton_next(automaton, automaton_next(automaton, state, '/'), ANY_NAME);
	return automaton->states[state].accept;
}

/* Of a file both are one, so that each set has such a label; others are directories'. */
static int labels_make(struct selinux_compiler *c)
{
	const struct automaton *automaton = c->ret->automaton;
	_cleanup_free_ bool *ends = calloc(automaton->n_states, sizeof(*ends));
	uint32_t root = automaton_run(automaton, "/"), in_root = automaton_run(automaton, "/\x01");
	int r;

	c->ret->labels = arena_array(&c->ret->arena, SELINUX_LABELS_MAX, sizeof(*c->ret->labels));
	if (!ends || !c->ret->labels)
		return -ENOMEM;
	ends_find(automaton, ends);
	r = label_add(c, root, in_root);
	for (uint32_t i = 0; r == 0 && i < automaton->n_accepts; i++)
		r = label_add(c, i, i);
	for (uint32_t i = 1; r == 0 && i < automaton->n_states; i++)
		if (ends[i])
			r = label_add(c, automaton->states[i].accept, child_of(automaton, i));
	return r;
}

int selinux_paths(struct selinux_compiler *c)
{
	const struct witness_bounds nothing_known = { 0 };
	int r = 0;

	for (size_t i = 0; i < c->n; i++)
		for (size_t j = 0; r == 0 && j < c->sets[i]->n_rules; j++)
			if (!c->left_out[c->offsets[i] + j])
				r = rule_sources(c, &c->sets[i]->rules[j]);
	r = r ? r : automaton_make(c);
	if (r == 0)
		c->ret->rest = automaton_run(c->ret->automaton, ANY_PATH);
	r = r ? r : selinux_leads(c->ret);
	r = r ? r : witness_find(c->ret->automaton, &nothing_known, &c->ret->arena, &c->examples);
	for (size_t i = 0; r == 0 && i < c->n; i++)
		r = classes_make(c, i);
	r = r ? r : kinds_make(c);
	r = r ? r : kinds_type(c);
	return r ? r : labels_make(c);
}

size_t selinux_label_of(const struct selinux_artifact *artifact, const char *path, bool directory)
{
	const struct automaton *automaton = artifact->automaton;
	uint32_t state = 1, own, child;

	for (const char *p = path; *p; p++)
		state = automaton_next(automaton, state, (uint8_t)*p);
	own = child = automaton->states[state].accept;
	if (directory)
		child = strcmp(path, "/") == 0 ? automaton_run(automaton, "/\x01")
					       : child_of(automaton, state);
	if (own == artifact->rest && child == artifact->rest)
		return SELINUX_NO_LABEL;
	return label_find(artifact, own, child);
}

static const struct selinux_label *label_by_role(const struct selinux_artifact *artifact,
						 const char *role)
{
	char name[SELINUX_NAME_SIZE];

	for (size_t i = 0; i < artifact->n_labels; i++) {
		selinux_file_role(artifact, i, name);
		if (strcmp(name, role) == 0)
			return &artifact->labels[i];
	}
	return NULL;
}

/* Whether @label denies a class all that @other does, and logs it. */
static bool class_exceeds(const struct selinux_class *class, const struct selinux_label *label,
			  const struct selinux_label *other)
{
	bool ret = !(selinux_mask(class, other->own, other->child) &
		     ~selinux_mask(class, label->own, label->child));

	for (int op = 0; ret && op < SELINUX_OPS; op++)
		ret = class->verdicts[op][label->own] >= class->verdicts[op][other->own] &&
		      class->verdicts[op][label->child] >= class->verdicts[op][other->child];
	return ret;
}

/* What a role is to a file: one of a directory is for that by what is made in it. */
static struct selinux_label label_for(const struct selinux_label *label, bool directory)
{
	struct selinux_label ret = *label;

	if (!directory)
		ret.own = ret.child;
	return ret;
}

bool selinux_role_exceeds(const struct selinux_artifact *artifact, const char *role,
			  const char *other, bool directory)
{
	const struct selinux_label *of_role = label_by_role(artifact, role);
	const struct selinux_label *of_other = label_by_role(artifact, other);
	struct selinux_label a, b;
	bool ret = true;

	if (!of_role || !of_other)
		return of_role;
	a = label_for(of_role, directory);
	b = label_for(of_other, directory);
	for (size_t i = 0; ret && i < artifact->base.n_rulesets; i++)
		for (size_t j = 0; ret && j < artifact->rulesets[i].n_classes; j++)
			ret = class_exceeds(&artifact->rulesets[i].classes[j], &a, &b);
	return ret;
}

bool selinux_copy_of(const struct selinux_artifact *artifact, const char *path, const char *type,
		     struct buf *buf)
{
	uint32_t kind = artifact->accept_kinds[automaton_run(artifact->automaton, path)];

	if (!has_type(&artifact->kinds[kind], type))
		return false;
	selinux_copy_name(buf, artifact, kind, type);
	return true;
}

const char *selinux_type_of(const struct selinux_artifact *artifact, const struct base *base,
			    const char *path, struct buf *buf)
{
	const char *type = base_type_of(base, path);

	if (!type || !selinux_copy_of(artifact, path, type, buf))
		return type;
	return buf_failed(buf) ? NULL : buf->data;
}
