/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules about files that change at random, without another module: what tasks may do by the module
 * that is loaded, with roles that the labels took of it, is what they may by a module of their own.
 * KARMOR_SEED and KARMOR_CASES change what is asked.
 */
#include <stdlib.h>
#include <string.h>

#include "../support.h"

#include "bpf-random.h"
#include "cleanup.h"
#include "selinux-policy.h"
#include "selinux/engine.h"
#include "selinux/reference.h"

#define SETS 3
#define LABELS_MAX 1000
#define CLASSES_MAX SELINUX_CLASSES_MAX

static unsigned long number(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoul(text, NULL, 10) : otherwise;
}

/* What stays of the workloads' rules, and what changes. */
struct texts {
	struct buf stays[SETS], changes[SETS];
	const char *posture;
};

struct side {
	struct karmor_policies *policies[SETS];
	struct karmor_ruleset *sets[SETS];
	struct karmor_caps *caps;
	struct karmor_artifact *artifact;
};

static const struct selinux_artifact *artifact_of(const struct side *side)
{
	return (const struct selinux_artifact *)side->artifact;
}

static void texts_done(struct texts *texts)
{
	for (size_t i = 0; i < SETS; i++) {
		buf_done(&texts->stays[i]);
		buf_done(&texts->changes[i]);
	}
}

static void side_done(struct side *side)
{
	karmor_artifact_free(side->artifact);
	karmor_caps_free(side->caps);
	for (size_t i = 0; i < SETS; i++) {
		karmor_ruleset_free(side->sets[i]);
		karmor_policies_free(side->policies[i]);
	}
}

static void rule_write(struct buf *buf)
{
	static const struct {
		const char *list, *key, *end;
	} forms[] = {
		{ "matchPaths", "path", "" },
		{ "matchDirectories", "dir", "/" },
		{ "matchPatterns", "pattern", "*" },
	};
	size_t form = random_below(ARRAY_SIZE(forms));
	_cleanup_buf_ struct buf path = { 0 };

	random_path(&path);
	if (path.len == 1)
		buf_puts(&path, "x");
	buf_printf(buf, "\"%s\":[{\"%s\":\"%s%s\"%s}]", forms[form].list, forms[form].key,
		   path.data, forms[form].end,
		   form == 1 && random_below(2) ? ",\"recursive\":true" : "");
}

/* Rules about files alone, of whom no source is asked. */
static void files_write(struct buf *buf)
{
	static const char *const sections[] = { "file", "process" };
	static const char *const actions[] = { "Block", "Block", "Allow", "Audit" };

	for (uint32_t i = 0, n = random_below(4); i < n; i++) {
		buf_printf(buf,
			   "---\n{\"apiVersion\":\"security.kubearmor.com/v1\",\"kind\":"
			   "\"KubeArmorPolicy\",\"metadata\":{\"name\":\"file%u\"},\"spec\":{"
			   "\"selector\":{},\"action\":\"%s\",\"%s\":{",
			   i, actions[random_below(ARRAY_SIZE(actions))],
			   sections[random_below(ARRAY_SIZE(sections))]);
		rule_write(buf);
		buf_puts(buf, "}}}\n");
	}
}

/* Some workloads have the rules of another. */
static void texts_change(struct texts *texts, const size_t *same)
{
	for (size_t i = 0; i < SETS; i++) {
		buf_reset(&texts->changes[i]);
		if (same[i] != i)
			buf_puts(&texts->changes[i], texts->changes[same[i]].data ?: "");
		else
			files_write(&texts->changes[i]);
	}
}

static void side_init(struct side *side, const struct texts *texts)
{
	for (size_t i = 0; i < SETS; i++) {
		struct karmor_subject subject = KARMOR_STRUCT(karmor_subject, .everything = true,
							      .posture = texts->posture);
		_cleanup_buf_ struct buf text = { 0 };

		buf_printf(&text, "%s\n%s", texts->stays[i].data, texts->changes[i].data ?: "");
		ck_assert_int_eq(karmor_policies_new(&side->policies[i]), 0);
		ck_assert_msg(karmor_policies_add_text(side->policies[i], "test", text.data,
						       text.len, NULL) == 0,
			      "%s", text.data);
		ck_assert_int_eq(
			karmor_ruleset_new(side->policies[i], &subject, &side->sets[i], NULL), 0);
	}
	ck_assert_int_eq(karmor_caps_full(karmor_backend_find("selinux"), &side->caps), 0);
	ck_assert_int_eq(karmor_compile((const struct karmor_ruleset *const *)side->sets, SETS,
					side->caps, &side->artifact, NULL, NULL),
			 0);
}

static void policy_load(const struct selinux_artifact *artifact, const struct selinux_extra *extra)
{
	_cleanup_buf_ struct buf module = { 0 };
	_cleanup_free_ char *base = reference_cil();
	_cleanup_free_ void *image = NULL;
	const char *texts[2] = { base };
	size_t len;

	selinux_write(&module, artifact, extra);
	ck_assert(base && !buf_failed(&module));
	texts[1] = module.data;
	ck_assert_msg(reference_compile(texts, 2, &image, &len) == 0, "%s", module.data);
	ck_assert_int_eq(policy_use(image, len), 0);
}

/* As an engine loads it, once there are workloads. */
static void load(struct selinux_engine *engine, const struct selinux_artifact *artifact)
{
	struct selinux_extra extra;

	engine->staged = artifact;
	ck_assert_int_eq(selinux_numbers(engine, artifact, NULL), 0);
	selinux_slots_name(engine);
	selinux_spares(engine);
	extra = (struct selinux_extra){ .spares = engine->spares,
					.n_spares = engine->n_spares,
					.files = engine->files,
					.n_files = engine->n_files };
	selinux_loaded_free(&engine->loaded);
	ck_assert_int_eq(selinux_loaded_make(&engine->loaded, artifact, &extra), 0);
	policy_load(artifact, &extra);
}

static const char *const classes[] = { "file",	   "dir",	"lnk_file", "chr_file",
				       "blk_file", "sock_file", "fifo_file" };

/* Answers by ruleset, class of sources, label and class of files. */
struct answers {
	uint32_t allowed[SETS][CLASSES_MAX][LABELS_MAX + 1][ARRAY_SIZE(classes)];
};

static uint32_t task_context(const struct selinux_artifact *a, size_t set, size_t class)
{
	_cleanup_buf_ struct buf text = { 0 };
	char role[SELINUX_NAME_SIZE];

	selinux_task_role(a, set, class, role);
	buf_printf(&text, "unconfined_u:%s:unconfined_t:s0", role);
	return policy_context(text.data);
}

/* Label 0 is object_r. */
static uint32_t file_context(const struct selinux_artifact *a, size_t label)
{
	char role[SELINUX_NAME_SIZE] = "object_r";
	_cleanup_buf_ struct buf text = { 0 };

	if (label)
		selinux_file_role(a, label - 1, role);
	buf_printf(&text, "system_u:%s:user_home_t:s0", role);
	return policy_context(text.data);
}

static void ask(const struct selinux_artifact *a, struct answers *ret)
{
	memset(ret, 0, sizeof(*ret));
	ck_assert_uint_le(a->n_labels, LABELS_MAX);
	for (size_t set = 0; set < SETS; set++) {
		ck_assert_uint_le(a->rulesets[set].n_classes, CLASSES_MAX);
		for (size_t i = 0; i < a->rulesets[set].n_classes; i++)
			for (size_t j = 0; j <= a->n_labels; j++)
				for (size_t k = 0; k < ARRAY_SIZE(classes); k++) {
					struct policy_bits bits;
					uint32_t task = task_context(a, set, i);
					uint32_t file = file_context(a, j);

					ck_assert_uint_ne(task, 0);
					ck_assert_uint_ne(file, 0);
					ck_assert_int_eq(policy_bits(task, file,
								     policy_class(classes[k]),
								     &bits),
							 0);
					ret->allowed[set][i][j][k] = bits.allowed;
				}
	}
}

static void change(struct selinux_engine *engine, struct texts *texts, const size_t *same,
		   unsigned *n_good)
{
	_cleanup_(side_done) struct side new = { 0 }, own = { 0 };
	static struct answers by_slots, by_own;
	int r;

	texts_change(texts, same);
	side_init(&new, texts);
	ck_assert_int_eq(selinux_numbers(engine, artifact_of(&new), NULL), 0);
	r = selinux_covers(engine, artifact_of(&new));
	ck_assert_int_ge(r, 0);
	if (!r)
		return;
	++*n_good;
	ask(artifact_of(&new), &by_slots);
	selinux_slots_given(&engine->loaded, artifact_of(&new));
	side_init(&own, texts);
	policy_load(artifact_of(&own), NULL);
	ask(artifact_of(&own), &by_own);
	ck_assert_int_eq(memcmp(&by_slots, &by_own, sizeof(by_own)), 0);
}

START_TEST(what_roles_say_is_what_the_rules_say)
{
	struct selinux_workload workloads[SETS];
	_cleanup_(texts_done) struct texts texts = { 0 };
	_cleanup_(side_done) struct side old = { 0 };
	_cleanup_free_ struct selinux_engine *engine = calloc(1, sizeof(*engine));
	unsigned n_good = 0, n = (unsigned)number("KARMOR_CASES", 30);

	random_seed(number("KARMOR_SEED", 21));
	ck_assert_ptr_nonnull(engine);
	for (unsigned i = 0; i < n; i++) {
		const size_t same[SETS] = { 0, random_below(2), 2 };

		texts.posture = random_posture();
		for (size_t j = 0; j < SETS; j++) {
			workloads[j] = (struct selinux_workload){ .ruleset = j,
								  .number = SELINUX_NO_NUMBER,
								  .lasting = true };
			buf_reset(&texts.stays[j]);
			if (same[j] != j)
				buf_puts(&texts.stays[j], texts.stays[same[j]].data);
			else
				random_policy(&texts.stays[j], 0);
		}
		engine->workloads = workloads;
		engine->n_workloads = SETS;
		texts_change(&texts, same);
		side_init(&old, &texts);
		load(engine, artifact_of(&old));
		change(engine, &texts, same, &n_good);
		side_done(&old);
		old = (struct side){ 0 };
	}
	selinux_loaded_free(&engine->loaded);
	policy_drop();
	printf("# %u of %u changes needed no other module\n", n_good, n);
	ck_assert_uint_gt(n_good, n / 4);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("selinux_slots");
	TCase *slots = tcase_create("slots");

	tcase_set_timeout(slots, 600);
	tcase_add_test(slots, what_roles_say_is_what_the_rules_say);
	suite_add_tcase(suite, slots);
	return support_run(suite);
}
