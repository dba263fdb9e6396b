/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process of another mount namespace has mounted, by the names of this one: where rules of
 * a container are labelled.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support.h"
#include "caps.h"
#include "cleanup.h"
#include "selinux/label.h"
#include "selinux/labels.h"
#include "selinux/trees.h"

static const char rules[] =
	"\"file\":{\"matchPaths\":[{\"path\":\"/etc/shadow\"},{\"path\":\"/data/"
	"secret\"},{\"path\":"
	"\"/alone/secret\"}],\"matchDirectories\":[{\"dir\":\"/all/\",\"recursive\":true}]}";

static char top[] = "/tmp/karmor-trees-XXXXXX";
static char room[8][128];

/* A name below the test's directory. */
static const char *below(const char *name)
{
	static unsigned at;
	char *ret = room[at++ % ARRAY_SIZE(room)];

	snprintf(ret, sizeof(room[0]), "%s/%s", top, name);
	return ret;
}

static bool bind(const char *from, const char *to)
{
	return mount(below(from), below(to), NULL, MS_BIND, NULL) == 0;
}

/* What a runtime does: a root, what is mounted in it from elsewhere, and what is there alone. */
static bool container_make(void)
{
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && bind("root", "root") &&
	       bind("volume", "root/data") && bind("volume", "root/all/volume") &&
	       mount("none", below("root/alone"), "tmpfs", 0, NULL) == 0 &&
	       mount("none", below("root/other"), "tmpfs", 0, NULL) == 0 &&
	       chroot(below("root")) == 0;
}

/* A process in there; 0: this machine has no such namespaces. */
static pid_t container_start(void)
{
	int fds[2];
	char byte = 0;
	pid_t pid;

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (!container_make() || write(fds[1], &byte, 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(fds[1]);
	if (read(fds[0], &byte, 1) != 1) {
		ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
		pid = 0;
	}
	close(fds[0]);
	return pid;
}

static void container_end(pid_t pid)
{
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

static const char *const directories[] = {
	"root",	      "volume",	    "root/etc", "root/data",
	"root/alone", "root/other", "root/all", "root/all/volume",
};

static void tree_make(void)
{
	strcpy(top + strlen(top) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		ck_assert_int_eq(mkdir(below(directories[i]), 0755), 0);
}

static void tree_remove(void)
{
	for (size_t i = ARRAY_SIZE(directories); i-- > 0;)
		ck_assert_int_eq(rmdir(below(directories[i])), 0);
	ck_assert_int_eq(rmdir(top), 0);
}

struct compiled {
	struct karmor_policies *policies[2];
	struct karmor_ruleset *sets[2];
	struct karmor_caps *caps;
	struct karmor_artifact *artifact;
	struct karmor_diag *diag;
	struct selinux_trees trees;
	struct selinux_walk walk;
};

static void set_make(struct compiled *c, size_t i, const char *spec, const char *root)
{
	struct karmor_subject subject =
		KARMOR_STRUCT(karmor_subject, .everything = true, .root = root);
	_cleanup_buf_ struct buf text = { 0 };

	buf_printf(
		&text,
		"{\"apiVersion\":\"security.kubearmor.com/v1\",\"kind\":\"KubeArmorPolicy\","
		"\"metadata\":{\"name\":\"p\"},\"spec\":{\"selector\":{},%s,\"action\":\"Block\"}}",
		spec);
	ck_assert(!buf_failed(&text));
	ck_assert_int_eq(karmor_policies_new(&c->policies[i]), 0);
	ck_assert_int_eq(karmor_policies_add_text(c->policies[i], "p", text.data, text.len, NULL),
			 0);
	ck_assert_int_eq(karmor_ruleset_new(c->policies[i], &subject, &c->sets[i], NULL), 0);
}

/* The container's rules, and with @own those of what has our own root. */
static void compile(struct compiled *c, pid_t pid, const char *own)
{
	char root[64];

	*c = (struct compiled){ .diag = karmor_diag_new() };
	snprintf(root, sizeof(root), "/proc/%d/root", (int)pid);
	set_make(c, 0, rules, root);
	if (own)
		set_make(c, 1, own, NULL);
	ck_assert_int_eq(karmor_caps_full(karmor_backend_find("selinux"), &c->caps), 0);
	ck_assert_int_eq(karmor_compile((const struct karmor_ruleset *const *)c->sets, own ? 2 : 1,
					c->caps, &c->artifact, NULL, NULL),
			 0);
	karmor_diag_clear(c->diag);
	ck_assert_int_eq(selinux_trees_open(&c->trees, (const struct selinux_artifact *)c->artifact,
					    NULL, c->diag),
			 0);
	selinux_walk_of(&c->trees, &c->walk);
}

static void compiled_done(struct compiled *c)
{
	selinux_trees_close(&c->trees);
	karmor_artifact_free(c->artifact);
	karmor_caps_free(c->caps);
	for (size_t i = 0; i < ARRAY_SIZE(c->sets); i++) {
		karmor_ruleset_free(c->sets[i]);
		karmor_policies_free(c->policies[i]);
	}
	karmor_diag_free(c->diag);
}

static bool has_root(const struct compiled *c, const char *root)
{
	for (size_t i = 0; i < c->walk.n_roots; i++)
		if (strcmp(c->walk.roots[i], root) == 0)
			return true;
	return false;
}

static bool has_role(const struct compiled *c, const char *path)
{
	char role[SELINUX_ROLE_SIZE];

	/* Which the journal knows again. */
	return c->walk.role(path, false, role, sizeof(role), c->walk.data) &&
	       label_is_role(role, strlen(role));
}

START_TEST(what_a_container_has_mounted_is_labelled_where_it_is)
{
	struct compiled c;
	pid_t pid;

	tree_make();
	pid = container_start();
	if (pid) {
		compile(&c, pid, NULL);
		ck_assert(has_root(&c, below("root/etc/shadow")));
		ck_assert(has_root(&c, below("root/all")));
		ck_assert(has_root(&c, below("volume/secret"))); /* its /data */
		ck_assert(has_root(&c, below("volume")));	 /* its /all/volume */
		ck_assert(!has_root(&c, "/etc/shadow"));
		ck_assert(has_role(&c, below("root/etc/shadow")));
		ck_assert(has_role(&c, below("volume/secret")));
		ck_assert(has_role(&c, below("volume/other"))); /* as what is in /all */
		ck_assert(!has_role(&c, below("root/etc/passwd")));
		ck_assert(!has_role(&c, "/etc/shadow"));
		ck_assert(c.walk.descend(below("volume/a"), c.walk.data));
		ck_assert(!c.walk.descend(below("root/usr"), c.walk.data));
		/* Two names of one file, of which the rules say different things. */
		ck_assert(selinux_is_shared(&c.trees, below("volume/secret"), false));
		ck_assert(!selinux_is_shared(&c.trees, below("root/etc/shadow"), false));
		/* A mount that rules reach into and that is there alone; not the other one. */
		ck_assert_uint_eq(karmor_diag_count(c.diag, KARMOR_WARNING), 1);
		ck_assert_ptr_nonnull(strstr(karmor_diag_at(c.diag, 0)->text, "(1): \"/alone\""));
		compiled_done(&c);
		container_end(pid);
	}
	tree_remove();
}
END_TEST

START_TEST(a_file_of_a_container_has_the_names_of_others_too)
{
	_cleanup_buf_ struct buf own = { 0 };
	struct compiled c;
	pid_t pid;

	tree_make();
	pid = container_start();
	if (pid) {
		buf_printf(&own,
			   "\"file\":{\"matchPaths\":[{\"path\":\"%s\"},{\"path\":\"/opt\"}]}",
			   below("root/etc/passwd"));
		compile(&c, pid, own.data);
		ck_assert(has_root(&c, "/opt") && has_root(&c, "/etc/shadow"));
		/* Which the rules of the container say nothing of. */
		ck_assert(has_role(&c, below("root/etc/passwd")));
		ck_assert(!selinux_is_shared(&c.trees, below("root/etc/passwd"), false));
		compiled_done(&c);
		container_end(pid);
	}
	tree_remove();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("selinux_trees");
	TCase *trees = tcase_create("trees");

	tcase_add_test(trees, what_a_container_has_mounted_is_labelled_where_it_is);
	tcase_add_test(trees, a_file_of_a_container_has_the_names_of_others_too);
	suite_add_tcase(suite, trees);
	return support_run(suite);
}
