/* SPDX-License-Identifier: Apache-2.0 */
/* Which roots are looked through when something else is compiled, and which have their labels. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../support.h"
#include "caps.h"
#include "cleanup.h"
#include "selinux/labels.h"
#include "selinux/trees.h"

#define SETS_MAX 3
#define SHADOW "\"file\":{\"matchPaths\":[{\"path\":\"/etc/shadow\"}]}"
#define DATA "\"file\":{\"matchDirectories\":[{\"dir\":\"/data/\",\"recursive\":true}]}"
#define DATA_READ                                                                                  \
	"\"file\":{\"matchDirectories\":[{\"dir\":\"/data/\",\"recursive\":true,\"readOnly\":"     \
	"true}]}"
#define BY_CAT                                                                                     \
	"\"file\":{\"matchPaths\":[{\"path\":\"/x\",\"fromSource\":[{\"path\":\"/bin/cat\"}]}]}"

static char top[] = "/tmp/karmor-settled-XXXXXX";
static const char *const directories[] = { "a", "b", "c" };

static struct karmor_caps *caps;
static struct karmor_policies *all_policies[SETS_MAX]; /* which rulesets borrow */
static size_t n_policies;

static struct karmor_ruleset *set_make(const char *spec, const char *root)
{
	char text[1024], path[64];
	struct karmor_policies *policies = NULL;
	struct karmor_ruleset *ret = NULL;
	struct karmor_subject subject =
		KARMOR_STRUCT(karmor_subject, .everything = true, .root = root ? path : NULL);

	snprintf(path, sizeof(path), "%s/%s", top, root ?: "");
	snprintf(
		text, sizeof(text),
		"{\"apiVersion\":\"security.kubearmor.com/v1\",\"kind\":\"KubeArmorPolicy\","
		"\"metadata\":{\"name\":\"p\"},\"spec\":{\"selector\":{},%s,\"action\":\"Block\"}}",
		spec);
	ck_assert_int_eq(karmor_policies_new(&policies), 0);
	ck_assert_int_eq(karmor_policies_add_text(policies, "p", text, strlen(text), NULL), 0);
	ck_assert_int_eq(karmor_ruleset_new(policies, &subject, &ret, NULL), 0);
	all_policies[n_policies++] = policies;
	return ret;
}

struct made {
	struct karmor_artifact *artifact;
	struct selinux_trees trees;
};

/* Of rulesets up to NULL, after what was made @before. */
static void make(struct made *ret, struct karmor_ruleset *const *sets, const struct made *before)
{
	size_t n = 0;

	while (n < SETS_MAX && sets[n])
		n++;
	*ret = (struct made){ NULL };
	ck_assert_int_eq(karmor_compile((const struct karmor_ruleset *const *)sets, n, caps,
					&ret->artifact, NULL, NULL),
			 0);
	ck_assert_int_eq(selinux_trees_open(&ret->trees,
					    (const struct selinux_artifact *)ret->artifact,
					    before ? &before->trees : NULL, NULL),
			 0);
}

/* Both after each other; @ret is of the second. */
static void make_two(struct made ret[2], struct karmor_ruleset *const *first,
		     struct karmor_ruleset *const *second)
{
	make(&ret[0], first, NULL);
	selinux_trees_keep(&ret[0].trees);
	make(&ret[1], second, &ret[0]);
}

static void made_done(struct made all[2])
{
	for (size_t i = 0; i < 2; i++) {
		selinux_trees_close(&all[i].trees);
		karmor_artifact_free(all[i].artifact);
	}
}

/* Of a root of the second: 1 settled, 0 not, -1 there is none. */
static int settled(const struct made all[2], const char *directory, const char *name)
{
	const struct selinux_trees *trees = &all[1].trees;
	char path[128];

	snprintf(path, sizeof(path), "%s%s%s%s", *directory ? top : "", *directory ? "/" : "",
		 directory, name);
	for (size_t i = 0; i < trees->n_roots; i++)
		if (strcmp(trees->roots[i], path) == 0)
			return trees->settled[i];
	return -1;
}

static void sets_free(struct karmor_ruleset *const *sets)
{
	for (size_t i = 0; i < SETS_MAX && sets[i]; i++)
		karmor_ruleset_free(sets[i]);
	while (n_policies)
		karmor_policies_free(all_policies[--n_policies]);
}

START_TEST(one_that_comes_is_looked_through_alone)
{
	struct karmor_ruleset *sets[SETS_MAX] = { set_make(SHADOW, "a"), set_make(SHADOW, "b"),
						  set_make(SHADOW, "c") };
	struct made all[2];

	make_two(all, (struct karmor_ruleset *[]){ sets[0], sets[1], NULL }, sets);
	ck_assert_int_eq(settled(all, "a", "/etc/shadow"), 1);
	ck_assert_int_eq(settled(all, "b", "/etc/shadow"), 1);
	ck_assert_int_eq(settled(all, "c", "/etc/shadow"), 0);
	made_done(all);
	sets_free(sets);
}
END_TEST

START_TEST(without_a_before_nothing_is_settled)
{
	struct karmor_ruleset *sets[SETS_MAX] = { set_make(SHADOW, "a"), set_make(SHADOW, "b") };
	struct made all[2];

	make_two(all, sets, sets);
	ck_assert_int_eq(settled(all, "a", "/etc/shadow"), 1);
	selinux_trees_close(&all[1].trees);
	karmor_artifact_free(all[1].artifact);
	make(&all[1], sets, NULL);
	ck_assert_int_eq(settled(all, "a", "/etc/shadow"), 0);
	made_done(all);
	sets_free(sets);
}
END_TEST

/* Its own names are those that there are when it comes; those of others in that root had their
 * labels. */
START_TEST(one_in_a_root_of_others_is_looked_through_for_its_rules)
{
	struct karmor_ruleset *sets[SETS_MAX] = { set_make(SHADOW, "a"), set_make(DATA, "a"),
						  set_make(DATA, "a") };
	struct made all[2];

	make_two(all, (struct karmor_ruleset *[]){ sets[0], sets[1], NULL }, sets);
	ck_assert_int_eq(settled(all, "a", "/etc/shadow"), 1);
	ck_assert_int_eq(settled(all, "a", "/data"), 0);
	made_done(all);
	sets_free(sets);
}
END_TEST

START_TEST(rules_that_nobody_had_are_looked_for_everywhere)
{
	struct karmor_ruleset *sets[SETS_MAX] = { set_make(SHADOW, "a"), set_make(DATA, "b") };
	struct made all[2];

	make_two(all, (struct karmor_ruleset *[]){ sets[0], NULL }, sets);
	ck_assert_int_eq(settled(all, "a", "/etc/shadow"), 1);
	ck_assert_int_eq(settled(all, "a", "/data"), 0);
	ck_assert_int_eq(settled(all, "b", "/data"), 0);
	ck_assert_int_eq(settled(all, "b", "/etc/shadow"), 0);
	made_done(all);
	sets_free(sets);
}
END_TEST

START_TEST(where_rules_went_others_of_the_place_are_looked_at)
{
	struct karmor_ruleset *sets[SETS_MAX] = { set_make(DATA, "a"), set_make(SHADOW, "a"),
						  set_make(DATA_READ, "b") };
	struct made all[2];

	make_two(all, sets, (struct karmor_ruleset *[]){ sets[0], sets[1], NULL });
	ck_assert_int_eq(settled(all, "a", "/data"), 0);
	ck_assert_int_eq(settled(all, "a", "/etc/shadow"), 1);
	ck_assert_int_eq(settled(all, "b", "/data"), -1);
	made_done(all);
	sets_free(sets);
}
END_TEST

START_TEST(the_same_rules_in_another_place_are_new)
{
	struct karmor_ruleset *sets[SETS_MAX] = { set_make(DATA, "a"), set_make(DATA, "b") };
	struct made all[2];

	make_two(all, sets, (struct karmor_ruleset *[]){ sets[1], sets[0], NULL });
	ck_assert_int_eq(settled(all, "a", "/data"), 0);
	ck_assert_int_eq(settled(all, "b", "/data"), 0);
	made_done(all);
	sets_free(sets);
}
END_TEST

/* By what others name as sources an executable may be called otherwise. */
START_TEST(with_sources_all_is_looked_through_where_rules_came)
{
	struct karmor_ruleset *sets[SETS_MAX] = { set_make(BY_CAT, "a"), set_make(BY_CAT, "b"),
						  set_make(SHADOW, "c") };
	struct made all[2];

	make_two(all, (struct karmor_ruleset *[]){ sets[0], NULL },
		 (struct karmor_ruleset *[]){ sets[0], sets[1], NULL });
	ck_assert_int_eq(settled(all, "a", "/bin/cat"), 1);
	ck_assert_int_eq(settled(all, "a", "/x"), 1);
	ck_assert_int_eq(settled(all, "b", "/bin/cat"), 0);
	made_done(all);
	make_two(all, (struct karmor_ruleset *[]){ sets[0], sets[1], NULL }, sets);
	ck_assert_int_eq(settled(all, "a", "/x"), 0);
	made_done(all);
	sets_free(sets);
}
END_TEST

static const char *in_top(size_t i)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s/%s", top, directories[i]);
	return path;
}

static void setup(void)
{
	strcpy(top + strlen(top) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		ck_assert_int_eq(mkdir(in_top(i), 0700), 0);
	ck_assert_int_eq(karmor_caps_full(karmor_backend_find("selinux"), &caps), 0);
}

static void teardown(void)
{
	karmor_caps_free(caps);
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		ck_assert_int_eq(rmdir(in_top(i)), 0);
	ck_assert_int_eq(rmdir(top), 0);
}

int main(void)
{
	Suite *suite = suite_create("selinux_settled");
	TCase *test = tcase_create("settled");

	tcase_add_checked_fixture(test, setup, teardown);
	tcase_add_test(test, one_that_comes_is_looked_through_alone);
	tcase_add_test(test, without_a_before_nothing_is_settled);
	tcase_add_test(test, one_in_a_root_of_others_is_looked_through_for_its_rules);
	tcase_add_test(test, rules_that_nobody_had_are_looked_for_everywhere);
	tcase_add_test(test, where_rules_went_others_of_the_place_are_looked_at);
	tcase_add_test(test, the_same_rules_in_another_place_are_new);
	tcase_add_test(test, with_sources_all_is_looked_through_where_rules_came);
	suite_add_tcase(suite, test);
	return support_run(suite);
}
