/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies from hostile bytes. Nothing may crash or leak, a refusal must have a message, and what
 * is accepted must keep the invariants of the IR.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ir.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_rule(const struct ir_policy *policy, const struct ir_rule *rule)
{
	check(rule->policy == policy && rule->locator && rule->message);
	check(rule->severity >= 1 && rule->severity <= 10);
	check(rule->section != KARMOR_SYSCALLS || rule->action == KARMOR_AUDIT);
	check((rule->match != IR_PATH && rule->match != IR_DIR) || rule->path[0] == '/');
	check(!rule->path || (*rule->path && !strstr(rule->path, "//")));
	for (size_t i = 0; i < rule->n_tags; i++)
		check(rule->tags[i]);
	for (size_t i = 0; i < rule->n_sources; i++)
		check(rule->sources[i].path[0] == '/');
}

static void check_load(const struct karmor_policies *load)
{
	for (size_t i = 0; i < load->n; i++) {
		const struct ir_policy *policy = load->policies[i];

		check(policy->name && *policy->name && policy->namespace_name);
		for (size_t j = 0; j < policy->selector.n_requirements; j++)
			check(policy->selector.requirements[j].key);
		for (size_t j = 0; j < policy->n_rules; j++)
			check_rule(policy, &policy->rules[j]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct karmor_diag *diag = karmor_diag_new();
	struct karmor_policies *load;
	int r;

	if (!diag || karmor_policies_new(&load) < 0)
		exit(EXIT_FAILURE);
	r = karmor_policies_add_text(load, "fuzz.yaml", (const char *)data, size, diag);
	check(r == 0 || r == -EINVAL);
	check((r == 0) == (karmor_diag_count(diag, KARMOR_ERROR) == 0));
	check_load(load);
	karmor_policies_free(load);
	karmor_diag_free(diag);
	return 0;
}
