/* SPDX-License-Identifier: Apache-2.0 */
/* What the profiles of a stack are called, and which classes share one. */
#include "writer.h"

size_t writer_group(size_t class)
{
	return class ? (class - 1) / APPARMOR_GROUP + 1 : 0;
}

size_t apparmor_groups(const struct apparmor_ruleset *set)
{
	return set->n_profiles > APPARMOR_TARGETS_MAX + 1 ? writer_group(set->n_profiles - 1) : 0;
}

size_t apparmor_stack(const struct apparmor_names *names)
{
	return 1 + names->width + names->groups;
}

void apparmor_profile_name(struct buf *buf, const struct apparmor_names *names, size_t class,
			   size_t place)
{
	bool grouped = names->groups;

	buf_puts(buf, names->name);
	if (grouped && place == 0 && class)
		buf_printf(buf, ".g%zu", writer_group(class));
	else if (grouped && place && writer_group(class) != place)
		buf_printf(buf, ".o%zu", place);
	else if (class || place)
		buf_printf(buf, ".%zu", class);
	if (place && !grouped)
		buf_printf(buf, ".%zu", place);
}

size_t writer_place(const struct writer *w)
{
	return w->names->groups ? w->group : w->part;
}

void writer_target(struct writer *w, size_t class)
{
	apparmor_profile_name(w->buf, w->names, class, writer_place(w));
}

bool writer_is_same(const struct writer *w, size_t a, size_t b)
{
	bool open_a = writer_group(a) != w->group, open_b = writer_group(b) != w->group;

	if (!w->names->groups)
		return a == b;
	if (w->group == 0)
		return writer_group(a) == writer_group(b);
	return open_a || open_b ? open_a == open_b : a == b;
}
