/* SPDX-License-Identifier: Apache-2.0 */
/* Which backend gets which section, by what they say of themselves on machines as data. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../support.h"
#include "backend.h"
#include "caps.h"
#include "cleanup.h"
#include "test_plan.h"

struct karmor_policies *policies;
struct karmor_ruleset *set;
struct karmor_caps *caps[2];
static bool no_new_privs; /* the subject is started so */

static void prepare(void)
{
	ck_assert_int_eq(karmor_policies_new(&policies), 0);
	ck_assert_int_eq(karmor_caps_full(karmor_backend_find("apparmor"), &caps[0]), 0);
	ck_assert_int_eq(karmor_caps_full(karmor_backend_find("bpf"), &caps[1]), 0);
}

static void finish(void)
{
	karmor_caps_free(caps[0]);
	karmor_caps_free(caps[1]);
	karmor_ruleset_free(set);
	karmor_policies_free(policies);
	set = NULL;
	no_new_privs = false;
}

static struct karmor_plan *plan_for(bool host, const char *spec, const char *posture, size_t n)
{
	struct karmor_subject subject =
		KARMOR_STRUCT(karmor_subject, .everything = true, .host = host, .posture = posture,
			      .no_new_privs = no_new_privs);
	char text[4096];
	struct karmor_plan *plan = NULL;

	snprintf(text, sizeof(text),
		 "apiVersion: security.kubearmor.com/v1\nkind: KubeArmor%sPolicy\n"
		 "metadata: {name: p}\nspec:\n  %s: {}\n%s",
		 host ? "Host" : "", host ? "nodeSelector" : "selector", spec);
	ck_assert_int_eq(karmor_policies_add_text(policies, "p", text, strlen(text), NULL), 0);
	ck_assert_int_eq(karmor_ruleset_new(policies, &subject, &set, NULL), 0);
	ck_assert_int_eq(karmor_plan_new((const struct karmor_ruleset *const *)&set, 1,
					 (const struct karmor_caps *const *)caps, n, &plan, NULL),
			 0);
	return plan;
}

struct karmor_plan *plan_of(const char *spec, const char *posture, size_t n)
{
	return plan_for(false, spec, posture, n);
}

void check_keeper(const struct karmor_plan *plan, const char *rule, const char *backend)
{
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);
	const struct karmor_backend *keeper;

	for (size_t i = 0; karmor_plan_at(plan, i, &line, &keeper) == 0; i++)
		if (strcmp(line.rule, rule) == 0) {
			ck_assert_str_eq(karmor_backend_name(keeper), backend);
			return;
		}
	ck_abort_msg("no line for %s", rule);
}

START_TEST(sections_go_to_who_keeps_them)
{
	struct karmor_plan *plan = plan_of(MIXED, "file=block", 2);

	check_keeper(plan, "network.matchProtocols[0]", "apparmor");
	check_keeper(plan, "file.matchPaths[0]", "bpf");
	check_keeper(plan, "file.matchPaths[1]", "bpf");
	ck_assert_str_eq(karmor_backend_name(karmor_plan_backend(plan, 0)), "apparmor");
	ck_assert_str_eq(karmor_backend_name(karmor_plan_backend(plan, 1)), "bpf");
	ck_assert_ptr_null(karmor_plan_backend(plan, 2));
	karmor_plan_free(plan);
}
END_TEST

/* The text of AppArmor's part: what a backend does not keep it must not deny either. */
START_TEST(nobody_denies_what_another_decides)
{
	struct karmor_plan *plan = plan_of(MIXED, "file=block", 2);
	const struct plan_artifact *artifact =
		(const struct plan_artifact *)karmor_plan_artifact(plan);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	ck_assert_int_eq(karmor_artifact_print(artifact->parts[0], out), 0);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(text, "audit deny network inet raw,"));
	ck_assert_ptr_nonnull(strstr(text, "\"/{,**}\" rwl,"));
	ck_assert_ptr_nonnull(strstr(text, "  mount,\n"));
	ck_assert_ptr_null(strstr(text, "\"/a\""));
	free(text);
	karmor_plan_free(plan);
}
END_TEST

START_TEST(one_backend_keeps_all)
{
	struct karmor_plan *plan = plan_of(MIXED, NULL, 1);

	check_keeper(plan, "file.matchPaths[0]", "apparmor");
	ck_assert_ptr_null(karmor_plan_backend(plan, 1));
	karmor_plan_free(plan);
}
END_TEST

START_TEST(what_only_one_supports_is_that_ones)
{
	struct karmor_plan *plan = plan_of("  syscalls: {matchSyscalls: [{syscall: [unlink]}]}\n"
					   "  network: {matchProtocols: [{protocol: raw}]}\n",
					   NULL, 2);

	check_keeper(plan, "syscalls.matchSyscalls[0]", "bpf");
	check_keeper(plan, "network.matchProtocols[0]", "apparmor");
	karmor_plan_free(plan);
}
END_TEST

/* What AppArmor says of itself, each as karmord compiles it or as karmor run does. */
static const struct {
	const char *spec, *posture, *reason;
	bool lasting, exact, no_new_privs;
} given_up[] = {
	{ "  network: {matchProtocols: [{protocol: raw, fromSource: [{path: /s}]}]}\n", NULL,
	  "the workload's first program", true, true, true },
	{ "  network: {matchProtocols: [{protocol: raw, fromSource: [{path: /s}]}]}\n", NULL,
	  "no_new_privs itself a source cannot be started", true, true },
	{ "  network: {matchProtocols: [{protocol: raw, fromSource: [{path: /s}]}]}\n", NULL,
	  "what sets it itself starts no source", false, true },
	{ "  network: {matchProtocols: [{protocol: raw, action: Allow, fromSource: [{path: "
	  "/s}]}]}\n",
	  "network=block", "do unlogged, what others may not", false, false },
	{ "  capabilities: {matchCapabilities: [{capability: chown, fromSource: [{path: /s}]}]}\n",
	  NULL, "no_new_privs itself a source cannot be started", true, true },
	{ "  process: {matchPaths: [{path: /p, action: Audit, fromSource: [{path: /s}]}]}\n", NULL,
	  "no_new_privs itself a source cannot be started", true, true },
	{ "  file: {matchPaths: [{path: /f, readOnly: true, fromSource: [{path: /s}]}]}\n", NULL,
	  "no_new_privs itself a source cannot be started", true, false },
	{ "  network: {matchProtocols: [{protocol: sctp}]}\n", NULL, "not protocols", false, true },
	{ "  capabilities: {matchCapabilities: [{capability: chown}]}\n", NULL, "only once", false,
	  true },
	{ "  capabilities: {matchCapabilities: [{capability: mac_admin, action: Audit}]}\n", NULL,
	  "could undo its enforcement", false, true },
	{ "  process: {matchPaths: [{path: /p}]}\n", NULL, "interpreter of a script", false,
	  false },
	{ "  process: {matchPaths: [{path: /p, action: Allow}]}\n", "file=block",
	  "interpreter of a script", false, false },
	{ "  process: {matchPaths: [{path: /p, action: Audit}]}\n", NULL, "not logged", false,
	  true },
	{ "  process: {matchPatterns: [{pattern: '/p*'}]}\n", NULL, "a program can be renamed",
	  false, false },
	{ "  file: {matchPaths: [{path: /f}]}\n", NULL, "can mount nothing", false, false },
	{ "  file: {matchPatterns: [{pattern: '/*/f'}]}\n", NULL, "stands for", false, false },
	{ "  file: {matchPaths: [{path: /f, action: Audit}]}\n", NULL, "extended attributes", false,
	  false },
	{ "  file: {matchPaths: [{path: /f, action: Audit, ownerOnly: true}]}\n", NULL,
	  "about to be created", false, false },
};

START_TEST(what_one_keeps_almost_is_who_keeps_it_exactly)
{
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);
	const struct karmor_backend *keeper;
	struct karmor_plan *plan, *alone = NULL;

	no_new_privs = given_up[_i].no_new_privs;
	ck_assert_int_eq(caps_set(caps[0], CAPS_ONCE, !given_up[_i].lasting), 0);
	plan = plan_of(given_up[_i].spec, given_up[_i].posture, 2);
	ck_assert_int_eq(karmor_plan_new((const struct karmor_ruleset *const *)&set, 1,
					 (const struct karmor_caps *const *)caps, 1, &alone, NULL),
			 0);
	ck_assert_int_eq(karmor_plan_at(alone, 0, &line, &keeper), 0);
	ck_assert_int_eq(line.fidelity, KARMOR_APPROXIMATED);
	ck_assert_msg(strstr(line.reason, given_up[_i].reason), "%s", line.reason);
	ck_assert_int_eq(karmor_plan_at(plan, 0, &line, &keeper), 0);
	ck_assert_str_eq(karmor_backend_name(keeper), "bpf");
	ck_assert(!line.narrower);
	ck_assert_msg(line.fidelity == (given_up[_i].exact ? KARMOR_EXACT : KARMOR_APPROXIMATED),
		      "%s: %s", given_up[_i].spec, line.reason);
	karmor_plan_free(alone);
	karmor_plan_free(plan);
}
END_TEST

/* Though AppArmor would keep such a rule for a workload. */
START_TEST(host_policies_are_kept_by_one_alone)
{
	static const char raw[] = "  network: {matchProtocols: [{protocol: raw}]}\n";
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);
	const struct karmor_backend *keeper;
	struct karmor_plan *plan = plan_for(true, raw, NULL, 1);

	ck_assert_int_eq(karmor_plan_at(plan, 0, &line, &keeper), 0);
	ck_assert_str_eq(karmor_backend_name(keeper), "apparmor");
	ck_assert_int_eq(line.fidelity, KARMOR_UNSUPPORTED);
	ck_assert_str_eq(line.reason, "host policies are kept by BPF-LSM alone");
	ck_assert_int_eq(karmor_plan_at(plan, 1, &line, &keeper), -ENOENT);
	karmor_plan_free(plan);
	finish();
	prepare();
	plan = plan_for(true, raw, NULL, 2);
	ck_assert_int_eq(karmor_plan_at(plan, 0, &line, &keeper), 0);
	ck_assert_str_eq(karmor_backend_name(keeper), "bpf");
	ck_assert_int_eq(line.fidelity, KARMOR_EXACT);
	karmor_plan_free(plan);
}
END_TEST

START_TEST(without_rules_there_is_a_first_backend)
{
	struct karmor_plan *plan = plan_of("  network: {matchProtocols: []}\n", NULL, 2);

	ck_assert_str_eq(karmor_backend_name(karmor_plan_backend(plan, 0)), "apparmor");
	ck_assert_ptr_null(karmor_plan_backend(plan, 1));
	karmor_plan_free(plan);
}
END_TEST

START_TEST(wrong_lists_are_refused)
{
	const struct karmor_caps *twice[] = { caps[0], caps[0] };
	struct karmor_plan *plan = NULL;

	ck_assert_int_eq(karmor_plan_new(NULL, 0, NULL, 0, &plan, NULL), -EINVAL);
	ck_assert_int_eq(karmor_plan_new(NULL, 0, twice, 2, &plan, NULL), -EINVAL);
	ck_assert_ptr_null(plan);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plan");
	TCase *tests = tcase_create("plan");

	tcase_add_checked_fixture(tests, prepare, finish);
	tcase_add_test(tests, sections_go_to_who_keeps_them);
	tcase_add_test(tests, nobody_denies_what_another_decides);
	tcase_add_test(tests, one_backend_keeps_all);
	tcase_add_test(tests, what_only_one_supports_is_that_ones);
	tcase_add_loop_test(tests, what_one_keeps_almost_is_who_keeps_it_exactly, 0,
			    ARRAY_SIZE(given_up));
	tcase_add_test(tests, host_policies_are_kept_by_one_alone);
	tcase_add_test(tests, without_rules_there_is_a_first_backend);
	tcase_add_test(tests, wrong_lists_are_refused);
	add_next_tests(tests);
	suite_add_tcase(suite, tests);
	return support_run(suite);
}
