/* SPDX-License-Identifier: Apache-2.0 */
/* See selinux-loaded.h. */
#include "selinux-loaded.h"

#include <stdlib.h>
#include <string.h>

#include "../support.h"

#include "buf.h"
#include "cleanup.h"

void compiled_done(struct compiled *c)
{
	karmor_artifact_free(c->artifact);
	karmor_caps_free(c->caps);
	for (size_t i = 0; i < c->n; i++) {
		karmor_ruleset_free(c->sets[i]);
		karmor_policies_free(c->policies[i]);
	}
}

void set_make(struct compiled *c, const char *name, const char *spec, const char *posture)
{
	struct karmor_subject subject =
		KARMOR_STRUCT(karmor_subject, .labels = "app=x", .namespace_name = name,
			      .posture = posture, .ahead = c->ahead);
	_cleanup_buf_ struct buf text = { 0 };
	size_t i = c->n++;

	buf_printf(&text,
		   "{\"apiVersion\":\"security.kubearmor.com/v1\",\"kind\":\"KubeArmorPolicy\","
		   "\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\"},\"spec\":{\"selector\":{"
		   "\"matchLabels\":{\"app\":\"x\"}},\"action\":\"Block\",%s}}",
		   name, name, spec);
	ck_assert_int_eq(karmor_policies_new(&c->policies[i]), 0);
	if (*spec)
		ck_assert_int_eq(
			karmor_policies_add_text(c->policies[i], name, text.data, text.len, NULL),
			0);
	ck_assert_int_eq(karmor_ruleset_new(c->policies[i], &subject, &c->sets[i], NULL), 0);
}

const struct selinux_artifact *compile(struct compiled *c)
{
	ck_assert_int_eq(karmor_caps_full(karmor_backend_find("selinux"), &c->caps), 0);
	ck_assert_int_eq(karmor_compile((const struct karmor_ruleset *const *)c->sets, c->n,
					c->caps, &c->artifact, NULL, NULL),
			 0);
	return (const struct selinux_artifact *)c->artifact;
}

const struct selinux_artifact *compile_all(struct compiled *c, const char *const *specs)
{
	const char *const names[] = { "one", "two", "three", "four" };

	for (size_t i = 0; specs[i]; i++)
		set_make(c, names[i], specs[i], NULL);
	return compile(c);
}

const struct selinux_artifact *compile_many(struct compiled *c, size_t n, const char *spec,
					    const char *ahead)
{
	for (size_t i = 0; i < n; i++)
		set_make(c, "many", spec, NULL);
	c->ahead = true;
	if (ahead)
		set_make(c, "ahead", ahead, NULL);
	return compile(c);
}

struct selinux_extra extra_of(const struct selinux_engine *engine)
{
	return (struct selinux_extra){ .spares = engine->spares,
				       .n_spares = engine->n_spares,
				       .files = engine->files,
				       .n_files = engine->n_files };
}

void load(struct selinux_engine *engine, const struct selinux_artifact *artifact,
	  struct selinux_workload *workloads, size_t n)
{
	struct selinux_extra extra;

	engine->staged = artifact;
	engine->workloads = workloads;
	engine->n_workloads = n;
	ck_assert_int_eq(selinux_numbers(engine, artifact, NULL), 0);
	selinux_slots_name(engine);
	selinux_spares(engine);
	extra = extra_of(engine);
	selinux_loaded_free(&engine->loaded);
	ck_assert_int_eq(selinux_loaded_make(&engine->loaded, artifact, &extra), 0);
}

bool is_good(struct selinux_engine *engine, const struct selinux_artifact *artifact)
{
	int r;

	ck_assert_int_eq(selinux_numbers(engine, artifact, NULL), 0);
	r = selinux_covers(engine, artifact);
	ck_assert_int_ge(r, 0);
	return r;
}

const struct selinux_workload first = { .number = SELINUX_NO_NUMBER, .lasting = true };
const struct selinux_workload second = { .ruleset = 1,
					 .number = SELINUX_NO_NUMBER,
					 .lasting = true };
