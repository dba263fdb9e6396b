/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of a rule, with its policy and itself above. Nothing of a policy but escaped paths gets
 * into a line, and into a comment only what cannot end one.
 */
#include <string.h>

#include "writer.h"

static const char *or_posture(uint32_t rule)
{
	return rule == APPARMOR_NO_RULE	    ? "what no rule speaks of"
	       : rule == APPARMOR_ELSEWHERE ? "what other profiles of the stack decide"
	       : rule == APPARMOR_SELF	    ? "what would undo this, whatever policies say"
					    : NULL;
}

void writer_comment(struct writer *w, uint32_t rule)
{
	const struct apparmor_rule *of;

	if (w->commented == rule)
		return;
	w->commented = rule;
	buf_puts(w->buf, "\n  # ");
	if (or_posture(rule)) {
		buf_printf(w->buf, "%s\n", or_posture(rule));
		return;
	}
	of = &w->set->rules[rule];
	buf_escape(w->buf, of->told.policy, strlen(of->told.policy));
	buf_printf(w->buf, " %s: %s\n", of->told.locator, ir_action_name(of->action));
}

static void line_start(struct writer *w, int priority, bool audit, bool deny)
{
	buf_puts(w->buf, "  ");
	if (priority)
		buf_printf(w->buf, "priority=%d ", priority);
	buf_puts(w->buf, deny ? "audit deny " : audit ? "audit " : "");
}

/* Whose accesses: those of both, or of one of them. */
static const char *who(unsigned owner, unsigned other)
{
	return owner && other ? "" : owner ? "owner " : "other ";
}

static void file_line(struct writer *w, const struct apparmor_line *line, unsigned owner,
		      unsigned other)
{
	unsigned perms = owner | other;

	if (!perms)
		return;
	line_start(w, line->priority, line->audit, line->deny);
	/* A denial to others alone is the only thing that "other" is needed for. */
	buf_printf(w->buf, "%s\"%s\" %s%s,\n", who(owner, other), line->path,
		   perms & APPARMOR_READ ? "r" : "", perms & APPARMOR_WRITE ? "wl" : "");
}

static void exec_line(struct writer *w, const struct apparmor_line *line, unsigned owner,
		      unsigned other)
{
	if (!(owner | other))
		return;
	line_start(w, line->priority, line->audit, line->deny);
	buf_printf(w->buf, "%s\"%s\" ", who(owner, other), line->path);
	if (line->deny) {
		buf_puts(w->buf, "x,\n");
	} else if (writer_stays(w, line->target)) {
		buf_puts(w->buf, "ix,\n");
	} else {
		buf_puts(w->buf, "px -> \"");
		writer_target(w, line->target);
		buf_puts(w->buf, "\",\n");
	}
}

void writer_path(struct writer *w, const struct apparmor_line *line)
{
	unsigned owner = line->perms & APPARMOR_OWNER;
	unsigned other = line->perms >> APPARMOR_OTHER_SHIFT;
	unsigned both = owner & other;
	const unsigned files = APPARMOR_READ | APPARMOR_WRITE;

	writer_comment(w, line->rule);
	file_line(w, line, both & files, both & files);
	file_line(w, line, owner & ~both & files, 0);
	file_line(w, line, 0, other & ~both & files);
	if (line->perms & APPARMOR_MAP) {
		line_start(w, line->priority, line->audit, line->deny);
		buf_printf(w->buf, "\"%s\" m,\n", line->path);
	}
	exec_line(w, line, both & APPARMOR_EXEC, both & APPARMOR_EXEC);
	exec_line(w, line, owner & ~both & APPARMOR_EXEC, 0);
	exec_line(w, line, 0, other & ~both & APPARMOR_EXEC);
}

static const char *qualifier(enum karmor_action action)
{
	static const char *const words[] = {
		[KARMOR_ALLOW] = "", [KARMOR_AUDIT] = "audit ", [KARMOR_BLOCK] = "audit deny "
	};

	return words[action];
}

static bool is_socket(unsigned family, unsigned type)
{
	return apparmor_family_name(family) && apparmor_type_name(type);
}

/* Whether most is free, so that only the rest is written. */
static bool network_is_open(const struct apparmor_profile *profile)
{
	size_t free = 0, all = 0;

	for (unsigned family = 0; family < APPARMOR_FAMILIES; family++)
		for (unsigned type = 0; type < APPARMOR_TYPES; type++) {
			all += is_socket(family, type);
			free += is_socket(family, type) &&
				profile->network[family][type] == KARMOR_ALLOW;
		}
	return free > all / 2;
}

/* All types of a family have one verdict, by one rule. */
static bool family_is_uniform(const struct apparmor_profile *profile, unsigned family)
{
	for (unsigned type = 0; type < APPARMOR_TYPES; type++)
		if (is_socket(family, type) &&
		    (profile->network[family][type] != profile->network[family][1] ||
		     profile->network_rules[family][type] != profile->network_rules[family][1]))
			return false;
	return true;
}

static void socket_line(struct writer *w, const struct apparmor_profile *profile, unsigned family,
			unsigned type, bool uniform)
{
	enum karmor_action action = profile->network[family][type];

	writer_comment(w, profile->network_rules[family][type]);
	buf_printf(w->buf, "  %snetwork %s%s%s,\n", qualifier(action), apparmor_family_name(family),
		   uniform ? "" : " ", uniform ? "" : apparmor_type_name(type));
}

void writer_network(struct writer *w, const struct apparmor_profile *profile)
{
	bool open = network_is_open(profile);
	enum karmor_action unwritten = open ? KARMOR_ALLOW : KARMOR_BLOCK;

	if (open) {
		writer_comment(w, w->top ? APPARMOR_ELSEWHERE : APPARMOR_NO_RULE);
		buf_puts(w->buf, "  network,\n");
	}
	for (unsigned family = 0; family < APPARMOR_FAMILIES; family++) {
		bool uniform = family_is_uniform(profile, family);

		for (unsigned type = 0; type < (uniform ? 2u : APPARMOR_TYPES); type++)
			if (is_socket(family, type) && profile->network[family][type] != unwritten)
				socket_line(w, profile, family, type, uniform);
	}
}

void writer_capabilities(struct writer *w, const struct apparmor_profile *profile)
{
	enum karmor_action unwritten = KARMOR_BLOCK;
	size_t free = 0;

	for (unsigned i = 0; i < IR_CAPABILITY_COUNT; i++)
		free += profile->capabilities[i] == KARMOR_ALLOW;
	if (free > IR_CAPABILITY_COUNT / 2) {
		unwritten = KARMOR_ALLOW;
		writer_comment(w, w->top ? APPARMOR_ELSEWHERE : APPARMOR_NO_RULE);
		buf_puts(w->buf, "  capability,\n");
	}
	for (unsigned i = 0; i < IR_CAPABILITY_COUNT; i++) {
		bool kept = !w->top && apparmor_self_capability(w->set, profile, i);
		enum karmor_action action = kept ? KARMOR_BLOCK : profile->capabilities[i];

		if (action == unwritten)
			continue;
		writer_comment(w, kept ? APPARMOR_SELF : profile->capability_rules[i]);
		buf_printf(w->buf, "  %scapability %s,\n", qualifier(action),
			   ir_capability_name(i));
	}
}
