/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ruleset as profile text: what is shown, and what the parser gets. Each line of a rule has the
 * policy and the rule above it. Nothing of a policy but escaped paths gets into a rule of the text,
 * and into its comments only what cannot end a line.
 */
#include <errno.h>
#include <string.h>

#include "apparmor.h"
#include "cleanup.h"

#define PRINTED_NAME "karmor"

struct writer {
	struct buf *buf;
	const struct apparmor_mediates *mediates;
	const struct apparmor_ruleset *set;
	const char *name;
	size_t class;	/* whose profile it is */
	size_t written; /* what it is named after; another where there are more names than classes
			 */
	uint32_t commented; /* the rule whose lines are being written */
};

static void target_name(struct writer *w, size_t class)
{
	buf_puts(w->buf, w->name);
	if (class)
		buf_printf(w->buf, ".%zu", class);
}

static const char *or_posture(uint32_t rule)
{
	return rule == APPARMOR_NO_RULE ? "what no rule speaks of" : NULL;
}

static void comment(struct writer *w, uint32_t rule)
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
	buf_escape(w->buf, of->policy, strlen(of->policy));
	buf_printf(w->buf, " %s: %s\n", of->locator, ir_action_name(of->action));
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
	} else if (line->target == w->written) {
		buf_puts(w->buf, "ix,\n");
	} else {
		buf_puts(w->buf, "px -> \"");
		target_name(w, line->target);
		buf_puts(w->buf, "\",\n");
	}
}

/* Accesses of the owner and of others are written together where they are the same. */
static void path_line(struct writer *w, const struct apparmor_line *line)
{
	unsigned owner = line->perms & APPARMOR_OWNER;
	unsigned other = line->perms >> APPARMOR_OTHER_SHIFT;
	unsigned both = owner & other;
	const unsigned files = APPARMOR_READ | APPARMOR_WRITE;

	comment(w, line->rule);
	file_line(w, line, both & files, both & files);
	file_line(w, line, owner & ~both & files, 0);
	file_line(w, line, 0, other & ~both & files);
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

	comment(w, profile->network_rules[family][type]);
	buf_printf(w->buf, "  %snetwork %s%s%s,\n", qualifier(action), apparmor_family_name(family),
		   uniform ? "" : " ", uniform ? "" : apparmor_type_name(type));
}

static void network_lines(struct writer *w, const struct apparmor_profile *profile)
{
	bool open = network_is_open(profile);
	enum karmor_action unwritten = open ? KARMOR_ALLOW : KARMOR_BLOCK;

	if (open) {
		comment(w, APPARMOR_NO_RULE);
		buf_puts(w->buf, "  network,\n");
	}
	for (unsigned family = 0; family < APPARMOR_FAMILIES; family++) {
		bool uniform = family_is_uniform(profile, family);

		for (unsigned type = 0; type < (uniform ? 2u : APPARMOR_TYPES); type++)
			if (is_socket(family, type) && profile->network[family][type] != unwritten)
				socket_line(w, profile, family, type, uniform);
	}
}

static void capability_lines(struct writer *w, const struct apparmor_profile *profile)
{
	enum karmor_action unwritten = KARMOR_BLOCK;
	size_t free = 0;

	for (unsigned i = 0; i < IR_CAPABILITY_COUNT; i++)
		free += profile->capabilities[i] == KARMOR_ALLOW;
	if (free > IR_CAPABILITY_COUNT / 2) {
		unwritten = KARMOR_ALLOW;
		comment(w, APPARMOR_NO_RULE);
		buf_puts(w->buf, "  capability,\n");
	}
	for (unsigned i = 0; i < IR_CAPABILITY_COUNT; i++) {
		if (profile->capabilities[i] == unwritten)
			continue;
		comment(w, profile->capability_rules[i]);
		buf_printf(w->buf, "  %scapability %s,\n", qualifier(profile->capabilities[i]),
			   ir_capability_name(i));
	}
}

/* What the language does not speak of. A task of another class or outside is not to be traced. */
static void free_lines(struct writer *w)
{
	const struct {
		bool wanted;
		const char *text;
	} lines[] = {
		{ true, "  \"/{,**}\" mk,\n  signal,\n  ptrace (readby, tracedby),\n" },
		{ w->set->mounts, "  mount,\n  umount,\n  pivot_root,\n" },
		{ w->mediates->userns, "  userns,\n" },
		{ w->mediates->io_uring, "  io_uring,\n" },
		{ w->mediates->mqueue, "  mqueue,\n" },
	};

	buf_puts(w->buf, "  # what policies do not speak of\n");
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (lines[i].wanted)
			buf_puts(w->buf, lines[i].text);
	buf_puts(w->buf, "  ptrace (read, trace) peer=\"");
	target_name(w, w->written);
	buf_puts(w->buf, "\",\n");
}

static void profile_write(struct writer *w)
{
	const struct apparmor_profile *profile = &w->set->profiles[w->class];

	buf_puts(w->buf, "profile \"");
	target_name(w, w->written);
	buf_puts(w->buf, "\" flags=(attach_disconnected, mediate_deleted) {\n");
	free_lines(w);
	w->commented = APPARMOR_NO_RULE - 1;
	for (size_t i = 0; i < profile->n_lines; i++)
		path_line(w, &profile->lines[i]);
	network_lines(w, profile);
	capability_lines(w, profile);
	buf_puts(w->buf, "}\n");
}

void apparmor_write(struct buf *buf, const struct apparmor_mediates *mediates,
		    const struct apparmor_ruleset *set, const char *name, size_t n)
{
	struct writer w = { .buf = buf, .mediates = mediates, .set = set, .name = name };

	for (size_t i = 0; i < set->n_profiles || i < n; i++) {
		w.written = i;
		w.class = i < set->n_profiles ? i : 0;
		if (i)
			buf_putc(buf, '\n');
		profile_write(&w);
	}
}

int apparmor_print(const struct karmor_artifact *base, FILE *out)
{
	const struct apparmor_artifact *artifact = (const struct apparmor_artifact *)base;
	const struct apparmor_mediates everything = { true, true, true };
	_cleanup_buf_ struct buf buf = { 0 };

	for (size_t i = 0; i < base->n_rulesets; i++)
		apparmor_write(&buf, &everything, &artifact->rulesets[i], PRINTED_NAME, 0);
	if (buf_failed(&buf))
		return -ENOMEM;
	return fputs(buf.data ? buf.data : "", out) < 0 ? -EIO : 0;
}
