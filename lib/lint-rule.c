/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See lint.h: what a rule or a policy shows without the others. That no path at all is like a
 * pattern is not found here but by the automaton (lint-shadow.c); here is what a path would have to
 * look like for a pattern to match, where that is hardly meant.
 */
#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "lint.h"

/* Names that always are links: a real path never has them. */
static const struct {
	const char *path, *fix;
} links[] = {
	{ "/proc/self", "write /proc/*/ instead" },
	{ "/proc/thread-self", "write /proc/*/task/*/ instead" },
	{ "/proc/mounts", "write /proc/*/mounts instead" },
	{ "/proc/net", "write /proc/*/net/ instead" },
	{ "/dev/fd", "write /proc/*/fd/ instead" },
};

static int check_links(struct lint *lint, const struct ir_rule *rule)
{
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		size_t len = strlen(links[i].path);

		if (strncmp(rule->path, links[i].path, len) != 0 ||
		    (rule->path[len] && rule->path[len] != '/'))
			continue;
		lint->told[lint_rule_number(lint, rule)] = true;
		return lint_add(lint, &rule->path_place,
				arena_printf(&lint->arena,
					     "no path is like this: \"%s\" is a link, and rules "
					     "are about real paths",
					     links[i].path),
				links[i].fix);
	}
	return 0;
}

/* "pip install*": an executable's name is matched, not what it is started with. */
static int check_blank(struct lint *lint, const struct ir_rule *rule)
{
	const char *name = strrchr(rule->path, '/'), *blank;

	name = name ? name + 1 : rule->path;
	blank = strpbrk(name, " \t");
	if (rule->section != KARMOR_PROCESS || rule->match == IR_DIR || !blank || blank == name)
		return 0;
	return lint_add(lint, &rule->path_place,
			"only an executable with a blank in its name is like this: a command's "
			"arguments are not matched",
			arena_printf(&lint->arena, "name the executable alone: %.*s",
				     (int)(blank - rule->path), rule->path));
}

static int check_anchors(struct lint *lint, const struct ir_rule *rule)
{
	size_t len = strlen(rule->path);

	if (rule->match != IR_PATTERN ||
	    (rule->path[0] != '^' && (len < 2 || rule->path[len - 1] != '$')))
		return 0;
	return lint_add(lint, &rule->path_place,
			"only a path with a \"^\" or \"$\" in it is like this: patterns are globs, "
			"in which they stand for themselves",
			"write a glob on the whole path, such as /proc/*/mem");
}

static int check_path(struct lint *lint, const struct ir_rule *rule)
{
	int r = check_links(lint, rule);

	r = r ? r : check_blank(lint, rule);
	return r ? r : check_anchors(lint, rule);
}

/* Whether the selector has an expression of this operator about the namespace. */
static bool has_namespaces(const struct ir_policy *policy, enum ir_operator op)
{
	const struct ir_selector *selector = &policy->selector;

	for (size_t i = 0; i < selector->n_requirements; i++)
		if (!selector->requirements[i].from_labels && selector->requirements[i].op == op &&
		    strcmp(selector->requirements[i].key, "namespace") == 0)
			return true;
	return false;
}

static int check_cluster(struct lint *lint, const struct ir_policy *policy)
{
	if (policy->kind != KARMOR_CLUSTER_POLICY || has_namespaces(policy, IR_IN))
		return 0;
	for (size_t i = 0; i < policy->n_rules; i++)
		if (policy->rules[i].action == KARMOR_BLOCK)
			return lint_add(
				lint, &policy->rules[i].path_place,
				has_namespaces(policy, IR_NOT_IN)
					? "cluster policy blocks at once, in every namespace that "
					  "it does not leave out"
					: "cluster policy blocks at once, in every namespace",
				"begin with action: Audit, or say in which namespaces (key: "
				"namespace); Block everywhere when the events are as expected");
	return 0;
}

int lint_rules(struct lint *lint)
{
	const struct karmor_policies *load = lint->policies;
	int r = 0;

	for (size_t i = 0; r == 0 && i < load->n; i++) {
		for (size_t j = 0; r == 0 && j < load->policies[i]->n_rules; j++)
			if (load->policies[i]->rules[j].path)
				r = check_path(lint, &load->policies[i]->rules[j]);
		r = r ? r : check_cluster(lint, load->policies[i]);
	}
	return r;
}
