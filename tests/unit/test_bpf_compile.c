/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The BPF backend's compile: report, flags, guard, and golden prints of the mission's policies
 * (tests/golden/bpf; KARMOR_GOLDEN=write makes them anew). Verdicts are judged in tests/offline.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../backends/bpf/bpf.h"
#include "../../backends/bpf/syscalls.h"
#include "../support.h"
#include "buf.h"
#include "cleanup.h"

DEFINE_CLEANUP(report, struct karmor_report, karmor_report_free)
DEFINE_CLEANUP(artifact, struct karmor_artifact, bpf_artifact_free)

/* A load with all that is made of it. */
struct made {
	struct karmor_policies *policies;
	struct karmor_ruleset *set;
	struct karmor_caps *caps;
	struct karmor_report *report;
	struct karmor_artifact *artifact;
};

static void made_done(struct made *made)
{
	bpf_artifact_free(made->artifact);
	karmor_report_free(made->report);
	karmor_caps_free(made->caps);
	karmor_ruleset_free(made->set);
	karmor_policies_free(made->policies);
}

#define _cleanup_made_ __attribute__((cleanup(made_done)))

static void finish(struct made *made, const char *posture)
{
	struct karmor_subject subject =
		KARMOR_STRUCT(karmor_subject, .everything = true, .posture = posture);

	ck_assert_int_eq(karmor_ruleset_new(made->policies, &subject, &made->set, NULL), 0);
	ck_assert_int_eq(caps_new(NULL, &made->caps), 0);
	ck_assert_int_eq(bpf_full(made->caps), 0);
	ck_assert_int_eq(report_new(&made->report), 0);
	ck_assert_int_eq(bpf_compile((const struct karmor_ruleset *const *)&made->set, 1, NULL,
				     made->caps, &made->artifact, made->report, NULL),
			 0);
}

/* @spec: sections, indented by two. */
static void make(struct made *made, const char *spec, const char *posture)
{
	_cleanup_buf_ struct buf text = { 0 };

	buf_printf(&text,
		   "apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\n"
		   "metadata: {name: p}\nspec:\n  selector: {}\n%s",
		   spec);
	ck_assert_int_eq(karmor_policies_new(&made->policies), 0);
	ck_assert_int_eq(
		karmor_policies_add_text(made->policies, "p.yaml", text.data, text.len, NULL), 0);
	finish(made, posture);
}

static const struct bpf_ruleset *table_of(const struct made *made)
{
	return bpf_ruleset_at(made->artifact, 0);
}

#define WRITES "extended attributes"
#define MOUNTS "tmpfs"

static const struct {
	const char *spec;
	enum karmor_fidelity fidelity;
	const char *reasons[3];
} reports[] = {
	{ "  process: {matchPaths: [{path: /bin/a}]}", KARMOR_APPROXIMATED, { MOUNTS } },
	{ "  process: {matchPaths: [{execname: a}]}", KARMOR_APPROXIMATED, { MOUNTS } },
	{ "  process: {matchPatterns: [{pattern: /bin/a*}]}", KARMOR_APPROXIMATED, { MOUNTS } },
	{ "  process: {matchPatterns: [{pattern: /bin/a*, action: Audit}]}", KARMOR_EXACT, { 0 } },
	{ "  process: {matchDirectories: [{dir: /bin/}]}", KARMOR_APPROXIMATED, { MOUNTS } },
	{ "  process: {matchDirectories: [{dir: /bin/, action: Allow}]}", KARMOR_EXACT, { 0 } },
	{ "  file: {matchPaths: [{path: /etc/a}]}", KARMOR_APPROXIMATED, { WRITES, MOUNTS } },
	{ "  file: {matchPatterns: [{pattern: /etc/a*}]}",
	  KARMOR_APPROXIMATED,
	  { WRITES, MOUNTS } },
	{ "  file: {matchPatterns: [{pattern: /etc/a*, readOnly: true}]}",
	  KARMOR_APPROXIMATED,
	  { WRITES } },
	{ "  file: {matchPatterns: [{pattern: /etc/a*, readOnly: true, action: Allow}]}",
	  KARMOR_EXACT,
	  { 0 } },
	{ "  network: {matchProtocols: [{protocol: tcp}]}", KARMOR_EXACT, { 0 } },
	{ "  capabilities: {matchCapabilities: [{capability: kill}]}", KARMOR_EXACT, { 0 } },
	{ "  syscalls: {matchSyscalls: [{syscall: [unlink]}]}",
	  KARMOR_EXACT,
	  { "every system call of the machine" } },
	{ "  syscalls: {matchPaths: [{path: /a, syscall: [unlink]}]}",
	  KARMOR_APPROXIMATED,
	  { "links in it are not followed" } },
	{ "  syscalls: {matchPaths: [{path: /a, syscall: [unlink, getpid]}]}",
	  KARMOR_APPROXIMATED,
	  { "some of these system calls" } },
	{ "  syscalls: {matchPaths: [{path: /a, syscall: [getpid]}]}",
	  KARMOR_UNSUPPORTED,
	  { "none of these system calls" } },
};

START_TEST(report_says_how_far_a_rule_is_kept)
{
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line, 0);
	_cleanup_made_ struct made made = { 0 };

	make(&made, reports[_i].spec, "");
	ck_assert_int_eq(karmor_report_at(made.report, 0, &line), 0);
	ck_assert_int_eq(line.fidelity, reports[_i].fidelity);
	ck_assert(line.fidelity == KARMOR_EXACT || line.reason);
	for (size_t i = 0; i < 3 && reports[_i].reasons[i]; i++)
		ck_assert_msg(strstr(line.reason, reports[_i].reasons[i]), "%s", line.reason);
	ck_assert_int_eq(karmor_report_at(made.report, 1, &line), -ENOENT);
}
END_TEST

START_TEST(a_section_without_hooks_is_unsupported)
{
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line, 0);
	_cleanup_(cleanup_report) struct karmor_report *report = NULL;
	_cleanup_(cleanup_artifact) struct karmor_artifact *artifact = NULL;
	_cleanup_made_ struct made made = { 0 };

	make(&made, "  network: {matchProtocols: [{protocol: tcp}]}", "");
	ck_assert_int_eq(caps_set(made.caps, "network", 0), 0);
	ck_assert_int_eq(report_new(&report), 0);
	ck_assert_int_eq(bpf_compile((const struct karmor_ruleset *const *)&made.set, 1, NULL,
				     made.caps, &artifact, report, NULL),
			 0);
	ck_assert_int_eq(karmor_report_at(report, 0, &line), 0);
	ck_assert_int_eq(line.fidelity, KARMOR_UNSUPPORTED);
}
END_TEST

START_TEST(every_number_has_one_name)
{
	for (uint32_t number = 0; number < ABI_SYSCALL_NUMBERS; number++) {
		const char *name = bpf_syscall_name(number);

		if (!name)
			continue;
		ck_assert_msg(ir_syscall_is_known(name), "%s", name);
		if (bpf_syscall_find(name) >= 0)
			ck_assert_str_eq(bpf_syscall_name((uint32_t)bpf_syscall_find(name)), name);
	}
	ck_assert_str_eq(bpf_syscall_name(87), "unlink");
	ck_assert_str_eq(bpf_syscall_name(ABI_SYSCALL_COMPAT + 10), "unlink");
	ck_assert_str_eq(bpf_syscall_name(ABI_SYSCALL_SOCKETCALL + 3), "connect");
	ck_assert_ptr_null(bpf_syscall_name(ABI_SYSCALL_NUMBERS));
}
END_TEST

static const struct {
	const char *spec, *posture;
	uint32_t flags;
} flags[] = {
	{ "", "", 0 },
	{ "  process: {matchPaths: [{path: /a}]}", "",
	  ABI_HAS(ABI_PROCESS) | ABI_CLOSED(ABI_PROCESS) | ABI_GUARDED | ABI_LINKED },
	{ "  process: {matchPatterns: [{pattern: /a*}]}", "",
	  ABI_HAS(ABI_PROCESS) | ABI_CLOSED(ABI_PROCESS) | ABI_GUARDED },
	{ "  file: {matchPaths: [{path: /a, action: Audit}]}", "", ABI_HAS(ABI_FILE) },
	{ "  file: {matchPaths: [{path: /a, action: Allow}]}", "", ABI_HAS(ABI_FILE) },
	{ "  file: {matchPaths: [{path: /a, action: Allow}]}", "file=block",
	  ABI_HAS(ABI_FILE) | ABI_CLOSED(ABI_FILE) | ABI_GUARDED },
	{ "  network: {matchProtocols: [{protocol: tcp, fromSource: [{path: /a}]}]}", "",
	  ABI_HAS(ABI_NETWORK) | ABI_CLOSED(ABI_NETWORK) },
	{ "  network: {matchProtocols: [{protocol: tcp, action: Allow, fromSource: [{path: /a}]}]}",
	  "network=block", ABI_HAS(ABI_NETWORK) | ABI_CLOSED(ABI_NETWORK) | ABI_GUARDED },
	{ "  network: {matchProtocols: [{protocol: tcp}]}", "",
	  ABI_HAS(ABI_NETWORK) | ABI_CLOSED(ABI_NETWORK) },
	{ "  syscalls: {matchSyscalls: [{syscall: [unlink]}]}", "", ABI_HAS(ABI_SYSCALLS) },
};

START_TEST(flags_say_which_sections_decide_and_close)
{
	_cleanup_made_ struct made made = { 0 };

	make(&made, flags[_i].spec, flags[_i].posture);
	ck_assert_uint_eq(table_of(&made)->records[ABI_HEADER].w[0], flags[_i].flags);
}
END_TEST

START_TEST(the_same_rules_give_the_same_bytes)
{
	static const char file[] = "tests/policies/good/everything.yaml";
	_cleanup_made_ struct made a = { 0 }, b = { 0 };

	ck_assert_int_eq(karmor_policies_new(&a.policies), 0);
	ck_assert_int_eq(karmor_policies_add_path(a.policies, file, NULL), 0);
	finish(&a, "");
	ck_assert_int_eq(karmor_policies_new(&b.policies), 0);
	ck_assert_int_eq(karmor_policies_add_path(b.policies, file, NULL), 0);
	finish(&b, "");
	ck_assert_uint_eq(table_of(&a)->n_records, table_of(&b)->n_records);
	ck_assert_mem_eq(table_of(&a)->records, table_of(&b)->records,
			 table_of(&a)->n_records * sizeof(struct abi_record));
}
END_TEST

static const char *const golden[] = {
	"block-shell",		 "web-app-hardened",	      "restrict-network",
	"restrict-capabilities", "block-shells-cluster-wide", "audit-file-access",
};

static void print_to(const struct made *made, struct buf *ret)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(bpf_print(made->artifact, out), 0);
	fclose(out);
	buf_add(ret, text, len);
	free(text);
}

static void read_file(const char *path, struct buf *ret)
{
	_cleanup_fclose_ FILE *in = fopen(path, "re");
	char bytes[4096];
	size_t n;

	while (in && (n = fread(bytes, 1, sizeof(bytes), in)) > 0)
		buf_add(ret, bytes, n);
}

static void write_file(const char *path, const struct buf *text)
{
	_cleanup_fclose_ FILE *out = fopen(path, "we");

	ck_assert_ptr_nonnull(out);
	fwrite(text->data, 1, text->len, out);
}

START_TEST(prints_are_the_golden_ones)
{
	_cleanup_buf_ struct buf policy = { 0 }, file = { 0 }, is = { 0 }, should = { 0 };
	_cleanup_made_ struct made made = { 0 };

	buf_printf(&policy, "tests/data/policies/mission/%s.yaml", golden[_i]);
	buf_printf(&file, "tests/golden/bpf/%s.txt", golden[_i]);
	ck_assert_int_eq(karmor_policies_new(&made.policies), 0);
	ck_assert_int_eq(karmor_policies_add_path(made.policies, policy.data, NULL), 0);
	finish(&made, "file=block");
	print_to(&made, &is);
	if (getenv("KARMOR_GOLDEN"))
		write_file(file.data, &is);
	read_file(file.data, &should);
	ck_assert_msg(should.data && strcmp(is.data, should.data) == 0, "%s is\n%s", file.data,
		      is.data);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bpf_compile");
	TCase *tcase = tcase_create("compile");

	tcase_add_loop_test(tcase, report_says_how_far_a_rule_is_kept, 0, ARRAY_SIZE(reports));
	tcase_add_test(tcase, a_section_without_hooks_is_unsupported);
	tcase_add_test(tcase, every_number_has_one_name);
	tcase_add_loop_test(tcase, flags_say_which_sections_decide_and_close, 0, ARRAY_SIZE(flags));
	tcase_add_test(tcase, the_same_rules_give_the_same_bytes);
	tcase_add_loop_test(tcase, prints_are_the_golden_ones, 0, ARRAY_SIZE(golden));
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
