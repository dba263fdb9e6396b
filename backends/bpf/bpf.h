/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The BPF backend's own types. An artifact holds, for each ruleset, the table that the kernel side
 * reads (bpf/abi.h) and what events need to be named after: it is bytes and strings of its own, so
 * that it outlives the rulesets and the load they were made of.
 *
 * compile.c (pure) makes it, print.c shows it, backend.c, apply.c, attach.c and events.c bring it
 * to the kernel and back.
 */
#pragma once

#include "abi.h"
#include "backend.h"
#include "event-make.h"

/* What the kernel side must have for a table to be kept: one bit a family of hooks. */
enum bpf_need {
	BPF_NEED_PROCESS = 1u << 0,	 /* exec decisions */
	BPF_NEED_FILE = 1u << 1,	 /* open and the path hooks */
	BPF_NEED_NETWORK = 1u << 2,	 /* the socket hooks */
	BPF_NEED_CAPABILITIES = 1u << 3, /* capable */
	BPF_NEED_GUARD = 1u << 4,	 /* renames and mounts, for a Block rule names a path */
	BPF_NEED_SOURCE = 1u << 5,   /* classes of sources: some rule has fromSource that matters */
	BPF_NEED_LOADER = 1u << 6,   /* a Block or Allow rule for processes: executable mappings */
	BPF_NEED_SYSCALLS = 1u << 7, /* the tracepoint of every system call */
	BPF_NEED_ENTER = 1u << 8,   /* no table's: the workload has a cgroup by which tasks enter */
	BPF_NEED_NAMED = 1u << 10,  /* no table's: cgroups are its by their path */
	BPF_NEED_ADOPTED = 1u << 9, /* no table's: tasks that ran there are its own, and may fork */
};

/* What an event says of a rule; strings are the ruleset's. */
struct bpf_rule {
	enum karmor_section section;
	enum karmor_action action; /* as it applies here: Block is Audit in an audit-only set */
	struct told told;
};

/* A source class: the rules whose fromSource its members match. */
struct bpf_class {
	const uint32_t *rules;
	size_t n;
};

/* A file that a Block rule names exactly, and what its path finds. */
struct bpf_exact {
	const char *path;
	uint32_t section; /* enum abi_section */
	uint32_t accept;
};

/* What a ruleset is compiled to. */
struct bpf_ruleset {
	struct compiled_ruleset base;
	/* The table; its generation word is 0 and apply's to fill in. */
	struct abi_record *records;
	size_t n_records;
	uint32_t needs;			     /* enum bpf_need */
	uint32_t classes;		     /* source classes; 0 is "no rule's source" */
	const struct bpf_class *class_rules; /* by class */
	const struct bpf_exact *exacts;
	size_t n_exacts;
	/* By rule index: ABI_RULE(verdict) - 1. */
	struct bpf_rule *rules;
	size_t n_rules;
};

static inline const struct bpf_ruleset *bpf_ruleset_at(const struct karmor_artifact *artifact,
						       size_t i)
{
	return (const struct bpf_ruleset *)rulesets_at(artifact, i);
}

/*
 * Facts in the caps of this backend: one for each section, by name ir_section_name(), 1 where its
 * hooks can be had. A section whose fact is 0 is reported as unsupported.
 */
int bpf_full(struct karmor_caps *caps);

/* See struct karmor_backend. */
int bpf_compile(const struct karmor_ruleset *const *sets, size_t n,
		const struct karmor_artifact *previous, const struct karmor_caps *caps,
		struct karmor_artifact **ret, struct karmor_report *report,
		struct karmor_diag *diag);
int bpf_print(const struct karmor_artifact *artifact, FILE *out);
void bpf_artifact_free(struct karmor_artifact *artifact);
