/* SPDX-License-Identifier: Apache-2.0 */
/* See node-ahead.h. */
#include "node-ahead.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

/* Those of which rulesets were made: of one selector there are often several policies. */
struct subjects {
	struct karmor_subject all[NODE_AHEAD_MAX];
	size_t n;
};

static bool is_known(const struct subjects *subjects, const struct karmor_subject *subject)
{
	for (size_t i = 0; i < subjects->n; i++) {
		const struct karmor_subject *other = &subjects->all[i];

		if (is_same(other->labels, subject->labels) &&
		    is_same(other->namespace_name, subject->namespace_name) &&
		    is_same(other->container, subject->container))
			return true;
	}
	return false;
}

/* Names are looked up where most programs have them, too: containers are made of systems like it.
 */
static int ruleset_add(const struct node *node, const struct karmor_policies *policies,
		       struct karmor_subject *subject, struct node_ahead *ret)
{
	int r;

	subject->posture = node->config->posture;
	subject->audit_only = node->config->audit;
	subject->root = "/";
	subject->ahead = true;
	r = karmor_ruleset_new(policies, subject, &ret->sets[ret->n], node->diag);
	if (r == 0)
		ret->n++;
	return r;
}

static int rulesets_add(const struct node *node, const struct karmor_policies *policies,
			struct node_ahead *ret)
{
	struct subjects subjects = { .n = 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && ret->n < NODE_AHEAD_MAX; i++) {
		struct karmor_subject subject = KARMOR_STRUCT(karmor_subject);

		r = karmor_policies_subject(policies, i, &subject);
		if (r == -ENOENT)
			return 0;
		if (r == -ENODATA || (r == 0 && (subject.host || is_known(&subjects, &subject)))) {
			r = 0;
			continue;
		}
		if (r == 0)
			subjects.all[subjects.n++] = subject;
		r = r ? r : ruleset_add(node, policies, &subject, ret);
	}
	return r;
}

int ahead_make(const struct node *node, const struct karmor_policies *policies,
	       struct node_ahead *ret)
{
	struct karmor_subject nobody = KARMOR_STRUCT(karmor_subject);
	int r;

	*ret = (struct node_ahead){ .n = 0 };
	if (!node->prepares)
		return 0;
	r = rulesets_add(node, policies, ret);
	/* Who is selected by none of them is a workload, too. */
	return r < 0 || !ret->n ? r : ruleset_add(node, node->none, &nobody, ret);
}

void ahead_done(struct node_ahead *ahead)
{
	while (ahead->n)
		karmor_ruleset_free(ahead->sets[--ahead->n]);
}
