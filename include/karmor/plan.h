/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans: which of several backends keeps which rules, where the kernel has more than one at work.
 *
 * What one backend denies no other can let through. So a section of a ruleset is given to one
 * backend, whole: to the one with the fewest rules that it does not support; of those, that lets
 * the fewest be got past; of those, that keeps the fewest approximately, and of those for the
 * fewest reasons, those first by which something gets past; and where two are equal, to the earlier
 * in the caller's order. The section's default deny is then with all of its Allow rules, and no
 * rule is held twice.
 *
 * A plan's artifact and engine are used as any other.
 */
#pragma once

#include <karmor/engine.h>

KARMOR_BEGIN

struct karmor_plan;

/* The most backends that one plan may have. */
#define KARMOR_PLAN_BACKENDS_MAX 8

/*
 * Compiles the rulesets for the backends of @caps, of which there are @n_caps, all different, in
 * order of preference. The rulesets must outlive this call, and what they were made of the plan.
 * Returns 0; -EINVAL (no backend or too many of them, one of them twice, or a bound that no backend
 * keeps: message in @diag); -ENOMEM.
 */
KARMOR_API KARMOR_CHECK int karmor_plan_new(const struct karmor_ruleset *const *sets, size_t n,
					    const struct karmor_caps *const *caps, size_t n_caps,
					    struct karmor_plan **ret, struct karmor_diag *diag);

/* Accepts NULL. An engine that its artifact was applied to is closed, or has another one, before.
 */
KARMOR_API void karmor_plan_free(struct karmor_plan *plan);

/* The backends that keep something, in order of preference; NULL past the end. There is always one.
 */
KARMOR_API const struct karmor_backend *karmor_plan_backend(const struct karmor_plan *plan,
							    size_t i);

/* What karmor_engine_apply() takes; borrowed. */
KARMOR_API const struct karmor_artifact *karmor_plan_artifact(const struct karmor_plan *plan);

/*
 * A line for each rule of each ruleset, in order, and who keeps that rule. 0 or -ENOENT past the
 * end.
 */
KARMOR_API KARMOR_CHECK int karmor_plan_at(const struct karmor_plan *plan, size_t i,
					   struct karmor_report_line *ret,
					   const struct karmor_backend **keeper);

/*
 * Opens the backends of the plan, as one engine, for this plan's artifact and for those of others
 * that give every section to the same backend. Applying one of another kind is -EOPNOTSUPP: for a
 * moment a section would be with nobody. Errors are those of karmor_engine_open().
 */
KARMOR_API KARMOR_CHECK int karmor_plan_open(const struct karmor_plan *plan,
					     struct karmor_engine **ret, struct karmor_diag *diag);

/*
 * Opens all backends of @caps, of which there are @n_caps, as one engine that takes any plan of
 * karmor_plan_next(): for who has other policies and workloads time and again. Lasting workloads
 * are in all of its backends; one whose label a runtime is to know is attached without a task
 * first, and its task to all others later. Errors are those of karmor_engine_open() and -EINVAL.
 */
KARMOR_API KARMOR_CHECK int karmor_plan_open_all(const struct karmor_caps *const *caps,
						 size_t n_caps, struct karmor_engine **ret,
						 struct karmor_diag *diag);

/*
 * The plan that follows upon what @engine, of karmor_plan_open_all() with the same @caps, enforces.
 * A section that is another backend's from now on is with both while it changes hands, under its
 * new rules, and never with nobody. To be applied before any other of the engine. A ruleset that is
 * enforced in the same place already, the same object, is not compiled again, nor are workloads
 * under it touched; karmor_plan_at() has lines of the others alone. Errors are those of
 * karmor_plan_new(), and -EINVAL for another engine.
 */
KARMOR_API KARMOR_CHECK int karmor_plan_next(const struct karmor_engine *engine,
					     const struct karmor_ruleset *const *sets, size_t n,
					     const struct karmor_caps *const *caps, size_t n_caps,
					     struct karmor_plan **ret, struct karmor_diag *diag);

KARMOR_END
