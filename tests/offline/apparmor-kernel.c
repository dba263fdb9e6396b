/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of compiled profiles held against the kernel: the profiles of each policy are loaded
 * (no task is put under them), and for random paths near those of their rules the kernel's answer
 * and the reader's are compared. Root, on a machine that is a test's own; prints TAP.
 *
 *     apparmor_kernel QUESTIONS POLICY...
 *
 * QUESTIONS: for each profile. KARMOR_SEED.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include "apparmor-dfa.h"
#include "apparmor/apparmor.h"
#include "apparmor/parser.h"
#include "bpf-random.h"
#include "caps.h"
#include "cleanup.h"

#define FS "/sys/kernel/security/apparmor"
#define NOBODY 65534
#define PROFILES_MAX APPARMOR_CLASSES_MAX

struct asked {
	struct karmor_policies *policies;
	struct karmor_ruleset *set;
	struct karmor_caps *caps;
	struct karmor_artifact *artifact;
	struct karmor_report *report;
	struct buf text, binary;
	struct dfa_profile profiles[PROFILES_MAX];
	long n;
	size_t questions, differ;
};

static void asked_done(struct asked *a)
{
	buf_done(&a->text);
	buf_done(&a->binary);
	karmor_report_free(a->report);
	karmor_artifact_free(a->artifact);
	karmor_caps_free(a->caps);
	karmor_ruleset_free(a->set);
	karmor_policies_free(a->policies);
}

static const struct apparmor_ruleset *ruleset_of(const struct asked *a)
{
	return apparmor_ruleset_at(a->artifact, 0);
}

static int write_file(const char *path, const void *data, size_t len)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return write(fd, data, len) == (ssize_t)len ? 0 : -errno;
}

static int compile(struct asked *a, const char *policy, struct karmor_diag *diag)
{
	struct karmor_subject subject =
		KARMOR_STRUCT(karmor_subject, .everything = true, .posture = "file=block");
	const struct apparmor_mediates nothing_else = { 0 };
	struct apparmor_names names;
	const struct karmor_ruleset *sets[1];
	int r = karmor_policies_new(&a->policies);

	r = r ? r : karmor_policies_add_path(a->policies, policy, diag);
	r = r ? r : karmor_ruleset_new(a->policies, &subject, &a->set, diag);
	sets[0] = a->set;
	r = r ? r : karmor_caps_full(karmor_backend_find("apparmor"), &a->caps);
	r = r ? r : karmor_compile(sets, 1, a->caps, &a->artifact, &a->report, diag);
	if (r)
		return r;
	names = apparmor_names_of(ruleset_of(a), "karmor-asked");
	names.width = 0;
	apparmor_write_piece(&a->text, &nothing_else, ruleset_of(a), &names, 0);
	r = buf_failed(&a->text) ? -ENOMEM
				 : parser_run(a->text.data, a->text.len, PARSER_FEATURES, false,
					      &a->binary, diag);
	if (r)
		return r;
	a->n = dfa_read((const uint8_t *)a->binary.data, a->binary.len, a->profiles, PROFILES_MAX);
	return a->n > 0 ? write_file(FS "/.replace", a->binary.data, a->binary.len) : -EINVAL;
}

/* The path of a rule, with a few bytes or a name changed or more, or anything. */
static void near_path(struct buf *buf, const struct asked *a)
{
	const struct apparmor_ruleset *set = ruleset_of(a);
	const char *path =
		set->n_rules ? set->rules[random_below((uint32_t)set->n_rules)].path : NULL;
	size_t len = path ? strlen(path) : 0;

	if (!len || *path != '/' || random_below(6) == 0) {
		random_path(buf);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		bool keep = path[i] == '/' || random_below((uint32_t)len * 2) > 0;

		buf_putc(buf, keep ? path[i] : (char)('a' + random_below(26)));
		if (random_below((uint32_t)len * 4) == 0)
			break;
	}
	if (random_below(3) == 0)
		buf_puts(buf, random_below(2) ? "/below" : "/");
}

/* What the kernel allows of a path, as its own bits, or -1. */
static long kernel_allows(const char *profile, const char *path)
{
	_cleanup_close_ int fd = open(FS "/.access", O_RDWR | O_CLOEXEC);
	_cleanup_buf_ struct buf query = { 0 };
	char answer[256];
	unsigned allow;
	ssize_t n;

	buf_puts(&query, "label");
	buf_putc(&query, '\0');
	buf_puts(&query, profile);
	buf_putc(&query, '\0');
	buf_putc(&query, 2); /* files */
	buf_puts(&query, path);
	if (fd < 0 || buf_failed(&query) || write(fd, query.data, query.len) != (ssize_t)query.len)
		return -1;
	n = read(fd, answer, sizeof(answer) - 1);
	if (n <= 0)
		return -1;
	answer[n] = '\0';
	return sscanf(answer, "allow 0x%x", &allow) == 1 ? (long)allow : -1;
}

static void ask(struct asked *a, const struct dfa_profile *profile, bool owner)
{
	static const enum dfa_perm perms[] = { DFA_EXEC, DFA_WRITE, DFA_READ };
	_cleanup_buf_ struct buf path = { 0 };
	long allow;

	near_path(&path, a);
	allow = kernel_allows(profile->name, path.data);
	a->questions++;
	for (size_t i = 0; i < ARRAY_SIZE(perms); i++)
		if (allow < 0 ||
		    !(allow & perms[i]) == dfa_path(profile, path.data, perms[i], owner).allow) {
			printf("# %s: \"%s\" %u %s: the kernel says %ld\n", profile->name,
			       path.data, (unsigned)perms[i], owner ? "owner" : "other", allow);
			a->differ++;
		}
}

/* The kernel asks of a file of root's: we are its owner, or not. */
static void ask_all(struct asked *a, unsigned long questions)
{
	for (int owner = 0; owner < 2; owner++) {
		setfsuid(owner ? 0 : NOBODY);
		for (long i = 0; i < a->n; i++)
			for (unsigned long n = 0; n < questions; n++)
				ask(a, &a->profiles[i], owner);
	}
}

static bool judge(const char *policy, unsigned long questions, unsigned number)
{
	_cleanup_(asked_done) struct asked a = { 0 };
	struct karmor_diag *diag = karmor_diag_new();
	const char *name = strrchr(policy, '/');
	int r = compile(&a, policy, diag);
	bool ok;

	if (r == 0)
		ask_all(&a, questions);
	else
		karmor_diag_print(diag, stdout, false);
	for (long i = 0; i < a.n; i++)
		write_file(FS "/.remove", a.profiles[i].name, strlen(a.profiles[i].name));
	ok = r == 0 && a.questions && !a.differ;
	printf("%s %u - %s: %zu questions, %zu differ from the kernel\n", ok ? "ok" : "not ok",
	       number, name ? name + 1 : policy, a.questions, a.differ);
	karmor_diag_free(diag);
	return ok;
}

int main(int argc, char *argv[])
{
	const char *seed = getenv("KARMOR_SEED");
	bool ok = argc > 2;

	random_seed(seed ? strtoull(seed, NULL, 10) : 20261127);
	for (int i = 2; i < argc; i++)
		ok &= judge(argv[i], strtoul(argv[1], NULL, 10), (unsigned)i - 1);
	printf("1..%d\n", argc > 2 ? argc - 2 : 0);
	return !ok;
}
