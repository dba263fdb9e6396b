/* SPDX-License-Identifier: Apache-2.0 */
/* See selinux-context.h. */
#include "selinux-context.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "match.h"
#include "selinux-policy.h"

unsigned class_of(const struct judged *j, const char *source)
{
	const struct selinux_artifact *a = artifact_of(j);

	return source ? a->kinds[a->accept_kinds[automaton_run(a->automaton, source)]].classes[0]
		      : 0;
}

void subject_write(struct buf *buf, const struct judged *j, unsigned class)
{
	char role[SELINUX_NAME_SIZE];

	selinux_task_role(artifact_of(j), 0, class, role);
	buf_printf(buf, "unconfined_u:%s:" DOMAIN ":s0", role);
}

void object_write(struct buf *buf, const struct judged *j, const char *path, size_t label)
{
	_cleanup_buf_ struct buf copy = { 0 };
	const char *type = selinux_type_of(artifact_of(j), j->base, path, &copy);
	char role[SELINUX_NAME_SIZE] = "object_r";

	if (label != SELINUX_NO_LABEL)
		selinux_file_role(artifact_of(j), label, role);
	buf_printf(buf, "system_u:%s:%s:s0", role, type ? type : "default_t");
}

bool leads(const struct judged *j, const char *source, unsigned class)
{
	_cleanup_buf_ struct buf object = { 0 }, first = { 0 }, expected = { 0 };
	_cleanup_free_ char *context = NULL;

	object_write(&object, j, source, selinux_label_of(artifact_of(j), source, false));
	for (unsigned from = 0; from < ruleset_of(j)->n_classes; from++) {
		buf_reset(&first);
		subject_write(&first, j, from);
		free(context);
		context = policy_exec(first.data, object.data);
		buf_reset(&expected);
		subject_write(&expected, j, class);
		if (!context || strcmp(context, expected.data) != 0)
			return false;
	}
	return true;
}

bool is_of_another_type(const struct judged *j, const char *source)
{
	const struct selinux_artifact *a = artifact_of(j);
	_cleanup_buf_ struct buf copy = { 0 };
	bool wild = false;

	selinux_type_of(a, j->base, source, &copy);
	for (size_t i = 0; i < j->set->n_rules; i++)
		for (size_t k = 0; k < j->set->rules[i].ir->n_sources; k++) {
			const struct ir_source *s = &j->set->rules[i].sources[k];

			if (!match_path(s->match, s->path, s->recursive, source))
				continue;
			if (s->match == IR_PATH)
				return false;
			wild = true;
		}
	return wild && !copy.len;
}
