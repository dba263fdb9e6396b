/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text to IR: lib/parse*.c and lib/policies.c. The wording and the place of messages is the
 * business of tests/policies; what is bounded, and files, that of test_parse_bounds.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test_parse.h"

#include "suggest.h"

struct karmor_policies *load;
struct karmor_diag *diag;

static void setup(void)
{
	diag = karmor_diag_new();
	ck_assert_ptr_nonnull(diag);
	ck_assert_int_eq(karmor_policies_new(&load), 0);
}

static void teardown(void)
{
	karmor_policies_free(load);
	karmor_diag_free(diag);
}

int add(const char *text)
{
	return karmor_policies_add_text(load, "x.yaml", text, strlen(text), diag);
}

const struct ir_policy *good(const char *text)
{
	int r = add(text);

	if (r < 0)
		karmor_diag_print(diag, stderr, false);
	ck_assert_int_eq(r, 0);
	ck_assert_uint_eq(load->n, 1);
	return load->policies[0];
}

void bad(const char *text, const char *part)
{
	int r = add(text);
	const struct karmor_message *message = karmor_diag_at(diag, 0);

	ck_assert_int_eq(r, -EINVAL);
	ck_assert_uint_eq(karmor_diag_count(diag, KARMOR_ERROR), 1);
	ck_assert_msg(strstr(message->text, part), "%s", message->text);
}

START_TEST(rules_come_in_the_order_of_the_text)
{
	const struct ir_policy *policy = good(HEAD "  network:\n"
						   "    matchProtocols: [{protocol: tcp}]\n"
						   "  file:\n"
						   "    matchPatterns: [{pattern: \"*\"}]\n"
						   "    matchPaths: [{path: /b}, {path: /a}]\n");

	ck_assert_uint_eq(policy->n_rules, 4);
	ck_assert_str_eq(policy->rules[0].locator, "network.matchProtocols[0]");
	ck_assert_str_eq(policy->rules[1].locator, "file.matchPatterns[0]");
	ck_assert_str_eq(policy->rules[2].path, "/b");
	ck_assert_str_eq(policy->rules[3].locator, "file.matchPaths[1]");
	for (uint32_t i = 0; i < 4; i++)
		ck_assert_uint_eq(policy->rules[i].order, i);
	ck_assert_uint_eq(policy->rules[3].place.line, 10);
	ck_assert_uint_eq(policy->rules[3].place.column, 31);
	ck_assert_uint_eq(policy->rules[3].path_place.column, 37);
}
END_TEST

START_TEST(order_goes_on_over_the_documents_of_a_file)
{
	ck_assert_int_eq(add(HEAD "  file: {matchPaths: [{path: /a}]}\n---\n"
				  "apiVersion: security.kubearmor.com/v1\n"
				  "kind: KubeArmorClusterPolicy\n"
				  "metadata: {name: sample}\n"
				  "spec: {selector: {}, file: {matchPaths: [{path: /b}]}}\n"),
			 0);
	ck_assert_uint_eq(load->n, 2);
	ck_assert_uint_eq(load->policies[1]->rules[0].order, 1);
	ck_assert_str_eq(load->policies[1]->namespace_name, "");
	ck_assert_str_eq(load->policies[0]->namespace_name, "default");
}
END_TEST

START_TEST(each_field_is_inherited_by_itself)
{
	const struct ir_policy *policy =
		good(HEAD "  severity: 3\n"
			  "  tags: [a, b]\n"
			  "  message: of spec\n"
			  "  action: aUDIT\n"
			  "  file:\n"
			  "    severity: 5\n"
			  "    matchPaths:\n"
			  "      - path: /a\n"
			  "      - {path: /b, action: Allow, message: \"\", tags: []}\n"
			  "    message: of section\n"
			  "  process: {matchPaths: [{path: /c}]}\n");
	const struct ir_rule *a = &policy->rules[0], *b = &policy->rules[1], *c = &policy->rules[2];

	ck_assert_int_eq(a->action, KARMOR_AUDIT);
	ck_assert_uint_eq(a->severity, 5);
	ck_assert_str_eq(a->message, "of section");
	ck_assert_uint_eq(a->n_tags, 2);
	ck_assert_str_eq(a->tags[1], "b");
	ck_assert_int_eq(b->action, KARMOR_ALLOW);
	ck_assert_str_eq(b->message, "");
	ck_assert_uint_eq(b->n_tags, 0);
	ck_assert_uint_eq(c->severity, 3);
	ck_assert_str_eq(c->message, "of spec");
}
END_TEST

START_TEST(an_action_that_stands_nowhere_is_block)
{
	const struct ir_policy *policy = good(HEAD "  file: {matchPaths: [{path: /a}]}\n");

	ck_assert_int_eq(policy->rules[0].action, KARMOR_BLOCK);
	ck_assert_uint_eq(policy->rules[0].severity, 1);
	ck_assert_str_eq(policy->rules[0].message, "");
}
END_TEST

START_TEST(syscall_rules_audit_whatever_they_inherit)
{
	const struct ir_policy *policy =
		good(HEAD "  action: Block\n"
			  "  syscalls:\n"
			  "    matchSyscalls: [{syscall: [mount, unlink]}]\n"
			  "    matchPaths:\n"
			  "      - {path: /home/, recursive: true, syscall: [rename]}\n"
			  "      - {path: /etc/hosts, syscall: [rename]}\n");

	ck_assert_int_eq(policy->rules[0].action, KARMOR_AUDIT);
	ck_assert_int_eq(policy->rules[0].match, IR_SYSCALL);
	ck_assert_uint_eq(policy->rules[0].n_syscalls, 2);
	ck_assert_str_eq(policy->rules[0].syscalls[1], "unlink");
	ck_assert_ptr_null(policy->rules[0].path);
	ck_assert_int_eq(policy->rules[1].path_match, IR_DIR);
	ck_assert_str_eq(policy->rules[1].path, "/home");
	ck_assert(policy->rules[1].recursive);
	ck_assert_int_eq(policy->rules[2].path_match, IR_PATH);
}
END_TEST

START_TEST(paths_become_matchers)
{
	const struct ir_policy *policy =
		good(HEAD "  process:\n"
			  "    matchPaths:\n"
			  "      - {path: /a}\n"
			  "      - {path: \"/usr/*/b\"}\n"
			  "      - {execname: apt}\n"
			  "    matchDirectories:\n"
			  "      - {dir: /, recursive: true}\n"
			  "      - {dir: /opt/}\n"
			  "    matchPatterns:\n"
			  "      - {pattern: \"python*\", ownerOnly: true}\n");
	static const struct {
		enum ir_match match;
		const char *path;
	} wanted[] = {
		{ IR_PATH, "/a" }, { IR_PATTERN, "/usr/*/b" }, { IR_EXECNAME, "apt" },
		{ IR_DIR, "/" },   { IR_DIR, "/opt" },	       { IR_PATTERN, "python*" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		ck_assert_int_eq(policy->rules[i].match, wanted[i].match);
		ck_assert_str_eq(policy->rules[i].path, wanted[i].path);
	}
	ck_assert(policy->rules[3].recursive && !policy->rules[4].recursive);
	ck_assert(policy->rules[5].owner_only && !policy->rules[5].read_only);
}
END_TEST

START_TEST(a_comma_list_is_so_many_rules_with_one_locator)
{
	const struct ir_policy *policy = good(
		HEAD "  network: {matchProtocols: [{protocol: \" TCP, udp \"}]}\n"
		     "  capabilities: {matchCapabilities: [{capability: \"CAP_BPF,Kill\"}]}\n");

	ck_assert_uint_eq(policy->n_rules, 4);
	ck_assert_int_eq(policy->rules[0].protocol, IR_TCP);
	ck_assert_int_eq(policy->rules[1].protocol, IR_UDP);
	ck_assert_str_eq(policy->rules[0].locator, policy->rules[1].locator);
	ck_assert_uint_eq(policy->rules[1].order, 1);
	ck_assert_uint_eq(policy->rules[2].capability, 39);
	ck_assert_uint_eq(policy->rules[3].capability, 5);
}
END_TEST

START_TEST(sources_are_paths_patterns_and_directories)
{
	const struct ir_policy *policy = good(HEAD "  file:\n"
						   "    matchPaths:\n"
						   "      - path: /a\n"
						   "        fromSource:\n"
						   "          - {path: /bin/cat}\n"
						   "          - {path: \"/opt/*/x\"}\n"
						   "          - {dir: /usr/bin/, recursive: true}\n"
						   "      - {path: /b, fromSource: []}\n");
	const struct ir_source *sources = policy->rules[0].sources;

	ck_assert_uint_eq(policy->rules[0].n_sources, 3);
	ck_assert_int_eq(sources[0].match, IR_PATH);
	ck_assert_int_eq(sources[1].match, IR_PATTERN);
	ck_assert_int_eq(sources[2].match, IR_DIR);
	ck_assert_str_eq(sources[2].path, "/usr/bin");
	ck_assert(sources[2].recursive);
	ck_assert_uint_eq(policy->rules[1].n_sources, 0);
}
END_TEST

static const struct ir_selector *selector(const char *text)
{
	static char whole[1024];

	snprintf(whole, sizeof(whole),
		 "apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\n"
		 "metadata: {name: sample}\nspec:\n  selector:\n%s"
		 "  file: {matchPaths: [{path: /a}]}\n",
		 text);
	return &good(whole)->selector;
}

START_TEST(labels_are_requirements_of_labels)
{
	const struct ir_selector *s = selector("    matchLabels: {app: yes, \"tier\": \"\"}\n");

	ck_assert_uint_eq(s->n_requirements, 2);
	ck_assert_str_eq(s->requirements[0].key, "app");
	ck_assert_int_eq(s->requirements[0].op, IR_IN);
	ck_assert_str_eq(s->requirements[0].values[0], "yes");
	ck_assert(s->requirements[0].from_labels);
	ck_assert_str_eq(s->requirements[1].values[0], "");
}
END_TEST

START_TEST(the_older_form_of_several_keys_wants_one)
{
	const struct ir_selector *s =
		selector("    matchExpressions:\n"
			 "      - {key: label, operator: In, values: [a=1, b=2]}\n"
			 "      - {key: label, operator: In, values: [a=1, a=2]}\n");

	ck_assert_uint_eq(s->n_requirements, 2);
	ck_assert(s->requirements[0].is_any);
	ck_assert_uint_eq(s->requirements[0].n_values, 2);
	ck_assert_str_eq(s->requirements[0].values[1], "b=2");
	ck_assert(!s->requirements[1].is_any);
	ck_assert_str_eq(s->requirements[1].key, "a");
}
END_TEST

START_TEST(the_older_form_is_one_requirement_a_key)
{
	const struct ir_selector *s =
		selector("    matchExpressions:\n"
			 "      - {key: label, operator: NotIn, values: [a=1, b=2, a=3]}\n"
			 "      - {key: label, operator: In, values: [plain]}\n"
			 "      - {key: namespace, operator: Exists}\n");

	ck_assert_uint_eq(s->n_requirements, 4);
	ck_assert_str_eq(s->requirements[0].key, "a");
	ck_assert_uint_eq(s->requirements[0].n_values, 2);
	ck_assert_str_eq(s->requirements[0].values[1], "3");
	ck_assert(s->requirements[0].from_labels);
	ck_assert_str_eq(s->requirements[1].key, "b");
	ck_assert_str_eq(s->requirements[2].key, "label");
	ck_assert_str_eq(s->requirements[3].key, "namespace");
	ck_assert(!s->requirements[3].from_labels);
}
END_TEST

START_TEST(the_container_label_names_containers)
{
	const struct ir_selector *s =
		selector("    matchLabels: {kubearmor.io/container.name: \"[a, b]\"}\n");

	ck_assert_uint_eq(s->n_requirements, 0);
	ck_assert_uint_eq(s->n_containers, 2);
	ck_assert_str_eq(s->containers[1], "b");
}
END_TEST

START_TEST(an_empty_container_list_narrows_nothing)
{
	const struct ir_selector *s =
		selector("    matchLabels: {kubearmor.io/container.name: \"[ ]\"}\n");

	ck_assert_uint_eq(s->n_requirements, 0);
	ck_assert_uint_eq(s->n_containers, 0);
}
END_TEST

START_TEST(a_hostname_of_star_is_no_requirement_of_a_node)
{
	const struct ir_policy *policy =
		good("apiVersion: security.kubearmor.com/v1\nkind: KubeArmorHostPolicy\n"
		     "metadata: {name: host}\n"
		     "spec:\n"
		     "  nodeSelector: {matchLabels: {kubearmor.io/hostname: \"*\", a: b}}\n"
		     "  file: {matchPaths: [{path: /a}]}\n");

	ck_assert_uint_eq(policy->selector.n_requirements, 1);
	ck_assert_str_eq(policy->selector.requirements[0].key, "a");
	ck_assert_int_eq(policy->kind, KARMOR_HOST_POLICY);
}
END_TEST

START_TEST(a_good_document_is_kept_beside_a_bad_one)
{
	ck_assert_int_eq(add(HEAD "  file: {matchPaths: [{path: a}]}\n---\n"
				  "apiVersion: security.kubearmor.com/v1\n"
				  "kind: KubeArmorPolicy\n"
				  "metadata: {name: other}\n"
				  "spec: {selector: {}, file: {matchPaths: [{path: /b}]}}\n"
				  "---\n\"open\n"),
			 -EINVAL);
	ck_assert_uint_eq(karmor_diag_count(diag, KARMOR_ERROR), 2);
	ck_assert_uint_eq(karmor_policies_count(load), 1);
	ck_assert_uint_eq(karmor_policies_rules(load), 1);
}
END_TEST

START_TEST(a_name_may_be_used_once_a_load)
{
	static const char text[] = HEAD "  file: {matchPaths: [{path: /a}]}\n";

	ck_assert_int_eq(add(text), 0);
	bad(text, "first at x.yaml:1:1");
	ck_assert_uint_eq(karmor_policies_count(load), 1);
}
END_TEST

START_TEST(suggestions_are_near)
{
	static const char *const list[] = { "path", "readOnly", "recursive", "nodeSelector" };

	ck_assert_str_eq(suggest("pahth", list, 4), "path");
	ck_assert_str_eq(suggest("readonly", list, 4), "readOnly");
	ck_assert_str_eq(suggest("recurive", list, 4), "recursive");
	ck_assert_str_eq(suggest("selector", list, 4), "nodeSelector");
	ck_assert_ptr_null(suggest("severity", list, 4));
	ck_assert_ptr_null(suggest("", list, 4));
}
END_TEST

START_TEST(names_of_the_ir_go_both_ways)
{
	enum ir_protocol protocol;
	unsigned capability;

	for (unsigned i = 0; i < IR_CAPABILITY_COUNT; i++) {
		ck_assert_int_eq(ir_capability_find(ir_capability_name(i), &capability), 0);
		ck_assert_uint_eq(capability, i);
	}
	ck_assert_ptr_null(ir_capability_name(IR_CAPABILITY_COUNT));
	for (int i = 0; i < IR_PROTOCOL_COUNT; i++) {
		ck_assert_int_eq(ir_protocol_find(ir_protocol_name((enum ir_protocol)i), &protocol),
				 0);
		ck_assert_int_eq(protocol, i);
	}
	ck_assert_int_eq(ir_capability_find("cap_", &capability), -ENOENT);
	ck_assert(ir_syscall_is_known("_sysctl") && ir_syscall_is_known("writev"));
	ck_assert(!ir_syscall_is_known("Unlink") && !ir_syscall_is_known(""));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("parse");
	TCase *tcase = tcase_create("parse");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, rules_come_in_the_order_of_the_text);
	tcase_add_test(tcase, order_goes_on_over_the_documents_of_a_file);
	tcase_add_test(tcase, each_field_is_inherited_by_itself);
	tcase_add_test(tcase, an_action_that_stands_nowhere_is_block);
	tcase_add_test(tcase, syscall_rules_audit_whatever_they_inherit);
	tcase_add_test(tcase, paths_become_matchers);
	tcase_add_test(tcase, a_comma_list_is_so_many_rules_with_one_locator);
	tcase_add_test(tcase, sources_are_paths_patterns_and_directories);
	tcase_add_test(tcase, labels_are_requirements_of_labels);
	tcase_add_test(tcase, the_older_form_of_several_keys_wants_one);
	tcase_add_test(tcase, the_older_form_is_one_requirement_a_key);
	tcase_add_test(tcase, the_container_label_names_containers);
	tcase_add_test(tcase, an_empty_container_list_narrows_nothing);
	tcase_add_test(tcase, a_hostname_of_star_is_no_requirement_of_a_node);
	tcase_add_test(tcase, a_good_document_is_kept_beside_a_bad_one);
	tcase_add_test(tcase, a_name_may_be_used_once_a_load);
	bound_tests(tcase);
	tcase_add_test(tcase, suggestions_are_near);
	tcase_add_test(tcase, names_of_the_ir_go_both_ways);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
