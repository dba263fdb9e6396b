/* SPDX-License-Identifier: Apache-2.0 */
/* See fidelity.h. What AppArmor cannot do at all stands in the table; the rest compiling found. */
#include "fidelity.h"

#include <linux/capability.h>
#include <string.h>

#include "cleanup.h"
#include "diag.h"
#include "glob.h"

struct question {
	const struct karmor_ruleset *set;
	const struct ruleset_rule *rule;
	const struct karmor_caps *caps;
	const struct apparmor_found *found;
};

static size_t rule_index(const struct question *q)
{
	return (size_t)(q->rule - q->set->rules);
}

static bool is_process(const struct question *q)
{
	return q->rule->ir->section == KARMOR_PROCESS;
}

static bool is_path_block(const struct question *q)
{
	return q->rule->ir->section <= KARMOR_FILE && q->rule->action == KARMOR_BLOCK;
}

static bool is_closed_allow(const struct question *q)
{
	return q->rule->action == KARMOR_ALLOW &&
	       q->set->posture[q->rule->ir->section] == KARMOR_POSTURE_BLOCK;
}

static bool is_syscall(const struct question *q)
{
	return q->rule->ir->section == KARMOR_SYSCALLS;
}

static bool is_broken(const struct question *q)
{
	return q->found->broken[rule_index(q)];
}

static bool has_many_sources(const struct question *q)
{
	return q->found->many_sources && q->rule->ir->n_sources;
}

static bool has_lost_source(const struct question *q)
{
	return q->found->lost_sources && !q->found->many_sources && q->rule->ir->n_sources;
}

static bool is_network_lost(const struct question *q)
{
	return q->rule->ir->section == KARMOR_NETWORK && !caps_get(q->caps, APPARMOR_CAP_NETWORK);
}

static bool is_protocol(const struct question *q)
{
	return q->found->protocols[rule_index(q)];
}

static bool is_interpretable(const struct question *q)
{
	return is_process(q) && (is_path_block(q) || is_closed_allow(q));
}

static bool is_process_audit(const struct question *q)
{
	return is_process(q) && q->rule->action == KARMOR_AUDIT;
}

static bool is_mount_open(const struct question *q)
{
	return is_path_block(q) && !caps_get(q->caps, APPARMOR_CAP_MOVE_MOUNT);
}

static bool is_owner(const struct question *q)
{
	return q->rule->ir->section <= KARMOR_FILE && q->rule->ir->owner_only;
}

static bool is_exact_block(const struct question *q)
{
	return is_path_block(q) && q->rule->match == IR_PATH;
}

static bool is_program_block(const struct question *q)
{
	return is_process(q) && is_exact_block(q) && !is_owner(q);
}

static bool is_open_program_block(const struct question *q)
{
	return is_process(q) && is_path_block(q) && !is_program_block(q) &&
	       q->rule->match != IR_DIR;
}

/* Whether no task of the workload has it, whatever it executes. */
static bool is_denied(const struct question *q, unsigned capability)
{
	size_t n, first = eval_section(q->set, KARMOR_CAPABILITIES, &n);
	bool ret = q->set->allow_list[KARMOR_CAPABILITIES] &&
		   q->set->posture[KARMOR_CAPABILITIES] == KARMOR_POSTURE_BLOCK;

	for (size_t i = first; i < first + n; i++) {
		const struct ruleset_rule *rule = &q->set->rules[i];

		if (rule->ir->capability != capability)
			continue;
		if (rule->action != KARMOR_BLOCK)
			return false;
		ret |= !rule->ir->n_sources;
	}
	return ret;
}

/* What opening a file by its handle asks for, and what bpf(2) does. */
static bool is_powerless(const struct question *q)
{
	return is_denied(q, CAP_DAC_READ_SEARCH) && is_denied(q, CAP_BPF) &&
	       is_denied(q, CAP_SYS_ADMIN);
}

static bool is_handled_block(const struct question *q)
{
	return is_path_block(q) && !is_powerless(q);
}

static bool is_disk_block(const struct question *q)
{
	return is_path_block(q) && is_powerless(q);
}

/* Past the components that are there whatever a directory of the file is called. */
static const char *skip_any(const char *pattern)
{
	while (strncmp(pattern, "**/", 3) == 0)
		pattern += 3;
	return strncmp(pattern, "*/", 2) == 0 ? pattern + 2 : pattern;
}

/* Whether a directory that no guard names (guard.c) is on the way, and counts by its name. */
static bool has_open_directory(const char *pattern)
{
	bool anywhere = *pattern != '/' || strncmp(pattern, "/**/", 4) == 0, wild = anywhere;
	const char *at = anywhere ? skip_any(pattern + (*pattern == '/')) : pattern;
	size_t len = strlen(at), i = 0;
	struct glob_element element;

	for (; i < len; i += element.size) {
		element = glob_element(at, len, i);
		wild |= element.kind != GLOB_BYTE && element.kind != GLOB_NEXT;
		if (element.kind == GLOB_DEEP ||
		    (wild && element.kind == GLOB_BYTE && element.byte == '/') ||
		    (element.kind == GLOB_CLASS && glob_class_has(at + i, '/')))
			return true;
	}
	return false;
}

static bool is_wild_block(const struct question *q)
{
	return is_path_block(q) && q->rule->match == IR_PATTERN &&
	       has_open_directory(q->rule->path);
}

static bool is_file_decision(const struct question *q)
{
	return q->rule->ir->section == KARMOR_FILE;
}

static bool has_source(const struct question *q)
{
	return q->rule->ir->n_sources && !is_syscall(q);
}

static bool is_stacked(const struct question *q)
{
	return q->found->stacked;
}

/* Whether sources have profiles on top of others' where they can. */
static bool has_tops(const struct question *q)
{
	return q->set->no_new_privs || caps_get(q->caps, CAPS_ONCE);
}

/* Whose profile takes the place of others'. */
static bool has_other_source(const struct question *q)
{
	return has_source(q) && !has_tops(q);
}

static bool has_wide_source(const struct question *q)
{
	return has_source(q) && has_tops(q) && q->found->wide[rule_index(q)];
}

static bool has_narrow_source(const struct question *q)
{
	return has_source(q) && has_tops(q) && !q->found->wide[rule_index(q)] &&
	       !q->set->no_new_privs;
}

static bool has_first_source(const struct question *q)
{
	return has_source(q) && !q->found->wide[rule_index(q)] && q->set->no_new_privs;
}

static bool is_capability(const struct question *q)
{
	return q->rule->ir->section == KARMOR_CAPABILITIES;
}

static bool is_self_allow(const struct question *q)
{
	return q->rule->ir->section == KARMOR_FILE && q->rule->action == KARMOR_ALLOW &&
	       !q->rule->ir->read_only && (q->rule->match == IR_PATH || q->rule->match == IR_DIR) &&
	       apparmor_self_path(q->rule->path);
}

static bool is_self_audit(const struct question *q)
{
	return is_capability(q) && q->rule->action == KARMOR_AUDIT &&
	       apparmor_self_keeps(q->rule->ir->capability);
}

static bool is_multi_call(const struct question *q)
{
	return q->rule->multi_call;
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
	{ is_syscall, KARMOR_UNSUPPORTED, "AppArmor knows no syscalls", "use bpf" },
	{ is_broken, KARMOR_UNSUPPORTED,
	  "it stands under or beside a rule that says otherwise, and AppArmor cannot write the "
	  "exception",
	  "name paths or directories, or use a parser of AppArmor 4.1, or bpf" },
	{ has_many_sources, KARMOR_UNSUPPORTED,
	  "the fromSource of these rules tell more than 1023 kinds of sources apart, and the "
	  "kernel takes no longer name for a stack of profiles that lead to 12 others each; or "
	  "the profiles of all kinds come to more than four million lines",
	  "give rules that belong together the same fromSource, or use bpf" },
	{ has_lost_source, KARMOR_UNSUPPORTED,
	  "the fromSource of these rules overlap in a way that AppArmor cannot write",
	  "name sources by path, or use bpf" },
	{ is_network_lost, KARMOR_UNSUPPORTED, "this kernel's AppArmor does not mediate sockets",
	  NULL },
	{ is_self_allow, KARMOR_UNSUPPORTED,
	  "no workload may write what karmor keeps for itself, for it could undo its enforcement",
	  "leave the rule out, or let it be readOnly" },
	{ is_self_audit, KARMOR_APPROXIMATED,
	  "wider: with this capability a workload could undo its enforcement, so that it has it "
	  "only where a rule allows it",
	  "allow it by a rule" },
	{ is_multi_call, KARMOR_UNSUPPORTED,
	  "the path is a link to a multi-call binary, and AppArmor does not see the name it is "
	  "called by",
	  "name the binary itself" },
	{ is_protocol, KARMOR_APPROXIMATED,
	  "AppArmor knows socket families and types, not protocols: sctp, dccp and udplite go with "
	  "stream and dgram, icmp over raw sockets with raw, ping sockets with udp",
	  "use bpf" },
	{ is_interpretable, KARMOR_APPROXIMATED,
	  "narrower: a program is not stopped as the interpreter of a script or of an ELF file; "
	  "wider: no program can be run through the dynamic loader by name",
	  "use bpf" },
	{ is_process_audit, KARMOR_APPROXIMATED,
	  "narrower: a program is not logged as the interpreter of a script or of an ELF file",
	  "use bpf" },
	{ is_path_block, KARMOR_APPROXIMATED,
	  "wider: the workload can mount nothing, for a mount could give a file another name, and "
	  "can change the mode and owner of no directory above",
	  NULL },
	{ is_mount_open, KARMOR_APPROXIMATED,
	  "narrower: this kernel's AppArmor does not see move_mount(2), with which a file can be "
	  "given another name",
	  "block the capability sys_admin, or use bpf" },
	{ is_exact_block, KARMOR_APPROXIMATED,
	  "narrower: other names that the file has when the workload starts (hard links, bind "
	  "mounts) are not protected",
	  "use bpf" },
	{ is_handled_block, KARMOR_APPROXIMATED,
	  "narrower: a file is not protected from who may open it by a handle, or the disk that it "
	  "is on, nor from bpf(2)",
	  "block the capabilities dac_read_search, bpf and sys_admin, and the disks, or use bpf" },
	{ is_disk_block, KARMOR_APPROXIMATED,
	  "narrower: a file is not protected from who may open the disk that it is on",
	  "block the disks, or use bpf" },
	{ is_program_block, KARMOR_APPROXIMATED,
	  "wider: the program can be changed by nobody, nor mapped to be executed", NULL },
	{ is_open_program_block, KARMOR_APPROXIMATED,
	  "narrower: a program can be renamed, or mapped to be executed, and then runs",
	  "name its path, or use bpf" },
	{ is_wild_block, KARMOR_APPROXIMATED,
	  "narrower: a directory that a wildcard of the pattern stands for, or that comes behind "
	  "one, can be renamed",
	  "use bpf" },
	{ is_file_decision, KARMOR_APPROXIMATED,
	  "narrower: changes of extended attributes, times and inode flags are not decided, nor "
	  "descriptors that were opened before the workload or before a change of policy, or by "
	  "who is in none",
	  "use bpf" },
	{ is_owner, KARMOR_APPROXIMATED,
	  "for what is about to be created, the owner is the one who creates it, not its "
	  "directory's",
	  "use bpf" },
	{ is_capability, KARMOR_APPROXIMATED,
	  "narrower: the kernel logs a capability of a profile only once for as long as no other "
	  "profile was logged, and may leave out that one",
	  "use bpf" },
	{ has_other_source, KARMOR_APPROXIMATED,
	  "wider: where a task sets no_new_privs itself a source cannot be started, for its "
	  "profile is another; wider: it cannot start other programs there",
	  "start the workload under no_new_privs, or use bpf" },
	{ has_wide_source, KARMOR_APPROXIMATED,
	  "wider: under no_new_privs its sources cannot be started, for the rules let one of them "
	  "do, or do unlogged, what others may not; wider: they cannot start other programs there",
	  "use bpf" },
	{ has_narrow_source, KARMOR_APPROXIMATED,
	  "wider: a source that sets no_new_privs itself cannot start other programs, and under "
	  "karmord what sets it itself starts no source",
	  "start the workload under no_new_privs, or use bpf" },
	{ has_first_source, KARMOR_APPROXIMATED,
	  "wider: a source that is the workload's first program cannot start other programs, under "
	  "no_new_privs",
	  "start it by another program, or use bpf" },
	{ is_stacked, KARMOR_APPROXIMATED,
	  "narrower: so many rules, or kinds of sources, are a stack of profiles, and of its "
	  "changes "
	  "the kernel lets a running task follow none but the first until it executes a program",
	  "start it anew after a change, or use bpf" },
	{ is_source_multi_call, KARMOR_APPROXIMATED,
	  "wider: a source is a multi-call binary, and counts under all its names",
	  "use one binary for each program" },
};

static int rule_report(const struct question *q, struct karmor_report *report)
{
	struct finding finding = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(shortcomings); i++)
		if (shortcomings[i].touches(q))
			finding_note(&finding, shortcomings[i].fidelity, shortcomings[i].reason,
				     shortcomings[i].fix);
	return report_add_finding(report, q->rule, &finding);
}

int apparmor_fidelity(const struct karmor_ruleset *set, const struct karmor_caps *caps,
		      const struct apparmor_found *found, struct karmor_report *report)
{
	struct question q = { .set = set, .caps = caps, .found = found };
	int r = 0;

	for (size_t i = 0; r == 0 && i < set->n_rules; i++) {
		q.rule = &set->rules[i];
		r = rule_report(&q, report);
	}
	return r;
}
