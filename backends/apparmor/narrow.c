/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Classes of sources that may nothing which class 0 may not, and are logged wherever that is: they
 * are under class 0's profiles and one more on top, which has what is not the same. A stack lets
 * pass what each profile of it does, and whoever denies or logs makes a record of its own: so the
 * one on top lets pass what is denied below, and does not log what is logged there.
 */
#include <errno.h>
#include <stdlib.h>

#include "apparmor.h"
#include "cleanup.h"

/* What is logged below and denied on top would be told twice. */
static int is_narrower(const struct apparmor_section *s)
{
	_cleanup_free_ uint32_t *scratch = calloc(s->n + 1, sizeof(*scratch));
	struct apparmor_section whole = *s, below = apparmor_below(s);

	if (!scratch)
		return -ENOMEM;
	whole.base = NULL;
	for (uint32_t i = 0; i < s->automaton->n_accepts; i++) {
		struct apparmor_effect mine = apparmor_expect(&whole, i, scratch);
		struct apparmor_effect theirs = apparmor_expect(&below, i, scratch);

		if (mine.allow & ~theirs.allow || theirs.audit & ~mine.audit)
			return 0;
	}
	return 1;
}

int apparmor_narrow_section(struct apparmor_section *s)
{
	int r = is_narrower(s);

	r = r == 1 ? apparmor_lines_exact(s) : r;
	if (r == 1) {
		r = apparmor_guard(s);
		r = r ? r : 1;
	}
	/* Many lines are split over several profiles, which the one on top is not. */
	return r == -EINVAL || (r == 1 && s->n_lines > APPARMOR_PART_LINES) ? 0 : r;
}

/* What is to be said on top; false where that cannot make @mine of @below. */
static bool action_narrow(enum karmor_action mine, enum karmor_action below,
			  enum karmor_action *ret)
{
	*ret = below == KARMOR_ALLOW ? mine : KARMOR_ALLOW;
	return below == KARMOR_ALLOW || mine == below;
}

static enum karmor_action capability_action(const struct apparmor_ruleset *set, size_t class,
					    unsigned capability)
{
	const struct apparmor_profile *profile = &set->profiles[class];

	return apparmor_self_capability(set, profile, capability)
		       ? KARMOR_BLOCK
		       : profile->capabilities[capability];
}

bool apparmor_narrow_rest(const struct apparmor_ruleset *set, size_t class,
			  struct apparmor_profile *ret)
{
	const struct apparmor_profile *mine = &set->profiles[class], *below = &set->profiles[0];
	bool narrow = true;

	for (unsigned i = 0; i < APPARMOR_FAMILIES; i++)
		for (unsigned j = 0; j < APPARMOR_TYPES; j++) {
			narrow &= action_narrow(mine->network[i][j], below->network[i][j],
						&ret->network[i][j]);
			ret->network_rules[i][j] = mine->network_rules[i][j];
		}
	for (unsigned i = 0; i < IR_CAPABILITY_COUNT; i++) {
		narrow &= action_narrow(capability_action(set, class, i),
					capability_action(set, 0, i), &ret->capabilities[i]);
		ret->capability_rules[i] = mine->capability_rules[i];
	}
	return narrow;
}
