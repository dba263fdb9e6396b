/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The AppArmor backend without a kernel: what is written of paths, what is reported, and golden
 * texts (tests/golden/apparmor; KARMOR_GOLDEN=write makes them anew). Verdicts are judged in
 * tests/offline.
 */
#include <stdlib.h>
#include <string.h>

#include "../support.h"
#include "apparmor/apparmor.h"
#include "apparmor/state.h"
#include "caps.h"
#include "cleanup.h"
#include "fs.h"

static const struct apparmor_mediates everything = { true, true, true };

struct compiled {
	struct karmor_policies *policies;
	struct karmor_ruleset *set;
	struct karmor_caps *caps;
	struct karmor_artifact *artifact;
	struct karmor_report *report;
	bool lasts; /* its policy may change */
	bool no_new_privs;
};

static void compiled_done(struct compiled *c)
{
	karmor_report_free(c->report);
	karmor_artifact_free(c->artifact);
	karmor_caps_free(c->caps);
	karmor_ruleset_free(c->set);
	karmor_policies_free(c->policies);
}

static void compile_loaded(struct compiled *c, const char *posture, bool priorities)
{
	struct karmor_subject subject =
		KARMOR_STRUCT(karmor_subject, .everything = true, .posture = posture,
			      .no_new_privs = c->no_new_privs);
	const struct karmor_ruleset *sets[1];

	ck_assert_int_eq(karmor_ruleset_new(c->policies, &subject, &c->set, NULL), 0);
	sets[0] = c->set;
	ck_assert_int_eq(karmor_caps_full(karmor_backend_find("apparmor"), &c->caps), 0);
	ck_assert_int_eq(caps_set(c->caps, APPARMOR_CAP_PRIORITY, priorities), 0);
	ck_assert_int_eq(caps_set(c->caps, CAPS_ONCE, !c->lasts), 0);
	ck_assert_int_eq(karmor_compile(sets, 1, c->caps, &c->artifact, &c->report, NULL), 0);
}

/* @spec: JSON, what stands in a policy beside its selector. */
static void compile_spec(struct compiled *c, const char *spec, const char *posture, bool priorities)
{
	_cleanup_buf_ struct buf text = { 0 };

	buf_printf(&text,
		   "{\"apiVersion\":\"security.kubearmor.com/v1\",\"kind\":\"KubeArmorPolicy\","
		   "\"metadata\":{\"name\":\"p\"},\"spec\":{\"selector\":{},%s}}",
		   spec);
	ck_assert_int_eq(karmor_policies_new(&c->policies), 0);
	ck_assert_int_eq(karmor_policies_add_text(c->policies, "p", text.data, text.len, NULL), 0);
	compile_loaded(c, posture, priorities);
}

static char *text_of_stack(const struct compiled *c, size_t width)
{
	const struct apparmor_ruleset *set = apparmor_ruleset_at(c->artifact, 0);
	struct apparmor_names names = apparmor_names_of(set, "karmor");
	struct buf buf = { 0 };

	names.width = width;
	apparmor_write(&buf, &everything, set, &names);
	return buf_take(&buf);
}

static char *text_of(const struct compiled *c)
{
	return text_of_stack(c, 0);
}

static enum karmor_fidelity fidelity_of(const struct compiled *c, size_t i)
{
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);

	ck_assert_int_eq(karmor_report_at(c->report, i, &line), 0);
	ck_assert(line.fidelity == KARMOR_EXACT || line.reason);
	return line.fidelity;
}

START_TEST(no_name_can_say_anything_but_itself)
{
	_cleanup_(compiled_done) struct compiled c = { 0 };
	_cleanup_free_ char *text = NULL;

	compile_spec(&c,
		     "\"file\":{\"matchDirectories\":[{\"dir\":\"/a\\\" rw,\\n}\\u0001 "
		     "@x} ^#\\\\\"}]}",
		     NULL, true);
	text = text_of(&c);
	ck_assert_ptr_nonnull(strstr(text, "audit deny \"/a\\\" rw,\\012\\}\\001 @x\\} "
					   "\\^#\\\\{,/,/*,/*/}\" rwl,\n"));
}
END_TEST

START_TEST(a_comment_cannot_be_left)
{
	_cleanup_(compiled_done) struct compiled c = { 0 };
	_cleanup_free_ char *text = NULL;

	compile_spec(&c, "\"file\":{\"matchPaths\":[{\"path\":\"/x\\ny\"}]}", NULL, true);
	text = text_of(&c);
	ck_assert_ptr_nonnull(strstr(text, "\"/x\\012y{,/}\" rwl,\n"));
	ck_assert_ptr_null(strstr(text, "\ny"));
}
END_TEST

START_TEST(raw_sockets_are_named_by_family_so_that_netlink_goes_on)
{
	_cleanup_(compiled_done) struct compiled c = { 0 };
	_cleanup_free_ char *text = NULL;

	compile_spec(&c, "\"network\":{\"matchProtocols\":[{\"protocol\":\"raw\"}]}", NULL, true);
	text = text_of(&c);
	ck_assert_ptr_null(strstr(text, "deny network raw"));
	ck_assert_ptr_nonnull(strstr(text, "audit deny network inet raw,\n"));
	ck_assert_ptr_null(strstr(text, "deny network netlink"));
	ck_assert_ptr_null(strstr(text, "deny network unix"));
	ck_assert_int_eq(fidelity_of(&c, 0), KARMOR_EXACT);
}
END_TEST

START_TEST(an_exception_under_a_block_needs_priorities_or_a_prefix)
{
	static const char literal[] = "\"process\":{\"matchPaths\":[{\"path\":\"/usr/bin/node\","
				      "\"action\":\"Allow\"}],\"matchDirectories\":[{\"dir\":\"/\","
				      "\"recursive\":true}]}";
	static const char pattern[] = "\"process\":{\"matchPatterns\":[{\"pattern\":\"*/node*\","
				      "\"action\":\"Allow\"}],\"matchDirectories\":[{\"dir\":\"/\","
				      "\"recursive\":true}]}";
	static const struct {
		const char *spec;
		bool priorities;
		enum karmor_fidelity expected;
	} cases[] = { { literal, true, KARMOR_APPROXIMATED },
		      { literal, false, KARMOR_APPROXIMATED },
		      { pattern, true, KARMOR_APPROXIMATED },
		      { pattern, false, KARMOR_UNSUPPORTED } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(compiled_done) struct compiled c = { 0 };
		_cleanup_free_ char *text = NULL;

		compile_spec(&c, cases[i].spec, "file=block", cases[i].priorities);
		text = text_of(&c);
		ck_assert_int_eq(fidelity_of(&c, 0), cases[i].expected);
		ck_assert_int_eq(!!strstr(text, "priority="), cases[i].priorities);
	}
}
END_TEST

START_TEST(more_kinds_of_sources_than_a_stack_can_have_are_not_kept)
{
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);
	_cleanup_(compiled_done) struct compiled c = { 0 };
	_cleanup_buf_ struct buf spec = { 0 };
	bool found = false;

	buf_puts(&spec, "\"file\":{\"matchPaths\":[");
	for (int i = 0; i < APPARMOR_CLASSES_MAX; i++)
		buf_printf(&spec, "{\"path\":\"/x%d\",\"fromSource\":[{\"path\":\"/s%d\"}]},", i,
			   i);
	buf_puts(&spec, "{\"path\":\"/y\"}]}");
	compile_spec(&c, spec.data, NULL, true);
	for (size_t i = 0; i < karmor_ruleset_rules(c.set); i++)
		ck_assert_int_eq(fidelity_of(&c, i), c.set->rules[i].ir->n_sources
							     ? KARMOR_UNSUPPORTED
							     : KARMOR_APPROXIMATED);
	buf_reset(&spec);
	buf_printf(&spec, "more than %d kinds", APPARMOR_CLASSES_MAX - 1);
	for (size_t i = 0; karmor_report_at(c.report, i, &line) == 0; i++)
		found |= line.reason && strstr(line.reason, spec.data);
	ck_assert(found);
}
END_TEST

START_TEST(the_kernel_takes_the_name_of_the_widest_stack)
{
	const struct apparmor_names names = { .name = LASTING_PREFIX "0123456789abcdef",
					      .n = APPARMOR_CLASSES_MAX,
					      .groups = APPARMOR_GROUPS_MAX };
	_cleanup_buf_ struct buf label = { 0 };

	apparmor_label(&label, &names, APPARMOR_CLASSES_MAX - 1);
	ck_assert_uint_lt(label.len, STATE_LABEL_MAX);
}
END_TEST

static const struct {
	const char *spec, *posture;
	bool narrow;
} narrowings[] = {
	{ "\"file\":{\"matchPaths\":[{\"path\":\"/x\",\"fromSource\":[{\"path\":\"/s\"}]}]}", NULL,
	  true },
	{ "\"network\":{\"matchProtocols\":[{\"protocol\":\"udp\",\"action\":\"Audit\","
	  "\"fromSource\":[{\"path\":\"/s\"}]}]}",
	  NULL, true },
	{ "\"capabilities\":{\"matchCapabilities\":[{\"capability\":\"sys_time\","
	  "\"fromSource\":[{\"path\":\"/s\"}]}]}",
	  NULL, true },
	/* It may what others may not. */
	{ "\"file\":{\"matchPaths\":[{\"path\":\"/x\"},{\"path\":\"/x\",\"action\":\"Allow\","
	  "\"fromSource\":[{\"path\":\"/s\"}]}]}",
	  NULL, false },
	{ "\"network\":{\"matchProtocols\":[{\"protocol\":\"udp\",\"action\":\"Allow\","
	  "\"fromSource\":[{\"path\":\"/s\"}]}]}",
	  "network=block", false },
	/* Nobody else may without karmor's leave. */
	{ "\"capabilities\":{\"matchCapabilities\":[{\"capability\":\"mac_admin\",\"action\":"
	  "\"Allow\","
	  "\"fromSource\":[{\"path\":\"/s\"}]}]}",
	  NULL, false },
	/* Denied, it would be logged below as well. */
	{ "\"file\":{\"matchDirectories\":[{\"dir\":\"/d/"
	  "\",\"recursive\":true,\"action\":\"Audit\"}],"
	  "\"matchPaths\":[{\"path\":\"/d/x\",\"fromSource\":[{\"path\":\"/s\"}]}]}",
	  NULL, false },
};

START_TEST(a_source_that_is_only_kept_from_something_is_on_top_of_others)
{
	for (int priorities = 0; priorities < 2; priorities++) {
		_cleanup_(compiled_done) struct compiled c = { 0 };
		_cleanup_free_ char *text = NULL;
		struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);
		bool found = false;

		compile_spec(&c, narrowings[_i].spec, narrowings[_i].posture, priorities);
		text = text_of(&c);
		ck_assert_int_eq(!!strstr(text, "px -> \"karmor//&karmor.n1\""),
				 narrowings[_i].narrow);
		ck_assert_int_eq(!!strstr(text, "profile \"karmor.n1\""), narrowings[_i].narrow);
		ck_assert_int_eq(!!strstr(text, "profile \"karmor.1\""), !narrowings[_i].narrow);
		for (size_t i = 0; karmor_report_at(c.report, i, &line) == 0; i++)
			found |= line.reason && strstr(line.reason, "under no_new_privs its");
		ck_assert_int_eq(found, !narrowings[_i].narrow);
	}
}
END_TEST

/* Of a stack the kernel replaces not all: where the policy may change, none is on top. */
START_TEST(a_source_has_a_profile_in_place_of_others_where_policies_may_change)
{
	_cleanup_(compiled_done) struct compiled c = { 0 };
	_cleanup_free_ char *text = NULL;
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);
	bool found = false;

	c.lasts = true;
	compile_spec(&c, narrowings[_i].spec, narrowings[_i].posture, true);
	text = text_of(&c);
	ck_assert_ptr_nonnull(strstr(text, "profile \"karmor.1\""));
	ck_assert_ptr_null(strstr(text, "karmor.n1"));
	for (size_t i = 0; !found; i++) {
		ck_assert_int_eq(karmor_report_at(c.report, i, &line), 0);
		found = line.reason &&
			strstr(line.reason, "sets no_new_privs itself a source cannot be started");
	}
}
END_TEST

/* But where it would not start otherwise. */
START_TEST(a_source_is_on_top_of_others_where_a_workload_is_started_under_no_new_privs)
{
	_cleanup_(compiled_done) struct compiled c = { .lasts = true, .no_new_privs = true };
	_cleanup_free_ char *text = NULL;
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);
	bool found = false;

	compile_spec(&c, narrowings[_i].spec, narrowings[_i].posture, true);
	text = text_of(&c);
	ck_assert_int_eq(!!strstr(text, "profile \"karmor.n1\""), narrowings[_i].narrow);
	ck_assert_int_eq(!!strstr(text, "profile \"karmor.1\""), !narrowings[_i].narrow);
	for (size_t i = 0; karmor_report_at(c.report, i, &line) == 0; i++) {
		found |= line.reason && strstr(line.reason, "the workload's first program");
		ck_assert(!line.reason || !strstr(line.reason, "sets no_new_privs itself"));
	}
	ck_assert_int_eq(found, narrowings[_i].narrow);
}
END_TEST

/* Of a stack that has it the kernel replaces what is loaded, and nothing else. */
START_TEST(what_was_on_top_lets_everything_pass_when_no_rule_names_a_source)
{
	_cleanup_(compiled_done) struct compiled c = { 0 };
	_cleanup_buf_ struct buf text = { 0 };
	struct apparmor_names names;
	const char *top;

	compile_spec(&c, "\"file\":{\"matchPaths\":[{\"path\":\"/x\"}]}", NULL, true);
	names = apparmor_names_of(apparmor_ruleset_at(c.artifact, 0), "karmor");
	names.n = 2;
	names.tops_end = true;
	apparmor_write(&text, &everything, apparmor_ruleset_at(c.artifact, 0), &names);
	top = strstr(text.data, "profile \"karmor.n1\"");
	ck_assert_ptr_nonnull(top);
	ck_assert_ptr_nonnull(strstr(top, "px -> \"karmor\""));
	ck_assert_ptr_nonnull(strstr(top, "\"/{,**}\" rwl,"));
	ck_assert_ptr_nonnull(strstr(top, "  mount,"));
	ck_assert_ptr_null(strstr(top, "deny"));
}
END_TEST

/* Whether the first rule's line has @reason. */
static bool is_reported(const struct compiled *c, const char *reason)
{
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);

	ck_assert_int_eq(karmor_report_at(c->report, 0, &line), 0);
	return line.reason && strstr(line.reason, reason);
}

static const struct {
	const char *pattern;
	bool open;
} patterns[] = {
	{ "/etc/*.conf", false },    { "/etc/{a,b}*", false },
	{ "/srv/*/x", true },	     { "/srv/a?b/x", true },
	{ "/{etc,srv}/x", true },    { "/etc/x**", true },
	{ "/srv/**/x", true },	     { "/srv/[a/]x", true },
	{ "/srv/{a,b/c}*", true },   { "name*", false },
	{ "**/name", false },	     { "*/name", false },
	{ "/**/name", false },	     { "**/directory/name", true },
	{ "directory/name?", true }, { "*/*/name", true },
	{ "name**", true },
};

/* One that another name would make another pattern's is no gap where it is told. */
START_TEST(directories_of_a_pattern_that_can_be_renamed_are_reported)
{
	_cleanup_(compiled_done) struct compiled c = { 0 };
	_cleanup_buf_ struct buf spec = { 0 };

	buf_printf(&spec, "\"file\":{\"matchPatterns\":[{\"pattern\":\"%s\"}]}",
		   patterns[_i].pattern);
	compile_spec(&c, spec.data, NULL, true);
	ck_assert_msg(is_reported(&c, "can be renamed") == patterns[_i].open, "%s",
		      patterns[_i].pattern);
}
END_TEST

#define BLOCKED(extra)                                                                             \
	"\"file\":{\"matchPaths\":[{\"path\":\"/x\"}]},\"capabilities\":{\"matchCapabilities\":["  \
	"{\"capability\":\"bpf\"},{\"capability\":\"sys_admin\"}" extra "]}"

static const struct {
	const char *spec, *posture;
	bool powerless;
} powers[] = {
	{ BLOCKED(""), NULL, false },
	{ BLOCKED(",{\"capability\":\"dac_read_search\"}"), NULL, true },
	{ BLOCKED(",{\"capability\":\"dac_read_search\",\"fromSource\":[{\"path\":\"/s\"}]}"), NULL,
	  false },
	{ BLOCKED(",{\"capability\":\"dac_read_search\"},{\"capability\":\"dac_read_search\","
		  "\"action\":\"Allow\",\"fromSource\":[{\"path\":\"/s\"}]}"),
	  NULL, false },
	{ BLOCKED(",{\"capability\":\"chown\",\"action\":\"Allow\"}"), "capabilities=block", true },
	{ BLOCKED(",{\"capability\":\"chown\",\"action\":\"Allow\"}"), NULL, false },
};

START_TEST(handles_and_bpf_are_reported_unless_nobody_has_their_capabilities)
{
	_cleanup_(compiled_done) struct compiled c = { 0 };

	compile_spec(&c, powers[_i].spec, powers[_i].posture, true);
	ck_assert_int_eq(is_reported(&c, "by a handle"), !powers[_i].powerless);
	ck_assert(is_reported(&c, "the disk that it is on"));
}
END_TEST

#define MISSION "tests/data/policies/mission/"

static const struct {
	const char *policy, *posture;
	bool priorities;
	const char *golden;
	size_t width;
} golden[] = {
	{ MISSION "audit-file-access", NULL, true, "audit-file-access" },
	{ MISSION "block-dangerous-processes", NULL, true, "block-dangerous-processes" },
	{ MISSION "block-shell", NULL, true, "block-shell" },
	{ MISSION "block-shells-cluster-wide", NULL, true, "block-shells-cluster-wide" },
	{ MISSION "checkout-service-lockdown", "file=block,network=block", true,
	  "checkout-service-lockdown" },
	{ MISSION "checkout-service-lockdown", "file=block,network=block", false,
	  "checkout-service-lockdown-3.x" },
	{ MISSION "example-policy", NULL, true, "example-policy" },
	{ MISSION "frontend-network-policy", NULL, true, "frontend-network-policy" },
	{ MISSION "nodejs-minimal", NULL, true, "nodejs-minimal" },
	{ MISSION "postgres-hardened", NULL, true, "postgres-hardened" },
	{ MISSION "protect-secrets", NULL, true, "protect-secrets" },
	{ MISSION "protect-service-account-tokens", NULL, true, "protect-service-account-tokens" },
	{ MISSION "restrict-capabilities", NULL, true, "restrict-capabilities" },
	{ MISSION "restrict-network", NULL, true, "restrict-network" },
	{ MISSION "web-app-audit", NULL, true, "web-app-audit" },
	{ MISSION "web-app-hardened", NULL, true, "web-app-hardened" },
	{ MISSION "web-app-hardened", NULL, false, "web-app-hardened-3.x" },
	{ MISSION "web-app-policy", NULL, true, "web-app-policy" },
	{ "tests/golden/apparmor/constructs", NULL, true, "constructs", 2 },
	{ "tests/golden/apparmor/constructs", NULL, false, "constructs-3.x", 2 },
};

static void golden_compare(const char *path, const char *text)
{
	_cleanup_buf_ struct buf expected = { 0 };
	_cleanup_close_ int fd = -1;
	_cleanup_fclose_ FILE *out = NULL;
	bool is_directory;

	if (getenv("KARMOR_GOLDEN")) {
		out = fopen(path, "we");
		ck_assert_ptr_nonnull(out);
		fputs(text, out);
		return;
	}
	ck_assert_int_eq(fs_open(path, &is_directory, &fd, NULL), 0);
	ck_assert_int_eq(fs_read(fd, path, &expected, NULL), 0);
	ck_assert_msg(strcmp(text, expected.data) == 0, "%s differs from\n%s", path, text);
}

START_TEST(texts_are_the_golden_ones)
{
	_cleanup_(compiled_done) struct compiled c = { 0 };
	_cleanup_buf_ struct buf policy = { 0 }, path = { 0 };
	_cleanup_free_ char *text = NULL;

	buf_printf(&policy, "%s.yaml", golden[_i].policy);
	buf_printf(&path, "tests/golden/apparmor/%s.txt", golden[_i].golden);
	ck_assert_int_eq(karmor_policies_new(&c.policies), 0);
	ck_assert_int_eq(karmor_policies_add_path(c.policies, policy.data, NULL), 0);
	compile_loaded(&c, golden[_i].posture, golden[_i].priorities);
	text = text_of_stack(&c, golden[_i].width);
	golden_compare(path.data, text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("apparmor");
	TCase *text = tcase_create("text");

	tcase_add_test(text, no_name_can_say_anything_but_itself);
	tcase_add_test(text, a_comment_cannot_be_left);
	tcase_add_test(text, raw_sockets_are_named_by_family_so_that_netlink_goes_on);
	tcase_add_test(text, an_exception_under_a_block_needs_priorities_or_a_prefix);
	tcase_add_test(text, more_kinds_of_sources_than_a_stack_can_have_are_not_kept);
	tcase_add_test(text, the_kernel_takes_the_name_of_the_widest_stack);
	tcase_add_loop_test(text, directories_of_a_pattern_that_can_be_renamed_are_reported, 0,
			    ARRAY_SIZE(patterns));
	tcase_add_loop_test(text, handles_and_bpf_are_reported_unless_nobody_has_their_capabilities,
			    0, ARRAY_SIZE(powers));
	tcase_add_loop_test(text, a_source_that_is_only_kept_from_something_is_on_top_of_others, 0,
			    ARRAY_SIZE(narrowings));
	tcase_add_loop_test(
		text, a_source_is_on_top_of_others_where_a_workload_is_started_under_no_new_privs,
		0, ARRAY_SIZE(narrowings));
	tcase_add_test(text, what_was_on_top_lets_everything_pass_when_no_rule_names_a_source);
	tcase_add_loop_test(text,
			    a_source_has_a_profile_in_place_of_others_where_policies_may_change, 0,
			    ARRAY_SIZE(narrowings));
	tcase_add_loop_test(text, texts_are_the_golden_ones, 0, ARRAY_SIZE(golden));
	suite_add_tcase(suite, text);
	return support_run(suite);
}
