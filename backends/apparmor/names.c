/* SPDX-License-Identifier: Apache-2.0 */
/* What the profiles of a stack are called, and which classes share one. */
#include <stdlib.h>
#include <string.h>

#include "writer.h"

size_t apparmor_group(size_t class)
{
	return class ? (class - 1) / APPARMOR_GROUP + 1 : 0;
}

size_t apparmor_groups(const struct apparmor_ruleset *set)
{
	return set->n_profiles > APPARMOR_TARGETS_MAX + 1 ? apparmor_group(set->n_profiles - 1) : 0;
}

struct apparmor_names apparmor_names_of(const struct apparmor_ruleset *set, const char *name)
{
	return (struct apparmor_names){ .name = name,
					.width = apparmor_width(set),
					.groups = apparmor_groups(set),
					.narrow = set->narrow };
}

static bool has_top(const struct apparmor_names *names, size_t class)
{
	return apparmor_classes_have(&names->narrow, class);
}

/* Without what is on top. */
static size_t whole_stack(const struct apparmor_names *names)
{
	return 1 + names->width + names->groups;
}

size_t apparmor_stack(const struct apparmor_names *names, size_t class)
{
	return whole_stack(names) + has_top(names, class);
}

static void whole_name(struct buf *buf, const struct apparmor_names *names, size_t class,
		       size_t place)
{
	bool grouped = names->groups;

	buf_puts(buf, names->name);
	if (grouped && place == 0 && class)
		buf_puts(buf, ".g");
	else if (grouped && place && apparmor_group(class) != place)
		buf_printf(buf, ".o%zu", place);
	else if (class || place)
		buf_printf(buf, ".%zu", class);
	if (place && !grouped)
		buf_printf(buf, ".%zu", place);
}

static void top_name(struct buf *buf, const struct apparmor_names *names, size_t class)
{
	buf_printf(buf, "%s.n%zu", names->name, class);
}

void apparmor_profile_name(struct buf *buf, const struct apparmor_names *names, size_t class,
			   size_t place)
{
	if (has_top(names, class) && place == whole_stack(names))
		top_name(buf, names, class);
	else
		whole_name(buf, names, has_top(names, class) ? 0 : class, place);
}

size_t writer_place(const struct writer *w)
{
	return w->top ? 0 : w->names->groups ? w->group : w->part;
}

void writer_name(struct writer *w)
{
	if (w->top)
		top_name(w->buf, w->names, w->written);
	else
		whole_name(w->buf, w->names, w->written, writer_place(w));
}

/* Whether an exec from here puts the class's profile on top; no profile leads to too many. */
static bool is_entered_here(const struct writer *w, size_t class)
{
	return has_top(w->names, class) && !w->top &&
	       writer_place(w) == (w->names->groups ? apparmor_group(class) : 0);
}

void writer_target(struct writer *w, size_t class)
{
	apparmor_profile_name(w->buf, w->names, class, writer_place(w));
	if (is_entered_here(w, class)) {
		buf_puts(w->buf, "//&");
		top_name(w->buf, w->names, class);
	}
}

static bool is_same_whole(const struct writer *w, size_t a, size_t b)
{
	bool open_a = apparmor_group(a) != w->group, open_b = apparmor_group(b) != w->group;

	if (!w->names->groups)
		return a == b;
	if (w->group == 0)
		return !apparmor_group(a) == !apparmor_group(b);
	return open_a || open_b ? open_a == open_b : a == b;
}

bool writer_stays(const struct writer *w, size_t class)
{
	if (w->top)
		return class == w->written;
	return !is_entered_here(w, class) &&
	       is_same_whole(w, has_top(w->names, class) ? 0 : class, w->written);
}

static int name_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The kernel's order: by name. */
void writer_stack(struct writer *w, size_t class)
{
	char *names[2 + APPARMOR_WIDTH_MAX + APPARMOR_GROUPS_MAX] = { 0 };
	size_t n = apparmor_stack(w->names, class);

	for (size_t i = 0; i < n; i++) {
		struct buf name = { 0 };

		apparmor_profile_name(&name, w->names, class, i);
		names[i] = buf_take(&name);
		w->buf->failed |= !names[i];
	}
	if (!w->buf->failed)
		qsort(names, n, sizeof(*names), name_order);
	for (size_t i = 0; i < n; i++) {
		buf_puts(w->buf, i ? "//&" : "");
		buf_puts(w->buf, names[i] ? names[i] : "");
		free(names[i]);
	}
}
