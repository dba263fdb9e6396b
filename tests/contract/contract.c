/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backend contract, kept by every backend through its vtable: `contract NAME pure|live`.
 *
 * The live half skips itself without privilege or the LSM; KARMOR_MUST_RUN=1 makes that a failure.
 * A backend that enforces nothing keeps everything but the denials.
 */
#include "contract.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct karmor_backend *backend;
struct karmor_caps *caps;
struct karmor_diag *diag;
bool alone;

struct compiled compile(const char *text, size_t copies)
{
	struct karmor_subject subject =
		KARMOR_STRUCT(karmor_subject, .everything = true, .root = "/");
	const struct karmor_ruleset *sets[2];
	struct compiled c = { 0 };

	ck_assert_int_eq(karmor_policies_new(&c.policies), 0);
	ck_assert_int_eq(karmor_policies_add_text(c.policies, "contract", text, strlen(text), diag),
			 0);
	ck_assert_int_eq(karmor_ruleset_new(c.policies, &subject, &c.set, diag), 0);
	sets[0] = sets[1] = c.set;
	ck_assert_int_eq(karmor_compile(sets, copies, caps, &c.artifact, &c.report, diag), 0);
	return c;
}

void compiled_free(struct compiled *c)
{
	karmor_artifact_free(c->artifact);
	karmor_report_free(c->report);
	karmor_ruleset_free(c->set);
	karmor_policies_free(c->policies);
}

static Suite *suite_of(TCase *first)
{
	Suite *s = suite_create("contract");

	suite_add_tcase(s, first);
	return s;
}

static Suite *pure_suite(void)
{
	Suite *s = suite_of(pure_tests());

	suite_add_tcase(s, pure_next_tests());
	return s;
}

static void pinned_note(const char *name, long tasks, void *data)
{
}

void add_beside(TCase *to, const TTest *test)
{
	if (alone)
		printf("# not asked, for %s has one engine at a time: %s\n",
		       karmor_backend_title(backend), test->name);
	else
		tcase_add_test(to, test);
}

void add_dear(TCase *to, const TTest *test)
{
	if (alone && !getenv("KARMOR_LONG"))
		printf("# asked with KARMOR_LONG alone, for each change takes %s seconds: %s\n",
		       karmor_backend_title(backend), test->name);
	else
		tcase_add_test(to, test);
}

static bool is_alone(void)
{
	struct karmor_engine *second;
	int r = karmor_engine_open(backend, &second, diag);

	if (r == 0)
		karmor_engine_close(second);
	return r == -EBUSY;
}

/* All that the backend is held to: what it may do, where it does. */
static Suite *live_suite(void)
{
	struct karmor_engine *asked;
	char label[KARMOR_LABEL_SIZE];
	int r = karmor_engine_open(backend, &asked, diag);
	Suite *s;

	alone = r == 0 && is_alone();
	s = suite_of(live_tests());
	suite_add_tcase(s, live_next_tests());
	suite_add_tcase(s, confines_tests());
	if (r < 0)
		return s;
	if (karmor_engine_pinned(asked, pinned_note, NULL, diag) != -EOPNOTSUPP)
		suite_add_tcase(s, lasting_tests());
	if (karmor_engine_label(asked, "", label, sizeof(label)) != -EOPNOTSUPP)
		suite_add_tcase(s, label_tests());
	if (karmor_engine_keep(asked, "", diag) != -EOPNOTSUPP)
		suite_add_tcase(s, keep_tests());
	if (enrols_by_cgroup(asked)) {
		suite_add_tcase(s, cgroup_tests());
		suite_add_tcase(s, path_tests());
	}
	karmor_engine_close(asked);
	return s;
}

static void write_file(const char *path)
{
	FILE *file = fopen(path, "we");

	if (file) {
		fputs("content\n", file);
		fclose(file);
	}
}

/* The live half, or why it cannot run here. */
static int run_live(void)
{
	struct karmor_caps *probed = NULL;
	int status;

	if (karmor_caps_probe(backend, &probed, diag) < 0)
		return EXIT_FAILURE;
	if (karmor_caps_state(probed) == KARMOR_READY) {
		write_file(SECRET);
		write_file(OTHER);
		karmor_caps_free(caps);
		caps = probed;
		probed = NULL;
		status = support_run(live_suite());
		unlink(SECRET);
		unlink(OTHER);
	} else {
		status = support_skip(karmor_caps_reason(probed));
	}
	karmor_caps_free(probed);
	return status;
}

int main(int argc, char *argv[])
{
	const char *half = argc == 3 ? argv[2] : "";
	int status = EXIT_FAILURE;

	backend = karmor_backend_find(argc == 3 ? argv[1] : "");
	diag = karmor_diag_new();
	if (!backend || !diag || karmor_caps_full(backend, &caps) < 0)
		fprintf(stderr, "usage: contract BACKEND pure|live\n");
	else if (strcmp(half, "pure") == 0)
		status = support_run(pure_suite());
	else if (strcmp(half, "live") == 0)
		status = run_live();
	karmor_caps_free(caps);
	karmor_diag_free(diag);
	return status;
}
