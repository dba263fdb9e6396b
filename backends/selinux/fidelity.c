/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What SELinux keeps of each rule. What it cannot say at all is left out of the module; the rest is
 * as its kinds of rules are, or was found while compiling.
 */
#include <string.h>

#include "cleanup.h"
#include "diag.h"
#include "selinux.h"

struct question {
	const struct karmor_ruleset *set;
	const struct ruleset_rule *rule;
	const struct base *base;
	/* What was found while compiling: */
	bool lost, mixed, shared;
	const struct automaton *automaton;
	const struct selinux_ruleset *found;
	size_t id; /* the rule's number among those of all rulesets */
};

/* Of what files of one accept set may be done with, by some of a ruleset's classes of sources. */
typedef bool accept_is(const struct selinux_ruleset *set, size_t accept);

/* Whether it is so of files that the rule is about. */
static bool is_about_some(const struct question *q, accept_is *is)
{
	for (size_t i = 0; i < q->automaton->n_accepts; i++)
		for (size_t j = 0; j < q->automaton->accepts[i].n; j++)
			if (q->automaton->accepts[i].ids[j] == q->id && is(q->found, i))
				return true;
	return false;
}

static bool is_opened(const struct selinux_ruleset *set, enum selinux_op op, size_t accept)
{
	for (size_t i = 0; i < set->n_classes; i++)
		if (set->classes[i].opened[op][accept])
			return true;
	return false;
}

static bool is_opened_to_read(const struct selinux_ruleset *set, size_t accept)
{
	return is_opened(set, SELINUX_READ, accept);
}

static bool is_opened_to_map(const struct selinux_ruleset *set, size_t accept)
{
	return is_opened(set, SELINUX_EXEC, accept);
}

static bool is_syscall(const struct question *q)
{
	return q->rule->ir->section == KARMOR_SYSCALLS;
}

static bool is_path(const struct question *q)
{
	return q->rule->ir->section <= KARMOR_FILE;
}

static bool is_process(const struct question *q)
{
	return q->rule->ir->section == KARMOR_PROCESS;
}

static bool is_owner(const struct question *q)
{
	return is_path(q) && q->rule->ir->owner_only;
}

static bool is_multi_call(const struct question *q)
{
	return q->rule->multi_call;
}

/* What is in /proc is labelled by the kernel. */
static bool is_proc(const struct question *q)
{
	return is_path(q) && q->rule->match != IR_EXECNAME &&
	       strncmp(q->rule->path, "/proc", 5) == 0 &&
	       (q->rule->path[5] == '\0' || q->rule->path[5] == '/');
}

/* Whether the policy has the capability's permission. */
static bool is_capability_unknown(const struct question *q)
{
	unsigned capability = q->rule->ir->capability;

	return q->rule->ir->section == KARMOR_CAPABILITIES &&
	       !base_has_perm(q->base, selinux_capability_class(capability),
			      ir_capability_name(capability));
}

static bool has_lost_source(const struct question *q)
{
	return q->lost;
}

static bool is_mixed(const struct question *q)
{
	return q->mixed;
}

static bool is_shared(const struct question *q)
{
	return q->shared;
}

static bool is_wild(const struct question *q)
{
	return is_path(q) && q->rule->match == IR_PATTERN;
}

static bool is_anywhere(const struct question *q)
{
	return is_path(q) && q->rule->match == IR_EXECNAME;
}

static bool is_named(const struct question *q)
{
	return is_path(q) && q->rule->match == IR_PATH;
}

static bool is_directory(const struct question *q)
{
	return is_path(q) && q->rule->match == IR_DIR;
}

/* Every directory but the root can be made later. */
static bool is_named_directory(const struct question *q)
{
	return is_directory(q) && strcmp(q->rule->path, "/") != 0;
}

static bool is_plain_directory(const struct question *q)
{
	return is_directory(q) && !q->rule->recursive;
}

static bool is_closed_allow(const struct question *q)
{
	return q->rule->action == KARMOR_ALLOW &&
	       q->set->posture[q->rule->ir->section] == KARMOR_POSTURE_BLOCK;
}

static bool is_wide_exec(const struct question *q)
{
	return is_process(q) && (is_closed_allow(q) ||
				 (q->rule->action == KARMOR_BLOCK && q->rule->match != IR_PATH));
}

static bool is_closed_exec(const struct question *q)
{
	return is_process(q) && is_closed_allow(q);
}

static bool is_exec_audit(const struct question *q)
{
	return is_process(q) && (q->rule->action == KARMOR_AUDIT ||
				 (q->rule->action == KARMOR_ALLOW && !is_closed_allow(q)));
}

static bool is_closed_file(const struct question *q)
{
	return q->rule->ir->section == KARMOR_FILE && is_closed_allow(q);
}

/* It is left out, and its posture stays. */
static bool is_closed_owner(const struct question *q)
{
	return is_owner(q) && is_closed_file(q);
}

static bool is_unreadable(const struct question *q)
{
	return q->rule->ir->section == KARMOR_FILE && q->rule->action == KARMOR_BLOCK &&
	       !q->rule->ir->read_only;
}

/* Denies that a directory is listed, be it by the posture. */
static bool is_unlisted(const struct question *q)
{
	return is_unreadable(q) || is_closed_file(q);
}

/* Files are closed, and this lets programs be executed. */
static bool is_closed_program(const struct question *q)
{
	return is_process(q) && q->rule->action != KARMOR_BLOCK &&
	       q->set->posture[KARMOR_FILE] == KARMOR_POSTURE_BLOCK &&
	       is_about_some(q, is_opened_to_read);
}

/* What some may execute runs as what may not execute it, where it is no source itself. */
static bool is_program_of_sources(const struct question *q)
{
	return is_process(q) && q->rule->ir->n_sources && is_about_some(q, is_opened_to_map);
}

/* Nothing is above what is in the root, and a name alone has no directory. */
static bool is_below(const struct question *q)
{
	const struct ruleset_rule *rule = q->rule;

	return is_path(q) && rule->action == KARMOR_BLOCK && rule->match != IR_EXECNAME &&
	       (rule->match == IR_PATTERN || rule->n_others || strchr(rule->path + 1, '/'));
}

/* It is not to be got at, by whatever way. */
static bool is_kept_from(const struct question *q)
{
	return q->rule->ir->section == KARMOR_FILE &&
	       (q->rule->action == KARMOR_BLOCK || is_closed_allow(q));
}

static bool has_wild_source(const struct question *q)
{
	for (size_t i = 0; !is_syscall(q) && i < q->rule->ir->n_sources; i++)
		if (q->rule->sources[i].match != IR_PATH)
			return true;
	return false;
}

static bool has_source(const struct question *q)
{
	return q->rule->ir->n_sources && !is_syscall(q);
}

static bool is_source_multi_call(const struct question *q)
{
	return q->rule->source_multi_call;
}

static const struct {
	bool (*touches)(const struct question *q);
	enum karmor_fidelity fidelity;
	const char *reason, *fix;
} shortcomings[] = {
	{ is_syscall, KARMOR_UNSUPPORTED, "SELinux knows no syscalls", "use bpf" },
	{ is_owner, KARMOR_UNSUPPORTED,
	  "SELinux does not know who owns a file: its users are not those of files",
	  "drop ownerOnly, or use bpf" },
	{ is_closed_owner, KARMOR_UNSUPPORTED,
	  "the posture closes what it lets be read to the owner as well, and what no rule of files "
	  "lets be read can be executed only where a rule of processes allows it",
	  NULL },
	{ is_multi_call, KARMOR_UNSUPPORTED,
	  "the path is a link to a multi-call binary, and SELinux does not see the name it is "
	  "called by",
	  "name the binary itself" },
	{ is_proc, KARMOR_UNSUPPORTED, "files of /proc bear no labels of their own", "use bpf" },
	{ is_capability_unknown, KARMOR_UNSUPPORTED,
	  "the machine's policy has no permission for this capability", "use bpf" },
	{ has_lost_source, KARMOR_UNSUPPORTED,
	  "the machine's file contexts give one of the sources no type that could be copied",
	  "name sources by the path that they have" },
	{ is_mixed, KARMOR_APPROXIMATED,
	  "wider: SELinux has one class for raw sockets of every protocol, UDP-Lite and what is "
	  "rare, and the strictest verdict about any of these holds for all",
	  "use bpf" },
	{ is_shared, KARMOR_APPROXIMATED,
	  "events may name another rule than the one that decides, or a rule for the posture, for "
	  "SELinux has one class for raw sockets of every protocol, UDP-Lite and what is rare",
	  NULL },
	{ is_wild, KARMOR_APPROXIMATED,
	  "files that get such a name later have the label of their directory until labels are "
	  "set again; for a moment, where the last component of the path alone has wildcards",
	  "name directories, or use bpf" },
	{ is_anywhere, KARMOR_APPROXIMATED,
	  "files that get such a name later have the label of their directory until labels are "
	  "set again",
	  "name the path, or use bpf" },
	{ is_named, KARMOR_APPROXIMATED,
	  "a file that gets this name later has the label of its directory, or the one that it "
	  "brings, for the moment until karmor has seen it",
	  "name the directory, or use bpf" },
	{ is_directory, KARMOR_APPROXIMATED,
	  "files that are moved into the directory keep the label that they bring for a moment, "
	  "and below it until labels are set again",
	  "use bpf" },
	{ is_named_directory, KARMOR_APPROXIMATED,
	  "what gets this name later, and all that is made in it, has the label of the directory "
	  "above for the moment until karmor has seen it",
	  "make the directory before, or use bpf" },
	{ is_plain_directory, KARMOR_APPROXIMATED,
	  "what is made in a directory below, once that was made, counts as made in this one",
	  NULL },
	{ is_path, KARMOR_APPROXIMATED,
	  "a file has one label under all its names, and none of its own where its mount has a "
	  "context= or keeps no labels",
	  NULL },
	{ is_wide_exec, KARMOR_APPROXIMATED,
	  "narrower: what is labelled as a library can be the interpreter of a script or be run "
	  "through the dynamic loader",
	  "use bpf" },
	{ is_closed_exec, KARMOR_APPROXIMATED,
	  "narrower: an executable without a name (memfd) can be run", "use bpf" },
	{ is_exec_audit, KARMOR_APPROXIMATED,
	  "narrower: what is labelled as a library is not logged as the interpreter of a script or "
	  "of an ELF file",
	  NULL },
	{ is_closed_file, KARMOR_APPROXIMATED,
	  "wider: files that the command is given open are closed to it as well, and files of "
	  "memory (memfd); and what no rule "
	  "of files lets be read, the dynamic loader among it, can be executed only where a rule "
	  "of processes allows it",
	  "name programs in rules of processes, and the loader in rules of files" },
	{ is_unreadable, KARMOR_APPROXIMATED,
	  "wider: a program that it keeps from being read cannot be executed either, nor what has "
	  "it as its loader, for SELinux asks for both",
	  NULL },
	{ is_unlisted, KARMOR_APPROXIMATED,
	  "that a directory is kept from being listed is not told where the machine's policy says "
	  "so (dontaudit)",
	  NULL },
	{ is_closed_program, KARMOR_APPROXIMATED,
	  "narrower: what it lets be executed can be read as well where no rule of files is about "
	  "it, for SELinux asks for both",
	  NULL },
	{ is_program_of_sources, KARMOR_APPROXIMATED,
	  "narrower: what some sources alone can execute can be run through the dynamic loader by "
	  "what no source is",
	  "use bpf" },
	{ is_below, KARMOR_APPROXIMATED,
	  "narrower: a directory above what is named can be renamed, though labels go with it "
	  "until "
	  "all are set anew, by a change of such rules or a start, and another can be mounted over "
	  "it",
	  NULL },
	{ is_kept_from, KARMOR_APPROXIMATED,
	  "narrower: who may mount, or read disks, gets at what is on a disk past its files, and "
	  "who may open a file sets its flags (FS_IOC_FSSETXATTR)",
	  "use bpf" },
	{ has_wild_source, KARMOR_APPROXIMATED,
	  "narrower: of the sources, only executables of the type count that file contexts give "
	  "to one of that name",
	  "name sources by path" },
	{ has_source, KARMOR_APPROXIMATED,
	  "an executable that is put in the place of a source later is none for the moment until "
	  "karmor has seen it, and a source is one by all names that its file is given",
	  NULL },
	{ is_source_multi_call, KARMOR_APPROXIMATED,
	  "wider: a source is a multi-call binary, and counts under all its names",
	  "use one binary for each program" },
};

bool selinux_leaves_out(const struct ruleset_rule *rule, const struct base *base)
{
	struct question q = { .rule = rule, .base = base };

	for (size_t i = 0; i < ARRAY_SIZE(shortcomings); i++)
		if (shortcomings[i].fidelity == KARMOR_UNSUPPORTED && shortcomings[i].touches(&q))
			return true;
	return false;
}

static int rule_report(const struct question *q, struct karmor_report *report)
{
	struct finding finding = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(shortcomings); i++)
		if (shortcomings[i].touches(q))
			finding_note(&finding, shortcomings[i].fidelity, shortcomings[i].reason,
				     shortcomings[i].fix);
	return report_add_finding(report, q->rule, &finding);
}

int selinux_fidelity(const struct selinux_compiler *c, struct karmor_report *report)
{
	int r = 0;

	for (size_t i = 0; i < c->n; i++)
		for (size_t j = 0;
		     r == 0 && !artifact_has(c->previous, i, c->sets[i]) && j < c->sets[i]->n_rules;
		     j++) {
			struct question q = { .set = c->sets[i],
					      .rule = &c->sets[i]->rules[j],
					      .base = c->policy,
					      .automaton = c->ret->automaton,
					      .found = &c->ret->rulesets[i],
					      .id = c->offsets[i] + j,
					      .lost = c->lost[c->offsets[i] + j],
					      .mixed = c->mixed[c->offsets[i] + j],
					      .shared = c->shared[c->offsets[i] + j] };

			r = rule_report(&q, report);
		}
	return r;
}
