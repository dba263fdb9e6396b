/* SPDX-License-Identifier: Apache-2.0 */
/* A module of one policy, for karmor's own small base policy. */
#pragma once

#include <karmor/karmor.h>

#include "buf.h"
#include "selinux/selinux.h"

struct compiled {
	struct karmor_policies *policies;
	struct karmor_ruleset *set;
	struct karmor_caps *caps;
	struct karmor_artifact *artifact;
	struct karmor_report *report;
};

void compiled_done(struct compiled *c);
/* @spec: JSON, what stands in a policy beside its selector. */
void load_spec(struct compiled *c, const char *spec);
void compile_in(struct compiled *c, const char *posture, const char *root);
void compile_loaded(struct compiled *c, const char *posture);
void compile_spec(struct compiled *c, const char *spec, const char *posture);
char *text_of(const struct compiled *c);
enum karmor_fidelity fidelity_of(const struct compiled *c, size_t i);
/* Whether the report says so of some rule. */
bool is_told(const struct compiled *c, const char *reason);
/* Whether the module can be compiled together with the base policy. */
bool is_module(const char *text);
