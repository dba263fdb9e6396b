/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See fidelity.h. One table: whom a shortcoming touches, and what it is. A rule that none touches
 * is kept exactly; a rule that several touch is told them all.
 */
#include "fidelity.h"

#include "cleanup.h"
#include "eval.h"
#include "syscalls.h"

static bool is_syscall(const struct ruleset_rule *rule)
{
	return rule->ir->section == KARMOR_SYSCALLS;
}

static bool is_syscall_path(const struct ruleset_rule *rule)
{
	return is_syscall(rule) && rule->match != IR_SYSCALL;
}

/* How many of the rule's system calls have an argument that is a path. */
static size_t syscalls_with_path(const struct ruleset_rule *rule)
{
	size_t n = 0;

	for (size_t i = 0; i < rule->ir->n_syscalls; i++)
		n += bpf_syscall_has_path(rule->ir->syscalls[i]);
	return n;
}

static bool is_syscall_path_partly(const struct ruleset_rule *rule)
{
	size_t n = is_syscall_path(rule) ? syscalls_with_path(rule) : 0;

	return n && n < rule->ir->n_syscalls;
}

static bool is_syscall_path_never(const struct ruleset_rule *rule)
{
	return is_syscall_path(rule) && !syscalls_with_path(rule);
}

static bool is_host(const struct ruleset_rule *rule)
{
	return rule->ir->policy->kind == KARMOR_HOST_POLICY;
}

/* A rule that means objects by their names, or programs by theirs. */
static bool is_named(const struct ruleset_rule *rule)
{
	return rule->ir->section <= KARMOR_FILE || rule->ir->n_sources;
}

/* A rule for whose sake names are protected. */
static bool is_path_block(const struct ruleset_rule *rule)
{
	return !is_host(rule) && rule->ir->section <= KARMOR_FILE && rule->action == KARMOR_BLOCK;
}

/* The same for what starts services and containers, which does nothing else. */
static bool is_host_named(const struct ruleset_rule *rule)
{
	return is_host(rule) && rule->action != KARMOR_AUDIT && is_named(rule);
}

/* A rule that says something about a write, whoever does it. */
static bool speaks_of_writing(const struct ruleset_rule *rule)
{
	struct eval_access access = { .section = KARMOR_FILE, .op = KARMOR_WRITE };
	bool anyone = eval_speaks(rule->action, rule->ir->read_only, rule->ir->owner_only, &access);

	access.owner = true;
	return rule->ir->section == KARMOR_FILE &&
	       (anyone ||
		eval_speaks(rule->action, rule->ir->read_only, rule->ir->owner_only, &access));
}

static bool is_multi_call(const struct ruleset_rule *rule)
{
	return rule->multi_call;
}

static bool is_source_multi_call(const struct ruleset_rule *rule)
{
	return rule->source_multi_call;
}

/* One that an attacker would want to be let through by, under a posture that blocks. */
static bool is_name_allow(const struct ruleset_rule *rule)
{
	return !is_host(rule) && rule->action == KARMOR_ALLOW && is_named(rule);
}

static const char one_name[] =
	"wider: the workload can mount only a new tmpfs, ramfs or devpts, and proc, sysfs and "
	"mqueue "
	"over themselves, and open no block device: any other could give a file another name";

static const struct {
	bool (*touches)(const struct ruleset_rule *rule);
	enum karmor_fidelity fidelity;
	const char *reason, *fix;
	bool posture; /* only where what no rule decides is denied */
} shortcomings[] = {
	{ is_syscall, KARMOR_EXACT,
	  "while it is loaded, every system call of the machine takes the kernel's slow way "
	  "in, which costs 150 instructions and more",
	  NULL },
	{ is_syscall_path_never, KARMOR_UNSUPPORTED,
	  "none of these system calls has an argument that is a path", "use matchSyscalls" },
	{ is_syscall_path, KARMOR_APPROXIMATED,
	  "narrower: the path is the argument as the system call is entered; links in it are not "
	  "followed, and another thread may change it",
	  "a file rule with action Audit sees the object itself" },
	{ is_syscall_path_partly, KARMOR_APPROXIMATED,
	  "narrower: some of these system calls have no argument that is a path",
	  "use matchSyscalls" },
	{ is_path_block, KARMOR_APPROXIMATED, one_name, NULL },
	{ is_name_allow, KARMOR_APPROXIMATED, one_name, NULL, true },
	{ is_host_named, KARMOR_APPROXIMATED,
	  "narrower: who may mount outside of user namespaces can give a file another name, and "
	  "root can open the disk that it is on",
	  "block the capability sys_admin" },
	{ speaks_of_writing, KARMOR_APPROXIMATED,
	  "wider: where a filesystem is mounted twice, a change of extended attributes, of access "
	  "control lists or of times counts under each of the file's names",
	  NULL },
	{ is_multi_call, KARMOR_APPROXIMATED,
	  "narrower: the path is a link to a multi-call binary, and whoever passes it the name as "
	  "an "
	  "argument (`busybox sh`) gets round the rule",
	  "block the binary itself too" },
	{ is_source_multi_call, KARMOR_APPROXIMATED,
	  "wider: a source is a multi-call binary, and counts under all its names",
	  "use one binary for each program" },
};

static int rule_report(const struct karmor_ruleset *set, const struct ruleset_rule *rule,
		       const struct karmor_caps *caps, struct karmor_report *report)
{
	bool blocks = set->posture[rule->ir->section] == KARMOR_POSTURE_BLOCK;
	struct finding finding = { 0 };

	if (!caps_get(caps, ir_section_name(rule->ir->section)))
		return report_add(report, rule, KARMOR_UNSUPPORTED,
				  is_syscall(rule)
					  ? "system calls are known by number on x86-64 alone, and "
					    "the kernel needs its tracepoint sys_enter"
					  : "this kernel lacks hooks that the section needs",
				  NULL);
	for (size_t i = 0; i < ARRAY_SIZE(shortcomings); i++)
		if (shortcomings[i].touches(rule) && (blocks || !shortcomings[i].posture))
			finding_note(&finding, shortcomings[i].fidelity, shortcomings[i].reason,
				     shortcomings[i].fix);
	return report_add_finding(report, rule, &finding);
}

int bpf_fidelity(const struct karmor_ruleset *set, const struct karmor_caps *caps,
		 struct karmor_report *report)
{
	int err = 0;

	for (size_t i = 0; !err && i < set->n_rules; i++)
		err = rule_report(set, &set->rules[i], caps, report);
	return err;
}
