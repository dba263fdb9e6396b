/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories of karmor's own. While a module is loaded they have a role by which no workload gets
 * into them: what is in them says what is enforced, and what labels are to be put back.
 */
#include <string.h>

#include "cleanup.h"
#include "label.h"
#include "labels.h"
#include "selinux.h"
#include "state.h"
#include "walk.h"

static const char *const own[] = { "/etc/karmor", "/var/lib/karmor" };

static bool is_role(struct label_part role, const char *name)
{
	return role.len == strlen(name) && memcmp(role.text, name, role.len) == 0;
}

/* From one role to the other; what has a third has it by rules. */
struct change {
	const char *from, *to;
};

static int visit(const struct walk_object *object, void *data)
{
	const struct change *change = data;
	struct label_part role, type, to = { change->to, strlen(change->to) };
	struct label label, changed;

	if (object->mounted)
		return 0;
	if (label_read(object->fd, SELINUX_ATTRIBUTE, &label) == 0 &&
	    label_parse(&label, &role, &type) && is_role(role, change->from) &&
	    label_with(&label, to, type, &changed))
		(void)!label_write(object->fd, SELINUX_ATTRIBUTE, &changed);
	return object->directory;
}

void selinux_guard(bool on)
{
	struct change change = { "object_r", SELINUX_KEPT_ROLE };

	if (!on)
		change = (struct change){ change.to, change.from };
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		(void)!walk_tree(own[i], visit, &change, NULL);
}
