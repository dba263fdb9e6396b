/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SELinux backend without a kernel: what is written and reported, golden modules
 * (tests/golden/selinux; KARMOR_GOLDEN=write makes them anew), what is asked of a base policy.
 * Verdicts are judged in tests/offline.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support.h"
#include "caps.h"
#include "cleanup.h"
#include "fs.h"
#include "selinux/engine.h"
#include "selinux/labels.h"
#include "selinux/reference.h"
#include "selinux/selinux.h"
#include "selinux/trees.h"

DEFINE_CLEANUP(base, struct base, base_free)
DEFINE_CLEANUP(caps, struct karmor_caps, karmor_caps_free)

struct compiled {
	struct karmor_policies *policies;
	struct karmor_ruleset *set;
	struct karmor_caps *caps;
	struct karmor_artifact *artifact;
	struct karmor_report *report;
};

static void compiled_done(struct compiled *c)
{
	karmor_report_free(c->report);
	karmor_artifact_free(c->artifact);
	karmor_caps_free(c->caps);
	karmor_ruleset_free(c->set);
	karmor_policies_free(c->policies);
}

static void compile_in(struct compiled *c, const char *posture, const char *root)
{
	struct karmor_subject subject =
		KARMOR_STRUCT(karmor_subject, .everything = true, .posture = posture, .root = root);
	const struct karmor_ruleset *sets[1];

	ck_assert_int_eq(karmor_ruleset_new(c->policies, &subject, &c->set, NULL), 0);
	sets[0] = c->set;
	ck_assert_int_eq(karmor_caps_full(karmor_backend_find("selinux"), &c->caps), 0);
	ck_assert_int_eq(karmor_compile(sets, 1, c->caps, &c->artifact, &c->report, NULL), 0);
}

static void compile_loaded(struct compiled *c, const char *posture)
{
	compile_in(c, posture, NULL);
}

/* @spec: JSON, what stands in a policy beside its selector. */
static void load_spec(struct compiled *c, const char *spec)
{
	_cleanup_buf_ struct buf text = { 0 };

	buf_printf(&text,
		   "{\"apiVersion\":\"security.kubearmor.com/v1\",\"kind\":\"KubeArmorPolicy\","
		   "\"metadata\":{\"name\":\"p\"},\"spec\":{\"selector\":{},%s}}",
		   spec);
	ck_assert_int_eq(karmor_policies_new(&c->policies), 0);
	ck_assert_int_eq(karmor_policies_add_text(c->policies, "p", text.data, text.len, NULL), 0);
}

static void compile_spec(struct compiled *c, const char *spec, const char *posture)
{
	load_spec(c, spec);
	compile_loaded(c, posture);
}

static char *text_of(const struct compiled *c)
{
	struct buf buf = { 0 };

	selinux_write(&buf, (const struct selinux_artifact *)c->artifact, NULL);
	return buf_take(&buf);
}

static enum karmor_fidelity fidelity_of(const struct compiled *c, size_t i)
{
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);

	ck_assert_int_eq(karmor_report_at(c->report, i, &line), 0);
	ck_assert(line.fidelity == KARMOR_EXACT || line.reason);
	return line.fidelity;
}

/* Whether the module can be compiled together with the base policy. */
static bool is_module(const char *text)
{
	_cleanup_free_ char *base = reference_cil();
	const char *texts[] = { base, text };
	_cleanup_free_ void *image = NULL;
	size_t len;

	return reference_compile(texts, 2, &image, &len) == 0;
}

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

/* Whether the report says so of some rule. */
static bool is_told(const struct compiled *c, const char *reason)
{
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);

	for (size_t i = 0; karmor_report_at(c->report, i, &line) == 0; i++)
		if (line.reason && strstr(line.reason, reason))
			return true;
	return false;
}

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

static const char a_few_rules[] =
	"\"process\":{\"matchPaths\":[{\"path\":\"/srv/tool\"}]},"
	"\"file\":{\"matchPaths\":[{\"path\":\"/etc/shadow\",\"fromSource\":[{\"path\":\"/usr/bin/"
	"cat\"}]}],\"matchDirectories\":[{\"dir\":\"/opt/data/\",\"recursive\":true}],"
	"\"matchPatterns\":[{\"pattern\":\"/var/log/app-*/x.log\"},{\"pattern\":\"/home/*/.ssh/"
	"**\"}]}";

static void walk_have(const struct compiled *c, struct selinux_trees *trees,
		      struct selinux_walk *walk)
{
	ck_assert_int_eq(
		selinux_trees_open(trees, (const struct selinux_artifact *)c->artifact, NULL), 0);
	selinux_walk_of(trees, walk);
}

START_TEST(what_is_to_be_labelled_is_below_its_roots)
{
	static const char *const roots[] = { "/etc/shadow", "/home",	    "/opt/data",
					     "/srv/tool",   "/usr/bin/cat", "/var/log" };
	static const char *const through[] = { "/home",		 "/home/a",	  "/home/a/.ssh",
					       "/home/a/.ssh/b", "/opt/data",	  "/opt/data/a/b",
					       "/var/log",	 "/var/log/app-1" };
	static const char *const past[] = { "/usr/lib",	      "/home/a/b",	  "/opt/other",
					    "/var/log/other", "/var/log/app-1/y", "/etc/shadow" };
	_cleanup_(compiled_done) struct compiled c = { 0 };
	char role[SELINUX_ROLE_SIZE];
	_cleanup_(selinux_trees_close) struct selinux_trees trees = { 0 };
	struct selinux_walk walk;

	compile_spec(&c, a_few_rules, NULL);
	walk_have(&c, &trees, &walk);
	ck_assert_uint_eq(walk.n_roots, ARRAY_SIZE(roots));
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
		ck_assert_str_eq(walk.roots[i], roots[i]);
	for (size_t i = 0; i < ARRAY_SIZE(through); i++)
		ck_assert_msg(walk.descend(through[i], walk.data), "%s", through[i]);
	for (size_t i = 0; i < ARRAY_SIZE(past); i++)
		ck_assert_msg(!walk.descend(past[i], walk.data), "%s", past[i]);
	ck_assert(walk.role("/etc/shadow", false, role, sizeof(role), walk.data));
	ck_assert(walk.role("/opt/data/a", true, role, sizeof(role), walk.data));
	ck_assert(!walk.role("/etc/passwd", false, role, sizeof(role), walk.data));
	ck_assert(!walk.role("/var/log", true, role, sizeof(role), walk.data));
}
END_TEST

/* In a root that is not ours names begin with where that is. */
START_TEST(what_is_to_be_labelled_is_in_the_root)
{
	char directory[] = "/tmp/karmor-root-XXXXXX", root[64], path[64], role[SELINUX_ROLE_SIZE];
	_cleanup_(compiled_done) struct compiled c = { 0 };
	_cleanup_(selinux_trees_close) struct selinux_trees trees = { 0 };
	struct selinux_walk walk;
	int fd;

	ck_assert_ptr_nonnull(mkdtemp(directory));
	fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	snprintf(root, sizeof(root), "/proc/self/fd/%d", fd); /* as a daemon has it */
	load_spec(&c, a_few_rules);
	compile_in(&c, NULL, root);
	walk_have(&c, &trees, &walk);
	ck_assert_uint_eq(walk.n_roots, 6);
	snprintf(path, sizeof(path), "%s/etc/shadow", directory);
	ck_assert_str_eq(walk.roots[0], path);
	ck_assert(walk.role(path, false, role, sizeof(role), walk.data));
	ck_assert(!walk.role("/etc/shadow", false, role, sizeof(role), walk.data));
	snprintf(path, sizeof(path), "%s/home", directory);
	ck_assert(walk.descend(path, walk.data) && !walk.descend("/home", walk.data));
	snprintf(path, sizeof(path), "%s/usr/bin/cat", directory);
	ck_assert(selinux_is_source(&trees, path) && !selinux_is_source(&trees, "/usr/bin/cat"));
	ck_assert_int_eq(rmdir(directory), 0);
	selinux_trees_close(&trees);
	walk_have(&c, &trees, &walk); /* it is no more */
	ck_assert_uint_eq(walk.n_roots, 0);
	close(fd);
}
END_TEST

START_TEST(our_own_root_is_ours_by_every_name)
{
	_cleanup_(compiled_done) struct compiled c = { 0 };
	_cleanup_(selinux_trees_close) struct selinux_trees trees = { 0 };
	struct selinux_walk walk;

	load_spec(&c, a_few_rules);
	compile_in(&c, NULL, "/proc/self/root");
	walk_have(&c, &trees, &walk);
	ck_assert_str_eq(walk.roots[0], "/etc/shadow");
}
END_TEST

/* A process whose root is a mount that no other namespace has; its end of @fds is closed by it. */
static pid_t elsewhere(const char *directory, int fds[2])
{
	pid_t pid = fork();
	char byte = 0;

	if (pid != 0)
		return pid;
	close(fds[0]);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ||
	    mount("none", directory, "tmpfs", 0, NULL) < 0 || chroot(directory) < 0)
		_exit(1);
	(void)!write(fds[1], &byte, 1);
	pause();
	_exit(0);
}

START_TEST(a_root_without_a_name_here_is_an_error)
{
	char directory[] = "/tmp/karmor-root-XXXXXX", root[64], byte;
	_cleanup_(compiled_done) struct compiled c = { 0 };
	struct karmor_diag *diag = karmor_diag_new();
	struct selinux_trees trees;
	bool is_there;
	int fds[2];
	pid_t pid;

	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	pid = elsewhere(directory, fds);
	close(fds[1]);
	is_there = read(fds[0], &byte, 1) == 1; /* else this machine has no such namespaces */
	if (is_there) {
		snprintf(root, sizeof(root), "/proc/%d/root", (int)pid);
		load_spec(&c, a_few_rules);
		compile_in(&c, NULL, root);
		ck_assert_int_eq(selinux_trees_open(
					 &trees, (const struct selinux_artifact *)c.artifact, diag),
				 -EINVAL);
		ck_assert_ptr_nonnull(strstr(karmor_diag_at(diag, 0)->text, "no name here"));
	}
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	karmor_diag_clear(diag);
	if (is_there) {
		ck_assert_int_eq(selinux_trees_open(
					 &trees, (const struct selinux_artifact *)c.artifact, diag),
				 -EINVAL);
		ck_assert_ptr_nonnull(strstr(karmor_diag_at(diag, 0)->text, "has ended"));
	}
	close(fds[0]);
	ck_assert_int_eq(rmdir(directory), 0);
	karmor_diag_free(diag);
}
END_TEST

START_TEST(a_name_is_looked_for_everywhere)
{
	_cleanup_(compiled_done) struct compiled c = { 0 };
	_cleanup_(selinux_trees_close) struct selinux_trees trees = { 0 };
	struct selinux_walk walk;

	compile_spec(&c, "\"process\":{\"matchPaths\":[{\"execname\":\"nc\"}]}", NULL);
	walk_have(&c, &trees, &walk);
	ck_assert_uint_eq(walk.n_roots, 1);
	ck_assert_str_eq(walk.roots[0], "/");
	ck_assert(walk.descend("/", walk.data) && walk.descend("/a/b", walk.data));
}
END_TEST

/* Those of the root are no rest there. */
START_TEST(where_all_is_one_only_the_rest_is_looked_for)
{
	_cleanup_(compiled_done) struct compiled c = { 0 };
	_cleanup_(selinux_trees_close) struct selinux_trees trees = { 0 };
	struct selinux_walk walk;

	compile_spec(&c,
		     "\"file\":{\"matchDirectories\":[{\"dir\":\"/\",\"recursive\":true}],"
		     "\"matchPaths\":[{\"path\":\"/etc/a/b\"}]}",
		     NULL);
	walk_have(&c, &trees, &walk);
	ck_assert_uint_eq(walk.n_roots, 2);
	ck_assert(walk.descend("/", walk.data) && walk.descend("/etc/a", walk.data));
	ck_assert(!walk.descend("/usr", walk.data) && !walk.descend("/etc/a/b", walk.data));
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

START_TEST(a_base_policy_is_asked)
{
	_cleanup_(cleanup_caps) struct karmor_caps *caps = NULL;
	_cleanup_(cleanup_base) struct base *base = NULL;
	_cleanup_buf_ struct buf copy = { 0 };
	size_t left_out = 0;

	ck_assert_int_eq(karmor_caps_full(karmor_backend_find("selinux"), &caps), 0);
	ck_assert_int_eq(base_open(caps, &base, NULL), 0);
	ck_assert(base_has_type(base, "shadow_t") && !base_has_type(base, "file_type"));
	ck_assert(base_has_attribute(base, "file_type") && base_has_role(base, "system_r"));
	ck_assert(base_has_perm(base, "file", "execute") &&
		  base_has_perm(base, "file", "entrypoint"));
	ck_assert(!base_has_perm(base, "file", "fly") && !base_has_perm(base, "bird", NULL));
	ck_assert(base_allows(base, "sshd_t", "shadow_t", "file", "read"));
	ck_assert(!base_allows(base, "sshd_t", "shadow_t", "file", "write"));
	ck_assert(base_allows(base, "init_t", "shadow_t", "file", "write")); /* by attributes */
	ck_assert_str_eq(base_type_of(base, "/etc/shadow"), "shadow_t");
	ck_assert_str_eq(base_type_of(base, "/etc/passwd"), "etc_t");
	ck_assert_str_eq(base_type_of(base, "/usr/sbin/nginx"), "httpd_exec_t");
	base_clone(base, "shadow_t", "copy_t", &copy, &left_out);
	ck_assert_ptr_nonnull(strstr(copy.data, "(typeattributeset file_type (copy_t))\n"));
	ck_assert_ptr_nonnull(strstr(copy.data, "(auditallow sshd_t copy_t (file (read)))\n"));
	ck_assert_ptr_nonnull(strstr(copy.data, "(dontaudit container_t copy_t "));
	ck_assert_uint_eq(left_out, 0);
}
END_TEST

static const struct {
	const char *image;
	size_t len;
} broken[] = { { "", 0 }, { "no policy", 9 }, { "\x8c\xff\x7c\xf9\x08\0\0\0SE Linux", 16 } };

START_TEST(what_is_no_policy_is_told)
{
	_cleanup_(cleanup_caps) struct karmor_caps *caps = NULL;
	_cleanup_(cleanup_base) struct base *base = NULL;
	struct karmor_diag *diag = karmor_diag_new();

	ck_assert_int_eq(caps_new(karmor_backend_find("selinux"), &caps), 0);
	ck_assert_int_eq(base_open(caps, &base, diag), -EINVAL);
	ck_assert_int_eq(caps_set_bytes(caps, SELINUX_CAP_POLICY, broken[_i].image, broken[_i].len),
			 0);
	ck_assert_int_eq(base_open(caps, &base, diag), -EINVAL);
	ck_assert_ptr_nonnull(karmor_diag_at(diag, 1));
	karmor_diag_free(diag);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("selinux");
	TCase *module = tcase_create("module"), *machine = tcase_create("machine");

	tcase_add_test(module, a_module_says_which_policy_it_is_for);
	tcase_add_test(module, no_name_leaves_its_comment);
	tcase_add_test(module, what_an_exact_path_blocks_is_no_interpreter_either);
	tcase_add_test(module, what_a_rule_lets_be_executed_can_be_read);
	tcase_add_test(module, what_a_source_may_execute_can_be_mapped);
	tcase_add_test(module, sockets_of_no_protocol_are_left_alone);
	tcase_add_loop_test(module, what_cannot_be_said_is_reported, 0, ARRAY_SIZE(kept));
	tcase_add_loop_test(module, modules_are_the_golden_ones, 0, ARRAY_SIZE(golden));
	tcase_add_test(module, workloads_share_the_labels_of_files);
	tcase_add_test(module, what_is_to_be_labelled_is_below_its_roots);
	tcase_add_test(module, what_is_to_be_labelled_is_in_the_root);
	tcase_add_test(module, our_own_root_is_ours_by_every_name);
	tcase_add_test(module, a_root_without_a_name_here_is_an_error);
	tcase_add_test(module, a_name_is_looked_for_everywhere);
	tcase_add_test(module, where_all_is_one_only_the_rest_is_looked_for);
	tcase_add_test(module, what_was_loaded_before_means_what_is_the_same_now);
	tcase_add_test(machine, a_base_policy_is_asked);
	tcase_add_loop_test(machine, what_is_no_policy_is_told, 0, ARRAY_SIZE(broken));
	suite_add_tcase(suite, module);
	suite_add_tcase(suite, machine);
	return support_run(suite);
}
