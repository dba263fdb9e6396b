/* SPDX-License-Identifier: Apache-2.0 */
/* See selinux-module.h. */
#include "selinux-module.h"

#include <stdlib.h>
#include <string.h>

#include "../support.h"
#include "cleanup.h"
#include "selinux/reference.h"

void compiled_done(struct compiled *c)
{
	karmor_report_free(c->report);
	karmor_artifact_free(c->artifact);
	karmor_caps_free(c->caps);
	karmor_ruleset_free(c->set);
	karmor_policies_free(c->policies);
}

void compile_in(struct compiled *c, const char *posture, const char *root)
{
	struct karmor_subject subject =
		KARMOR_STRUCT(karmor_subject, .everything = true, .posture = posture, .root = root);
	const struct karmor_ruleset *sets[1];

	ck_assert_int_eq(karmor_ruleset_new(c->policies, &subject, &c->set, NULL), 0);
	sets[0] = c->set;
	ck_assert_int_eq(karmor_caps_full(karmor_backend_find("selinux"), &c->caps), 0);
	ck_assert_int_eq(karmor_compile(sets, 1, c->caps, &c->artifact, &c->report, NULL), 0);
}

void compile_loaded(struct compiled *c, const char *posture)
{
	compile_in(c, posture, NULL);
}

void load_spec(struct compiled *c, const char *spec)
{
	_cleanup_buf_ struct buf text = { 0 };

	buf_printf(&text,
		   "{\"apiVersion\":\"security.kubearmor.com/v1\",\"kind\":\"KubeArmorPolicy\","
		   "\"metadata\":{\"name\":\"p\"},\"spec\":{\"selector\":{},%s}}",
		   spec);
	ck_assert_int_eq(karmor_policies_new(&c->policies), 0);
	ck_assert_int_eq(karmor_policies_add_text(c->policies, "p", text.data, text.len, NULL), 0);
}

void compile_spec(struct compiled *c, const char *spec, const char *posture)
{
	load_spec(c, spec);
	compile_loaded(c, posture);
}

char *text_of(const struct compiled *c)
{
	struct buf buf = { 0 };

	selinux_write(&buf, (const struct selinux_artifact *)c->artifact, NULL);
	return buf_take(&buf);
}

enum karmor_fidelity fidelity_of(const struct compiled *c, size_t i)
{
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);

	ck_assert_int_eq(karmor_report_at(c->report, i, &line), 0);
	ck_assert(line.fidelity == KARMOR_EXACT || line.reason);
	return line.fidelity;
}

bool is_module(const char *text)
{
	_cleanup_free_ char *base = reference_cil();
	const char *texts[] = { base, text };
	_cleanup_free_ void *image = NULL;
	size_t len;

	return reference_compile(texts, 2, &image, &len) == 0;
}

bool is_told(const struct compiled *c, const char *reason)
{
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);

	for (size_t i = 0; karmor_report_at(c->report, i, &line) == 0; i++)
		if (line.reason && strstr(line.reason, reason))
			return true;
	return false;
}
