/* SPDX-License-Identifier: Apache-2.0 */
/* Artifacts of backends that compile each ruleset by itself. See backend.h. */
#include <errno.h>
#include <stdlib.h>

#include "backend.h"

static void ruleset_drop(const struct rulesets_compiler *compiler, struct compiled_ruleset *ruleset)
{
	if (!ruleset || __atomic_sub_fetch(&ruleset->holders, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	if (compiler->done)
		compiler->done(ruleset);
	arena_done(&ruleset->arena);
	free(ruleset);
}

static struct compiled_ruleset *ruleset_share(struct compiled_ruleset *ruleset)
{
	__atomic_add_fetch(&ruleset->holders, 1, __ATOMIC_RELAXED);
	return ruleset;
}

static struct compiled_ruleset *ruleset_new(const struct rulesets_compiler *compiler)
{
	struct compiled_ruleset *ret = calloc(1, compiler->size);

	return ret ? ruleset_share(ret) : NULL;
}

static int all_make(const struct rulesets_compiler *compiler,
		    const struct karmor_ruleset *const *sets,
		    const struct karmor_artifact *previous, const struct karmor_caps *caps,
		    struct rulesets_artifact *ret, struct karmor_report *report,
		    struct karmor_diag *diag)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ret->base.n_rulesets; i++) {
		if (artifact_has(previous, i, sets[i])) {
			ret->rulesets[i] = ruleset_share(rulesets_at(previous, i));
			continue;
		}
		ret->rulesets[i] = ruleset_new(compiler);
		r = ret->rulesets[i] ? compiler->make(sets[i], caps, ret->rulesets[i], report, diag)
				     : -ENOMEM;
	}
	return r;
}

int rulesets_compile(const struct rulesets_compiler *compiler,
		     const struct karmor_ruleset *const *sets, size_t n,
		     const struct karmor_artifact *previous, const struct karmor_caps *caps,
		     struct karmor_artifact **ret, struct karmor_report *report,
		     struct karmor_diag *diag)
{
	struct rulesets_artifact *artifact = calloc(1, sizeof(*artifact));
	int r;

	if (!artifact)
		return -ENOMEM;
	artifact->base = (struct karmor_artifact){ .backend = caps->backend, .n_rulesets = n };
	artifact->rulesets = calloc(n + 1, sizeof(struct compiled_ruleset *));
	r = artifact->rulesets ? all_make(compiler, sets, previous, caps, artifact, report, diag)
			       : -ENOMEM;
	if (r < 0)
		rulesets_artifact_free(compiler, &artifact->base);
	else
		*ret = &artifact->base;
	return r;
}

void rulesets_artifact_free(const struct rulesets_compiler *compiler, struct karmor_artifact *base)
{
	struct rulesets_artifact *artifact = (struct rulesets_artifact *)base;

	if (!artifact)
		return;
	for (size_t i = 0; artifact->rulesets && i < base->n_rulesets; i++)
		ruleset_drop(compiler, artifact->rulesets[i]);
	free(artifact->rulesets);
	free(artifact);
}
