/* SPDX-License-Identifier: Apache-2.0 */
/* What of a machine, or of a workload's own root, is looked through to be labelled. */
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
#include "cleanup.h"
#include "selinux-module.h"
#include "selinux/labels.h"
#include "selinux/trees.h"

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
		selinux_trees_open(trees, (const struct selinux_artifact *)c->artifact, NULL, NULL),
		0);
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

/* Whether the role that @path has denies, and logs, all that the one of @other does. */
static bool exceeds(const struct selinux_walk *walk, const char *path, const char *other)
{
	char role[2][SELINUX_ROLE_SIZE];

	ck_assert(walk->role(path, false, role[0], sizeof(role[0]), walk->data));
	ck_assert(walk->role(other, false, role[1], sizeof(role[1]), walk->data));
	return walk->exceeds(role[0], role[1], false, walk->data);
}

START_TEST(a_role_is_known_to_deny_as_much_as_another)
{
	_cleanup_(compiled_done) struct compiled c = { 0 };
	_cleanup_(selinux_trees_close) struct selinux_trees trees = { 0 };
	char of_directory[SELINUX_ROLE_SIZE], of_file[SELINUX_ROLE_SIZE];
	struct selinux_walk walk;

	compile_spec(&c,
		     "\"file\":{\"matchPaths\":[{\"path\":\"/block\"},"
		     "{\"path\":\"/audit\",\"action\":\"Audit\"},"
		     "{\"path\":\"/write\",\"readOnly\":true},"
		     "{\"path\":\"/cat\",\"fromSource\":[{\"path\":\"/usr/bin/cat\"}]}],"
		     "\"matchDirectories\":[{\"dir\":\"/dir/\",\"readOnly\":true}]},"
		     "\"process\":{\"matchPaths\":[{\"path\":\"/exec\"}]}",
		     NULL);
	walk_have(&c, &trees, &walk);
	ck_assert(exceeds(&walk, "/block", "/block"));
	ck_assert(exceeds(&walk, "/block", "/audit"));
	ck_assert(exceeds(&walk, "/block", "/cat"));
	ck_assert(exceeds(&walk, "/block", "/write"));
	ck_assert(!exceeds(&walk, "/audit", "/block"));
	ck_assert(!exceeds(&walk, "/cat", "/block"));
	ck_assert(!exceeds(&walk, "/write", "/block"));
	ck_assert(!exceeds(&walk, "/write", "/cat"));
	ck_assert(!exceeds(&walk, "/audit", "/cat"));
	ck_assert(!exceeds(&walk, "/exec", "/cat"));
	/* What a directory is kept from is nothing to a file that was made in it. */
	ck_assert(walk.role("/dir/x", true, of_directory, sizeof(of_directory), walk.data));
	ck_assert(walk.role("/cat", false, of_file, sizeof(of_file), walk.data));
	ck_assert(walk.exceeds(of_file, of_directory, false, walk.data));
	ck_assert(!walk.exceeds(of_file, of_directory, true, walk.data));
	/* One that is no label's any more denies nothing that is to stay; what is to come has to be
	 * known. */
	ck_assert(walk.exceeds("karmor_nothing_r", "karmor_nothing_r", false, walk.data) == false);
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
		ck_assert_int_eq(selinux_trees_open(&trees,
						    (const struct selinux_artifact *)c.artifact,
						    NULL, diag),
				 -EINVAL);
		ck_assert_ptr_nonnull(strstr(karmor_diag_at(diag, 0)->text, "no name here"));
	}
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	karmor_diag_clear(diag);
	if (is_there) {
		ck_assert_int_eq(selinux_trees_open(&trees,
						    (const struct selinux_artifact *)c.artifact,
						    NULL, diag),
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

int main(void)
{
	Suite *suite = suite_create("selinux_roots");
	TCase *roots = tcase_create("roots");

	tcase_add_test(roots, what_is_to_be_labelled_is_below_its_roots);
	tcase_add_test(roots, a_role_is_known_to_deny_as_much_as_another);
	tcase_add_test(roots, what_is_to_be_labelled_is_in_the_root);
	tcase_add_test(roots, our_own_root_is_ours_by_every_name);
	tcase_add_test(roots, a_root_without_a_name_here_is_an_error);
	tcase_add_test(roots, a_name_is_looked_for_everywhere);
	tcase_add_test(roots, where_all_is_one_only_the_rest_is_looked_for);
	suite_add_tcase(suite, roots);
	return support_run(suite);
}
