/* SPDX-License-Identifier: Apache-2.0 */
/* Rulesets compiled together for SELinux, and an engine that has them loaded. */
#pragma once

#include <karmor/karmor.h>

#include "selinux/engine.h"

#define SETS_MAX (SELINUX_SPARES_MAX + 2)
#define SHADOW "\"file\":{\"matchPaths\":[{\"path\":\"/etc/shadow\"}]}"
#define ALL_OF_ETC "\"file\":{\"matchDirectories\":[{\"dir\":\"/etc\",\"recursive\":true}]}"
#define BY_CAT                                                                                     \
	"\"file\":{\"matchPaths\":[{\"path\":\"/a\",\"fromSource\":[{\"path\":\"/usr/bin/"         \
	"cat\"}]}]}"

/* Rulesets of a policy each, compiled together. */
struct compiled {
	struct karmor_policies *policies[SETS_MAX];
	struct karmor_ruleset *sets[SETS_MAX];
	struct karmor_caps *caps;
	struct karmor_artifact *artifact;
	size_t n;
	bool ahead; /* those that are made now are of nobody yet */
};

void compiled_done(struct compiled *c);
/* @spec: JSON, what stands in the policy beside its selector; "": there is none. */
void set_make(struct compiled *c, const char *name, const char *spec, const char *posture);
const struct selinux_artifact *compile(struct compiled *c);
/* Rulesets of @specs, up to NULL. */
const struct selinux_artifact *compile_all(struct compiled *c, const char *const *specs);
/* @n times the same rules, and then those that nobody is under. */
const struct selinux_artifact *compile_many(struct compiled *c, size_t n, const char *spec,
					    const char *ahead);
struct selinux_extra extra_of(const struct selinux_engine *engine);
/* As an engine has it once the artifact is loaded for these workloads. */
void load(struct selinux_engine *engine, const struct selinux_artifact *artifact,
	  struct selinux_workload *workloads, size_t n);
/* Whether what is loaded is good for the artifact, whose rulesets get their numbers and whose
 * labels the roles that they take. */
bool is_good(struct selinux_engine *engine, const struct selinux_artifact *artifact);

/* Workloads of the first ruleset and the second. */
extern const struct selinux_workload first;
extern const struct selinux_workload second;
