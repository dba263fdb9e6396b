/* SPDX-License-Identifier: Apache-2.0 */
/* See compiled.h. */
#include "compiled.h"

#include "node.h"

int compiled_next(const struct node *node, const struct karmor_ruleset *const *sets, size_t n,
		  struct compiled *ret)
{
	*ret = (struct compiled){ 0 };
	if (node->n_caps == 1)
		return karmor_compile_next(node->compiled.artifact, sets, n, node->caps[0],
					   &ret->artifact, &ret->report, node->diag);
	return karmor_plan_next(node->engine, sets, n,
				(const struct karmor_caps *const *)node->caps, node->n_caps,
				&ret->plan, node->diag);
}

int compiled_look(const struct node *node, const struct karmor_ruleset *const *sets, size_t n,
		  struct compiled *ret)
{
	*ret = (struct compiled){ 0 };
	if (node->n_caps == 1)
		return karmor_compile(sets, n, node->caps[0], &ret->artifact, &ret->report,
				      node->diag);
	return karmor_plan_new(sets, n, (const struct karmor_caps *const *)node->caps, node->n_caps,
			       &ret->plan, node->diag);
}

const struct karmor_artifact *compiled_artifact(const struct compiled *compiled)
{
	return compiled->plan ? karmor_plan_artifact(compiled->plan) : compiled->artifact;
}

int compiled_at(const struct node *node, const struct compiled *compiled, size_t i,
		struct karmor_report_line *line, const struct karmor_backend **keeper)
{
	if (compiled->plan)
		return karmor_plan_at(compiled->plan, i, line, keeper);
	*keeper = node->backend;
	return karmor_report_at(compiled->report, i, line);
}

void compiled_told(struct compiled *compiled)
{
	karmor_report_free(compiled->report);
	compiled->report = NULL;
}

void compiled_done(struct compiled *compiled)
{
	karmor_plan_free(compiled->plan);
	karmor_artifact_free(compiled->artifact);
	karmor_report_free(compiled->report);
	*compiled = (struct compiled){ 0 };
}
