/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SELinux backend without a kernel: what is written and reported, golden modules
 * (tests/golden/selinux; KARMOR_GOLDEN=write makes them anew). Verdicts are judged in
 * tests/offline.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../support.h"
#include "cleanup.h"
#include "fs.h"
#include "selinux-module.h"
#include "selinux/engine.h"
#include "selinux/reference.h"

/* A policy that is not karmor's own, in a file; its name. */
static char *policy_write(void)
{
	_cleanup_free_ char *base = reference_cil();
	static const char more[] = "(type other_t)(roletype object_r other_t)";
	const char *texts[] = { base, more };
	_cleanup_free_ void *image = NULL;
	char *path = strdup("/tmp/karmor-policy-XXXXXX");
	int fd = mkstemp(path);
	size_t len;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(reference_compile(texts, 2, &image, &len), 0);
	ck_assert_int_eq(write(fd, image, len), (ssize_t)len);
	close(fd);
	return path;
}
START_TEST(a_module_says_which_policy_it_is_for)
{
	_cleanup_(compiled_done) struct compiled c = { 0 };
	_cleanup_free_ char *own = NULL, *node = NULL, *path = policy_write();
	const struct karmor_ruleset *sets[1];

	compile_spec(&c, "\"file\":{\"matchPaths\":[{\"path\":\"/a\"}]}", NULL);
	own = text_of(&c);
	ck_assert_ptr_nonnull(strstr(own, "karmor's own small policy"));
	sets[0] = c.set;
	karmor_artifact_free(c.artifact);
	karmor_report_free(c.report);
	c.artifact = NULL;
	c.report = NULL;
	ck_assert_int_eq(karmor_caps_read(c.caps, "policy", path, NULL), 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(karmor_compile(sets, 1, c.caps, &c.artifact, &c.report, NULL), 0);
	node = text_of(&c);
	ck_assert_ptr_null(strstr(node, "karmor's own small policy"));
	ck_assert_ptr_nonnull(strstr(node, "whose SHA-256 is\n; "));
	ck_assert_int_eq(karmor_caps_read(c.caps, "policy", path, NULL), -ENOENT);
	ck_assert_int_eq(karmor_caps_read(c.caps, "colour", "/dev/null", NULL), -EINVAL);
}
END_TEST

START_TEST(no_name_leaves_its_comment)
{
	_cleanup_(compiled_done) struct compiled c = { 0 };
	_cleanup_free_ char *text = NULL;

	compile_spec(
		&c,
		"\"file\":{\"matchDirectories\":[{\"dir\":\"/a\\n(allow domain domain (file "
		"(read)))\\r\\u0001\\\" )\",\"fromSource\":[{\"path\":\"/x\\n(type evil)\"}]}]}",
		NULL);
	text = text_of(&c);
	ck_assert_ptr_null(strstr(text, "\n(allow domain domain"));
	ck_assert_ptr_null(strstr(text, "\n(type evil)"));
	ck_assert_ptr_null(strchr(text, '\r'));
	ck_assert_ptr_nonnull(
		strstr(text, "; /a\\x0a(allow domain domain (file (read)))\\x0d\\x01"));
	ck_assert(is_module(text));
}
END_TEST

START_TEST(what_an_exact_path_blocks_is_no_interpreter_either)
{
	static const char with[] =
		"(constrain (file (execute)) (or (neq r1 karmor_w0_rest) (neq r2 "
		"karmor_w0_rest_not_exactly_exec)))";
	static const char directory[] =
		"\"process\":{\"matchDirectories\":[{\"dir\":\"/usr/lib/x\"}]}";
	_cleanup_(compiled_done) struct compiled path = { 0 }, dir = { 0 };
	_cleanup_free_ char *text = NULL, *other = NULL;

	compile_spec(&path, "\"process\":{\"matchPaths\":[{\"path\":\"/usr/lib/x\"}]}", NULL);
	compile_spec(&dir, directory, NULL);
	text = text_of(&path);
	other = text_of(&dir);
	ck_assert_ptr_nonnull(strstr(text, with));
	ck_assert_ptr_null(strstr(other, with));
	ck_assert_ptr_nonnull(strstr(other, "(constrain (file (execute)) (or (eq t2 "
					    "karmor_libraries) "));
}
END_TEST

static size_t label_of(const struct compiled *c, const char *path)
{
	return selinux_label_of((const struct selinux_artifact *)c->artifact, path, false);
}

/* The role of a file as one of those that an attribute is of. */
static bool has_role(const struct compiled *c, const char *attribute, const char *path)
{
	const struct selinux_artifact *artifact = (const struct selinux_artifact *)c->artifact;
	_cleanup_free_ char *text = text_of(c);
	_cleanup_buf_ struct buf set = { 0 };
	char role[SELINUX_NAME_SIZE];
	const char *line, *found;

	selinux_file_role(artifact, label_of(c, path), role);
	buf_printf(&set, "(roleattributeset %s (", attribute);
	line = strstr(text, set.data);
	ck_assert_ptr_nonnull(line);
	found = strstr(line, role);
	return found && found < strchr(line, '\n');
}

/* The kernel asks for reading, too; of what is no program nothing changes. */
START_TEST(what_a_rule_lets_be_executed_can_be_read)
{
	static const char *const with[] = {
		"(constrain (file (read)) (or (neq r1 karmor_w0_rest) (eq r2 "
		"karmor_w0_rest_may_read_program)))",
		"(constrain (chr_file (read)) (or (neq r1 karmor_w0_rest) (eq r2 "
		"karmor_w0_rest_may_read)))",
	};
	_cleanup_(compiled_done) struct compiled c = { 0 };
	_cleanup_free_ char *text = NULL;

	compile_spec(&c,
		     "\"action\":\"Allow\",\"process\":{\"matchPaths\":[{\"path\":\"/program\"},"
		     "{\"path\":\"/kept\"}]},\"file\":{\"matchPaths\":[{\"path\":\"/file\"},{"
		     "\"path\":\"/kept\",\"action\":\"Block\"}]}",
		     "file=block");
	text = text_of(&c);
	for (size_t i = 0; i < ARRAY_SIZE(with); i++)
		ck_assert_ptr_nonnull(strstr(text, with[i]));
	ck_assert(has_role(&c, "karmor_w0_rest_may_read_program", "/program"));
	ck_assert(has_role(&c, "karmor_w0_rest_may_read_program", "/file"));
	ck_assert(!has_role(&c, "karmor_w0_rest_may_read_program", "/kept"));
	ck_assert(!has_role(&c, "karmor_w0_rest_may_read", "/program"));
	ck_assert(has_role(&c, "karmor_w0_rest_may_exec", "/program"));
	ck_assert(is_told(&c, "can be read as well"));
	ck_assert(is_told(&c, "can be executed only where a rule of processes allows it"));
	ck_assert(is_told(&c, "cannot be executed either"));
	ck_assert(is_module(text));
}
END_TEST

/* It is mapped by what it leads to, who may not execute it. */
START_TEST(what_a_source_may_execute_can_be_mapped)
{
	static const char *const with[] = {
		"(constrain (file (execute_no_trans)) (or (neq r1 karmor_w0_rest) (neq r2 "
		"karmor_w0_rest_not_exec)))",
		"(constrain (file (execute)) (or (eq t2 karmor_libraries) (or (neq r1 "
		"karmor_w0_rest) (neq r2 karmor_w0_rest_not_exec_program))))",
	};
	_cleanup_(compiled_done) struct compiled c = { 0 };
	_cleanup_free_ char *text = NULL;

	compile_spec(
		&c,
		"\"process\":{\"matchPaths\":[{\"path\":\"/tool\"},{\"path\":\"/other\"},{"
		"\"path\":\"/tool\",\"action\":\"Allow\",\"fromSource\":[{\"path\":\"/source\"}"
		"]}]}",
		NULL);
	text = text_of(&c);
	for (size_t i = 0; i < ARRAY_SIZE(with); i++)
		ck_assert_ptr_nonnull(strstr(text, with[i]));
	ck_assert(has_role(&c, "karmor_w0_rest_not_exec", "/tool"));
	ck_assert(!has_role(&c, "karmor_w0_rest_not_exec_program", "/tool"));
	ck_assert(has_role(&c, "karmor_w0_rest_not_exec_program", "/other"));
	ck_assert(is_told(&c, "through the dynamic loader by what no source is"));
	ck_assert(is_module(text));
}
END_TEST

START_TEST(sockets_of_no_protocol_are_left_alone)
{
	_cleanup_(compiled_done) struct compiled c = { 0 };
	_cleanup_free_ char *text = NULL;

	compile_spec(&c, "\"network\":{\"matchProtocols\":[{\"protocol\":\"all\"}]}", NULL);
	text = text_of(&c);
	ck_assert_ptr_nonnull(strstr(text, "(constrain (tcp_socket "));
	ck_assert_ptr_nonnull(strstr(text, "(constrain (packet_socket "));
	ck_assert_ptr_null(strstr(text, "unix_"));
	ck_assert_ptr_null(strstr(text, "netlink"));
	ck_assert_int_eq(fidelity_of(&c, 0), KARMOR_EXACT);
}
END_TEST

static const struct {
	const char *spec;
	enum karmor_fidelity expected;
} kept[] = {
	{ "\"network\":{\"matchProtocols\":[{\"protocol\":\"tcp\"}]}", KARMOR_EXACT },
	{ "\"network\":{\"matchProtocols\":[{\"protocol\":\"udp\"}]}", KARMOR_EXACT },
	{ "\"network\":{\"matchProtocols\":[{\"protocol\":\"icmp\"}]}", KARMOR_APPROXIMATED },
	{ "\"network\":{\"matchProtocols\":[{\"protocol\":\"raw\"}]}", KARMOR_APPROXIMATED },
	{ "\"capabilities\":{\"matchCapabilities\":[{\"capability\":\"net_raw\"}]}", KARMOR_EXACT },
	{ "\"capabilities\":{\"matchCapabilities\":[{\"capability\":\"bpf\"}]}", KARMOR_EXACT },
	{ "\"file\":{\"matchPaths\":[{\"path\":\"/a\"}]}", KARMOR_APPROXIMATED },
	{ "\"file\":{\"matchPaths\":[{\"path\":\"/a\",\"ownerOnly\":true}]}", KARMOR_UNSUPPORTED },
	{ "\"file\":{\"matchPaths\":[{\"path\":\"/proc/kcore\"}]}", KARMOR_UNSUPPORTED },
	{ "\"file\":{\"matchPaths\":[{\"path\":\"/proc2\"}]}", KARMOR_APPROXIMATED },
	{ "\"file\":{\"matchPaths\":[{\"path\":\"/a\",\"fromSource\":[{\"path\":\"/proc/x\"}]}]}",
	  KARMOR_APPROXIMATED },
	{ "\"syscalls\":{\"matchSyscalls\":[{\"syscall\":[\"ptrace\"]}]}", KARMOR_UNSUPPORTED },
};

START_TEST(what_cannot_be_said_is_reported)
{
	_cleanup_(compiled_done) struct compiled c = { 0 };
	_cleanup_free_ char *text = NULL;

	compile_spec(&c, kept[_i].spec, NULL);
	ck_assert_int_eq(fidelity_of(&c, 0), kept[_i].expected);
	text = text_of(&c);
	ck_assert(is_module(text));
}
END_TEST

/* The label of what is made is that of where it is made. */
START_TEST(what_is_not_there_yet_is_reported)
{
	_cleanup_(compiled_done) struct compiled named = { 0 }, all = { 0 };

	compile_spec(&named, "\"file\":{\"matchDirectories\":[{\"dir\":\"/a/b\"}]}", NULL);
	ck_assert(is_told(&named, "gets this name later, and all that is made in it"));
	compile_spec(&all, "\"file\":{\"matchDirectories\":[{\"dir\":\"/\"}]}", NULL);
	ck_assert(!is_told(&all, "gets this name later"));
}
END_TEST

/* Each rule bears what can happen to it, and no more. */
static const struct {
	const char *spec, *posture, *reason;
	bool expected;
} borne[] = {
	{ "\"file\":{\"matchPaths\":[{\"path\":\"/a/b\"}]}", NULL, "can be renamed", true },
	{ "\"file\":{\"matchPaths\":[{\"path\":\"/a\"}]}", NULL, "can be renamed", false },
	{ "\"file\":{\"matchDirectories\":[{\"dir\":\"/a\",\"recursive\":true}]}", NULL,
	  "can be renamed", false },
	{ "\"process\":{\"matchPaths\":[{\"execname\":\"nc\"}]}", NULL, "can be renamed", false },
	{ "\"process\":{\"matchPatterns\":[{\"pattern\":\"/b*\"}]}", NULL, "can be renamed", true },
	{ "\"process\":{\"matchDirectories\":[{\"dir\":\"/a\"}]}", NULL, "memfd", false },
	{ "\"action\":\"Allow\",\"process\":{\"matchPaths\":[{\"path\":\"/a\"}]}", "file=block",
	  "memfd", true },
	{ "\"action\":\"Allow\",\"process\":{\"matchPaths\":[{\"path\":\"/a\"}]},\"file\":{"
	  "\"matchPaths\":[{\"path\":\"/b\"}]}",
	  "file=block", "can be read as well", true },
	{ "\"action\":\"Allow\",\"process\":{\"matchPaths\":[{\"path\":\"/a\"}]}", "file=block",
	  "can be read as well", false },
	{ "\"action\":\"Allow\",\"process\":{\"matchPaths\":[{\"path\":\"/a\"}]},\"file\":{"
	  "\"matchPaths\":[{\"path\":\"/a\"}]}",
	  "file=block", "can be read as well", false },
	{ "\"action\":\"Allow\",\"file\":{\"matchPaths\":[{\"path\":\"/a\",\"ownerOnly\":true}]}",
	  "file=block", "can be executed only where a rule of processes", true },
	{ "\"action\":\"Allow\",\"file\":{\"matchPaths\":[{\"path\":\"/a\",\"ownerOnly\":true}]}",
	  NULL, "can be executed only where a rule of processes", false },
	{ "\"process\":{\"matchPaths\":[{\"path\":\"/a\",\"fromSource\":[{\"path\":\"/s\"}]}]}",
	  NULL, "by what no source is", false },
	{ "\"action\":\"Allow\",\"process\":{\"matchPaths\":[{\"path\":\"/"
	  "a\",\"fromSource\":[{\"path\":"
	  "\"/s\"}]}]}",
	  "file=block", "by what no source is", true },
};

START_TEST(a_rule_bears_what_can_happen_to_it)
{
	_cleanup_(compiled_done) struct compiled c = { 0 };

	compile_spec(&c, borne[_i].spec, borne[_i].posture);
	ck_assert_int_eq(is_told(&c, borne[_i].reason), borne[_i].expected);
}
END_TEST

static const struct {
	const char *policy, *posture;
} golden[] = {
	{ "block-shell", NULL },
	{ "web-app-hardened", "file=block" },
	{ "restrict-network", NULL },
	{ "restrict-capabilities", NULL },
	{ "checkout-service-lockdown", NULL },
};

static void golden_compare(const char *path, const char *text)
{
	_cleanup_buf_ struct buf expected = { 0 };
	const char *mode = getenv("KARMOR_GOLDEN");
	_cleanup_close_ int fd = -1;
	bool is_directory;

	if (mode && strcmp(mode, "write") == 0) {
		_cleanup_fclose_ FILE *file = fopen(path, "we");

		ck_assert_ptr_nonnull(file);
		ck_assert_int_ge(fputs(text, file), 0);
		return;
	}
	ck_assert_int_eq(fs_open(path, &is_directory, &fd, NULL), 0);
	ck_assert_int_eq(fs_read(fd, path, &expected, NULL), 0);
	ck_assert_str_eq(text, expected.data);
}

START_TEST(modules_are_the_golden_ones)
{
	_cleanup_(compiled_done) struct compiled c = { 0 };
	_cleanup_buf_ struct buf policy = { 0 }, path = { 0 };
	_cleanup_free_ char *text = NULL;

	buf_printf(&policy, "tests/data/policies/mission/%s.yaml", golden[_i].policy);
	buf_printf(&path, "tests/golden/selinux/%s.cil", golden[_i].policy);
	ck_assert_int_eq(karmor_policies_new(&c.policies), 0);
	ck_assert_int_eq(karmor_policies_add_path(c.policies, policy.data, NULL), 0);
	compile_loaded(&c, golden[_i].posture);
	text = text_of(&c);
	golden_compare(path.data, text);
	ck_assert(is_module(text));
}
END_TEST

/* A file has one label for all of them. */
START_TEST(workloads_share_the_labels_of_files)
{
	_cleanup_(compiled_done) struct compiled a = { 0 }, b = { 0 };
	_cleanup_free_ char *text = NULL;
	const struct karmor_ruleset *sets[2];
	const struct selinux_artifact *labels;
	struct karmor_artifact *both = NULL;
	_cleanup_buf_ struct buf roles = { 0 };

	compile_spec(&a, "\"file\":{\"matchPaths\":[{\"path\":\"/a\"},{\"path\":\"/b\"}]}", NULL);
	compile_spec(&b, "\"file\":{\"matchPaths\":[{\"path\":\"/b\"},{\"path\":\"/c\"}]}", NULL);
	sets[0] = a.set;
	sets[1] = b.set;
	ck_assert_int_eq(karmor_compile(sets, 2, a.caps, &both, NULL, NULL), 0);
	karmor_artifact_free(a.artifact);
	a.artifact = both;
	text = text_of(&a);
	ck_assert(is_module(text));
	labels = (const struct selinux_artifact *)both;
	buf_printf(&roles, "(roleattributeset karmor_w0_rest_not_read (karmor_o%s_r karmor_o%s_r",
		   labels->labels[0].id, labels->labels[1].id);
	ck_assert_ptr_nonnull(strstr(text, roles.data));
	ck_assert_ptr_nonnull(
		strstr(text, "(neq r1 karmor_w1_rest) (neq r2 karmor_w1_rest_not_read)"));
}
END_TEST

/* What files, tasks and executables have of a module that another one follows. */
START_TEST(what_was_loaded_before_means_what_is_the_same_now)
{
	static const char source[] = ",\"fromSource\":[{\"path\":\"/usr/bin/s\"}]";
	_cleanup_(compiled_done) struct compiled old = { 0 }, new = { 0 };
	_cleanup_buf_ struct buf spec = { 0 }, text = { 0 }, wanted = { 0 };
	struct selinux_engine engine = { .live = NULL };
	const struct selinux_artifact *live, *staged;

	buf_printf(&spec, "\"file\":{\"matchPaths\":[{\"path\":\"/a\"},{\"path\":\"/b\"%s}]}",
		   source);
	compile_spec(&old, spec.data, NULL);
	compile_spec(&new,
		     "\"file\":{\"matchPaths\":[{\"path\":\"/a\"},{\"path\":\"/a\"}],"
		     "\"matchDirectories\":[{\"dir\":\"/usr\",\"recursive\":true}]}",
		     NULL);
	engine.live = live = (const struct selinux_artifact *)old.artifact;
	engine.staged = staged = (const struct selinux_artifact *)new.artifact;
	ck_assert_int_eq(selinux_remember(&engine, live), 0);
	ck_assert_int_eq(selinux_retire(&engine, NULL), 0);
	selinux_write(&text, staged,
		      &(struct selinux_extra){ .retired = engine.retired,
					       .n_retired = engine.n_retired });
	ck_assert(!buf_failed(&text) && is_module(text.data));
	/* A class that is not there any more is the rest, "/b" is no file that rules tell. */
	buf_printf(&wanted, "(role karmor_w0_%s_r)\n(roleattributeset karmor_w0_rest (",
		   live->rulesets[0].classes[1].id);
	ck_assert_ptr_nonnull(strstr(text.data, wanted.data));
	for (size_t i = 0; i < live->n_labels; i++) {
		char role[SELINUX_NAME_SIZE];
		size_t label;

		selinux_file_role(live, i, role);
		ck_assert_ptr_nonnull(strstr(text.data, role));
		ck_assert(!selinux_role_file(staged, role, strlen(role), &label) ||
			  strcmp(live->labels[i].example, "/a") == 0);
	}
	buf_reset(&wanted);
	buf_printf(&wanted, "(type karmor_x%s_", live->kinds[1].id);
	ck_assert_ptr_nonnull(strstr(text.data, wanted.data));
	selinux_before_free(&engine);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("selinux");
	TCase *module = tcase_create("module");

	tcase_add_test(module, a_module_says_which_policy_it_is_for);
	tcase_add_test(module, no_name_leaves_its_comment);
	tcase_add_test(module, what_an_exact_path_blocks_is_no_interpreter_either);
	tcase_add_test(module, what_a_rule_lets_be_executed_can_be_read);
	tcase_add_test(module, what_a_source_may_execute_can_be_mapped);
	tcase_add_test(module, sockets_of_no_protocol_are_left_alone);
	tcase_add_loop_test(module, what_cannot_be_said_is_reported, 0, ARRAY_SIZE(kept));
	tcase_add_test(module, what_is_not_there_yet_is_reported);
	tcase_add_loop_test(module, a_rule_bears_what_can_happen_to_it, 0, ARRAY_SIZE(borne));
	tcase_add_loop_test(module, modules_are_the_golden_ones, 0, ARRAY_SIZE(golden));
	tcase_add_test(module, workloads_share_the_labels_of_files);
	tcase_add_test(module, what_was_loaded_before_means_what_is_the_same_now);
	suite_add_tcase(suite, module);
	return support_run(suite);
}
