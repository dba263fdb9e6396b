/* SPDX-License-Identifier: Apache-2.0 */
/* A ruleset as profile text: what is shown, and what the parser gets. */
#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "split.h"
#include "writer.h"

#define PRINTED_NAME "karmor"

/* Every profile of the stack, and those that may be on top. */
static void peer_name(struct writer *w)
{
	bool tops = (w->set->n_narrow || w->names->tops_end) && !w->written;
	bool several = w->names->width || w->names->groups || tops;

	buf_puts(w->buf, several ? "{" : "");
	writer_name(w);
	if (w->names->width)
		buf_printf(w->buf, ",%s.%zu.*", w->names->name, w->written);
	if (w->names->groups && w->written)
		buf_printf(w->buf, ",%s.g", w->names->name);
	if (w->names->groups)
		buf_printf(w->buf, ",%s.o*", w->names->name);
	if (tops)
		buf_printf(w->buf, ",%s.n*", w->names->name);
	buf_puts(w->buf, several ? "}" : "");
}

/* Class 0's own profile cannot tell who is under it alone, so that this one does. */
static void top_peers(struct writer *w)
{
	buf_puts(w->buf, "  audit deny ptrace (readby, tracedby) peer=\"");
	writer_stack(w, 0);
	buf_puts(w->buf, "\",\n  ptrace (read, trace) peer=\"");
	writer_stack(w, w->written);
	buf_puts(w->buf, "\",\n");
}

/* What the language does not speak of. A task of another class or outside is not to be traced. */
static void free_lines(struct writer *w)
{
	const struct {
		bool wanted;
		const char *text;
	} lines[] = {
		{ true, "  \"/{,**}\" mk,\n  signal,\n  ptrace (readby, tracedby),\n" },
		{ w->set->mounts || w->open || w->top, "  mount,\n  umount,\n  pivot_root,\n" },
		{ w->mediates->userns, "  userns,\n" },
		{ w->mediates->io_uring, "  io_uring,\n" },
		{ w->mediates->mqueue, "  mqueue,\n" },
	};

	buf_puts(w->buf, "  # what policies do not speak of\n");
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (lines[i].wanted)
			buf_puts(w->buf, lines[i].text);
	if (w->open) {
		buf_puts(w->buf, "  ptrace,\n");
		return;
	}
	if (w->top) {
		top_peers(w);
		return;
	}
	buf_puts(w->buf, "  ptrace (read, trace) peer=\"");
	peer_name(w);
	buf_puts(w->buf, "\",\n");
}

static void profile_start(struct writer *w)
{
	buf_puts(w->buf, w->buf->len ? "\nprofile \"" : "profile \"");
	writer_name(w);
	buf_puts(w->buf, "\" flags=(attach_disconnected, mediate_deleted) {\n");
	free_lines(w);
	w->commented = APPARMOR_NO_RULE - 3;
}

/* The bits of a section's lines. */
static const uint8_t section_lines[] = {
	[KARMOR_PROCESS] = APPARMOR_EXEC | APPARMOR_EXEC << APPARMOR_OTHER_SHIFT,
	[KARMOR_FILE] = (APPARMOR_READ | APPARMOR_WRITE) * (1u + (1u << APPARMOR_OTHER_SHIFT)),
};

/* What the class's own profile says, but for what it logs of what it lets pass. */
static void section_repeat(struct writer *w, enum karmor_section section)
{
	const struct apparmor_profile *profile = &w->set->profiles[w->class];

	for (size_t i = 0; i < profile->n_lines; i++) {
		struct apparmor_line line = profile->lines[i];

		line.audit &= line.deny;
		if (line.perms & section_lines[section])
			writer_path(w, &line);
	}
}

/*
 * A section about which this profile says nothing. Where an exec leads to it must say all the same;
 * where sources cannot be told apart unless some are denied, it says what the class's own does.
 */
static void section_open(struct writer *w, enum karmor_section section)
{
	/* A stack that was made for more groups than there are now tells all classes apart. */
	bool known = w->group <= apparmor_groups(w->set);
	const struct apparmor_leads *leads = &w->set->leads[known ? w->group : 0];
	const struct apparmor_line all = { .path = "/{,**}",
					   .rule = APPARMOR_ELSEWHERE,
					   .perms = section_lines[section] };

	if (section == KARMOR_FILE)
		writer_path(w, &all);
	for (size_t i = 0; section == KARMOR_PROCESS && i < leads->n; i++)
		writer_path(w, &leads->lines[i]);
	if (section == KARMOR_PROCESS && !leads->n)
		section_repeat(w, section);
}

/* A line over several parts. Priorities let each part say it for its own paths alone; without them
 * a denial and a log are the class's own profile's. */
static void wide_line(struct writer *w, struct apparmor_line line)
{
	bool here = w->set->priorities ? w->part > 0 : (w->part == 0) == (line.deny || line.audit);

	if (here)
		writer_path(w, &line);
	if (!here && w->part && line.audit && !line.deny) {
		line.audit = false;
		writer_path(w, &line);
	}
}

struct outside {
	struct writer *w;
	uint8_t perms;
};

static int outside_line(const char *path, bool literal, void *data)
{
	struct outside *outside = data;
	struct apparmor_line line = {
		.path = path,
		.rule = APPARMOR_ELSEWHERE,
		.priority = outside->w->set->priorities ? APPARMOR_PRIORITY_OUTSIDE : 0,
		.perms = outside->perms,
		.target = (uint16_t)outside->w->class,
	};

	writer_path(outside->w, &line);
	return 0;
}

/* What the profile says about a section that is split into @n: its own part is @part, from 1. */
static int section_split(struct writer *w, enum karmor_section section, size_t n, size_t part)
{
	const struct apparmor_profile *profile = &w->set->profiles[w->class];
	struct outside outside = { .w = w, .perms = section_lines[section] };
	_cleanup_(split_done) struct apparmor_split split = { 0 };
	int r = split_make(&split, profile, section_lines[section], n);

	if (w->part == 0 || part == 0 || part > n)
		section_open(w, section);
	for (size_t i = 0; r == 0 && i < profile->n_lines; i++) {
		if (split.parts[i] == SPLIT_WIDE && (w->part == 0 || (part && part <= n)))
			wide_line(w, profile->lines[i]);
		else if (part && split.parts[i] == (int)part - 1)
			writer_path(w, &profile->lines[i]);
	}
	if (r == 0 && part && part <= n)
		r = split_outside(&split, part - 1, outside_line, &outside);
	return r;
}

static size_t lines_count(const struct apparmor_profile *profile, enum karmor_section section)
{
	size_t n = 0;

	for (size_t i = 0; i < profile->n_lines; i++)
		n += (profile->lines[i].perms & section_lines[section]) != 0;
	return n;
}

static size_t parts_wanted(size_t n)
{
	return n > APPARMOR_PART_LINES ? (n + APPARMOR_PART_LINES - 1) / APPARMOR_PART_LINES : 0;
}

/* Where sources have profiles of their own, an exec leads to one of them from each path: its lines
 * stay together. */
static bool can_split(const struct apparmor_ruleset *set, enum karmor_section section)
{
	return section != KARMOR_PROCESS || set->n_profiles == 1;
}

/* How many parts of the stack each section gets, that which asks for more lines more of them. */
static void parts_share(const struct apparmor_ruleset *set, size_t width, size_t parts[])
{
	size_t lines[KARMOR_FILE + 1] = { 0 }, wanted = 0;

	for (int i = 0; i <= KARMOR_FILE; i++) {
		for (size_t class = 0; class < set->n_profiles; class ++) {
			size_t n = lines_count(&set->profiles[class], (enum karmor_section)i);

			lines[i] = n > lines[i] ? n : lines[i];
		}
		lines[i] = can_split(set, (enum karmor_section)i) ? lines[i] : 0;
		parts[i] = parts_wanted(lines[i]);
		wanted += parts[i];
	}
	if (wanted == width || !width || !(lines[0] + lines[1]))
		return;
	parts[KARMOR_PROCESS] = lines[KARMOR_PROCESS] * width / (lines[0] + lines[1]);
	if (!parts[KARMOR_PROCESS] && lines[KARMOR_PROCESS] && width > 1)
		parts[KARMOR_PROCESS] = 1;
	parts[KARMOR_FILE] = width - parts[KARMOR_PROCESS];
}

size_t apparmor_width(const struct apparmor_ruleset *set)
{
	size_t parts[KARMOR_FILE + 1];

	if (apparmor_groups(set))
		return 0;
	parts_share(set, 0, parts);
	return parts[KARMOR_PROCESS] + parts[KARMOR_FILE];
}

static void section_whole(struct writer *w, enum karmor_section section)
{
	const struct apparmor_profile *profile =
		w->top ? &w->set->tops[w->class] : &w->set->profiles[w->class];

	for (size_t i = 0; i < profile->n_lines; i++)
		if (profile->lines[i].perms & section_lines[section])
			writer_path(w, &profile->lines[i]);
}

static void profile_end(struct writer *w, const struct apparmor_profile *profile)
{
	if (w->open) {
		writer_comment(w, APPARMOR_ELSEWHERE);
		buf_puts(w->buf, "  network,\n  capability,\n");
	} else {
		writer_network(w, profile);
		writer_capabilities(w, profile);
	}
	if (writer_place(w) == 0 && !w->top) {
		writer_comment(w, APPARMOR_SELF);
		apparmor_self_lines(w->buf, w->set);
	}
	buf_puts(w->buf, "}\n");
}

static void profile_write(struct writer *w)
{
	const struct apparmor_profile *profile = &w->set->profiles[w->class];
	size_t parts[KARMOR_FILE + 1] = { 0 }, part = w->part;

	if (w->names->width)
		parts_share(w->set, w->names->width, parts);
	profile_start(w);
	for (int i = 0; i <= KARMOR_FILE; i++) {
		bool split = parts[i];

		if (split && section_split(w, (enum karmor_section)i, parts[i], part) < 0)
			w->buf->failed = true;
		else if (!split && w->open)
			section_open(w, (enum karmor_section)i);
		else if (!split)
			section_whole(w, (enum karmor_section)i);
		part = part > parts[i] ? part - parts[i] : 0;
	}
	profile_end(w, profile);
}

/* What is on top of class 0's profiles. */
static void top_write(struct writer w)
{
	w.top = true;
	profile_start(&w);
	for (int i = 0; i <= KARMOR_FILE; i++)
		section_whole(&w, (enum karmor_section)i);
	profile_end(&w, &w.set->tops[w.class]);
}

/* What was on top, where no rule names a source any more. */
static void top_end(struct writer w)
{
	w.top = w.open = true;
	w.class = w.group = 0;
	profile_start(&w);
	for (int i = 0; i <= KARMOR_FILE; i++)
		section_open(&w, (enum karmor_section)i);
	profile_end(&w, &w.set->tops[0]);
}

/* The profile of a group that a task is not of; of no group for a task that is of one. */
static void open_write(struct writer w, size_t group)
{
	w.open = true;
	w.class = 0;
	w.group = group;
	w.written = !group;
	profile_write(&w);
}

size_t apparmor_pieces(const struct apparmor_names *names)
{
	return 1 + names->width + names->groups;
}

void apparmor_write_piece(struct buf *buf, const struct apparmor_mediates *mediates,
			  const struct apparmor_ruleset *set, const struct apparmor_names *names,
			  size_t piece)
{
	struct writer w = { .buf = buf,
			    .mediates = mediates,
			    .set = set,
			    .names = names,
			    .part = names->groups ? 0 : piece,
			    .open = piece && !names->groups };

	for (size_t i = 0; i < set->n_profiles || i < names->n; i++) {
		w.written = i;
		w.class = i < set->n_profiles ? i : 0;
		w.group = names->groups ? apparmor_group(i) : 0;
		if (names->groups && w.group != piece)
			continue;
		if (!apparmor_classes_have(&names->narrow, i))
			profile_write(&w);
		else if (w.part == 0)
			top_write(w);
		if (names->tops_end && i && w.part == 0)
			top_end(w);
	}
	if (names->groups)
		open_write(w, piece);
}

void apparmor_write(struct buf *buf, const struct apparmor_mediates *mediates,
		    const struct apparmor_ruleset *set, const struct apparmor_names *names)
{
	for (size_t i = 0; i < apparmor_pieces(names); i++)
		apparmor_write_piece(buf, mediates, set, names, i);
}

void apparmor_label(struct buf *buf, const struct apparmor_names *names, size_t class)
{
	for (size_t i = 0; i < apparmor_stack(names, class); i++) {
		buf_puts(buf, i ? "//&" : "");
		apparmor_profile_name(buf, names, class, i);
	}
}

int apparmor_print(const struct karmor_artifact *artifact, FILE *out)
{
	const struct apparmor_mediates everything = { true, true, true };
	_cleanup_buf_ struct buf buf = { 0 };

	for (size_t i = 0; i < artifact->n_rulesets; i++) {
		const struct apparmor_ruleset *set = apparmor_ruleset_at(artifact, i);
		const struct apparmor_names names = apparmor_names_of(set, PRINTED_NAME);

		apparmor_write(&buf, &everything, set, &names);
	}
	if (buf_failed(&buf))
		return -ENOMEM;
	return fputs(buf.data ? buf.data : "", out) < 0 ? -EIO : 0;
}
