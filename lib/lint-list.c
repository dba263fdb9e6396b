/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See lint.h: allow-lists, and what they forget. Asked of the evaluator with the posture block: an
 * access that is let through is let through by a rule, for some executable at least.
 */
#include <errno.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "lint.h"

/* Something programs need: one of these must be let through. */
struct need {
	enum karmor_op op;
	const char *what;
	const char *objects[8];
};

static const struct need loader = {
	KARMOR_READ,
	"the loader",
	{ "/lib64/ld-linux-x86-64.so.2", "/usr/lib64/ld-linux-x86-64.so.2",
	  "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1",
	  "/usr/lib/ld-linux-aarch64.so.1", "/lib/ld-musl-x86_64.so.1",
	  "/usr/lib/ld-musl-x86_64.so.1" },
};
static const struct need libraries = {
	KARMOR_READ,
	"system libraries",
	{ "/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/x86_64-linux-gnu/libc.so.6",
	  "/lib64/libc.so.6", "/usr/lib64/libc.so.6", "/usr/lib/aarch64-linux-gnu/libc.so.6",
	  "/lib/ld-musl-x86_64.so.1", "/usr/lib/ld-musl-x86_64.so.1" },
};
static const struct need cache = { KARMOR_READ, "/etc/ld.so.cache", { "/etc/ld.so.cache" } };
static const struct need temporary = { KARMOR_WRITE, "/tmp", { "/tmp/x" } };
static const struct need names = { KARMOR_NET, "udp", { "inet:dgram:udp", "inet6:dgram:udp" } };
static const struct need shells = {
	KARMOR_EXEC,
	"a shell",
	{ "/bin/sh", "/usr/bin/sh", "/bin/bash", "/usr/bin/bash", "/bin/dash", "/usr/bin/dash",
	  "/bin/busybox", "/usr/bin/env" },
};

/* An allow-list at work. */
struct list {
	struct lint *lint;
	const struct lint_section *section;
	const struct ir_rule *allow; /* the first in the files, where findings are told */
};

static int is_let(const struct list *list, const struct need *need, const char *object,
		  const char *source)
{
	struct karmor_access access =
		KARMOR_STRUCT(karmor_access, .op = need->op, .object = object, .source = source);
	struct karmor_verdict verdict = KARMOR_STRUCT(karmor_verdict);
	int r = karmor_ruleset_eval(list->section->scope->set, &access, &verdict, list->lint->diag);

	return r < 0 ? r : verdict.action != KARMOR_BLOCK;
}

/* 1 where nobody may, 0 where somebody may, or an error. */
static int is_forgotten(const struct list *list, const struct need *need)
{
	const struct space *space = list->section->space;
	int r = 0;

	for (size_t s = 0; r == 0 && s < space->n_sources; s++)
		for (size_t i = 0; r == 0 && i < ARRAY_SIZE(need->objects) && need->objects[i]; i++)
			r = is_let(list, need, need->objects[i], space->sources[s].text);
	return r < 0 ? r : !r;
}

static int check_libraries(const struct list *list)
{
	static const struct need *const needs[] = { &loader, &libraries, &cache };
	const char *found[ARRAY_SIZE(needs)];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		int r = is_forgotten(list, needs[i]);

		if (r < 0)
			return r;
		if (r)
			found[n++] = needs[i]->what;
	}
	/* Without its cache the loader goes through the directories. */
	if (!n || found[0] == cache.what)
		return 0;
	return lint_add(list->lint, &list->allow->path_place,
			arena_printf(&list->lint->arena,
				     "allow-list forgets %s%s%s%s%s, which dynamically linked "
				     "programs read",
				     found[0],
				     n > 2   ? ", "
				     : n > 1 ? " and "
					     : "",
				     n > 1 ? found[1] : "", n > 2 ? " and " : "",
				     n > 2 ? found[2] : ""),
			"add with action: Allow, readOnly: true: directories /lib/, /lib64/ and "
			"/usr/lib/ with recursive: true, path /etc/ld.so.cache");
}

/* A Block that names it shows that it was not forgotten. */
static bool is_blocked(const struct list *list, bool (*names_it)(const struct ruleset_rule *rule))
{
	const struct space *space = list->section->space;

	for (uint32_t id = 0; id < space->n_rules; id++)
		if (space->rules[id]->action == KARMOR_BLOCK && names_it(space->rules[id]))
			return true;
	return false;
}

static bool names_temporary(const struct ruleset_rule *rule)
{
	return strncmp(rule->path, "/tmp", 4) == 0 && (!rule->path[4] || rule->path[4] == '/');
}

static bool names_udp(const struct ruleset_rule *rule)
{
	return rule->ir->protocol == IR_UDP || rule->ir->protocol == IR_DGRAM;
}

static int check_temporary(const struct list *list)
{
	int r = is_forgotten(list, &temporary);

	if (r <= 0 || is_blocked(list, names_temporary))
		return r < 0 ? r : 0;
	return lint_add(list->lint, &list->allow->path_place,
			"allow-list forgets /tmp, where many programs write",
			"add directory /tmp/ with recursive: true, action: Allow; or a Block for "
			"it where that is meant");
}

static int check_names(const struct list *list)
{
	int r = is_forgotten(list, &names);

	if (r <= 0 || is_blocked(list, names_udp))
		return r < 0 ? r : 0;
	return lint_add(list->lint, &list->allow->path_place,
			"allow-list forgets udp, over which names are looked up (DNS)",
			"add protocol: udp, action: Allow; or a Block for it where that is meant");
}

static bool is_script(const struct ruleset_rule *rule)
{
	size_t len = rule->match == IR_PATH ? strlen(rule->path) : 0;

	return len > 3 && rule->action == KARMOR_ALLOW && strcmp(rule->path + len - 3, ".sh") == 0;
}

static int check_scripts(const struct list *list)
{
	const struct space *space = list->section->space;

	for (uint32_t id = 0; id < space->n_rules; id++) {
		int r = is_script(space->rules[id]) ? is_forgotten(list, &shells) : 0;

		if (r < 0)
			return r;
		if (r)
			return lint_add(list->lint, &space->rules[id]->ir->path_place,
					"allow-list has a script but no shell: a script is an exec "
					"of its interpreter too",
					"add the interpreter that its first line names, action: "
					"Allow");
	}
	return 0;
}

/* Whether postures say something about the section: "file=..." */
static bool is_posture_known(const struct lint *lint, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = lint->posture; *at; at += strcspn(at, ",")) {
		at += *at == ',';
		if (strncmp(at, name, len) == 0 && at[len] == '=')
			return true;
	}
	return false;
}

static const struct {
	const char *posture, *rest;
} sections[] = {
	[KARMOR_PROCESS] = { "file",
			     "; or decide the rest by a rule for directory /, recursive: true" },
	[KARMOR_FILE] = { "file",
			  "; or decide the rest by a rule for directory /, recursive: true" },
	[KARMOR_NETWORK] = { "network", "; or decide the rest by a rule for protocol: all" },
	[KARMOR_CAPABILITIES] = { "capabilities", "" },
};

static int check_posture(const struct list *list)
{
	enum karmor_section section = list->section->space->section;
	struct arena *arena = &list->lint->arena;
	const char *posture = sections[section].posture, *fix;

	if (!list->section->is_open || is_posture_known(list->lint, posture))
		return 0;
	fix = arena_printf(arena, "say which is meant: karmor lint --posture %s=block (or audit)%s",
			   posture, sections[section].rest);
	if (!fix)
		return -ENOMEM;
	return lint_add(
		list->lint, &list->allow->path_place,
		arena_printf(arena,
			     "this Allow makes \"%s\" an allow-list: the rest is only logged "
			     "under posture audit (the default), denied under posture block",
			     ir_section_name(section)),
		fix);
}

/* The first Allow of the section among the policies of the group. */
static const struct ir_rule *first_allow(const struct lint *lint,
					 const struct lint_section *section)
{
	const struct karmor_policies *load = lint->policies;

	for (size_t i = 0; i < load->n; i++) {
		const struct ir_policy *policy = load->policies[i];

		if (lint->groups[i] != section->scope->group)
			continue;
		for (size_t j = 0; j < policy->n_rules; j++)
			if (policy->rules[j].section == section->space->section &&
			    policy->rules[j].action == KARMOR_ALLOW)
				return &policy->rules[j];
	}
	return NULL;
}

int lint_list(struct lint *lint, const struct lint_section *section)
{
	struct list list = { lint, section, first_allow(lint, section) };
	int r;

	if (!list.allow)
		return 0;
	r = check_posture(&list);
	if (r == 0 && section->space->section == KARMOR_FILE)
		r = check_libraries(&list);
	if (r == 0 && section->space->section == KARMOR_FILE)
		r = check_temporary(&list);
	if (r == 0 && section->space->section == KARMOR_PROCESS)
		r = check_scripts(&list);
	if (r == 0 && section->space->section == KARMOR_NETWORK)
		r = check_names(&list);
	return r;
}
