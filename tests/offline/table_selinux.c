/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The modules that the SELinux backend writes, compiled together with a base policy by libsepol and
 * asked without SELinux in the kernel: each row of a table. A row is asked of the file that it
 * names, of a directory of that name, and of what would be made beside it. Rules that the report
 * calls unsupported are left aside, and rows that hang on them not asked; sockets that share a
 * class with others may differ, as it says, and so may programs that rules of files or their
 * posture close; everything else must agree with eval.
 *
 *     table_selinux [--base POLICY FILE_CONTEXTS] [--random N] [--everybody N] TABLE...
 *
 * --base: a machine's own policy, in the place of karmor's small one. --random asks N random
 * policies as well (KARMOR_SEED). --everybody: of every N-th module it is proven that it changes
 * nobody else's access.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../../daemon/table.h"
#include "bpf-random.h"
#include "buf.h"
#include "caps.h"
#include "cleanup.h"
#include "judge.h"
#include "match.h"
#include "selinux-ask.h"
#include "selinux-base.h"
#include "selinux-context.h"
#include "selinux-everybody.h"
#include "selinux-policy.h"
#include "selinux/selinux.h"

static struct karmor_caps *caps;

static struct {
	size_t mixed, sources, opened, closed, untold, modules, everybody;
} total;

void judged_free(struct judged *j)
{
	if (!j)
		return;
	buf_done(&j->text);
	base_free(j->base);
	free(j->unsupported);
	karmor_report_free(j->report);
	karmor_artifact_free(j->artifact);
	free(j);
}

const char *judged_text(const struct judged *j)
{
	return j->text.data;
}

static int read_report(struct judged *j)
{
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);

	j->unsupported = calloc(j->set->n_rules + 1, sizeof(bool));
	for (size_t i = 0; j->unsupported && i < j->set->n_rules; i++) {
		if (karmor_report_at(j->report, i, &line) != 0)
			return -1;
		j->unsupported[i] = line.fidelity == KARMOR_UNSUPPORTED;
	}
	return j->unsupported ? 0 : -1;
}

/* Compiles the base and the module, and asks that policy from now on. */
static int use_module(struct judged *j)
{
	_cleanup_free_ void *image = NULL;
	size_t len;
	int r = test_base_compile(j->text.data, &image, &len);

	return r ? r : policy_use(image, len);
}

static int make_module(struct judged *j, struct karmor_diag *diag)
{
	const struct karmor_ruleset *sets[] = { j->set };
	int r = karmor_compile(sets, 1, caps, &j->artifact, &j->report, diag);

	r = r ? r : base_open(caps, &j->base, diag);
	r = r ? r : read_report(j);
	if (r)
		return r;
	selinux_write(&j->text, artifact_of(j), NULL);
	total.modules++;
	return buf_failed(&j->text) ? -1 : use_module(j);
}

/* What eval says, with the rules that are not supported and without. */
static enum karmor_action expect(const struct judged *j, const struct access *access, bool all)
{
	struct eval_access about = { .section = access->section,
				     .op = access->op,
				     .owner = access->owner,
				     .exempt = access->section == KARMOR_NETWORK &&
					       match_family_exempt(access->family) };
	_cleanup_free_ uint32_t *matched = calloc(j->set->n_rules + 1, sizeof(*matched));
	size_t n = 0;

	for (size_t i = 0; matched && i < j->set->n_rules; i++)
		if ((all || !j->unsupported[i]) && eval_matches(&j->set->rules[i], access))
			matched[n++] = (uint32_t)i;
	return eval_choose(j->set, &about, matched, n).action;
}

static enum karmor_action action_of(const struct gathered *g, bool told)
{
	if (!g->answer.allowed)
		return KARMOR_BLOCK;
	return g->answer.logged && told ? KARMOR_AUDIT : KARMOR_ALLOW;
}

/* @told: the workload's records are kept. */
static void compare(const char *about, const char *what, const struct judged *j,
		    const struct gathered *g, bool told, enum karmor_action expected)
{
	_cleanup_buf_ struct buf text = { 0 };

	if (!g->any) { /* the base denies it to everybody of the domain */
		judge_total.unasked++;
		return;
	}
	buf_printf(&text, "%s: ", what);
	if (g->split)
		buf_puts(&text, "permissions that are not answered alike");
	else if (!g->answer.allowed && !g->answer.logged)
		buf_puts(&text, "denied without a record");
	else if (action_of(g, told) != expected)
		buf_printf(&text, "%s, should be %s", table_action_name(action_of(g, told)),
			   table_action_name(expected));
	else
		return;
	judge_differs(about, text.data, j);
}

static enum selinux_op op_of(enum karmor_op op)
{
	return op == KARMOR_EXEC ? SELINUX_EXEC : op == KARMOR_READ ? SELINUX_READ : SELINUX_WRITE;
}

/* Whether records about a file of this role are kept, as one who reads them would find out. */
static bool is_told(const struct judged *j, unsigned class, size_t label, enum karmor_op op,
		    bool directory)
{
	const struct selinux_artifact *a = artifact_of(j);
	uint32_t accept = label == SELINUX_NO_LABEL ? a->rest
			  : directory		    ? a->labels[label].own
						    : a->labels[label].child;

	return ruleset_of(j)->classes[class].verdicts[op_of(op)][accept] == KARMOR_AUDIT;
}

static uint32_t accept_of(const struct judged *j, size_t label)
{
	return label == SELINUX_NO_LABEL ? artifact_of(j)->rest
					 : artifact_of(j)->labels[label].child;
}

/* What rules of files say of reading, and what the posture alone says. */
static bool is_closed(const struct selinux_class *class, uint32_t accept)
{
	return class->verdicts[SELINUX_READ][accept] == KARMOR_BLOCK;
}

static bool is_closed_by_posture(const struct selinux_class *class, uint32_t accept)
{
	return is_closed(class, accept) && class->rules[SELINUX_READ][accept] == SELINUX_NO_RULE;
}

static bool is_run_by_rule(const struct selinux_class *class, uint32_t accept)
{
	return class->verdicts[SELINUX_EXEC][accept] != KARMOR_BLOCK &&
	       class->rules[SELINUX_EXEC][accept] != SELINUX_NO_RULE;
}

/* The program of an exec that is allowed: what it needs beside, and where the report says no. */
static void judge_program(const char *about, const struct judged *j, unsigned from, size_t label,
			  const char *subject, const char *object, const char *path)
{
	const struct selinux_class *classes = ruleset_of(j)->classes;
	uint32_t accept = accept_of(j, label);
	unsigned to = class_of(j, path);

	if (!ask_program_mapped(subject, object).answer.allowed)
		judge_differs(about, "an exec is allowed, and its program cannot be mapped", j);
	if (ask_program_read(subject, object).answer.allowed)
		return;
	if ((is_closed_by_posture(&classes[from], accept) || !is_closed(&classes[from], accept)) &&
	    (is_closed_by_posture(&classes[to], accept) || !is_closed(&classes[to], accept)) &&
	    is_run_by_rule(&classes[from], accept))
		judge_differs(about, "a rule allows an exec, and its program cannot be read", j);
	total.closed++;
}

/* What the posture closes and a rule lets somebody execute can be read, as reported. */
static bool is_opened(const struct judged *j, unsigned class, size_t label, const char *subject,
		      const char *object)
{
	const struct selinux_ruleset *set = ruleset_of(j);
	uint32_t accept = accept_of(j, label);
	struct gathered g = { 0 };
	bool run = false;

	for (size_t i = 0; i < set->n_classes; i++)
		run |= is_run_by_rule(&set->classes[i], accept);
	ask_gather(&g, subject, object, "file", "read");
	return run && is_closed_by_posture(&set->classes[class], accept) && g.answer.allowed;
}

static void judge_as(const char *about, const struct judged *j, const struct access *access,
		     const char *path, size_t label, bool directory)
{
	unsigned class = class_of(j, access->source);
	_cleanup_buf_ struct buf subject = { 0 }, object = { 0 };
	struct access other = *access;
	struct gathered g;

	other.path = path;
	other.name = strrchr(path, '/') + 1;
	subject_write(&subject, j, class);
	object_write(&object, j, path, label);
	if (access->op == KARMOR_READ && !directory &&
	    is_opened(j, class, label, subject.data, object.data)) {
		total.opened++;
		return;
	}
	g = directory ? ask_directory(subject.data, object.data, access->op)
		      : ask_file(subject.data, object.data, access->op);
	/* Machines' policies have dontaudit for listing directories, as the report says. */
	if (directory && access->op == KARMOR_READ && test_base_is_own() && !g.answer.allowed &&
	    !g.answer.logged && expect(j, &other, false) == KARMOR_BLOCK) {
		total.untold++;
		return;
	}
	compare(about,
		directory	       ? "directory"
		: path == access->path ? "file"
				       : "made beside it",
		j, &g, is_told(j, class, label, access->op, directory), expect(j, &other, false));
	if (access->op == KARMOR_EXEC && g.answer.allowed)
		judge_program(about, j, class, label, subject.data, object.data, path);
}

/* What is made in the directory that the path is in, under a name that no rule has. */
static void judge_beside(const char *about, const struct judged *j, const struct access *access)
{
	_cleanup_free_ char *directory = strdup(access->path);
	_cleanup_buf_ struct buf path = { 0 };
	char *slash = directory ? strrchr(directory, '/') : NULL;

	if (!slash || strlen(directory) < 2)
		return;
	slash[slash == directory] = '\0';
	buf_printf(&path, "%s/\x01", slash == directory ? "" : directory);
	judge_as(about, j, access, path.data, selinux_label_of(artifact_of(j), directory, true),
		 false);
}

static void judge_path(const char *about, const struct judged *j, const struct access *access)
{
	const struct selinux_artifact *a = artifact_of(j);

	judge_as(about, j, access, access->path, selinux_label_of(a, access->path, false), false);
	if (access->op != KARMOR_EXEC)
		judge_as(about, j, access, access->path, selinux_label_of(a, access->path, true),
			 true);
	if (access->op != KARMOR_EXEC)
		judge_beside(about, j, access);
}

static void judge_capability(const char *about, const struct judged *j, const struct access *access)
{
	const struct selinux_class *class = &ruleset_of(j)->classes[class_of(j, access->source)];
	const char *name = ir_capability_name(access->capability);
	bool low = access->capability < 32;
	_cleanup_buf_ struct buf subject = { 0 };
	struct gathered g = { 0 };

	subject_write(&subject, j, class_of(j, access->source));
	ask_own(&g, subject.data, UNCONFINED, low ? "capability" : "capability2", name);
	ask_own(&g, subject.data, UNCONFINED, low ? "cap_userns" : "cap2_userns", name);
	compare(about, name, j, &g, class->capabilities[access->capability] == KARMOR_AUDIT,
		expect(j, access, false));
}

/* The class that a kernel gives a socket of a kind that is never decided about. */
static const char *exempt_class(int family)
{
	return family == AF_UNIX ? "unix_stream_socket" : "netlink_socket";
}

static void judge_socket(const char *about, const struct judged *j, const struct access *access)
{
	const struct selinux_artifact *a = artifact_of(j);
	const struct selinux_class *class = &ruleset_of(j)->classes[class_of(j, access->source)];
	const char *name = selinux_socket_class(a, access->family, access->type, access->number);
	_cleanup_buf_ struct buf subject = { 0 };
	struct gathered g = { 0 };
	size_t i = 0;

	if (!access->family || !access->type || (name && !*name)) { /* no socket that there is */
		judge_total.unasked++;
		return;
	}
	while (name && i < a->n_sockets && strcmp(a->sockets[i], name) != 0)
		i++;
	subject_write(&subject, j, class_of(j, access->source));
	ask_own(&g, subject.data, UNCONFINED, name ? name : exempt_class(access->family),
		"create bind connect listen accept");
	if (name && class->mixed[i] &&
	    action_of(&g, class->network[i] == KARMOR_AUDIT) > expect(j, access, false))
		total.mixed++;
	else
		compare(about, name ? name : exempt_class(access->family), j, &g,
			name && class->network[i] == KARMOR_AUDIT, expect(j, access, false));
}

static void judge_section(const char *about, const struct judged *j, const struct access *access)
{
	switch (access->section) {
	case KARMOR_PROCESS:
	case KARMOR_FILE:
		judge_path(about, j, access);
		break;
	case KARMOR_NETWORK:
		judge_socket(about, j, access);
		break;
	case KARMOR_CAPABILITIES:
		judge_capability(about, j, access);
		break;
	case KARMOR_SYSCALLS:
		break;
	}
}

void judged_ask(const char *about, struct judged *j, const struct access *access)
{
	bool leads_there;

	if (access->section == KARMOR_SYSCALLS ||
	    expect(j, access, true) != expect(j, access, false)) {
		judge_total.unasked++;
		return;
	}
	leads_there = !access->source || leads(j, access->source, class_of(j, access->source));
	if (leads_there)
		judge_section(about, j, access);
	else if (is_of_another_type(j, access->source))
		total.sources++;
	else
		judge_differs(about, "an exec does not lead to the source's role", j);
}

static unsigned long everybody; /* of every N-th module */

static void prove_everybody(const char *about, struct judged *j)
{
	const struct selinux_artifact *a = artifact_of(j);
	_cleanup_buf_ struct buf what = { 0 };

	if (!everybody || (!getenv("KARMOR_LONG") && (total.modules - 1) % everybody))
		return;
	if (everybody_differs(a, j->base, &what) != 0)
		judge_differs(about, what.data ? what.data : "cannot be compared", j);
	total.everybody++;
	if (use_module(j) != 0)
		judge_differs(about, "cannot be compiled again", j);
}

int judged_make(const char *about, const struct karmor_ruleset *set, struct judged **ret,
		struct karmor_diag *diag)
{
	struct judged *j = calloc(1, sizeof(*j));
	int r;

	*ret = j;
	if (!j)
		return -ENOMEM;
	j->set = set;
	r = make_module(j, diag);
	if (r == 0)
		prove_everybody(about, j);
	return r;
}

/* The option at @argv, with what it takes; how many words that are, 0 where it is a table. */
static int read_option(int argc, char *argv[], int *r)
{
	if (strcmp(argv[0], "--base") == 0 && argc > 2) {
		*r = test_base_read(caps, argv[1], argv[2]);
		return 3;
	}
	if (argc < 2)
		return 0;
	if (strcmp(argv[0], "--everybody") == 0)
		everybody = strtoul(argv[1], NULL, 10);
	else if (strcmp(argv[0], "--random") == 0)
		for (unsigned long n = strtoul(argv[1], NULL, 10); n > 0; n--)
			judge_random(n);
	else
		return 0;
	return 2;
}

static void print_total(void)
{
	printf("%zu modules, %zu compared for everybody; as reported: %zu of sockets that share a "
	       "class, %zu of sources of another type, %zu of programs that can be read, %zu of "
	       "those that cannot, %zu of directories that are denied untold\n",
	       total.modules, total.everybody, total.mixed, total.sources, total.opened,
	       total.closed, total.untold);
	judge_total.reported =
		total.mixed + total.sources + total.opened + total.closed + total.untold;
}

int main(int argc, char *argv[])
{
	const char *seed = getenv("KARMOR_SEED");
	int r = karmor_caps_full(karmor_backend_find("selinux"), &caps), n;

	random_seed(seed ? strtoull(seed, NULL, 10) : 20260503);
	for (int i = 1; r == 0 && i < argc; i += n ? n : 1) {
		n = read_option(argc - i, argv + i, &r);
		if (!n)
			r = judge_table(argv[i]);
	}
	karmor_caps_free(caps);
	policy_drop();
	test_base_drop();
	print_total();
	return judge_finish(r);
}
